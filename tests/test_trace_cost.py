"""The cost of the trace: that closed form and loop agree, and what a measurement gives. No time is judged."""

import contextlib
import io
import re
from typing import Any

import numpy as np
import pytest

from pinn_core import SettingError, TangentKernel
from pinn_widgets.trace_cost import recipe
from pinn_widgets.trace_cost.recipe import CODE, PRESETS, Settings, difference_of, run

SMALL = {"width": 6, "points": 10}


def measured(settings: Settings) -> dict[str, Any]:
    """The one state that a measurement shows."""
    states = list(run(settings))
    assert states[:-1] == [None] * (len(states) - 1)
    assert states[-1] is not None
    return states[-1]


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_closed_form_and_loop_agree(depth: int) -> None:
    for seed in range(3):
        assert difference_of(Settings(width=8, points=15, depth=depth, seed=seed)) < 1e-13


def test_the_loop_is_that_over_all_points() -> None:
    kernel = recipe.kernel_of(Settings(**SMALL, seed=5))
    objective = kernel.objective
    norms = []
    for k in range(objective.r.shape[1]):
        objective.dr[:] = 0
        objective.dr[:, k] = 1
        objective.streams_backward()
        objective.sweep.backward(kernel.layers, kernel.d_layers)
        norms.append((kernel.gradient**2).sum())
    looped = np.concatenate(list(kernel.point_norms_by_loop().values()))
    np.testing.assert_allclose(looped, norms, rtol=1e-12)


def test_a_wrong_closed_form_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = TangentKernel.point_norms
    monkeypatch.setattr(
        TangentKernel, "point_norms", lambda self: {term: 1.001 * n for term, n in right(self).items()}
    )
    result = measured(Settings(**SMALL))["result"]
    assert result["difference"] == pytest.approx(1e-3, rel=1e-6)
    assert not result["passed"]


def test_a_measurement_says_what_it_found() -> None:
    state = measured(Settings(**SMALL))
    result = state["result"]
    assert state["epoch"] == state["epochs"] == 1
    assert result["passed"]
    assert result["residuals"] == 12
    assert set(result["traces"]) == {"pde", "ic"}
    names = ("step", "closed", "forward", "closed_alone", "loop")
    assert all(result[f"milliseconds_{name}"] > 0 for name in names)
    alone = result["milliseconds_closed"] + result["milliseconds_forward"]
    assert result["milliseconds_closed_alone"] == pytest.approx(alone)
    assert result["ratio"] == pytest.approx(result["milliseconds_loop"] / alone)
    assert all(len(row) == len(state["table"]["columns"]) for row in state["table"]["rows"])


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_complete(name: str) -> None:
    assert set(PRESETS[name]) == {spec["name"] for spec in Settings.schema()} - {"seed"}
    Settings(**PRESETS[name])


@pytest.mark.parametrize(("name", "bad"), [("width", 1000), ("points", 2), ("depth", 0), ("seed", -1)])
def test_settings_that_are_not_allowed_are_named(name: str, bad: int) -> None:
    with pytest.raises(SettingError) as caught:
        Settings.from_mapping({name: bad})
    assert caught.value.name == name


@pytest.mark.parametrize("depth", [1, 3])
def test_the_code_on_show_runs(depth: int) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(CODE.format(**Settings(**SMALL, depth=depth).as_dict()), {})
    pairs = re.findall(r"trace of \w+: ([\d.e+]+), by the loop ([\d.e+]+)", printed.getvalue())
    assert len(pairs) == 2
    assert all(closed == loop for closed, loop in pairs)
