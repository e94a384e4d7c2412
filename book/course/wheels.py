"""The wheels that a reader's browser loads, above all numpy, slimmed, and our own.

They are written in one way, so that the same content always gives the same bytes.
"""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from .errors import CourseError
from .hashing import file_hash

FRONT_END = "hosts/notebook/static"  # in the folder widgets/, in wheels only

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


def build_course_wheel(root: Path, workspace: Path, folder: Path, front_end: Path | None = None) -> Path:
    """Build our wheel from a copy of the sources, with the backend that pyproject.toml names and no network.

    Parameters
    ----------
    root : folder of pyproject.toml.
    workspace : scratch folder, emptied first; building in a copy leaves no build/ behind that could go stale.
    folder : where to write the wheel.
    front_end : folder with the bundled front end of widgets in notebooks, to be put into the wheel, or None.
    """
    shutil.rmtree(workspace, ignore_errors=True)
    copy = workspace / "source"
    copy.mkdir(parents=True)
    for name in ("pyproject.toml", "setup.py", "LICENSE"):
        shutil.copy2(root / name, copy)
    for name in ("pinn_core", "widgets"):
        shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    if front_end is not None:
        shutil.copytree(front_end, copy / "widgets" / FRONT_END)
    script = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
    built = subprocess.run(
        [sys.executable, "-c", script, str(workspace)],
        cwd=copy,
        env=os.environ | {"COURSE_FRONT_END": "elsewhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    wheels = list(workspace.glob("*.whl"))
    if built.returncode or len(wheels) != 1:
        raise CourseError(f"the wheel of the course does not build:\n{built.stdout}{built.stderr}")
    packed = pack(wheels[0], folder / wheels[0].name)
    shutil.rmtree(workspace)
    return packed


def split_for_notebooks(wheel: Path, folder: Path) -> None:
    """Write engine and widgets as two wheels: a cell without widgets then needs nothing of Jupyter's."""
    needs = {"pinn_core": ["numpy"], "pinn_widgets": ["pinn-core", "anywidget"]}
    _, version, _ = wheel.name.split("-", 2)
    with zipfile.ZipFile(wheel) as archive:
        for package, requirements in needs.items():
            names = sorted(name for name in archive.namelist() if name.startswith(f"{package}/"))
            files = {name: archive.read(name) for name in names}
            write_wheel(folder, package.replace("_", "-"), version, files, requirements)


def pack(
    source: Path,
    target: Path,
    keep: Callable[[str], bool] | None = None,
    change: Callable[[str, bytes], bytes] = lambda _, content: content,
) -> Path:
    """Copy a wheel: only files to keep, sorted and compressed, without times and permissions, RECORD anew.

    Parameters
    ----------
    source, target : the wheel and its copy.
    keep : says of a name whether the file is kept; every file is kept if it is not given.
    change : gives for a name and a content the content to write.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(unfinished, "w") as new:
        record_name = next(name for name in old.namelist() if name.endswith(".dist-info/RECORD"))
        record = []
        for name in sorted(old.namelist()):
            if name.endswith("/") or name == record_name or (keep and not keep(name)):
                continue
            content = change(name, old.read(name))
            write(new, name, content)
            record.append(f"{name},sha256={record_hash(content)},{len(content)}")
        write(new, record_name, "\n".join([*record, f"{record_name},,\n"]).encode())
    unfinished.replace(target)
    return target


def write_wheel(
    folder: Path, name: str, version: str, files: dict[str, bytes], requirements: Iterable[str] = ()
) -> Path:
    """Write a wheel of a few files, or of none at all, with nothing else in it.

    Parameters
    ----------
    folder : where to write.
    name, version : of the package.
    files : content of each file by its name.
    requirements : names of the packages that it needs.
    """
    stem = f"{name.replace('-', '_')}-{version}"
    needs = "".join(f"Requires-Dist: {one}\n" for one in requirements)
    about = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: course\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files = files | {f"{stem}.dist-info/{file}": text.encode() for file, text in about.items()}
    record = [f"{file},sha256={record_hash(content)},{len(content)}" for file, content in files.items()]
    record_name = f"{stem}.dist-info/RECORD"
    target = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(target, "w") as archive:
        for file, content in files.items():
            write(archive, file, content)
        write(archive, record_name, "\n".join([*record, f"{record_name},,\n"]).encode())
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
