"""Builds the book, unless nothing has changed: `python -m course.build [--all]`.

The build is that of `jupyter-book build .`, with warnings as errors and all of them reported.
"""

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .hashing import tree_hash

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "_build"
BUILT = BUILD / "built"  # the state after the last build that succeeded

# what no page depends on
LEFT_OUT = {"_build", "benchmarks", "node_modules", "tests", "__pycache__"}
# what a build makes for others
MADE = ("html", "notebooks", "extra")
# what is installed, see build.sh
INSTALLED = (
    ".venv/requirements.lock",
    ".venv/wheels/requirements-pyodide.lock",
    "node_modules/.package-lock.json",
)

OPTIONS = ("-W", "--keep-going", "-n", "-q")


def state() -> str:
    """One hash for everything that a build reads and for all that it has made."""
    installed = [path for path in map(ROOT.joinpath, INSTALLED) if path.exists()]
    made = [path for name in MADE for path in files_below(BUILD / name)]
    return tree_hash(ROOT, [*files_below(ROOT), *made, *installed], sys.version)


def files_below(folder: Path) -> Iterator[Path]:
    """The files of a folder and of the folders in it, except hidden ones."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in LEFT_OUT and not name.startswith(".")]
        yield from (Path(place) / name for name in names if not name.startswith("."))


def build(everything: bool = False) -> None:
    """Build the book; nothing is done if neither a source nor what was made has changed since the last time.

    Parameters
    ----------
    everything : read every page anew, whatever has changed.

    Raises
    ------
    SystemExit : the build failed, and has said why.
    """
    os.chdir(ROOT)
    if not everything and BUILT.exists() and BUILT.read_text() == state():
        return
    BUILT.unlink(missing_ok=True)
    # a grammar that jsonschema compiles for a second, to check a format that no schema of ours has
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    from jupyter_book.cli.main import main

    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            command: Any = main
            command(["build", *OPTIONS, *(["--all"] if everything else []), "."], standalone_mode=False)
    except RuntimeError as error:
        raise SystemExit(f"The book cannot be built: {error.__cause__ or error}") from error
    except SystemExit as ended:
        if isinstance(ended.code, int):
            raise SystemExit("The book cannot be built; what is wrong stands above.") from ended
        raise
    BUILT.write_text(state())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Build the book.")
    parser.add_argument("--all", action="store_true", help="read every page anew")
    build(parser.parse_args().all)
