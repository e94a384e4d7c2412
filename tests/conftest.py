"""Fixtures for all tests: the built site, served under a sub-path, and the installed browser."""

import fcntl
import functools
import os
import shutil
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from course.serve import ADDRESS, make_server

ROOT = Path(__file__).parents[1]
PREFIX = "/course/"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


JUPYTER_BOOK = Path(sysconfig.get_path("scripts")) / "jupyter-book"


def build_site(*command: str | Path) -> Path:
    """Bring the built site up to date and give its folder; processes of one test run take turns."""
    build = ROOT / "_build"
    build.mkdir(exist_ok=True)
    with (build / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            [sys.executable, *command],
            env=os.environ | {"PYTHONPATH": str(ROOT / "book")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    assert done.returncode == 0, f"the book does not build:\n{done.stdout[-6000:]}"
    return build / "html"


@pytest.fixture(scope="session")
def built_site() -> Path:
    """Folder of the built site."""
    return build_site("-m", "course.build")


@pytest.fixture
def rebuild() -> Callable[[], Path]:
    """Builds the site once more, with jupyter-book itself and whether anything has changed or not."""
    return functools.partial(build_site, JUPYTER_BOOK, "build", "-W", "-n", "-q", ROOT)


@pytest.fixture(scope="session")
def site_url(built_site: Path) -> Iterator[str]:
    """Address of the built site, which ends with "/course/"."""
    with make_server(built_site, prefix=PREFIX) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{ADDRESS}:{server.server_port}{PREFIX}"
        server.shutdown()


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[..., Browser]]:
    """A function that starts the installed Chrome or Chromium, or what CHROMIUM names, with more flags."""
    names = (os.environ.get("CHROMIUM", "chromium"), *BROWSERS)
    executable = next(filter(None, map(shutil.which, names)), None)
    assert executable, "Chrome or Chromium is missing; `./build.sh test` says how to get it"
    with sync_playwright() as playwright:
        yield lambda *flags: playwright.chromium.launch(executable_path=executable, args=[*FLAGS, *flags])


@pytest.fixture(scope="session")
def browser(launch: Callable[..., Browser]) -> Iterator[Browser]:
    """The browser that most tests share."""
    with launch() as chromium:
        yield chromium
