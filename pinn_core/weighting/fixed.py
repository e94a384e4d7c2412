"""Fixed weights: set by hand and left alone."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import SettingError, non_negative_number, real_array
from ..measures import Measures
from .scheme import WeightState


@dataclass(frozen=True, init=False, repr=False)
class FixedWeights:
    """One constant weight for every loss term.

    Parameters
    ----------
    weights : weight of any term by its key, ``FixedWeights(pde=1.0, ic=100.0)``: finite, at least 0, and not
        all of them 0. In an ensemble also B numbers, one for each member. Terms that are not named have the
        weight 1.

    Raises
    ------
    SettingError : a weight is not allowed; when training begins, the problem has no such term.
    """

    weights: tuple[tuple[str, float | tuple[float, ...]], ...]

    refresh = None
    until = None

    def __init__(self, **weights: Any) -> None:
        checked = tuple((term, _checked(term, weight)) for term, weight in sorted(weights.items()))
        object.__setattr__(self, "weights", checked)

    def __repr__(self) -> str:
        return f"FixedWeights({', '.join(f'{term}={weight!r}' for term, weight in self.weights)})"

    def init(self, sizes: Mapping[str, int], members: int | None) -> WeightState:
        """The weights; see `scheme.Weighting`."""
        given = dict(self.weights)
        for term, weight in given.items():
            if term not in sizes:
                allowed = f"no weight, for the problem has no such term; its terms are {', '.join(sizes)}"
                raise SettingError(f"weighting.{term}", weight, allowed)
            if isinstance(weight, tuple) and len(weight) != members:
                allowed = "one number" if members is None else f"one number, or {members}: one for each seed"
                raise SettingError(f"weighting.{term}", weight, allowed)
        return WeightState({term: np.full(members or 1, given.get(term, 1.0), float) for term in sizes})

    def update(self, state: WeightState, measures: Measures, epoch: int) -> None:
        """Nothing: the weights stay."""


def _checked(term: str, weight: Any) -> float | tuple[float, ...]:
    """One weight as a float, several as a tuple, so that settings can be compared and hashed."""
    name = f"weighting.{term}"
    if isinstance(weight, numbers.Real):
        return non_negative_number(name, weight)
    array = real_array(name, weight)
    if array.ndim > 1:
        raise SettingError(name, weight, "one finite number of at least 0, or one for each seed")
    checked = [non_negative_number(name, item) for item in np.atleast_1d(array).tolist()]
    return checked[0] if array.ndim == 0 else tuple(checked)
