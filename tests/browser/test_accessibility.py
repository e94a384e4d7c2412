"""axe-core finds no violation on any page, in light and dark, before the first touch and after a run."""

from pathlib import Path

import pytest
from playwright.sync_api import Page
from widget_page import CLAIMS, NTK, TUNER, WIDGET_PAGES, Pages, Widget

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
PAGES = [
    *WIDGET_PAGES,
    CLAIMS,
    "book/index.html",
    "book/notation.html",
    "book/references.html",
    "book/lecturers.html",
    "book/api.html",
]


def violations(page: Page) -> list[str]:
    """What axe-core complains of: rule and place."""
    page.evaluate(AXE.read_text())  # evaluated from outside, so that the page's policy does not matter
    found = page.evaluate("axe.run().then(({violations}) => violations)")
    return [f"{v['id']}: {node['html'][:120]} {node['failureSummary']}" for v in found for node in v["nodes"]]


def open_in(pages: Pages, path: str, theme: str) -> Page:
    page = pages.open(path, color_scheme=theme)
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    return page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_page_is_accessible(pages: Pages, path: str, theme: str) -> None:
    page = open_in(pages, path, theme)
    page.wait_for_load_state("networkidle")
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_tuner_is_accessible_after_a_run(pages: Pages, theme: str) -> None:
    page = open_in(pages, TUNER, theme)
    widget = Widget(page, "weight-tuner")
    widget.wait_for_recorded()
    widget.field("1").select_option("clean")
    widget.fill("Epochs", 200)
    widget.train()
    for summary in ("More settings", "Show the code", "Data of this run"):
        widget.root.get_by_text(summary, exact=True).last.click()
    page.wait_for_timeout(600)
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_race_is_accessible_with_everything_unfolded(pages: Pages, theme: str) -> None:
    page = open_in(pages, NTK, theme)
    widget = Widget(page, "ntk-race")
    widget.wait_for_recorded()
    for label in ("annealing", "hard constraint"):
        widget.field(label).check()
    for title in ("Settings", "Show the code", "Data of this run"):
        widget.unfold(title)
    widget.page.wait_for_timeout(600)
    assert violations(page) == []
