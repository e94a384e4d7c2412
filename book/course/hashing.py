"""Content hashes of files and folders."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path


def file_hash(path: Path) -> str:
    """sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tree_hash(root: Path, files: Iterable[Path], *extra: str) -> str:
    """One hash for the names (relative to `root`) and contents of files, and for any further text."""
    digest = hashlib.sha256("\0".join(extra).encode())
    for path in sorted(files):
        digest.update(f"\n{os.path.relpath(path, root)} {file_hash(path)}".encode())
    return digest.hexdigest()


def sources(root: Path, *folders: str, suffixes: Iterable[str] = (".py",)) -> list[Path]:
    """The source files under some folders of `root`, without caches."""
    found = (path for folder in folders for path in (root / folder).rglob("*"))
    return sorted(p for p in found if p.suffix in suffixes and "__pycache__" not in p.parts and p.is_file())
