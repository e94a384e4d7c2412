"""Races: whose turn it is, what an ensemble shows, live changes, and lanes that diverge."""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pinn_core import Adam, DivergenceError, FixedWeights, FunctionFit, GradientDescent, Mlp, SettingError
from pinn_core.snapshots import Snapshot
from pinn_widgets.runs.races import Lane, Race, chosen, summary
from pinn_widgets.runs.settings import WidgetSettings, setting

EVERY = 5
TOO_FAST = 1e6


@dataclasses.dataclass(frozen=True)
class Settings(WidgetSettings):
    """A race of two learning rates."""

    slow: bool = setting(True, label="slow")
    fast: bool = setting(True, label="fast")
    fast_rate: float = setting(1e-2, label="rate", minimum=1e-6, maximum=1e9, live=True)
    width: int = setting(6, label="width", minimum=2, maximum=400, step=1)
    seed: int = setting(0, label="seed", minimum=0, maximum=99, step=1)
    n_seeds: int = setting(1, label="seeds", choices=((1, "one"), (3, "three")))
    compare: str = setting("epochs", label="compare", choices=(("epochs", "epochs"), ("time", "time")))
    epochs: int = setting(20, label="epochs", minimum=1, maximum=10**6, step=1)


def lane(width: int, optimizer: Any) -> Lane:
    return Lane(FunctionFit(n_points=8), Mlp(widths=(1, width, 1)), optimizer, FixedWeights(data=1.0))


def lanes(settings: Settings) -> dict[str, Lane]:
    made = {
        "slow": lane(6, Adam(learning_rate=1e-3)),
        "fast": lane(settings.width, GradientDescent(learning_rate=settings.fast_rate)),
    }
    return {name: made[name] for name in chosen(settings, 1, 2)}


def describe(snapshot: Snapshot, _: Settings, name: str, member: int | None) -> dict[str, Any]:
    pick: Callable[[Any], Any] = (lambda values: values) if member is None else lambda values: values[member]
    error = pick(snapshot.rel_l2)
    return {
        "series": {"epoch": snapshot.epochs, "rel_l2": error},
        "curve": {"x": snapshot.grid, "u": pick(snapshot.prediction)},
        "result": {"rel_l2": float(error[-1]), "scheme": name},
    }


def judge(result: dict[str, Any]) -> dict[str, Any]:
    return {"good": result["rel_l2"] < 0.5}


RACE = Race(lanes, lambda settings: settings.epochs, EVERY, describe, judge, whole=lambda _: {"extra": 1})


def race(**changes: Any) -> list[Any]:
    return list(RACE.run(Settings(**changes)))


def test_on_equal_epochs_every_round_is_level() -> None:
    rounds = [state for state in race() if state is not None]
    assert [state["epoch"] for state in rounds] == [0, 5, 10, 15, 20]
    for state in rounds:
        assert {run["epoch"] for run in state["runs"].values()} == {state["epoch"]}
        assert state["extra"] == 1
    assert rounds[-1]["result"]["runs"]["slow"] is rounds[-1]["runs"]["slow"]["result"]


def test_within_a_round_there_is_time_to_listen() -> None:
    states = race()
    assert [state is None for state in states] == [False, *[True, False] * 4]


def test_a_lane_is_the_same_run_whoever_races_beside_it() -> None:
    alone, together = race(slow=False)[-1]["runs"], race()[-1]["runs"]
    assert list(alone) == ["fast"]
    assert np.array_equal(alone["fast"]["series"]["rel_l2"], together["fast"]["series"]["rel_l2"])


def test_on_equal_time_the_cheaper_lane_goes_further() -> None:
    last = race(compare="time", width=400, epochs=200)[-1]
    runs = last["runs"]
    assert runs["slow"]["epoch"] == 200 == last["epoch"]
    assert runs["fast"]["epoch"] < 200
    for run in runs.values():
        milliseconds = run["series"]["milliseconds"]
        assert len(milliseconds) == len(run["series"]["rel_l2"])
        assert milliseconds[-1] == run["result"]["milliseconds"] > 0
        assert (np.diff(milliseconds) >= 0).all()
        assert 0 <= run["result"]["weighting_milliseconds"] <= run["result"]["milliseconds"]


def test_an_ensemble_shows_median_and_quartiles() -> None:
    run = race(n_seeds=3, seed=4)[-1]["runs"]["slow"]
    singles = [race(seed=seed)[-1]["runs"]["slow"] for seed in (4, 5, 6)]
    errors = np.array([single["series"]["rel_l2"] for single in singles])
    low, median, high = np.quantile(errors, [0.25, 0.5, 0.75], axis=0)
    for suffix, expected in (("_low", low), ("", median), ("_high", high)):
        np.testing.assert_allclose(run["series"][f"rel_l2{suffix}"], expected, rtol=1e-9)
    assert run["result"]["rel_l2"] == pytest.approx(median[-1])
    assert run["result"]["good"] == (median[-1] < 0.5)
    assert "epoch_low" not in run["series"]
    assert run["result"]["scheme"] == "slow"


def test_what_is_observed_becomes_a_series_and_a_result() -> None:
    def largest(snapshot: Snapshot) -> dict[str, Any]:
        return {"largest": np.abs(snapshot.prediction).max(axis=-1)}

    watched = dataclasses.replace(RACE, observe=largest)
    single = list(watched.run(Settings()))[-1]["runs"]["slow"]
    assert len(single["series"]["largest"]) == len(single["series"]["epoch"])
    assert (
        single["result"]["largest"] == single["series"]["largest"][-1] == np.abs(single["curve"]["u"]).max()
    )
    several = list(watched.run(Settings(n_seeds=3)))[-1]["runs"]["slow"]
    low, high = several["series"]["largest_low"], several["series"]["largest_high"]
    assert (low <= several["series"]["largest"]).all()
    assert (several["series"]["largest"] <= high).all()
    assert several["result"]["largest_low"] < several["result"]["largest_high"]


def test_summary_keeps_what_is_common() -> None:
    runs = [{"a": {"same": 1.0, "text": "x"}, "b": np.array([1.0, k])} for k in (1, 2, 6)]
    found = summary(runs)
    assert found["a"] == {"same": 1.0, "text": "x"}
    assert found["b"].tolist() == [1, 2]
    assert found["b_high"].tolist() == [1, 4]


def test_a_lane_that_diverges_is_marked_and_the_others_go_on() -> None:
    last = race(fast_rate=TOO_FAST, epochs=60)[-1]
    ill = last["runs"]["fast"]["result"]["diverged"]
    assert 0 < ill["epoch"] <= 60
    assert "data" in ill["cause"]
    assert (ill["members"], ill["of"]) == (1, 1)
    assert last["runs"]["slow"]["result"]["diverged"] is None
    assert last["epoch"] == last["runs"]["slow"]["epoch"] == 60
    assert last["runs"]["fast"]["epoch"] < 60


def test_the_first_error_is_raised_when_no_lane_is_left() -> None:
    states = RACE.run(Settings(slow=False, fast_rate=TOO_FAST, epochs=10**6))
    with pytest.raises(DivergenceError, match="diverged"):
        for _ in states:
            pass


def test_settings_change_while_the_race_runs() -> None:
    def errors(change_at: int | None) -> np.ndarray:
        states = RACE.run(Settings())
        state = next(states)
        for k in itertools.count():
            try:
                state = states.send(Settings(fast_rate=1e-4) if k == change_at else None) or state
            except StopIteration:
                return state["runs"]["fast"]["series"]["rel_l2"]
        raise AssertionError

    plain, changed = errors(None), errors(2)
    same = plain == changed
    assert same[0]
    assert not same[-1]
    assert 0 < np.count_nonzero(same) < len(same)


def test_what_must_stay_cannot_be_changed() -> None:
    states = RACE.run(Settings())
    next(states)
    with pytest.raises(SettingError, match="fixed while training runs"):
        states.send(Settings(width=7))


def test_a_race_needs_its_schemes() -> None:
    with pytest.raises(SettingError, match="schemes"):
        next(RACE.run(Settings(slow=False, fast=False)))


def test_texts_and_values_of_settings() -> None:
    settings = Settings(slow=False, n_seeds=3, fast_rate=0.25)
    texts = settings.as_texts()
    assert texts["slow"] == "off"
    assert texts["n_seeds"] == "3"
    assert Settings.from_texts(texts) == settings
    assert Settings.flags() == ["slow", "fast"]
    for wrong in ({"slow": "yes"}, {"n_seeds": "2"}, {"width": "6.5"}, {"width": "many"}, {"none": "1"}):
        with pytest.raises(SettingError):
            Settings.from_texts(wrong)
    with pytest.raises(SettingError, match="on or off"):
        Settings(slow=1)
