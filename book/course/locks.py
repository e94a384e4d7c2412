"""The two lock files beside Pyodide: a small one for pages, a full one for notebooks."""

import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from .errors import CourseError
from .hashing import file_hash

BROWSER = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "wasm32",
    "platform_python_implementation": "CPython",
    "platform_system": "Emscripten",
    "python_full_version": "3.13.2",
    "python_version": "3.13",
    "sys_platform": "emscripten",
    "extra": "",
}


def write_lock(
    base_lock: Path, wheels: Iterable[Path], lock: Path, also: Mapping[str, Iterable[str]] | None = None
) -> None:
    """Write a lock file: Pyodide's own, with no packages but these wheels.

    Parameters
    ----------
    base_lock : lock file of the Pyodide release.
    wheels : the packages.
    lock : where to write.
    also : for a package, others to be loaded along with it, though it does not say that it needs them.

    Raises
    ------
    CourseError : a wheel depends on a package that no wheel provides.
    """
    packages = {entry["name"]: entry for entry in map(lock_entry, wheels)}
    for name, more in (also or {}).items():
        packages[name]["depends"] = sorted({*packages[name]["depends"], *more})
    for entry in packages.values():
        if missing := set(entry["depends"]) - set(packages):
            raise CourseError(
                f"{entry['file_name']} depends on {', '.join(missing)}, which no wheel provides."
            )
    content = {"info": json.loads(base_lock.read_text())["info"], "packages": dict(sorted(packages.items()))}
    lock.write_text(json.dumps(content, indent=1) + "\n")


def lock_entry(wheel: Path) -> dict[str, Any]:
    """What Pyodide's lock file says of one wheel."""
    with zipfile.ZipFile(wheel) as archive:
        files = archive.namelist()
        metadata = next(name for name in files if name.endswith(".dist-info/METADATA"))
        header = HeaderParser().parsestr(archive.read(metadata).decode())
    requirements = map(Requirement, header.get_all("Requires-Dist", []))
    needed = [r for r in requirements if r.marker is None or r.marker.evaluate(BROWSER)]
    return {
        "name": package_name(header["Name"]),
        "version": header["Version"],
        "file_name": wheel.name,
        "install_dir": "site",
        "sha256": file_hash(wheel),
        "package_type": "package",
        "imports": sorted({name.split("/")[0].removesuffix(".py") for name in files if name.endswith(".py")}),
        "depends": sorted({package_name(requirement.name) for requirement in needed}),
        "unvendored_tests": False,
    }


def package_name(name: str) -> str:
    """The normalised form of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()
