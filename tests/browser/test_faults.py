"""Every fault, provoked for real: the cause is named, recorded runs still work, Restart helps."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from widget_page import TUNER, Pages, Widget

LOADING_LIMIT = 20  # seconds without a sign of life, as in client.js
RUNNING_LIMIT = 10


def corrupt(route: Route) -> None:
    """Answer with one bit of the file turned over."""
    response = route.fetch()
    body = bytearray(response.body())
    body[len(body) // 2] ^= 1
    route.fulfill(response=response, body=bytes(body))


def cut_short(route: Route) -> None:
    """Answer with the first half of the file."""
    response = route.fetch()
    route.fulfill(response=response, body=response.body()[: len(response.body()) // 2])


def missing(route: Route) -> None:
    """Answer that there is no such file."""
    route.fulfill(status=404, body="not found")


def unreachable(route: Route) -> None:
    """Let the connection break."""
    route.abort()


def failed_start(pages: Pages, setup: Callable[[Page], Any]) -> Widget:
    """The tuner after a start that failed."""
    pages.errors_expected = True
    widget = Widget(pages.open(TUNER, setup=setup), "weight-tuner")
    widget.wait_for_recorded()
    widget.click("Train")
    widget.wait_for("failed")
    return widget


def assert_recorded_runs_work(widget: Widget) -> None:
    for name, weight in [("100", 100), ("1e5", 1e5)]:
        widget.click(name)
        assert widget.result["source"] == "recorded"
        assert widget.result["weights"]["ic"] == weight
    assert widget.phase == "failed"


def assert_restart_helps(widget: Widget) -> None:
    widget.fill("Epochs", 200)
    widget.click("Restart")
    widget.wait_for("done")
    assert widget.result["source"] == "live"
    expect(widget.button("Restart")).to_be_hidden()
    assert len(widget.page.workers) == 1


@pytest.mark.parametrize(
    ("file", "fault", "cause"),
    [
        ("pyodide.asm.wasm", corrupt, "is damaged: its checksum is wrong"),
        ("python_stdlib.zip", corrupt, "is damaged: its checksum is wrong"),
        ("numpy-*.whl", corrupt, "is damaged: its checksum is wrong"),
        ("pinn_course-*.whl", cut_short, "is damaged"),
        ("pyodide.asm.js", missing, "is missing (the server answers 404)"),
        ("pyodide.mjs", unreachable, "could not be reached"),
        ("page-lock.json", corrupt, "is damaged"),
        ("page-lock.json", missing, "is missing"),
    ],
)
def test_bad_file_is_named(pages: Pages, file: str, fault: Callable[[Route], None], cause: str) -> None:
    address = f"**/rt/pyodide/{file}"
    widget = failed_start(pages, lambda page: page.context.route(address, fault))
    expect(widget.status).to_contain_text(file.split("-*")[0])
    expect(widget.status).to_contain_text(cause)
    assert_recorded_runs_work(widget)
    expect(widget.button("Restart")).to_be_visible()


def test_restart_helps_once_the_file_is_sound(pages: Pages) -> None:
    address = "**/rt/pyodide/pyodide.asm.wasm"
    widget = failed_start(pages, lambda page: page.context.route(address, corrupt))
    widget.page.context.unroute(address)
    assert_restart_helps(widget)


def test_bad_manifest_is_named(pages: Pages) -> None:
    widget = failed_start(pages, lambda page: page.context.route("**/rt/manifest.json", cut_short))
    expect(widget.status).to_contain_text("manifest.json is damaged")


def test_missing_worker_script(pages: Pages) -> None:
    widget = failed_start(pages, lambda page: page.context.route("**/rt/widgets/worker.js", missing))
    expect(widget.status).to_contain_text("could not be loaded")
    assert_recorded_runs_work(widget)


def test_stalled_download_ends_at_a_limit(pages: Pages) -> None:
    held: list[Route] = []

    def setup(page: Page) -> None:
        page.clock.install()
        page.context.route("**/rt/pyodide/numpy-*.whl", lambda route: held.append(route))

    pages.errors_expected = True
    widget = Widget(pages.open(TUNER, setup=setup), "weight-tuner")
    widget.page.clock.run_for(1000)
    widget.wait_for_recorded()
    widget.click("Train")
    widget.page.wait_for_timeout(1500)
    for _ in range(LOADING_LIMIT + 1):
        widget.page.clock.run_for(1000)
    assert widget.phase == "failed"
    expect(widget.status).to_contain_text(f"nothing was heard for {LOADING_LIMIT} seconds")
    assert held
    assert_recorded_runs_work(widget)
    for route in held:
        route.abort()
    widget.page.context.unroute("**/rt/pyodide/numpy-*.whl")
    assert_restart_helps(widget)


def test_worker_that_dies_while_training(tuner: Widget) -> None:
    tuner.wait_for_recorded()
    tuner.fill("Epochs", 20000)
    tuner.click("Train")
    tuner.wait_for_epoch(100)
    tuner.page.workers[0].evaluate("self.close()")
    tuner.wait_for("failed", timeout=3000 * RUNNING_LIMIT)
    expect(tuner.status).to_contain_text("no longer answers")
    assert_recorded_runs_work(tuner)
    assert_restart_helps(tuner)


def test_worker_that_throws(pages: Pages, tuner: Widget) -> None:
    pages.errors_expected = True
    tuner.wait_for_recorded()
    tuner.fill("Epochs", 20000)
    tuner.click("Train")
    tuner.wait_for_epoch(100)
    tuner.page.workers[0].evaluate("setTimeout(() => { throw new Error('provoked'); })")
    tuner.wait_for("failed")
    expect(tuner.status).to_contain_text("provoked")
    assert_restart_helps(tuner)


def test_worker_that_dies_unnoticed_is_replaced(pages: Pages) -> None:
    widget = Widget(pages.open(TUNER, setup=lambda page: page.clock.install()), "weight-tuner")
    widget.page.clock.run_for(1000)
    widget.wait_for_recorded()
    widget.fill("Epochs", 200)
    widget.train()
    widget.page.workers[0].evaluate("self.close()")
    widget.click("Train")
    for _ in range(RUNNING_LIMIT + 1):
        widget.page.clock.run_for(1000)
    assert widget.phase == "failed"
    assert_restart_helps(widget)


def test_no_webassembly(launch: Callable[..., Browser], pages: Pages) -> None:
    with launch("--js-flags=--jitless") as without:
        opened = Pages(without, pages.site_url)
        widget = failed_start(opened, lambda page: None)  # noqa: ARG005
        expect(widget.status).to_contain_text("no WebAssembly")
        assert_recorded_runs_work(widget)
        assert opened.asked_for("rt/pyodide") == []


@pytest.mark.parametrize("rate", [1, 0.5])
def test_divergence_names_epoch_and_term_and_suggests_a_smaller_rate(tuner: Widget, rate: float) -> None:
    tuner.wait_for_recorded()
    tuner.choose("Optimiser", "gradient_descent")
    tuner.click("1e5")
    tuner.fill("Learning rate", rate)
    tuner.click("Train")
    tuner.wait_for("failed")
    expect(tuner.status).to_contain_text("Training diverged: at epoch ")
    expect(tuner.status).to_contain_text("Try a learning rate smaller than")
    assert_recorded_runs_work(tuner)
    expect(tuner.button("Restart")).to_be_hidden()
    tuner.click("Reset")
    assert tuner.phase == "recorded"
    tuner.fill("Learning rate", 1e-6)
    tuner.fill("Epochs", 100)
    tuner.train()


def test_missing_recording_leaves_training(pages: Pages) -> None:
    pages.errors_expected = True
    route = lambda page: page.context.route("**/rt/recorded/**", missing)  # noqa: E731
    widget = Widget(pages.open(TUNER, setup=route), "weight-tuner")
    expect(widget.status).to_contain_text("could not be loaded (the server answers 404)")
    widget.fill("Epochs", 200)
    widget.train()


def test_missing_charts_leave_numbers(pages: Pages) -> None:
    pages.errors_expected = True
    route = lambda page: page.context.route("**/rt/plotly/*.js", missing)  # noqa: E731
    widget = Widget(pages.open(TUNER, setup=route), "weight-tuner")
    widget.wait_for_recorded()
    widget.root.hover()
    expect(widget.status).to_contain_text("The charts are missing")
    widget.click("100")
    assert widget.result["verdict"] == "clean"
    expect(widget.root.locator(".widget-first-picture")).to_be_visible()


def test_json_of_the_result_is_complete(tuner: Widget) -> None:
    tuner.wait_for_recorded()
    result = json.loads(tuner.root.get_attribute("data-result") or "")
    assert set(result) >= {"settings", "seed", "epoch", "elapsed_ms", "source", "rel_l2", "losses", "weights"}
