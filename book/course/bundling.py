"""Bundles JavaScript and style sheets with esbuild: for pages, for notebooks, and for our own wheel.

`setup.py` loads this file by its path, where nothing but the standard library may be installed.
"""

import functools
import re
import shutil
import subprocess
from pathlib import Path

NOTEBOOK = "widgets/hosts/notebook"


class BundlingError(Exception):
    """A source or a program is missing, or a source is wrong."""


def bundle_notebook(root: Path, target: Path) -> None:
    """Bundle the front end of widgets in notebooks: one module with everything in it, one style sheet.

    Parameters
    ----------
    root : folder of a checkout with its Node packages.
    target : folder to write, emptied first.

    Raises
    ------
    BundlingError : see there.
    """
    esbuild(root, [("widget", f"{NOTEBOOK}/widget.js"), ("style", f"{NOTEBOOK}/notebook.css")], target)
    # ipywidgets has classes of the same names: our rules hold inside our widgets only
    style = target / "style.css"
    style.write_text(scoped(style.read_text(), ".course-widget"))


def esbuild(root: Path, entries: list[tuple[str, str]], target: Path, *options: str) -> None:
    """Bundle sources into a folder, each entry under its name, as ES modules.

    Parameters
    ----------
    root : folder of a checkout with its Node packages.
    entries : pairs (name, source), with the source relative to the checkout.
    target : folder to write, emptied first.

    Raises
    ------
    BundlingError : see there.
    """
    for _, source in entries:
        if not (root / source).exists():
            raise BundlingError(f"{root / source} is missing; restore it from the repository.")
    # the program itself: its wrapper in node_modules/.bin answers errors with a trace of its own
    program = next((root / "node_modules/@esbuild").glob("*/bin/esbuild"), None)
    if program is None:
        raise BundlingError(f"{root / 'node_modules/@esbuild'} is incomplete; run `npm ci` and build again.")
    shutil.rmtree(target, ignore_errors=True)
    command = [
        str(program),
        *(f"{name}={source}" for name, source in entries),
        f"--outdir={target}",
        "--bundle",
        "--format=esm",
        "--target=es2022",
        "--minify",
        "--legal-comments=none",
        "--log-level=warning",
        *options,
    ]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BundlingError(f"the JavaScript does not bundle:\n{done.stderr}")


def scoped(css: str, scope: str) -> str:
    """A style sheet, minified, whose rules hold only inside elements that match `scope`.

    Rules that name the scope themselves stay as they are.
    """
    result, at = [], 0
    for brace in re.finditer(r"[{}]", css):
        head = css[at : brace.start()]
        at = brace.end()
        is_rule = brace[0] == "{" and head and not head.startswith("@")
        result.append(",".join(map(functools.partial(within, scope), split_list(head))) if is_rule else head)
        result.append(brace[0])
    return "".join([*result, css[at:]])


def within(scope: str, selector: str) -> str:
    """A selector, limited to what is inside the scope."""
    return selector if scope in selector else f"{scope} {selector}"


def split_list(selectors: str) -> list[str]:
    """The selectors of a list, split at its commas but not at those in brackets."""
    return re.split(r",(?![^(\[]*[)\]])", selectors)
