"""Training in the reader's browser: every widget, every control, and several things at once."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect
from widget_page import CHECK, SHORT_RUNS, TUNER, Pages, Widget

COUNT_FRAMES = """root => {
    window.frames_drawn = [];
    root.addEventListener("course-widget:drawn", ({detail}) => window.frames_drawn.push(detail));
}"""


def test_tuner_trains_as_its_recorded_run(pages: Pages, tuner: Widget) -> None:
    tuner.wait_for_recorded()
    tuner.click("100")
    recorded = tuner.result
    live = tuner.train()
    assert live["source"] == "live"
    assert live["epoch"] == recorded["epoch"] == 2000
    assert live["settings"] == recorded["settings"]
    assert live["elapsed_ms"] > 0
    assert live["verdict"] == recorded["verdict"] == "clean"
    # the recorded run is rounded, and 2000 steps of Adam amplify the last digit of tanh
    assert live["rel_l2"] == pytest.approx(recorded["rel_l2"], rel=0.5)
    assert live["losses"]["pde"] == pytest.approx(recorded["losses"]["pde"], rel=0.5)
    expect(tuner.status).to_contain_text(
        re.compile(r"Done: 2000 epochs in [\d.]+ s\. Clean: relative L2 error")
    )
    expect(tuner.root.locator(".widget-caption")).to_contain_text("Your run")
    assert len(tuner.page.workers) == 1
    assert len(pages.asked_for("pyodide.asm.wasm")) == 1


def test_short_runs_share_one_worker(pages: Pages) -> None:
    page = pages.open(SHORT_RUNS)
    ids = [root.get_attribute("id") or "" for root in page.locator(".course-widget").all()]
    assert len(ids) == 2
    widgets = [Widget(page, element_id) for element_id in ids]
    for widget in widgets:
        widget.click("Train")
    for widget in widgets:
        widget.wait_for("done")
        assert widget.result["source"] == "live"
    assert len(page.workers) == 1
    assert len(pages.asked_for("worker.js")) == 1
    names = widgets[0].root.get_by_role("button").all_text_contents()
    assert {"Train", "Pause", "Reset"} <= set(names)
    assert set(widgets[1].result["runs"]) == {"uniform"}
    assert "Step" not in names


def test_gradient_check_finds_a_bent_rule(pages: Pages) -> None:
    widget = Widget(pages.open(CHECK), "gradient-check")
    widget.wait_for_recorded()
    for preset, passed in [("as derived", True), ("bent by 0.1 %", False)]:
        widget.click(preset)
        widget.click("Run the check")
        widget.wait_for("done")
        assert widget.result["source"] == "live"
        assert widget.result["passed"] is passed


def test_pause_step_resume_and_reset(tuner: Widget) -> None:
    tuner.wait_for_recorded()
    tuner.click("Step")
    tuner.wait_for("paused")
    step = tuner.result["epoch"]
    assert 0 < step < 100
    tuner.click("Step")
    tuner.wait_for_epoch(2 * step)
    assert tuner.phase == "paused"
    assert tuner.result["epoch"] == 2 * step
    tuner.click("Train")
    tuner.wait_for_epoch(4 * step)
    tuner.click("Pause")
    assert tuner.phase == "paused"
    tuner.page.wait_for_timeout(300)
    resting = tuner.result
    tuner.page.wait_for_timeout(500)
    assert tuner.result == resting
    tuner.click("Train")
    tuner.wait_for("done")
    assert tuner.result["epoch"] == 2000
    tuner.click("Reset")
    assert tuner.phase == "recorded"
    assert tuner.result["source"] == "recorded"


def test_paused_run_ends_where_an_undisturbed_one_ends(tuner: Widget) -> None:
    tuner.wait_for_recorded()
    tuner.fill("Epochs", 300)
    undisturbed = tuner.train()
    tuner.click("Step")
    tuner.wait_for("paused")
    tuner.click("Train")
    tuner.wait_for("done")
    assert tuner.result["rel_l2"] == undisturbed["rel_l2"]


def test_weight_may_move_while_training(tuner: Widget) -> None:
    tuner.wait_for_recorded()
    tuner.root.get_by_label("Speed").select_option("slow")
    tuner.click("Train")
    tuner.wait_for_epoch(100)
    expect(tuner.field("Seed")).to_be_disabled()
    tuner.slider.focus()
    for _ in range(8):
        tuner.slider.press("ArrowRight")
    tuner.page.wait_for_function(
        "root => JSON.parse(root.dataset.result).weights.ic === 100", arg=tuner.root.element_handle()
    )
    tuner.root.get_by_label("Speed").select_option("full")
    tuner.wait_for("done")
    expect(tuner.root.locator(".widget-legend", has_text="weight moved")).to_have_count(3)
    assert tuner.result["settings"]["lam_ic"] == 100
    assert tuner.result["rel_l2"] < 0.3


def test_live_charts_are_drawn_ten_times_a_second(tuner: Widget) -> None:
    tuner.wait_for_recorded()
    tuner.fill("Epochs", 6000)
    tuner.root.evaluate(COUNT_FRAMES)
    seconds = tuner.train()["elapsed_ms"] / 1000
    drawn = tuner.page.evaluate("window.frames_drawn.filter(({source}) => source === 'live')")
    epochs = [frame["epoch"] for frame in drawn]
    assert epochs == sorted(epochs)
    assert len(set(epochs)) >= 10 * seconds


def test_twenty_quick_clicks_are_one_run(pages: Pages, tuner: Widget) -> None:
    tuner.wait_for_recorded()
    tuner.root.evaluate(
        "root => { for (let k = 0; k < 20; k++) root.querySelector('.widget-train').click(); }"
    )
    tuner.wait_for("running", "done")
    for _ in range(20):
        tuner.click("Train")
    tuner.wait_for("done")
    assert len(tuner.page.workers) == 1
    assert len(pages.asked_for("worker.js")) == 1


def test_pause_and_reset_while_loading(pages: Pages, tuner: Widget) -> None:
    tuner.wait_for_recorded()
    tuner.click("Train")
    assert tuner.phase == "loading"
    expect(tuner.root.locator(".widget-counter")).to_contain_text(
        re.compile(r"Loading Python: \d+\.\d of \d+\.\d MB|Starting Python")
    )
    tuner.click("Reset")
    assert tuner.phase == "recorded"
    tuner.click("Train")
    tuner.click("Pause")
    tuner.wait_for("paused")
    assert tuner.result["epoch"] == 0
    tuner.click("Train")
    tuner.wait_for("done")
    assert len(pages.asked_for("worker.js")) == 1


def test_leaving_pauses_and_returning_finds_the_widget_usable(tuner: Widget) -> None:
    tuner.wait_for_recorded()
    tuner.fill("Epochs", 20000)
    tuner.click("Train")
    tuner.wait_for_epoch(100)
    # what the browser does when it keeps the page for a way back
    tuner.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    assert tuner.phase == "paused"
    tuner.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    tuner.click("Train")
    tuner.wait_for_epoch(tuner.result["epoch"] + 100)
    assert tuner.phase == "running"
    # and when it does not
    tuner.page.goto(tuner.page.url.split("#")[0].replace(TUNER, SHORT_RUNS))
    tuner.page.go_back()
    again = Widget(tuner.page, "weight-tuner")
    again.click("Reset")
    assert again.phase == "recorded"
    assert again.field("Epochs").input_value() == "20000"
    again.fill("Epochs", 200)
    again.train()
    assert len(tuner.page.workers) == 1


def test_changing_a_setting_after_a_run_shows_recorded_runs_again(tuner: Widget) -> None:
    tuner.wait_for_recorded()
    tuner.fill("Epochs", 200)
    tuner.train()
    tuner.slider.press("ArrowRight")
    assert tuner.phase == "recorded"
    assert tuner.result["source"] == "recorded"


def test_keyboard_alone(tuner: Widget) -> None:
    tuner.wait_for_recorded()
    tuner.button("Train").focus()
    seen = []
    for _ in range(40):
        tuner.page.keyboard.press("Tab")
        focused = tuner.page.evaluate(
            """() => { const {activeElement: e} = document; return e.closest(".course-widget")
                && [e.tagName, e.name || e.textContent.trim(), getComputedStyle(e).outlineStyle]; }"""
        )
        if focused is None:
            break
        seen.append(focused)
    assert focused is None, "the focus is caught in the widget"
    assert all(outline != "none" for _, _, outline in seen)
    names = [name for _, name, _ in seen]
    for name in (
        "Pause",
        "Step",
        "Reset",
        "lam_ic",
        "learning_rate",
        "seed",
        "epochs",
        "Copy link",
        "Show the code",
    ):
        assert name in names
    tuner.slider.focus()
    for _ in range(8):
        tuner.page.keyboard.press("ArrowRight")
    assert tuner.result["settings"]["lam_ic"] == 100
    tuner.button("Train").focus()
    tuner.page.keyboard.press("Enter")
    tuner.wait_for_epoch(100)
    tuner.button("Pause").focus()
    tuner.page.keyboard.press("Space")
    assert tuner.phase == "paused"
    tuner.button("Train").focus()
    tuner.page.keyboard.press("Space")
    tuner.wait_for("done")


def test_code_on_show_gives_the_curve_on_show(tuner: Widget, tmp_path: Path) -> None:
    tuner.wait_for_recorded()
    tuner.click("100")
    tuner.fill("Seed", 5)
    tuner.fill("Epochs", 400)
    result = tuner.train()
    tuner.root.get_by_text("Show the code").click()
    code = tuner.root.locator(".widget-code code").inner_text()
    assert len(code.strip().splitlines()) < 30
    script = tmp_path / "shown.py"
    script.write_text(
        code + "\nimport json\nprint(json.dumps([snapshot.epoch, float(snapshot.rel_l2[-1])]))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    epoch, rel_l2 = json.loads(done.stdout.splitlines()[-1])
    assert epoch == result["epoch"] == 400
    assert rel_l2 == pytest.approx(result["rel_l2"], rel=1e-6)


def test_data_can_be_taken_along(tuner: Widget) -> None:
    tuner.wait_for_recorded()
    with tuner.page.expect_download() as download:
        tuner.click("Download data (CSV)")
    rows = Path(download.value.path()).read_text().splitlines()
    assert rows[0].startswith("epoch,")
    assert rows[-1].startswith("2000,")
    with tuner.page.expect_download() as download:
        tuner.click("Download data (JSON)")
    run = json.loads(Path(download.value.path()).read_text())
    assert run["settings"]["lam_ic"] == 1.0
    assert len(run["series"]["epoch"]) == len(rows) - 1
