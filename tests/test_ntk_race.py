"""The NTK race: settings and presets, what a race gives, live changes, a scheme that diverges, the code."""

import contextlib
import dataclasses
import io
import re
from typing import Any

import numpy as np
import pytest

from pinn_core import GradientDescent, NtkTraceWeights, SettingError, train
from pinn_widgets.ntk_race.recipe import (
    CODE,
    PRESETS,
    RACE,
    Settings,
    lane,
    lanes,
    run,
)
from pinn_widgets.runs.oscillator import verdict
from pinn_widgets.runs.wire import pack

SCHEMES = ["plain", "fixed", "ntk", "annealing", "hard"]
FEW = {"epochs": 40, "points": 12}
ALL = dict.fromkeys(SCHEMES, True)


def short(changes: dict[str, Any]) -> Settings:
    """Settings of a preset, with few epochs."""
    return Settings(**changes | FEW | {"lbfgs": min(changes.get("lbfgs", 0), 20)})


def last_of(settings: Settings) -> dict[str, Any]:
    """The last state of a race."""
    *_, last = (state for state in run(settings) if state is not None)
    return last


def test_schemes_are_the_flags() -> None:
    assert Settings.flags() == SCHEMES
    default = Settings()
    assert [name for name in SCHEMES if getattr(default, name)] == ["plain", "fixed", "ntk"]
    assert list(lanes(Settings(**ALL))) == SCHEMES


@pytest.mark.parametrize("name", PRESETS)
def test_presets_leave_nothing_behind(name: str) -> None:
    assert set(PRESETS[name]) == {field.name for field in dataclasses.fields(Settings)} - {"seed"}
    Settings(**PRESETS[name])


def test_presets_differ() -> None:
    found = [tuple(preset.items()) for preset in PRESETS.values()]
    assert len(set(found)) == len(found)
    assert PRESETS["NTK weights"] == {k: v for k, v in Settings().as_dict().items() if k != "seed"}


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_races(name: str) -> None:
    settings = short(PRESETS[name])
    last = last_of(settings)
    assert last["epoch"] == last["epochs"] == settings.epochs + settings.lbfgs
    assert list(last["runs"]) == [scheme for scheme in SCHEMES if PRESETS[name][scheme]]
    for scheme, one in last["runs"].items():
        assert {"epoch", "milliseconds", "rel_l2", "loss_pde"} <= set(one["series"])
        assert ("trace_ic" in one["series"]) == (scheme == "ntk")
        assert ("lam_ic" in one["series"]) == ("loss_ic" in one["series"]) == (scheme != "hard")
        assert len({len(values) for values in one["series"].values()}) == 1
        assert all(np.isfinite(values).all() for values in one["series"].values())
        assert len({len(values) for values in one["curve"].values()}) == 1
        assert one["result"]["verdict"] == verdict(one["result"]["rel_l2_late"])
        assert one["result"]["diverged"] is None
    assert pack({"snapshot": last})


def test_an_ensemble_has_median_and_quartiles() -> None:
    last = last_of(Settings(**ALL | FEW | {"n_seeds": 10, "seed": 3}))
    for scheme, one in last["runs"].items():
        single = lane(Settings(**FEW), scheme)
        *_, end = train(
            single.problem, single.network, single.optimizer, single.weighting, range(3, 13), 40, every=20
        )
        low, median, high = np.quantile(end.rel_l2[:, -1], [0.25, 0.5, 0.75])
        found = [one["result"][name] for name in ("rel_l2_low", "rel_l2", "rel_l2_high")]
        np.testing.assert_allclose(found, [low, median, high], rtol=1e-9)
        np.testing.assert_allclose(one["curve"]["u"], np.median(end.prediction, axis=0)[::2], rtol=1e-9)


@pytest.mark.parametrize("on", [[], ["ntk"]])
def test_a_race_needs_two_schemes(on: list[str]) -> None:
    with pytest.raises(SettingError, match="2 to 5 of plain, fixed, ntk, annealing, hard"):
        next(run(Settings(**{name: name in on for name in SCHEMES})))


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("plain", 1),
        ("fixed_weight", 0.0),
        ("definition", "trace"),
        ("refresh", 0),
        ("keep", 1.0),
        ("clamp", "10"),
        ("annealing_weight", "both"),
        ("compare", "steps"),
        ("n_seeds", 5),
        ("lbfgs", -20),
        ("epochs", 0),
    ],
)
def test_settings_that_are_not_allowed_are_named(name: str, bad: Any) -> None:
    with pytest.raises(SettingError) as caught:
        Settings.from_mapping({name: bad})
    assert caught.value.name == name


def test_fixed_weight_and_rate_change_while_training_runs() -> None:
    settings = Settings(**FEW)
    states = run(settings)
    next(states)
    changed = dataclasses.replace(settings, fixed_weight=500.0, learning_rate=1e-4)
    last = states.send(changed)
    for state in states:
        last = state or last
    lam = last["runs"]["fixed"]["series"]["lam_ic"]
    assert lam[0] == 100
    assert lam[-1] == 500
    unchanged = last_of(settings)["runs"]["plain"]
    assert last["runs"]["plain"]["result"]["rel_l2"] != unchanged["result"]["rel_l2"]


@pytest.mark.parametrize("change", [{"seed": 1}, {"keep": 0.5}, {"annealing": True}])
def test_other_settings_stand_while_training_runs(change: dict[str, Any]) -> None:
    states = run(Settings(**FEW))
    next(states)
    with pytest.raises(SettingError, match="fixed while training runs"):
        states.send(Settings(**FEW | change))


def test_a_scheme_that_diverges_is_marked_and_the_others_go_on() -> None:
    def with_absurd_steps(settings: Settings) -> dict[str, Any]:
        absurd = dataclasses.replace(lane(settings, "fixed"), optimizer=GradientDescent(learning_rate=1e6))
        return lanes(settings) | {"fixed": absurd}

    race = dataclasses.replace(RACE, lanes=with_absurd_steps)
    *_, last = (state for state in race.run(Settings(**FEW)) if state is not None)
    fault = last["runs"]["fixed"]["result"]["diverged"]
    assert fault["members"] == fault["of"] == 1
    assert 0 < fault["epoch"] <= 40
    assert fault["cause"]
    assert last["runs"]["plain"]["epoch"] == last["runs"]["ntk"]["epoch"] == 40
    assert last["epoch"] == 40


def test_weights_stand_still_during_lbfgs() -> None:
    last = last_of(Settings(annealing=True, **FEW | {"lbfgs": 40, "refresh": 10}))
    for scheme in ("ntk", "annealing"):
        epochs, lam = (last["runs"][scheme]["series"][name] for name in ("epoch", "lam_ic"))
        assert len(set(lam[epochs >= 40])) == 1
        assert len(set(lam[epochs <= 40])) > 1


def test_the_clamp_limits_both_adaptive_schemes() -> None:
    last = last_of(Settings(annealing=True, clamp="100", keep=0.0, **FEW))
    for scheme in ("ntk", "annealing"):
        assert set(last["runs"][scheme]["series"]["lam_ic"]) == {100}


def test_definitions_are_those_of_the_engine() -> None:
    choices = next(spec for spec in Settings.schema() if spec["name"] == "definition")["choices"]
    for choice, _ in choices:
        assert lane(Settings(definition=choice), "ntk").weighting == NtkTraceWeights(
            definition=choice, until=2000
        )


@pytest.mark.parametrize("error", [0.0, 0.049, 0.05, 0.29, 0.3, 2.0])
def test_verdicts_are_those_of_the_weight_tuner(error: float) -> None:
    assert RACE.judge({"rel_l2": 1.0, "rel_l2_late": error}) == {"verdict": verdict(error)}


@pytest.mark.parametrize("name", PRESETS)
def test_the_code_on_show_gives_what_the_race_gives(name: str) -> None:
    settings = short(PRESETS[name])
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(CODE.format(**settings.as_dict()), {})
    errors = dict(re.findall(r"(\w+) +relative L2 ([\d.]+)%", printed.getvalue()))
    wanted = {scheme: one["result"]["rel_l2"] for scheme, one in last_of(settings)["runs"].items()}
    assert list(errors) == list(wanted)
    for scheme, error in wanted.items():
        assert float(errors[scheme]) == pytest.approx(100 * error, abs=1e-3)
