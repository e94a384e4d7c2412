"""What a reader has before any Python is loaded: first picture, recorded runs, predictions."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from widget_page import TUNER, WIDGET_PAGES, Pages, Widget

# what a drag leaves behind: the result at once, the first chart, which is the solution, after one frame
DRAG = """async ([root, position]) => {
    const slider = root.querySelector("input[type=range]");
    const solution = () => root.querySelectorAll(".widget-plot")[0].querySelectorAll("path.js-line")[1];
    const before = solution().getAttribute("d");
    slider.value = position;
    slider.dispatchEvent(new Event("input", {bubbles: true}));
    const result = JSON.parse(root.dataset.result);
    await new Promise(requestAnimationFrame);
    return {result, moved: solution().getAttribute("d") !== before};
}"""

# Shifts of the layout that begin in a widget. On a long page, fonts of equations may arrive late and move all
# that follows them: then something before the widget, or around it, has moved as well.
SHIFTS = """new PerformanceObserver((list) => {
    const widget = document.querySelector(".course-widget");
    const place = ({node}) => node && widget.compareDocumentPosition(node);
    const isBefore = (source) => source.node?.parentElement?.closest("article") && place(source) & 10;
    const isAfter = (source) => place(source) & 20;
    const ours = list.getEntries().filter(({sources}) => sources.some(isAfter) && !sources.some(isBefore));
    window.shifts = [...(window.shifts ?? []), ...ours.map(({value}) => value)];
}).observe({type: "layout-shift", buffered: true});"""


def touched(widget: Widget) -> Widget:
    """The widget after its first touch, with its charts."""
    widget.root.hover()  # the short form asks for its recorded run only now
    widget.wait_for_recorded()
    expect(widget.root.locator(".widget-plot .main-svg").first).to_be_visible()
    widget.page.wait_for_timeout(300)
    return widget


@pytest.mark.parametrize("path", WIDGET_PAGES)
def test_page_teaches_without_scripts(pages: Pages, path: str) -> None:
    page = pages.open(path, java_script_enabled=False)
    picture = page.locator(".widget-first-picture").first
    expect(picture.locator("svg").first).to_be_visible()
    expect(picture.locator("figcaption")).not_to_be_empty()
    picture.get_by_text("Data table").click()
    expect(picture.locator("table")).to_be_visible()
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.course-widget'), '::before').content")
        == "none"
    )


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("path", WIDGET_PAGES)
def test_controls_come_without_a_jump(pages: Pages, path: str, width: int) -> None:
    page = pages.open(
        path, setup=lambda page: page.add_init_script(SHIFTS), viewport={"width": width, "height": 740}
    )
    page.locator(".course-widget").first.scroll_into_view_if_needed()
    page.reload()
    page.locator(".course-widget[data-ready]").first.wait_for()
    page.wait_for_timeout(1000)
    assert sum(page.evaluate("window.shifts ?? []")) < 0.02


def test_nothing_heavy_before_first_touch_and_no_python_after_it(pages: Pages) -> None:
    widget = Widget(pages.open(TUNER), "weight-tuner")
    widget.wait_for_recorded()
    assert pages.asked_for("rt/plotly") == []
    touched(widget)
    assert len(pages.asked_for("rt/plotly")) == 1
    assert pages.asked_for("rt/pyodide") == []
    assert widget.page.workers == []


@pytest.mark.parametrize("position", [-3, -0.25, 2, 5])
def test_dragging_shows_the_recorded_run_in_the_next_frame(
    pages: Pages, tuner: Widget, position: float, built_site: Path
) -> None:
    touched(tuner)
    files = list((built_site / "rt/recorded/weight-tuner").glob("*.run"))
    tuner.wait_for_all_recorded("weight-tuner", len(files))
    shown = tuner.page.evaluate(DRAG, [tuner.root.element_handle(), str(position)])
    assert shown["moved"]
    assert shown["result"]["source"] == "recorded"
    assert shown["result"]["settings"]["lam_ic"] == pytest.approx(10**position, rel=1e-4)
    assert shown["result"]["weights"]["ic"] == pytest.approx(10**position, rel=1e-4)
    assert tuner.phase == "recorded"
    assert pages.asked_for("rt/pyodide") == []


def test_presets_set_the_weight(tuner: Widget) -> None:
    tuner.wait_for_recorded()
    for name, weight, verdict in [("1e-3", 1e-3, "wrong"), ("100", 100, "clean"), ("1e5", 1e5, "wrong")]:
        tuner.click(name)
        assert tuner.result["settings"]["lam_ic"] == weight
        assert tuner.result["verdict"] == verdict
        expect(tuner.button(name)).to_have_attribute("aria-pressed", "true")


def test_settings_that_were_not_recorded_are_named(tuner: Widget) -> None:
    tuner.wait_for_recorded()
    tuner.fill("Seed", 7)
    expect(tuner.root.locator(".widget-caption")).to_contain_text(
        "Recorded with Seed 4; press Train for yours"
    )
    assert tuner.result["seed"] == 4


def test_hard_constraint_has_no_weight_to_choose(tuner: Widget) -> None:
    tuner.wait_for_recorded()
    tuner.choose("Initial condition", "hard")
    expect(tuner.slider).to_be_disabled()
    assert "ic" not in tuner.result["weights"]
    expect(tuner.root.locator(".widget-caption")).to_contain_text("Recorded run")


def test_charts_follow_the_theme(tuner: Widget) -> None:
    touched(tuner)
    line = tuner.root.locator(".widget-plot").first.locator("path.js-line").nth(1)
    light = line.evaluate("path => getComputedStyle(path).stroke")
    tuner.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    tuner.page.wait_for_timeout(500)
    assert line.evaluate("path => getComputedStyle(path).stroke") != light


def test_charts_have_text_alternatives_and_a_table(tuner: Widget) -> None:
    touched(tuner)
    tuner.click("100")
    plots = tuner.root.locator(".widget-plot")
    for plot in plots.all():
        expect(plot).to_have_attribute("role", "img")
        expect(plot).to_have_attribute("aria-label", re.compile(".{30,}"))
    expect(plots.first).to_have_attribute("aria-label", re.compile("Relative L2 error 0"))
    tuner.root.get_by_text("Data of this run").click()
    expect(tuner.root.locator(".widget-table td").first).to_be_visible()


def test_predictions_are_kept_and_compared_with_own_runs(tuner: Widget) -> None:
    tuner.field("100").select_option("wrong")
    tuner.field("1").select_option("wrong")
    tuner.page.reload()
    again = Widget(tuner.page, "weight-tuner")
    expect(again.field("100")).to_have_value("wrong")
    again.click("100")
    again.train()
    outcome = again.root.locator(".widget-case", has_text="100").locator(".widget-outcome")
    expect(outcome).to_have_text("✗ your run: clean")
    again.click("1")
    again.train()
    outcome = (
        again.root.locator(".widget-case")
        .filter(has=again.page.get_by_label("1", exact=True))
        .locator(".widget-outcome")
    )
    expect(outcome).to_have_text("✓ your run: wrong")


def test_refused_storage_breaks_nothing(pages: Pages) -> None:
    refuse = """for (const name of ["localStorage", "sessionStorage"]) {
        Object.defineProperty(window, name, {get() { throw new DOMException("refused", "SecurityError"); }});
    }"""
    page = pages.open(TUNER, setup=lambda page: page.add_init_script(refuse))
    pages.errors_expected = True  # the theme itself does not expect this
    widget = Widget(page, "weight-tuner")
    widget.wait_for_recorded()
    widget.field("100").select_option("clean")
    widget.click("100")
    assert widget.result["verdict"] == "clean"


@pytest.mark.parametrize("path", WIDGET_PAGES)
def test_nothing_is_wider_than_a_phone(pages: Pages, path: str) -> None:
    page = pages.open(path, viewport={"width": 360, "height": 740})
    for root in page.locator(".course-widget").all():
        touched(Widget(page, root.get_attribute("id") or ""))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    wide = page.evaluate("""[...document.querySelectorAll(".course-widget *")].filter((element) => {
        const {right, width} = element.getBoundingClientRect();
        return width > 0 && right > 360 && !element.closest("pre, .widget-table, svg");
    }).map(({className}) => String(className))""")
    assert wide == []
