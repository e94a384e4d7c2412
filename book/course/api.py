"""The page of the engine's interface: docstrings of the code, as autodoc reads them, in the form of the page.

Docstrings have sections with underlined titles and entries ``name : text``, as numpydoc does, but say in
words what numpydoc would say in types. So the sections become rubrics and the entries lists of definitions.
Names in single backticks lead to their entry if the page has one.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

ENTRY = re.compile(r"(\w[\w, *]*) : (.*)")
CODE = re.compile(r"(``.+?``|`[^`]+`)")
SPECIAL = re.compile(r"([\\*|_])")


def as_rst(lines: list[str], known: frozenset[str] = frozenset()) -> Iterator[str]:
    """The lines of a docstring as reStructuredText; `known` are the names that have an entry on the page."""
    underlined = [bool(re.fullmatch("-{3,}", line)) for line in (*lines[1:], "")]
    for line, is_title in zip(lines, underlined, strict=True):
        entry = ENTRY.fullmatch(line)
        if is_title:
            yield from ("", f".. rubric:: {line}", "")
        elif entry:
            yield ", ".join(f"``{name.strip()}``" for name in entry[1].split(","))
            yield f"    {text(entry[2], known)}"
        elif not re.fullmatch("-{3,}", line):
            yield text(line, known)


def text(line: str, known: frozenset[str]) -> str:
    """A line of words with code in backticks: what reStructuredText would take for a mark is none here."""
    parts = CODE.split(line)
    parts[::2] = [SPECIAL.sub(r"\\\1", words) for words in parts[::2]]
    parts[1::2] = [code(marked, known) for marked in parts[1::2]]
    return "".join(parts)


def code(marked: str, known: frozenset[str]) -> str:
    """Code in backticks, as a link if it is the name of an entry."""
    name = marked.strip("`")
    targets = [target for target in known if f".{target}".endswith(f".{name}")]
    return f":py:obj:`{name} <{min(targets, key=len)}>`" if targets else f"``{name}``"


def entries(source: str) -> frozenset[str]:
    """The full names of what a page documents."""
    return frozenset(re.findall(r"^\.\. auto\w+:: (\S+)", source, re.MULTILINE))


def to_rst(app: Sphinx, what: str, name: str, thing: object, options: Any, lines: list[str]) -> None:
    """Put a docstring into the form of the page."""
    page = Path(app.env.doc2path(app.env.docname))
    lines[:] = as_rst(lines, entries(page.read_text(encoding="utf-8")))


def setup(app: Sphinx) -> None:
    """Read docstrings."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", to_rst)
