"""The reference of the engine: every public name is on the page, and its docstring says what it has to."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import pinn_core
from course.api import ENTRY, as_rst, entries

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "book/api.md").read_text(encoding="utf-8")
ENTRIES = sorted(entries(PAGE))
RESULTS = {"Snapshot", "GradientCheck"}  # what readers get and do not make
CALLED = sorted(
    name
    for name in ENTRIES
    if callable(getattr(pinn_core, name.removeprefix("pinn_core."), None)) and "Error" not in name
)


def thing(name: str) -> object:
    """What has this full name."""
    module, _, last = name.rpartition(".")
    return getattr(importlib.import_module(module), last)


def sections(docstring: str) -> dict[str, str]:
    """The text of a docstring by the titles of its sections; "" for what comes first."""
    parts = re.split(r"\n?(.+)\n-{3,}\n", "\n" + docstring)
    return {"": parts[0]} | dict(zip(parts[1::2], parts[2::2], strict=True))


def documented(text: str) -> set[str]:
    """The names of the entries of a section."""
    found = [match[1] for line in text.splitlines() if (match := ENTRY.fullmatch(line))]
    return {name.strip(" *") for names in found for name in names.split(",")}


def lacking(made: object) -> set[str]:
    """What the docstring of something that readers call does not say."""
    found = sections(inspect.getdoc(made) or "")
    wanted = {
        name
        for name, parameter in inspect.signature(made).parameters.items()
        if parameter.kind not in (2, 4)  # type: ignore[arg-type]
    }
    missing = wanted - documented(found.get("Parameters", ""))
    titles = {"Parameters"} if isinstance(made, type) else {"Parameters", "Returns", "Raises", "Cost"}
    return missing | (titles - found.keys() if wanted else set())


def test_every_public_name_has_an_entry() -> None:
    assert {f"pinn_core.{name}" for name in pinn_core.__all__} <= set(ENTRIES)


@pytest.mark.parametrize("name", ENTRIES)
def test_entries_have_docstrings(name: str) -> None:
    made = thing(name)
    assert made.__doc__
    for member, value in vars(made).items() if isinstance(made, type) else ():
        if not member.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
            assert inspect.getdoc(value), f"{name}.{member}"


@pytest.mark.parametrize("name", CALLED)
def test_docstrings_name_every_parameter_and_say_what_comes_of_them(name: str) -> None:
    if name.removeprefix("pinn_core.") not in RESULTS:
        assert lacking(thing(name)) == set()


def test_a_docstring_that_says_too_little_is_found() -> None:
    def half(a: int, b: int) -> int:
        """Add.

        Parameters
        ----------
        a : a number.
        """
        return a + b

    assert lacking(half) == {"b", "Returns", "Raises", "Cost"}


def test_docstrings_take_the_form_of_the_page() -> None:
    docstring = ["||grad r_i||^2 * `Mlp`, `order`", "", "Parameters", "----------", "a, b : as", "    long"]
    assert list(as_rst(docstring, frozenset({"pinn_core.Mlp"}))) == [
        r"\|\|grad r\_i\|\|^2 \* :py:obj:`Mlp <pinn_core.Mlp>`, ``order``",
        "",
        "",
        ".. rubric:: Parameters",
        "",
        "``a``, ``b``",
        "    as",
        "    long",
    ]


def test_the_built_page_has_all_entries(built_site: Path) -> None:
    page = (built_site / "book/api.html").read_text(encoding="utf-8")
    assert {name for name in ENTRIES if f'id="{name}"' not in page} == set()
