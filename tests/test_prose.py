"""The prose of the book: no typed number, no dead or missing key, no claim that the recorded runs refute."""

import importlib
import re
from pathlib import Path

import pytest

from course.typed import typed_numbers, without_front_matter
from course.widget import parse_state, recipe_of
from pinn_widgets.build import archive, prose

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("chapters/*.md"), *ROOT.glob("book/*.md")])
WIDGETS = sorted(path.parent.name for path in ROOT.glob("widgets/*/numbers.py"))

LINES_OF_A_CELL = 15
COLUMNS_OF_A_CELL = 70  # what a page shows, also inside a solution, without a scroll bar


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_no_number_is_typed(path):
    assert typed_numbers(without_front_matter(path.read_text())) == []


@pytest.mark.parametrize(
    "bad",
    [
        "The error is 0.12 %.",
        "The error is **0.12** %.",
        "- in a list, 10 of 10",
        "> quoted 3 times",
        "| weight | error |\n| --- | --- |\n| small | 99 % |",
        "the bare number `100` in code",
        "| `1e-3` | in a table |\n| --- | --- |",
        "```{admonition} Rule of 100\ntext\n```",
        "```{admonition} Rule\n:class: tip\nabove 100\n```",
        ":::{note}\nabove 100\n:::",
        "````{note}\n```{tip}\nnested 7\n```\n````",
        "```{exercise-start}\n:label: x\n```\n\nTrain for 40 epochs.\n\n```{exercise-end}\n```",
        "a <b>raw 5</b> tag",
        "<p>raw 5</p>",
        "an unknown role {sub}`2`",
        "![a picture with 3 curves](picture.png)",
        "a footnote[^one]\n\n[^one]: with 4",
    ],
)
def test_a_typed_number_is_found(bad):
    assert typed_numbers(bad)


@pytest.mark.parametrize(
    "good",
    [
        "# 3.2 The heading",
        "The error is {glue:text}`error_12`.",
        "For $\\omega = 2\\pi$ and\n\n$$\nx = 1\n$$ (label-1)\n",
        "See {doc}`section-3` and {eq}`eq-1`, {cite}`wang2022ntk`.",
        "[version 4.0](https://example.org/4.0)",
        'a <a href="#weight-tuner?lam_ic=100">link 1</a>',
        "```{code-cell} ipython3\nprint(1)\n```",
        "```python\nprint(1)\n```",
        "```{widget} weight-tuner\n:preset: lam_ic=100\n```",
        "```{exercise-start}\n:label: exercise-1\n```",
        "stored as `float64` under `u_2`",
        "one, two, a hundred",
    ],
)
def test_what_is_no_typed_number_passes(good):
    assert typed_numbers(good) == []


def test_an_unknown_directive_is_not_passed_over():
    with pytest.raises(LookupError, match="surprise"):
        typed_numbers("```{surprise}\n100\n```")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_code_cells_fit_on_the_page(path):
    for cell in re.findall(r"```\{code-cell\}[^\n]*\n(.*?)```", path.read_text(), re.DOTALL):
        lines = [line for line in cell.splitlines() if line.strip()]
        assert len(lines) <= LINES_OF_A_CELL, lines[0]
        assert [line for line in lines if len(line) > COLUMNS_OF_A_CELL] == []


def glued_widgets(source: str) -> list[str]:
    """The widgets whose numbers a page glues."""
    calls = re.findall(r"glue_numbers\(([^)]*)\)", source)
    return re.findall(r'"(\w+)"', " ".join(calls))


def numbers_of(widget: str) -> dict[str, str]:
    """Every number and table of a widget's prose, as text, by key."""
    module, recording = importlib.import_module(f"pinn_widgets.{widget}.numbers"), archive.load(widget)
    return module.numbers(recording) | (module.tables(recording) if hasattr(module, "tables") else {})


def used_keys(source: str) -> set[str]:
    """The keys that a page names."""
    return set(re.findall(r"\{glue:(?:text\}`|md\} )(\w+)", source))


def test_every_number_is_used_and_there():
    used = set()
    for path in PAGES:
        keys = used_keys(path.read_text())
        known = set().union(*(numbers_of(widget) for widget in glued_widgets(path.read_text())))
        assert keys <= known, f"{path.name} names numbers that it does not glue"
        used |= keys
    assert set().union(*(numbers_of(widget) for widget in WIDGETS)) == used


@pytest.mark.parametrize("widget", WIDGETS)
def test_numbers_are_finite_texts(widget):
    for key, text in numbers_of(widget).items():
        assert text, key
        assert not re.search(r"nan|inf|None", text), key


def claims_of(widget: str) -> dict[str, prose.Claim]:
    """The claims of a widget's prose."""
    return importlib.import_module(f"pinn_widgets.{widget}.claims").claims(archive.load(widget))


@pytest.mark.parametrize("widget", WIDGETS)
def test_claims(widget):
    claims = claims_of(widget)
    assert claims
    assert [str(claim) for claim in claims.values() if not claim.passed] == []


@pytest.mark.parametrize(
    ("holds", "needed", "passed"), [([True] * 9 + [False], 0.9, True), ([True] * 8 + [False] * 2, 0.9, False)]
)
def test_a_claim_fails_below_its_share(holds, needed, passed):
    claim = prose.Claim("a statement", holds, needed)
    assert claim.passed is passed
    assert ("FAILS" in str(claim)) is not passed


def test_claims_fail_on_a_recording_in_which_the_weight_does_nothing():
    recording = archive.load("weight_tuner")
    default = recording["ensembles"]["default"]
    default["rel_l2_late"] = default["rel_l2_late"][::-1]
    claims = importlib.import_module("pinn_widgets.weight_tuner.claims").claims
    failed = {key for key, claim in claims(recording).items() if not claim.passed}
    assert {"tiny_wrong", "huge_wrong"} & failed


def prepared_states() -> list[tuple[str, str]]:
    """Every link to a prepared state: page and target."""
    return [
        (path.name, target)
        for path in PAGES
        for target in re.findall(r"\{state\}`[^`<]*<([^`>]*)>`", path.read_text())
    ]


def test_there_are_prepared_states():
    widgets = {element_id for _, target in prepared_states() for _, element_id, _ in [parse_state(target)]}
    assert widgets >= {"weight-tuner", "gradient-check", "ntk-race", "point-race"}


@pytest.mark.parametrize(("page", "target"), prepared_states())
def test_prepared_states_name_what_they_change(page, target):
    _, element_id, changes = parse_state(target)
    given = dict(changes)
    settings = recipe_of(element_id).Settings
    assert settings.from_texts(given) != settings() or not given, page


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_prepared_states_are_linked_by_their_role(path):
    assert re.findall(r'href="[^"]*#[\w-]+\?', path.read_text()) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.00414, "0.0041"),
        (0.5, "0.50"),
        (9.96, "10"),
        (161.0, "160"),
        (-0.366, "−0.37"),  # noqa: RUF001
        (20000.0, "20\N{NARROW NO-BREAK SPACE}000"),
        (1.44e-6, "1.4\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}10⁻⁶"),  # noqa: RUF001
    ],
)
def test_rounded(value, text):
    assert prose.rounded(value) == text


def test_ranges_name_a_shared_unit_once():
    assert prose.between(prose.percent(0.01), prose.percent(0.02)) == "1.0 to 2.0\N{NO-BREAK SPACE}%"
    assert prose.between("1", "2") == "1 to 2"
