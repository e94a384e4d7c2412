"""The two wheels that a reader's browser loads: numpy, slimmed, and our own.

Both are written by `pack`, so that the same content always gives the same bytes.
"""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from .errors import CourseError
from .hashing import file_hash

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)

# what numpy needs to be built against, to be tested or to be type-checked, but never to run
NOT_FOR_RUNNING = re.compile(
    r"""
    \.(a|c|f|f90|h|ini|pc|pxd|pyi|pyx|src|tmpl)$ | /py\.typed$ | /meson\.build$
    | ^numpy/(f2py|_pyinstaller|_configtool|distutils)\b | /tests/ | \.data/
    """,
    re.VERBOSE,
)


def slim_numpy(source: Path, sha256: str, folder: Path) -> Path:
    """Write the numpy wheel without what is not needed at run time, compressed.

    Parameters
    ----------
    source : numpy wheel for Pyodide; Pyodide's builds are stored uncompressed.
    sha256 : hash that the wheel must have.
    folder : where to write; the name stays.

    Raises
    ------
    CourseError : the wheel is missing or has another hash.
    """
    if not source.exists():
        raise CourseError(f"{source} is missing; run `npm ci` and build again.")
    if (found := file_hash(source)) != sha256:
        raise CourseError(
            f"{source} is corrupt: its sha256 is {found}, expected {sha256}. "
            "Delete the folder node_modules, run `npm ci` and build again."
        )
    return pack(source, folder / source.name, lambda name: not NOT_FOR_RUNNING.search(name))


def build_course_wheel(root: Path, workspace: Path, folder: Path) -> Path:
    """Build our wheel from a copy of the sources, with the backend that pyproject.toml names and no network.

    Parameters
    ----------
    root : folder of pyproject.toml.
    workspace : scratch folder, emptied first; building in a copy leaves no build/ behind that could go stale.
    folder : where to write the wheel.
    """
    shutil.rmtree(workspace, ignore_errors=True)
    copy = workspace / "source"
    copy.mkdir(parents=True)
    for name in ("pyproject.toml", "setup.py", "LICENSE"):
        shutil.copy2(root / name, copy)
    for name in ("pinn_core", "widgets"):
        shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    script = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
    built = subprocess.run(
        [sys.executable, "-c", script, str(workspace)], cwd=copy, capture_output=True, text=True, check=False
    )
    wheels = list(workspace.glob("*.whl"))
    if built.returncode or len(wheels) != 1:
        raise CourseError(f"the wheel of the course does not build:\n{built.stdout}{built.stderr}")
    packed = pack(wheels[0], folder / wheels[0].name)
    shutil.rmtree(workspace)
    return packed


def pack(source: Path, target: Path, keep: Callable[[str], bool] | None = None) -> Path:
    """Copy a wheel: only files to keep, sorted and compressed, without times and permissions, RECORD anew."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(unfinished, "w") as new:
        record_name = next(name for name in old.namelist() if name.endswith(".dist-info/RECORD"))
        record = []
        for name in sorted(old.namelist()):
            if name.endswith("/") or name == record_name or (keep and not keep(name)):
                continue
            content = old.read(name)
            write(new, name, content)
            record.append(f"{name},sha256={record_hash(content)},{len(content)}")
        write(new, record_name, "\n".join([*record, f"{record_name},,\n"]).encode())
    unfinished.replace(target)
    return target


def write(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add one file in a form that depends on nothing but its name and content."""
    entry = zipfile.ZipInfo(name, ZIP_EPOCH)
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content, zipfile.ZIP_DEFLATED, compresslevel=9)


def record_hash(content: bytes) -> str:
    """The hash of a file as the RECORD of a wheel writes it."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
