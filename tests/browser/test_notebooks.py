"""Notebooks in JupyterLite: each runs to its end, its slider moves its figure, and widgets answer to code."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from widget_page import Pages

SOURCES = Path(__file__).parents[2] / "chapters"
# one for each section; the appendices run natively, in tests/test_notebooks.py
NAMES = sorted(
    path.stem
    for path in SOURCES.glob("*.md")
    if "{code-cell}" in path.read_text() and not path.stem.startswith("appendix")
)

START = 90_000  # ms; generous bounds, not measures
TO_THE_END = 240_000

# what JupyterLite says of itself on every start
USUAL = re.compile(
    r"Memory storage fallback|Menu entry for command|Uploader widget|No exact match found for python"
    r"|Pyodide contents will NOT be synced|favicon"
)

CONNECT = """async () => {
    const [session] = jupyterapp.serviceManager.sessions.running();
    window.kernel ??= jupyterapp.serviceManager.kernels.connectTo({ model: session.kernel });
    await kernel.info;
}"""
EXECUTE = """async (code) => {
    let text = "";
    const future = kernel.requestExecute({ code });
    future.onIOPub = ({ content }) => { text += content.text ?? content.evalue ?? ""; };
    await future.done;
    return text.trim();
}"""
# an evaluation that returned its promise would wait for every cell
RUN_ALL = "void jupyterapp.commands.execute('notebook:run-all-cells')"
HAS_RUN = """() => {
    const prompts = [...document.querySelectorAll(".jp-CodeCell .jp-InputArea-prompt")];
    return prompts.length > 0 && prompts.every(({ textContent }) => !textContent.includes("*"))
        && document.querySelector(".jp-Notebook-ExecutionIndicator").dataset.status === "idle";
}"""
FIGURE = """() => [...document.querySelectorAll(".widget-vbox .js-plotly-plot :is(path.js-line, .bars path)")]
    .map((path) => path.getAttribute("d")).join()"""


class Notebook:
    """A notebook of the course in JupyterLite."""

    def __init__(self, pages: Pages, name: str) -> None:
        self.page: Page = pages.open(f"lite/notebooks/index.html?path={name}.ipynb")
        pages.errors_expected = True
        self.pages = pages
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=START)

    def start(self) -> None:
        """Wait for the kernel."""
        self.page.wait_for_function(
            "() => window.jupyterapp && [...jupyterapp.serviceManager.sessions.running()].length > 0",
            timeout=START,
        )
        self.page.set_default_timeout(START)
        self.page.evaluate(CONNECT)

    def execute(self, code: str) -> str:
        """What a piece of code prints."""
        return self.page.evaluate(EXECUTE, code)

    def run_all(self) -> None:
        """Run every cell and wait for the last one."""
        self.page.evaluate(RUN_ALL)
        self.page.wait_for_timeout(1000)
        self.page.wait_for_function(HAS_RUN, timeout=TO_THE_END, polling=500)

    def faults(self) -> list[str]:
        """Errors and warnings in the output of cells."""
        kinds = ", ".join(
            f'[data-mime-type="application/vnd.jupyter.{kind}"]' for kind in ("error", "stderr")
        )
        return self.page.locator(kinds).all_text_contents()


@pytest.mark.parametrize("name", NAMES)
def test_notebook_runs_to_its_end_and_its_slider_moves(pages: Pages, name: str) -> None:
    notebook = Notebook(pages, name)
    notebook.start()
    notebook.run_all()
    assert notebook.faults() == []

    page = notebook.page
    handle = page.locator(".widget-vbox .noUi-handle").first
    handle.scroll_into_view_if_needed()
    shown = page.evaluate(FIGURE)
    assert shown
    is_at_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
    for _ in range(3):
        handle.press("ArrowLeft" if is_at_end else "ArrowRight")
        page.wait_for_function(f"(before) => ({FIGURE})() !== before", arg=shown, timeout=30_000)
        shown = page.evaluate(FIGURE)
    assert [text for text in pages.errors if not USUAL.search(text)] == []


def test_widget_answers_to_buttons_and_to_code(pages: Pages) -> None:
    notebook = Notebook(pages, "weight-tuner")
    notebook.start()
    code = "from pinn_widgets import WeightTuner\nt = WeightTuner(lam_ic=100, epochs=200)"
    assert notebook.execute(code) == ""
    cell = notebook.page.locator(".jp-CodeCell", has_text="WeightTuner()").first
    cell.click()
    notebook.page.evaluate("void jupyterapp.commands.execute('notebook:run-cell')")
    widget = cell.locator(".course-widget")
    expect(widget).to_have_attribute("data-ready", "", timeout=START)
    expect(widget.locator(".widget-caption")).to_contain_text("ecorded", timeout=START)

    widget.get_by_label("Epochs").fill("200")
    widget.get_by_label("Epochs").press("Tab")
    widget.get_by_role("button", name="100", exact=True).click()
    widget.get_by_role("button", name="Train").click()
    expect(widget).to_have_attribute("data-phase", "done", timeout=START)
    shown = notebook.page.evaluate(
        "(root) => JSON.parse(root.dataset.result).rel_l2", widget.element_handle()
    )
    assert float(notebook.execute("print(weight_tuner.result['rel_l2'])")) == pytest.approx(shown)
    assert notebook.execute("print(weight_tuner.lam_ic, weight_tuner.series['epoch'][-1])") == "100.0 200"

    # the other way round: code moves the slider and trains
    assert notebook.execute("weight_tuner.lam_ic = 1.0") == ""
    expect(widget.get_by_role("slider")).to_have_value("0")
    assert notebook.execute("weight_tuner.run(); print(weight_tuner.result['verdict'])") == "wrong"
    expect(widget).to_have_attribute("data-phase", "done")
    assert "is not allowed" in notebook.execute("WeightTuner(lam_ic=-1)")

    # a long run is cancelled
    assert notebook.execute("weight_tuner.epochs = 20000\n_ = weight_tuner.train()") == ""
    expect(widget).to_have_attribute("data-phase", "running", timeout=START)
    assert notebook.execute("weight_tuner.cancel(); print(weight_tuner.is_training)") == "False"
    expect(widget).to_have_attribute("data-phase", "recorded")


def test_changes_last_until_reset(pages: Pages) -> None:
    notebook = Notebook(pages, "two-pathologies")
    page = notebook.page
    first = page.locator(".jp-CodeCell").first
    first.locator(".cm-content").click()
    page.keyboard.type("# mine ")
    page.wait_for_function("() => window.jupyterapp")
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    page.goto("about:blank")
    page.goto(f"{pages.site_url}lite/notebooks/index.html?path=two-pathologies.ipynb")
    expect(page.locator(".jp-CodeCell").first).to_contain_text("# mine", timeout=START)
    page.wait_for_function("() => window.jupyterapp")
    page.get_by_role("button", name="Reset to the original").click()
    page.wait_for_load_state()
    first = page.locator(".jp-CodeCell").first
    expect(first).to_contain_text("pinn_core", timeout=START)
    expect(first).not_to_contain_text("# mine")


def test_page_and_notebook_lead_to_each_other(pages: Pages) -> None:
    page = pages.open("chapters/weight-tuner.html")
    pages.errors_expected = True
    page.get_by_role("link", name="Open as notebook").click()
    back = page.get_by_role("link", name="3.2 The manual weight tuner")
    expect(back).to_be_visible(timeout=START)
    back.click()
    expect(page).to_have_url(re.compile("chapters/weight-tuner.html"))


# ---- faults ----


def refuse(part: str) -> Callable[[Page], None]:
    """A set-up in which the server lacks a file."""

    def setup(page: Page) -> None:
        def missing(route: Route) -> None:
            route.fulfill(status=404, body="")

        page.route(lambda url: part in url, missing)

    return setup


@pytest.mark.parametrize("part", ["pyodide.asm.wasm", "ipython-", "plotly-7"])
def test_missing_file_is_named_with_a_way_back(pages: Pages, part: str) -> None:
    pages.errors_expected = True
    page = pages.open("lite/notebooks/index.html?path=weight-tuner.ipynb", setup=refuse(part))
    bar = page.locator("#course-bar")
    expect(bar.get_by_role("status")).to_contain_text(part, timeout=START)
    expect(bar.get_by_role("status")).to_contain_text("page")
    expect(bar.get_by_role("link")).to_have_attribute("href", "../../chapters/weight-tuner.html")


def test_window_that_keeps_nothing_still_runs(pages: Pages) -> None:
    pages.errors_expected = True

    def without_storage(page: Page) -> None:
        page.add_init_script(
            "for (const name of ['indexedDB', 'localStorage', 'sessionStorage'])"
            " Object.defineProperty(window, name, { get() { throw new DOMException('', 'no'); } });"
        )

    page = pages.open("lite/notebooks/index.html?path=weight-tuner.ipynb", setup=without_storage)
    expect(page.locator("#course-bar").get_by_role("status")).to_contain_text("keeps nothing", timeout=START)


def test_browser_without_webassembly_is_told(pages: Pages) -> None:
    pages.errors_expected = True
    page = pages.open(
        "lite/notebooks/index.html?path=weight-tuner.ipynb",
        setup=lambda page: page.add_init_script("delete window.WebAssembly"),
    )
    expect(page.locator("#course-bar").get_by_role("status")).to_contain_text("no WebAssembly", timeout=START)
