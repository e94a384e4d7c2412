"""Fixed weights: set by hand and left alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ..errors import SettingError, non_negative_number
from ..measures import Measures
from .scheme import WeightState


@dataclass(frozen=True)
class FixedWeights:
    """One constant weight for every loss term.

    Parameters
    ----------
    pde, ic, bc, data : weight of that term, finite and at least 0. In an ensemble also B numbers, one for
        each member. Weights of terms that the problem does not have are ignored.
    """

    pde: Any = 1.0
    ic: Any = 1.0
    bc: Any = 1.0
    data: Any = 1.0

    refresh = None
    until = None

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, _checked(field.name, getattr(self, field.name)))

    def init(self, sizes: Mapping[str, int], members: int | None) -> WeightState:
        """The weights; see `scheme.Weighting`."""
        weights = {}
        for term in sizes:
            weight = getattr(self, term)
            if isinstance(weight, tuple) and len(weight) != members:
                allowed = "one number" if members is None else f"one number, or {members}: one for each seed"
                raise SettingError(f"weighting.{term}", weight, allowed)
            weights[term] = np.full(members or 1, weight, float)
        return WeightState(weights)

    def update(self, state: WeightState, measures: Measures, epoch: int) -> None:
        """Nothing: the weights stay."""


def _checked(term: str, weight: Any) -> float | tuple[float, ...]:
    """One weight as a float, several as a tuple, so that settings can be compared and hashed."""
    name = f"weighting.{term}"
    if np.ndim(weight) == 0:
        return non_negative_number(name, weight.item() if isinstance(weight, np.ndarray) else weight)
    if np.ndim(weight) == 1:
        return tuple(non_negative_number(name, item) for item in weight)
    raise SettingError(name, weight, "one finite number of at least 0, or one for each seed")
