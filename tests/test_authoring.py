"""What an author meets: all errors in one go, builds that do only what is needed, pages that follow."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]

BROKEN = {  # what is added to a page, and what the build says of it
    "chapters/weight-tuner.md": {
        "See {doc}`nowhere`.": "unknown document: 'nowhere'",
        "A number, {glue:text}`no_such_key`.": "No key 'no_such_key' found",
        "A state, {state}`bad <#weight-tuner?lam_ic=-1>`.": "lam_ic = -1",
        "A formula, $\\frac{1$.": "equation: Missing close brace",
    },
    "chapters/appendix-trace.md": {
        "The error is 0.12.": "a number is typed, not made from runs: The error is 0.12.",
        "```{code-cell} ipython3\nno_such_name\n```": "NameError",
    },
    "book/notation.md": {"{cite}`nobody2020`": 'could not find bibtex key "nobody2020"'},
}


@pytest.fixture(scope="module")
def copy(built_site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout with the same packages and all that was built, but for the pages."""
    folder = tmp_path_factory.mktemp("authoring") / "checkout"
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, names.split("\0")):
        if (CHECKOUT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, folder / name)
    for name in ("extra", "cells"):
        shutil.copytree(built_site.parent / name, folder / "_build" / name)
    for name in (".venv", "node_modules"):
        (folder / name).symlink_to(CHECKOUT / name)
    (folder / "pinn_widgets").symlink_to("widgets")
    return folder


def environment(copy: Path) -> dict[str, str]:
    """Variables with which a copy of the checkout uses its own modules."""
    return os.environ | {"PYTHONPATH": f"{copy / 'book'}:{copy}"}


def build(copy: Path) -> tuple[int, str]:
    """Build a copy of the checkout; its exit status and what it says."""
    command = [sys.executable, "-m", "course.build"]
    done = subprocess.run(
        command,
        cwd=copy,
        env=environment(copy),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, re.sub(r"\x1b\[[\d;]*m", "", done.stdout)


def read_last(copy: Path, since: float) -> set[str]:
    """The pages that have been read since a time."""
    doctrees = copy / "_build/.doctrees"
    return {
        path.relative_to(doctrees).with_suffix("").as_posix()
        for path in doctrees.rglob("*.doctree")
        if path.stat().st_mtime > since
    }


def test_all_errors_of_all_pages_are_reported_until_they_are_mended(copy: Path) -> None:
    sources = {name: (copy / name).read_text() for name in BROKEN}
    status, said = build(copy)
    assert status == 0, said
    for name, wrong in BROKEN.items():
        (copy / name).write_text("\n\n".join([sources[name], *wrong]) + "\n")
    for _ in range(2):  # what is wrong does not pass the second time because it is known
        status, said = build(copy)
        assert status == 1
        for name, wrong in BROKEN.items():
            for sentence in wrong.values():
                assert sentence in said
            assert re.search(rf"{re.escape(name)}.*(WARNING|ERROR)", said), name
    for name, source in sources.items():
        (copy / name).write_text(source)
    begin = time.time()
    status, said = build(copy)
    assert status == 0, said
    assert read_last(copy, begin) == {name.removesuffix(".md") for name in BROKEN}


def test_a_build_without_a_change_does_nothing_and_a_damaged_site_is_mended(copy: Path) -> None:
    assert build(copy)[0] == 0
    files = {path: path.stat().st_mtime_ns for path in (copy / "_build").rglob("*") if path.is_file()}
    assert build(copy) == (0, "")
    assert {path: path.stat().st_mtime_ns for path in (copy / "_build").rglob("*") if path.is_file()} == files
    page = copy / "_build/html/chapters/weight-tuner.html"
    page.unlink()
    assert build(copy)[0] == 0
    assert page.exists()


def test_a_missing_run_ends_the_build_with_its_name_and_the_command(copy: Path) -> None:
    kept = [
        copy / f"widgets/{name}.run" for name in ("gradient_check/archive/runs", "ntk_race/archive/start")
    ]
    contents = [path.read_bytes() for path in kept]
    for path in kept:
        path.unlink()
    status, said = build(copy)
    for path, content in zip(kept, contents, strict=True):
        path.write_bytes(content)
    assert status == 1
    for sentence in ("ntk_race/start/seeds-0-7: not recorded", "gradient_check/runs/", "record --stale"):
        assert sentence in said


def eventually(condition: Callable[[], bool], seconds: float = 240.0) -> bool:
    """Whether something comes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


@contextlib.contextmanager
def watching(copy: Path) -> Iterator[str]:
    """The address at which a copy of the checkout is served and watched."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "course.watch", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=copy, env=environment(copy), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def read(address: str) -> str:
    """What stands at an address; nothing if nobody answers yet."""
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            return response.read().decode()
    except OSError:
        return ""


def test_pages_follow_while_an_author_writes(copy: Path) -> None:
    source = copy / "book/notation.md"
    text = source.read_text()
    assert build(copy)[0] == 0
    with watching(copy) as address:
        assert eventually(lambda: '<script src="/watch.js"' in read(f"{address}/book/notation.html"))
        assert "location.reload()" in read(f"{address}/watch.js")
        source.write_text(f"{text}\nWritten while the watch was on.\n")
        assert eventually(lambda: "Written while the watch was on." in read(f"{address}/book/notation.html"))
    source.write_text(text)
