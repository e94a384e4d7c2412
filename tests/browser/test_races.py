"""The races and the cost of the trace, in the reader's browser."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from widget_page import NTK, POINTS, TRACE, Pages, Widget

# preset of the NTK race: the scheme that it is about, and how that ends
NTK_ENDS = {
    "NTK weights": ("ntk", "clean"),
    "clamp at 100": ("ntk", "clean"),
    "sum": ("ntk", "wrong"),
    "mean": ("ntk", "clean"),
    "no smoothing": ("plain", "wrong"),
    "every epoch": ("ntk", "clean"),
    "annealing outside": ("annealing", "wrong"),
    "annealing inside": ("annealing", "clean"),
    "annealing clamped": ("annealing", "clean"),
    "hard constraint": ("hard", "clean"),
    "Adam, then L-BFGS": ("ntk", "clean"),
}


def ntk_race(pages: Pages, fragment: str = "") -> Widget:
    """The NTK race with its recorded runs."""
    return opened(pages, f"{NTK}{fragment and '#ntk-race?'}{fragment}", "ntk-race")


def point_race(pages: Pages, fragment: str = "") -> Widget:
    """The point race with its recorded runs."""
    return opened(pages, f"{POINTS}{fragment and '#point-race?'}{fragment}", "point-race")


def opened(pages: Pages, path: str, element_id: str) -> Widget:
    widget = Widget(pages.open(path), element_id)
    widget.wait_for_recorded()
    return widget


def presets(widget: Widget) -> list[str]:
    return widget.root.get_by_role("group", name="Presets").get_by_role("button").all_text_contents()


def switched_on(widget: Widget) -> set[str]:
    """Names of the schemes whose boxes are ticked."""
    return {box.get_attribute("name") for box in widget.root.locator(".widget-flag input:checked").all()}


def schemes_shown(widget: Widget) -> set[str]:
    """Names of the schemes whose result is on show."""
    return set(widget.result["runs"])


def start(widget: Widget, preset: str) -> dict[str, Any]:
    """Train a preset to its first snapshots, and give the recorded result that it is going to replace."""
    widget.click(preset)
    recorded = widget.result
    assert recorded["source"] == "recorded"
    expect(widget.root.locator(".widget-caption")).to_contain_text("Recorded run.")
    assert schemes_shown(widget) == switched_on(widget)
    widget.click("Train")
    widget.wait_for_epoch(10)
    assert schemes_shown(widget) == switched_on(widget)
    widget.click("Reset")
    assert widget.phase == "recorded"
    return recorded["runs"]


def test_every_preset_of_the_ntk_race_starts_and_ends_as_the_page_says(pages: Pages) -> None:
    race = ntk_race(pages)
    assert presets(race) == list(NTK_ENDS)
    runs = {preset: start(race, preset) for preset in NTK_ENDS}
    assert {preset: runs[preset][scheme]["verdict"] for preset, (scheme, _) in NTK_ENDS.items()} == {
        preset: verdict for preset, (_, verdict) in NTK_ENDS.items()
    }
    assert runs["annealing outside"]["annealing"]["weights"]["ic"] > 1e4
    assert 30 < runs["NTK weights"]["ntk"]["weights"]["ic"] < 300
    assert runs["Adam, then L-BFGS"]["ntk"]["rel_l2"] < 1e-4


def test_every_preset_of_the_point_race_starts_and_ends_as_the_page_says(pages: Pages) -> None:
    race = point_race(pages)
    runs = {preset: start(race, preset) for preset in presets(race)}
    three = runs["Three-way race"]
    assert three["self_adaptive"]["centre"] < three["uniform"]["centre"]
    assert three["self_adaptive"]["ratio"] < three["uniform"]["ratio"]
    assert runs["Masks from γ₀ = 0"]["self_adaptive"]["weight_outer"] > 0.5


def test_prediction_of_a_race_is_kept_and_compared(pages: Pages) -> None:
    race = ntk_race(pages)
    race.field("“sum”: NTK ends").select_option("clean")
    race.field("“NTK weights”: λ of NTK ends").select_option("near")
    race.page.reload()
    race = Widget(race.page, "ntk-race")
    race.wait_for_recorded()
    expect(race.field("“sum”: NTK ends")).to_have_value("clean")
    race.click("sum")
    live = race.train()
    assert live["runs"]["ntk"]["verdict"] == "wrong"
    expect(race.outcome("“sum”: NTK ends")).to_have_text("✗ your run: wrong")
    expect(race.outcome("“NTK weights”: λ of NTK ends")).to_be_empty()
    expect(race.status).to_contain_text(re.compile(r"Done: 2000 epochs in [\d.]+ s\. Best: fixed weight"))
    # a scheme that is in the reader's own run may be switched off and on again
    race.field("plain, λ = 1").uncheck()
    assert race.phase == "done"
    assert schemes_shown(race) == {"fixed", "ntk"}
    race.field("plain, λ = 1").check()
    assert race.result == live
    race.field("annealing").check()
    assert race.phase == "recorded"


def test_flags_choose_among_recorded_schemes(pages: Pages) -> None:
    race = ntk_race(pages)
    assert schemes_shown(race) == {"plain", "fixed", "ntk"}
    for label in ("annealing", "hard constraint"):
        race.field(label).check()
    assert schemes_shown(race) == {"plain", "fixed", "ntk", "annealing", "hard"}
    expect(race.root.locator(".widget-caption")).to_have_text("Recorded run. Seed 4")
    for label in ("plain, λ = 1", "annealing", "hard constraint"):
        race.field(label).uncheck()
    expect(race.row("fixed weight")).to_be_visible()
    expect(race.row("annealing")).to_have_count(0)
    race.field("NTK").click()
    expect(race.field("NTK")).to_be_checked()
    expect(race.status).to_have_text("A race needs at least 2 schemes.")
    assert pages.asked_for("rt/pyodide") == []


def test_charts_of_a_race_say_what_they_show(pages: Pages) -> None:
    race = ntk_race(pages)
    race.root.hover()
    expect(race.plot("Traces of the kernel")).to_have_attribute(
        "aria-label", re.compile("NTK: residual from")
    )
    expect(race.plot("Error while training")).to_have_attribute("aria-label", re.compile("NTK: .*clean at"))
    legend = race.root.locator(".widget-schemes")
    expect(legend.locator(".widget-legend-entry")).to_have_text(["plain, λ = 1", "fixed weight", "NTK"])
    # no two schemes differ by colour alone
    dashes = legend.locator("path").evaluate_all("paths => paths.map(({style}) => style.strokeDasharray)")
    assert len(set(dashes)) == 3
    race.field("NTK").uncheck()
    expect(race.root.locator(".widget-chart", has_text="Traces of the kernel")).to_contain_text(
        "Switch NTK on"
    )


@pytest.mark.parametrize(
    ("fragment", "schemes", "remark"),
    [
        ("plain=off&fixed=on&ntk=on&hard=on", {"fixed", "ntk", "hard"}, "Settings taken from the link"),
        ("plain=maybe&hard=1", {"plain", "fixed", "ntk", "hard"}, "“maybe” is neither on nor off: on used"),
        ("plain=off&fixed=OFF&ntk=on", {"plain", "fixed", "ntk"}, "A race needs at least 2 schemes"),
        ("clamp=100&annealing=<b>", {"plain", "fixed", "ntk"}, "“<b>” is neither on nor off: off used"),
    ],
)
def test_links_switch_schemes_on_and_off(pages: Pages, fragment: str, schemes: set[str], remark: str) -> None:
    race = ntk_race(pages, fragment)
    expect(race.status).to_contain_text(remark)
    assert switched_on(race) == schemes
    assert schemes_shown(race) == schemes


def test_copied_link_restores_the_schemes(pages: Pages) -> None:
    race = ntk_race(pages)
    race.field("hard constraint").check()
    race.page.wait_for_url(re.compile("plain=on&.*hard=on"))
    again = ntk_race(pages, race.page.url.split("?")[1])
    assert again.result["settings"] == race.result["settings"]
    expect(again.status).to_have_text("Settings taken from the link.")


def test_step_and_slow_speed_count_rounds_and_equal_time_stops_at_the_first(pages: Pages) -> None:
    race = ntk_race(pages, "epochs=200")
    race.click("Step")
    race.wait_for("paused")
    race.click("Step")
    race.wait_for_epoch(40)
    assert race.phase == "paused"
    assert race.result["epoch"] == 40
    race.root.get_by_label("Speed").select_option("slow")
    race.click("Train")
    race.wait_for_epoch(60)
    race.root.get_by_label("Speed").select_option("full")
    race.wait_for("done")
    race.unfold("Settings")
    race.field("Compare after").select_option("time")
    live = race.train()
    assert live["settings"]["compare"] == "time"
    expect(race.plot("Error while training").locator(".xtitle")).to_have_text("milliseconds")
    race.unfold("Data of this run")
    with race.page.expect_download() as download:
        race.click("Download data (CSV)")
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    last = {row["scheme"]: row for row in rows}  # the last row of each scheme
    assert set(last) == {"plain", "fixed", "ntk"}
    assert max(int(row["epoch"]) for row in last.values()) == 200
    assert last["plain"]["trace_pde"] == ""
    assert float(last["ntk"]["trace_pde"]) > 0
    spent = [float(row["milliseconds"]) for row in last.values()]
    assert max(spent) < 2 * min(spent)
    with race.page.expect_download() as download:
        race.click("Download data (JSON)")
    run = json.loads(Path(download.value.path()).read_text())
    assert set(run["runs"]) == set(last)


def test_ensemble_shows_medians_and_quartiles(pages: Pages) -> None:
    race = point_race(pages, "epochs=100")
    race.click("10 seeds")
    race.wait_for("done")
    live = race.result
    assert live["settings"]["n_seeds"] == 10
    for run in live["runs"].values():
        assert run["ratio_low"] <= run["ratio"] <= run["ratio_high"]
    expect(race.root.locator(".widget-schemes")).to_contain_text("quartiles")
    expect(race.root.locator(".widget-caption")).to_contain_text("Seeds 30 to 39: medians")
    expect(race.row("uniform")).to_contain_text(re.compile(r"[\d.]+ to [\d.]+"))
    expect(race.button("10 seeds")).to_have_attribute("aria-pressed", "true")
    race.click("10 seeds")
    assert race.phase == "recorded"
    assert race.result["settings"]["n_seeds"] == 1


def test_scheme_that_diverges_is_marked_and_the_others_go_on(pages: Pages) -> None:
    race = point_race(pages, "mask=square&ascent_rate=10000&epochs=100")
    live = race.train()
    assert live["epoch"] == 100
    lost = live["runs"]["self_adaptive"]["diverged"]
    assert lost["cause"] == "data: its weight is not finite"
    text = f"diverged at epoch {lost['epoch']}: in the term “data”, its weight is not finite"
    expect(race.root.locator(".widget-fault:visible")).to_have_text(text)
    assert live["runs"]["uniform"]["diverged"] is None
    expect(race.status).to_contain_text("Done: 100 epochs")
    race.field("uniform").uncheck()
    race.field("gradient norm").uncheck()
    race.click("Reset")
    race.click("Train")
    race.wait_for("failed")
    expect(race.status).to_contain_text("Training diverged")
    race.click("Reset")
    assert race.result["source"] == "recorded"


def test_weights_of_the_points_are_bars(pages: Pages) -> None:
    race = point_race(pages)
    race.root.hover()
    chart = race.root.locator(".widget-chart", has_text="Weights at the points")
    expect(chart.locator(".widget-legend-entry")).to_have_text(["uniform", "gradient norm", "self-adaptive"])
    expect(chart.locator(".widget-plot")).to_have_attribute("aria-label", re.compile("self-adaptive 0"))
    # an outline of all bars for each scheme that has any: five corners for every point
    bars = chart.locator("path.js-fill").evaluate_all("paths => paths.map((path) => path.getAttribute('d'))")
    assert [len(re.findall("M", outline)) for outline in bars] == [30, 30]


def test_cost_of_the_trace_is_measured_here(pages: Pages) -> None:
    widget = opened(pages, TRACE, "trace-check")
    widget.click("Measure")
    widget.wait_for("done")
    result = widget.result
    assert result["source"] == "live"
    assert result["passed"]
    assert result["difference"] < 1e-10
    assert result["milliseconds_closed"] > 0
    expect(widget.status).to_contain_text("The same traces")
    widget.unfold("Data of this run")
    expect(widget.root.locator(".widget-table td").first).to_be_visible()


@pytest.mark.parametrize(("path", "element_id"), [(NTK, "ntk-race"), (POINTS, "point-race")])
def test_whole_race_is_in_sight_on_a_projector(pages: Pages, path: str, element_id: str) -> None:
    race = opened(pages, path, element_id)
    race.root.hover()
    expect(race.root.locator(".widget-plot .main-svg").last).to_be_visible()
    race.click("Full screen")
    race.page.wait_for_function("document.fullscreenElement !== null")
    race.page.wait_for_timeout(500)
    parts = ".widget-plot, .widget-standings, .widget-train"
    bottoms = race.root.locator(parts).evaluate_all(
        "parts => parts.map((part) => part.getBoundingClientRect().bottom)"
    )
    assert len(bottoms) == 8
    assert max(bottoms) <= 720
