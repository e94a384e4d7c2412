# ruff: noqa: ARG001, ARG002, ARG005 -- answers need not look at what they are given
"""The checks of the exercises: right answers pass, and a wrong one is told what is wrong with it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from pinn_core import AnnealingWeights, FixedWeights, NtkTraceWeights, SelfAdaptiveWeights
from pinn_core.weighting import WEIGHTINGS, WeightState
from pinn_widgets.exercises import (
    Verdict,
    check_breaks,
    check_goldilocks,
    check_gradient_norms,
    check_layer_trace,
    check_scheme,
)
from pinn_widgets.exercises.breaking import OMEGA, error_at
from pinn_widgets.exercises.gradient_norms import norms
from pinn_widgets.exercises.layer_trace import by_loop

NORMS = norms()


def test_a_verdict_is_true_when_the_answer_is_right():
    assert Verdict(True, "Good.")
    assert not Verdict(False, "Bad.")
    assert repr(Verdict(False, "Bad.")) == "✗ Not yet. Bad."


# ---- gradient norms by hand ----


def test_right_norms_pass():
    assert check_gradient_norms(NORMS)
    assert check_gradient_norms({term: value * (1 + 1e-9) for term, value in NORMS.items()})


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (None, "by term"),
        ({"pde": 1.0}, "by term"),
        ({"pde": None, "ic": None}, "not a number yet"),
        (NORMS | {"ic": NORMS["ic"] / 2}, "factor two"),
        (NORMS | {"pde": NORMS["pde"] * 5}, "sum over the points"),
        (NORMS | {"ic": NORMS["ic"] ** 2}, "squared"),
        ({"pde": NORMS["ic"], "ic": NORMS["pde"]}, "of the other term"),
        (NORMS | {"pde": norms(omega=1.0)["pde"]}, "two pi"),
        (NORMS | {"pde": 1.0}, "too small"),
        (NORMS | {"pde": 1e9}, "too large"),
    ],
)
def test_wrong_norms_are_explained(answer, cause):
    verdict = check_gradient_norms(answer)
    assert not verdict
    assert cause in verdict.message


# ---- a weight by bisection ----


def test_a_weight_inside_the_zone_passes():
    assert check_goldilocks(150.0)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (None, "a positive number"),
        (-1, "a positive number"),
        (float("nan"), "a positive number"),
        (1, "too small"),
        (10, "too small"),
        (1e4, "too large"),
        (1e5, "too large"),
    ],
)
def test_a_weight_outside_is_told_the_side(answer, cause):
    verdict = check_goldilocks(answer)
    assert not verdict
    assert cause in verdict.message


# ---- break the method ----


@pytest.fixture(scope="module")
def errors() -> dict[float, float]:
    return {10.0**k: error_at(10.0**k) for k in range(6)}


def test_errors_at_twice_the_frequency_pass(errors):
    assert check_breaks(errors)


def test_wrong_errors_are_explained(errors):
    for answer, cause in (
        ({}, "every weight that you tried"),
        ({"a": 1.0}, "numbers"),
        ({1.0: 1.0}, "whole range"),
        ({weight: 100 * error for weight, error in errors.items()}, "percentages"),
        ({weight: error_at(weight, OMEGA / 2) for weight in errors}, "double it"),
        (dict.fromkeys(errors, 1e-3), "a run of seed"),
    ):
        verdict = check_breaks(answer)
        assert not verdict
        assert cause in verdict.message


# ---- the closed form of one layer ----


def layer_trace(h: np.ndarray, dz: np.ndarray) -> float:
    return np.einsum("knm,lnm,kno,lno->", h, h, dz, dz) + np.sum(dz[0] ** 2)


def changing(h: np.ndarray, dz: np.ndarray) -> float:
    result = layer_trace(h, dz)
    h += 1
    return result


def test_the_closed_form_of_a_layer_passes():
    assert check_layer_trace(layer_trace)
    assert check_layer_trace(by_loop)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (3.0, "function itself"),
        (lambda h, dz: None, "nothing yet"),
        (lambda h, dz: 1 / 0, "ZeroDivisionError"),
        (lambda h, dz: layer_trace(h, dz) - np.sum(dz[0] ** 2), "bias is missing"),
        (lambda h, dz: layer_trace(h, dz) - np.sum(dz[0] ** 2) + np.sum(dz**2), "first stream alone"),
        (lambda h, dz: np.einsum("knm,kno->", h**2, dz**2) + np.sum(dz[0] ** 2), "different streams"),
        (lambda h, dz: layer_trace(h, dz) / h.shape[1], "not their mean"),
        (lambda h, dz: np.sqrt(layer_trace(h, dz)), "no root"),
        (lambda h, dz: h, "one number"),
        (lambda h, dz: 1.0, "differs from the loop"),
        (changing, "changes its arguments"),
    ],
)
def test_wrong_closed_forms_are_explained(answer, cause):
    verdict = check_layer_trace(answer)
    assert not verdict
    assert cause in verdict.message


# ---- a scheme of one's own ----


@dataclass(frozen=True)
class Scheme:
    """A scheme whose weight moves towards a target."""

    target: float = 150.0
    refresh: int = 100
    until: int | None = None

    def init(self, sizes: Any, members: int | None) -> WeightState:
        return WeightState({term: np.ones(members or 1) for term in sizes})

    def update(self, state: WeightState, measures: Any, epoch: int) -> None:
        state.terms["ic"][:] = 0.5 * state.terms["ic"] + 0.5 * self.target


class Idle(Scheme):
    def update(self, state: WeightState, measures: Any, epoch: int) -> None:
        pass


class Failing(Scheme):
    def update(self, state: WeightState, measures: Any, epoch: int) -> None:
        raise KeyError("ic")


def changing(update):
    """The scheme with another update, of the state alone."""
    made = Scheme(refresh=10)
    object.__setattr__(made, "update", lambda state, measures, epoch: update(state, measures))
    return made


def starting(**terms):
    """The scheme with another state at the start."""
    made = Scheme()
    object.__setattr__(made, "init", lambda sizes, members: WeightState(terms))
    return made


def rebinds(state, measures):
    state.terms["ic"] = state.terms["ic"] + 1


def adds(state, measures):
    state.terms["bc"] = np.ones(3)


def turns_negative(state, measures):
    state.terms["ic"][:] = -1


def switches_off(state, measures):
    for weight in state.terms.values():
        weight[:] = 0


def writes(state, measures):
    measures.losses["ic"][:] = 0


def moves_both(state, measures):
    state.terms["pde"][:] = 0.5
    state.terms["ic"][:] = 0.5 * state.terms["ic"] + 0.5 * 75


def test_a_scheme_that_ends_in_the_zone_passes():
    assert check_scheme(Scheme())
    assert "150 times as much" in check_scheme(changing(moves_both)).message
    assert check_scheme(NtkTraceWeights())
    assert "own" not in WEIGHTINGS


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (Scheme, "Scheme(...), and not the class"),
        (3, "refresh is missing"),
        (Idle(), "No weight ever changes"),
        (FixedWeights(ic=100.0), "No weight ever changes"),
        (Failing(), "KeyError"),
        (Scheme(target=5.0), "too small"),
        (Scheme(target=1e5), "too large"),
        (Scheme(target=float("nan")), "not finite"),
        (AnnealingWeights(), "too large"),
        (SelfAdaptiveWeights(), "too small"),
        (Scheme(refresh=0), "weighting.refresh = 0"),
        (Scheme(refresh=10.5), "weighting.refresh = 10.5"),
        (starting(pde=np.ones(3), ic=np.ones(3, int)), "state.terms['ic'] = 'int64 (3,)'"),
        (starting(pde=np.ones(3)), "arrays for the terms pde, ic"),
        (starting(pde=np.ones(3), ic=np.ones(3), bc=np.ones(3)), "arrays for the terms pde, ic"),
        (changing(lambda state, measures: state), "changes the state and returns nothing"),
        (changing(rebinds), "changed in place: state.terms['ic'][:] = ..."),
        (changing(adds), "no other terms"),
        (changing(turns_negative), "a weight of at least 0"),
        (changing(switches_off), "at least one weight above 0"),
        (changing(writes), "read-only"),
    ],
)
def test_wrong_schemes_are_explained(answer, cause):
    verdict = check_scheme(answer)
    assert not verdict
    assert cause in verdict.message
