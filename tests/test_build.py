"""The commands and the pins: what a newcomer runs first, and what must not drift."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import pinn_core

ROOT = Path(__file__).parents[1]
LOCKS = ["requirements.lock", "requirements-pyodide.lock", "requirements-test.lock"]


def run_script(
    *arguments: str, path: Path | None = None, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run build.sh, with nothing but `path` to look for programs in if it is given."""
    environment = os.environ | {"PYTHON": sys.executable} | ({"PATH": str(path)} if path else {})
    return subprocess.run(
        [str(ROOT / "build.sh"), *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A folder with the few programs that build.sh itself uses, and neither Node nor npm."""
    for name in ("bash", "dirname", "cat", "env"):
        (tmp_path / name).symlink_to(shutil.which(name))
    return tmp_path


def program(folder: Path, name: str, output: str) -> None:
    """Put a program into a folder that prints one line."""
    (folder / name).write_text(f"#!/bin/sh\necho '{output}'\n")
    (folder / name).chmod(0o755)


def failure(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that a failed command says."""
    assert done.returncode == 1, done.stdout
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_help_names_every_command() -> None:
    done = run_script("--help")
    assert done.returncode == 0
    for command in ("serve", "build", "watch", "record", "test", "check", "bench", "clean"):
        assert re.search(rf"^  {command}\b", done.stdout, re.MULTILINE)


def test_unknown_command_is_refused() -> None:
    done = run_script("biuld")
    assert done.returncode == 1
    assert "no command 'biuld'" in done.stderr


def test_missing_node_is_said_in_one_line(bare_path: Path) -> None:
    assert "Node 20 or newer" in failure(run_script("build", path=bare_path))


def test_old_node_is_said_in_one_line(bare_path: Path) -> None:
    program(bare_path, "node", "v18.1.0")
    program(bare_path, "npm", "9.0.0")
    assert "Node 18.1.0 is too old" in failure(run_script("build", path=bare_path))


def test_missing_npm_is_said_in_one_line(bare_path: Path) -> None:
    program(bare_path, "node", "v20.1.0")
    assert "npm is missing" in failure(run_script("build", path=bare_path))


def test_missing_python_is_said_in_one_line(bare_path: Path) -> None:
    copy = bare_path / "checkout"
    copy.mkdir()
    shutil.copy(ROOT / "build.sh", copy)
    program(bare_path, "node", "v20.1.0")
    program(bare_path, "npm", "9.0.0")
    environment = {"PATH": str(bare_path)}
    done = subprocess.run(
        [str(copy / "build.sh"), "build"], env=environment, capture_output=True, text=True, check=False
    )
    assert "Python 3.11, 3.12 or 3.13 is missing" in failure(done)


def test_missing_browser_is_said_in_one_line(bare_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("cmp", "cp", "id"):
        (bare_path / name).symlink_to(shutil.which(name))
    program(bare_path, "node", "v20.1.0")
    program(bare_path, "npm", "9.0.0")
    monkeypatch.delenv("CHROMIUM", raising=False)
    assert "Chrome or Chromium is missing" in failure(run_script("test", path=bare_path))


def test_taken_port_is_said_in_one_line() -> None:
    from course.serve import make_server

    with make_server(ROOT) as server:
        done = run_script("serve", "--port", str(server.server_port))
    assert f"port {server.server_port} is taken" in failure(done)


def test_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert project["dynamic"] == ["version"]
    assert citation["version"] == pinn_core.__version__
    assert citation["license"] == project["license"] == "MIT"


@pytest.mark.parametrize("lock", LOCKS)
def test_python_lock_has_hashes_and_no_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text()
    entries = re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    assert len(entries) > 10
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry
    assert not re.search(r"https?:|file:|--(extra-)?index-url|--find-links|/", re.sub(r"#.*", "", text))


@pytest.mark.parametrize("lock", LOCKS)
def test_python_lock_holds_the_pins(lock: str) -> None:
    pins = re.findall(
        r"^([a-z0-9-]+==[^ ]+) +# \S", (ROOT / lock).with_suffix(".in").read_text(), re.MULTILINE
    )
    assert len(pins) > 5
    assert set(pins) <= set(re.findall(r"^(\S+==[^ ]+)", (ROOT / lock).read_text(), re.MULTILINE))


def test_node_lock_has_hashes_and_no_addresses() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    for name, entry in packages.items():
        assert entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, name
    wanted = json.loads((ROOT / "package.json").read_text())
    for name, version in (wanted["dependencies"] | wanted["devDependencies"]).items():
        assert packages[f"node_modules/{name}"]["version"] == version
        assert wanted["//"][name], "every pin says why it is there"


@pytest.mark.parametrize("tool", ["@biomejs/cli", "@esbuild/"])
def test_node_lock_serves_every_platform(tool: str) -> None:
    lock = (ROOT / "package-lock.json").read_text()
    for platform in ("linux-x64", "linux-arm64", "darwin-arm64"):
        assert f'"node_modules/{tool.rstrip("/")}{"/" if tool.endswith("/") else "-"}{platform}"' in lock
