"""The point race: its settings, presets and code, what it says of a run, and what is recorded of it."""

import contextlib
import dataclasses
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pinn_core import Mlp, SettingError
from pinn_widgets.build import archive
from pinn_widgets.point_race import claims, jobs, picture, recipe
from pinn_widgets.point_race.recipe import PRESETS, SCHEMES, Settings

ALL = dict.fromkeys(SCHEMES, True)
NONE = dict.fromkeys(SCHEMES, False)
PAGE = Path(__file__).parents[1] / "chapters" / "point-weights.md"


def race(**changes: Any) -> dict[str, Any]:
    """The last state of a short race."""
    states = recipe.run(Settings(**{"epochs": 30} | changes))
    return [state for state in states if state is not None][-1]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_complete_and_run(name: str) -> None:
    assert set(PRESETS[name]) == {spec["name"] for spec in Settings.schema()} - {"seed"}
    last = race(**PRESETS[name] | {"epochs": 30})
    assert list(last["runs"]) == [scheme for scheme in SCHEMES if PRESETS[name][scheme]]
    for run in last["runs"].values():
        assert run["result"]["diverged"] is None
        assert np.isfinite(run["curve"]["u"]).all()


@pytest.mark.parametrize("name", PRESETS)
def test_code_says_what_the_race_says(name: str) -> None:
    settings = Settings(**PRESETS[name] | {"epochs": 30})
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(recipe.CODE.format(**settings.as_dict()), {})
    ratios = [float(text) for text in re.findall(r"ratio ([\d.]+)", said.getvalue())]
    results = race(**settings.as_dict())["result"]["runs"].values()
    assert ratios == [pytest.approx(result["ratio"], abs=0.006) for result in results]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_one_to_four_schemes_race(count: int) -> None:
    last = race(**NONE | dict.fromkeys(SCHEMES[-count:], True))
    assert list(last["runs"]) == list(SCHEMES[-count:])
    assert list(last["result"]["runs"]) == list(SCHEMES[-count:])


def test_a_race_needs_a_scheme() -> None:
    with pytest.raises(SettingError, match="schemes"):
        race(**NONE)


@pytest.mark.parametrize(
    "wrong",
    [{"gamma0": -1}, {"mask": "cube"}, {"ascent_rate": 0.0}, {"n_seeds": 2}, {"uniform": 1}, {"points": 3}],
)
def test_settings_that_are_not_allowed(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=next(iter(wrong))):
        Settings(**wrong)


def test_the_learning_rate_may_change_and_the_masks_go_on() -> None:
    settings = Settings(epochs=40)
    states = recipe.run(settings)
    state = next(states)
    for sent in (None, Settings(epochs=40, learning_rate=1e-6)):
        state = states.send(sent)
        while state is None:
            state = states.send(None)
    before = state["runs"]["self_adaptive"]
    *_, after = (state for state in states if state is not None)
    masks = after["runs"]["self_adaptive"]["point_weights"]
    assert (masks > before["point_weights"]).all()
    np.testing.assert_allclose(
        after["runs"]["uniform"]["curve"]["u"], state["runs"]["uniform"]["curve"]["u"], atol=1e-3
    )


@pytest.mark.parametrize("changes", [{"ascent_rate": 1.0}, {"gamma0": 0}, {"attention": True}, {"seed": 1}])
def test_nothing_else_may_change(changes: dict[str, Any]) -> None:
    states = recipe.run(Settings())
    next(states)
    with pytest.raises(SettingError, match="fixed while training runs"):
        states.send(Settings(**changes))


def test_residuals_are_those_of_the_grid() -> None:
    last = race(**ALL)
    for run in last["runs"].values():
        curve, result, series = run["curve"], run["result"], run["series"]
        residual = np.abs(curve["u"] - curve["exact"])
        np.testing.assert_array_equal(curve["residual"], residual)
        inside = np.abs(curve["x"] - recipe.STEP) < recipe.CENTRE_BELOW
        assert result["centre"] == pytest.approx(residual[inside].mean())
        assert result["outer"] == pytest.approx(residual[~inside].mean())
        assert result["ratio"] == pytest.approx(result["centre"] / result["outer"])
        assert {len(values) for values in series.values()} == {4}
        assert series["centre"][-1] == result["centre"]
        assert np.isfinite(series["ratio"]).all()
    assert last["points"]["x"].shape == last["points"]["target"].shape == (30,)


def test_weights_of_the_points_are_there_where_they_vary() -> None:
    runs = race(**ALL)["runs"]
    assert {name for name, run in runs.items() if "point_weights" in run} == set(SCHEMES[1:])
    masks = runs["self_adaptive"]
    assert masks["point_weights"].shape == (30,)
    inside = np.abs(recipe.problem_of(Settings()).points() - recipe.STEP) < recipe.CENTRE_BELOW
    assert masks["result"]["weight_centre"] == pytest.approx(masks["point_weights"][inside].mean())
    assert masks["result"]["weight_outer"] == pytest.approx(masks["point_weights"][~inside].mean())


@pytest.mark.parametrize("gamma0", [-2, 0])
def test_the_square_mask_starts_at_one_whatever_gamma0_is(gamma0: int) -> None:
    first = next(recipe.run(Settings(mask="square", gamma0=gamma0)))
    np.testing.assert_array_equal(first["runs"]["self_adaptive"]["point_weights"], 1)


def test_too_few_points_for_a_centre_are_no_fault() -> None:
    result = race(points=4)["runs"]["self_adaptive"]["result"]
    assert np.isnan(result["weight_centre"])
    assert np.isfinite(result["weight_outer"])


def test_an_ensemble_is_median_and_quartiles_of_single_races() -> None:
    together = race(**ALL | {"n_seeds": 10, "seed": 3})
    alone = [race(**ALL | {"seed": seed}) for seed in range(3, 13)]
    assert together["points"]["x"].shape == (30,)
    for scheme, run in together["runs"].items():
        for suffix, share in (("_low", 0.25), ("", 0.5), ("_high", 0.75)):
            ratios = [one["runs"][scheme]["result"]["ratio"] for one in alone]
            assert run["result"]["ratio" + suffix] == pytest.approx(np.quantile(ratios, share), rel=1e-3)
            assert run["series"]["ratio" + suffix].shape == run["series"]["epoch"].shape
            assert run["curve"]["residual" + suffix].shape == run["curve"]["x"].shape
    masks = together["runs"]["self_adaptive"]
    assert (masks["point_weights_low"] <= masks["point_weights_high"]).all()


def test_a_scheme_that_diverges_leaves_the_others_alone() -> None:
    last = race(mask="square", ascent_rate=1e4, learning_rate=0.5, epochs=300)
    healthy = race(self_adaptive=False, learning_rate=0.5, epochs=300)
    assert last["runs"]["self_adaptive"]["result"]["diverged"]["epoch"] > 0
    for scheme in ("uniform", "gradient_norm"):
        np.testing.assert_array_equal(
            last["runs"][scheme]["curve"]["u"], healthy["runs"][scheme]["curve"]["u"]
        )


@pytest.fixture(scope="module")
def recording() -> dict[str, Any]:
    """The recorded runs and ensembles."""
    return archive.load("point_race")


@pytest.mark.parametrize("n_seeds", [1, 10])
@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_recorded_with_every_scheme(
    recording: dict[str, Any], name: str, n_seeds: int
) -> None:
    wanted = Settings(**PRESETS[name] | {"n_seeds": n_seeds})
    shown = archive.matching_run(recording, wanted.as_dict())
    assert shown["settings"] == wanted.as_dict()
    assert list(shown["runs"]) == list(shown["result"]["runs"])
    assert list(shown["runs"]) == [scheme for scheme in SCHEMES if PRESETS[name][scheme]]
    every = archive.matching_run(recording, wanted.as_dict() | ALL)
    assert list(every["runs"]) == list(SCHEMES)
    for run in every["runs"].values():
        assert run["series"]["epoch"][0] == 0
        assert run["series"]["epoch"][-1] == run["epoch"] == wanted.epochs
        assert {len(values) for values in run["series"].values()} == {len(run["series"]["epoch"])}


class Shaken(Mlp):
    """The network with every parameter of its start changed by some units in the last place."""

    def init(self, seed: int) -> np.ndarray:
        theta = super().init(seed)
        return theta * (1 + 1e-15 * np.random.default_rng(seed).choice([-1, 1], theta.shape))


BY_DEFAULT = [
    name for name, one in jobs.ENSEMBLES.items() if not one.network and one.changes.get("epochs", 500) == 500
]


def moved(ensemble: jobs.Ensemble, **problem: Any) -> float:
    """The most by which rounding moves a reported figure, relative to it: of 24 seeds, on any."""
    settings, seeds = Settings(**ensemble.changes), list(range(24))
    lane = recipe.lane_of(settings, ensemble.scheme)
    lane = dataclasses.replace(lane, problem=dataclasses.replace(lane.problem, **problem))
    shaken = dataclasses.replace(lane, network=Shaken(lane.network.widths))
    here, there = (jobs.follow(one, settings, seeds) for one in (lane, shaken))
    reported = ("rel_l2_late", "centre", "outer", "ratio", "largest")
    return max(float(np.abs(there[name] / here[name] - 1).max()) for name in reported)


@pytest.mark.parametrize("name", BY_DEFAULT)
def test_rounding_moves_no_reported_figure(name: str) -> None:
    assert moved(jobs.ENSEMBLES[name]) < 0.01


def test_rounding_moves_the_figures_of_a_step_in_the_middle() -> None:
    assert moved(jobs.ENSEMBLES["attention"], centre=0.0) > 0.01


def test_pictures_show_the_schemes_that_are_on(recording: dict[str, Any]) -> None:
    whole = picture.draw(recording, Settings(), short=False, name="race")
    assert len(whole.svgs) == 3
    assert [row[0] for row in whole.rows] == ["uniform", "gradient norm", "self-adaptive"]
    short = picture.draw(recording, Settings(**NONE | {"uniform": True}), short=True, name="fit")
    assert len(short.svgs) == 2
    assert [row[0] for row in short.rows] == ["uniform"]
    assert "ways" not in short.caption


def test_the_seeds_that_mislead_are_those_to_which_the_page_links() -> None:
    linked = {int(seed) for seed in re.findall(r"#point-race\?[^>]*\bseed=(\d+)", PAGE.read_text())}
    assert linked == {
        claims.NO_DROP,
        claims.LARGE_DROP,
        claims.FLATTERS_GRADIENT_NORM,
        claims.HIDES_ATTENTION,
    }
