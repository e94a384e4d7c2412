# ruff: noqa: ARG001 -- broken checks look at nothing
"""Whatever is given to a public call, the answer is a documented result or an error that names the argument.

Every argument of every call takes every value of a pool; random pairs of arguments come on top. The calls
are those of `pinn_core.__all__`, the methods that readers call on what they get, and training with objects of
the reader's own, one member of which gives what it should not.
"""

import re
import warnings
from typing import Any

import numpy as np
import pytest
from nasty import POOL, shown
from public_calls import CALLS, Call

import pinn_core
from pinn_core import DivergenceError, SettingError
from pinn_core.sweeps import SweepError

CALLS_AT_LEAST = 2000
PAIRS = 40  # random pairs of arguments for every call


def fault(call: Call, bad: dict[str, Any]) -> str | None:
    """What is wrong with the answer of a call to bad arguments; None if nothing is."""
    given = ", ".join(f"{name}={shown(value)}" for name, value in bad.items())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = call.make(**call.good | bad)
    except SettingError as error:
        # names are "weighting.keep", "problem.sizes['pde']" and so on; `allowed` may say what does not fit
        named = set(re.findall(r"\w+", f"{error.name} {error.allowed}")) & bad.keys()
        return None if named and error.allowed in str(error) else f"{given}: names another argument: {error}"
    except (DivergenceError, SweepError):
        return None
    except Exception as error:
        return f"{given}: {type(error).__name__}: {str(error)[:200]}"
    wrong = not_finite(result) if call.takes_any else "an answer at all"
    return f"{given}: gives {wrong}" if wrong else None


def not_finite(result: Any) -> str | None:
    """The first number in a result that is not finite, or that is complex."""
    if isinstance(result, dict | list | tuple):
        parts = result.values() if isinstance(result, dict) else result
        return next((wrong for part in parts if (wrong := not_finite(part))), None)
    if isinstance(result, np.ndarray | np.generic | float):
        array = np.asarray(result)
        return None if array.dtype.kind in "fiub" and np.isfinite(array).all() else shown(array)
    return None


def faults(call: Call, seed: int = 0) -> tuple[int, list[str]]:
    """How many calls there were, and what was wrong: one bad argument of every kind, then random pairs."""
    names, rng = list(call.good), np.random.default_rng(seed)
    several = [{name: make()} for name in names for make in POOL]
    for _ in range(PAIRS if len(names) > 1 else 0):
        chosen = rng.choice(len(names), 2, replace=False)
        several.append({names[i]: POOL[rng.integers(len(POOL))]() for i in chosen})
    return len(several), [wrong for bad in several if (wrong := fault(call, bad))]


# what readers get and do not call, and the errors themselves
NOT_CALLED = {"DivergenceError", "GradientCheck", "Snapshot"}


def test_every_public_call_is_among_those_called() -> None:
    assert set(pinn_core.__all__) - NOT_CALLED <= CALLS.keys()
    assert sum(len(call.good) for call in CALLS.values()) * len(POOL) > CALLS_AT_LEAST


@pytest.mark.parametrize("name", CALLS)
def test_good_arguments_are_taken(name: str) -> None:
    call = CALLS[name]
    if call.takes_any:
        assert not_finite(call.make(**call.good)) is None


@pytest.mark.parametrize("name", CALLS)
def test_bad_arguments_are_named(name: str) -> None:
    number, found = faults(CALLS[name])
    assert number >= len(POOL)
    assert not found, f"{len(found)} of {number} calls:\n" + "\n".join(found)


def lenient(name: str, value: Any, *limits: Any) -> Any:
    """A check that takes what numpy takes."""
    return np.asarray(value, float) if not limits else int(value)


def silent(*arguments: Any) -> None:
    """A check that never complains."""


@pytest.mark.parametrize(
    ("check", "broken", "name"),
    [
        ("pinn_core.ntk.real_array", lenient, "eigenvalues"),
        ("pinn_core.errors._real", float, "Adam"),
        ("pinn_core.training.whole_number", lenient, "train"),
        ("pinn_core.contracts._residuals", silent, "residuals put elsewhere"),
        ("pinn_core.training.check_state", silent, "state.terms"),
        ("pinn_core.ensembles.check_update", silent, "update of terms.data"),
    ],
)
def test_a_broken_check_is_found(monkeypatch: pytest.MonkeyPatch, check: str, broken: Any, name: str) -> None:
    monkeypatch.setattr(check, broken)
    assert faults(CALLS[name])[1]
