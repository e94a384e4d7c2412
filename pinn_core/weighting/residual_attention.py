"""Residual-based attention: weights of points that follow the size of their residuals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import number_between
from ..measures import Measures
from .scheme import Refreshed, WeightState, equal_points, equal_weights, share


@dataclass(frozen=True)
class ResidualAttention(Refreshed):
    """Weight of a residual: lam_i^2, with lam_i <- keep lam_i + rate |r_i| / max |r|.

    Parameters
    ----------
    refresh, until : see `Refreshed`. The weights move every step by default.
    keep : share of lam that an update keeps, from 0 to below 1.
    rate : what the largest residual of a term adds to its lam, from 1e-12 to 1e6.
    start : lam before the first update, from 0 to 1e6.

    The loss of a term is the mean of (lam_i r_i)^2, and lam stays below rate / (1 - keep).

    Source
    ------
    Anagnostopoulos, Toscano, Stergiopulos, Karniadakis (2024), Comput. Methods Appl. Mech. Eng. 421, 116805.

    Variant
    -------
    keep 0.999, rate 0.001 and start 0 as in the public code. The largest residual is that of the term.
    """

    refresh: int = 1
    keep: float = 0.999
    rate: float = 0.001
    start: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "keep", share("weighting.keep", self.keep))
        object.__setattr__(self, "rate", number_between("weighting.rate", self.rate, 1e-12, 1e6))
        object.__setattr__(self, "start", number_between("weighting.start", self.start, 0.0, 1e6))

    def init(self, sizes: Mapping[str, int], members: int | None) -> WeightState:
        """Equal weights; see `scheme.Weighting`."""
        lam = equal_points(sizes, members, self.start)
        points = {term: value * value for term, value in lam.items()}
        return WeightState(equal_weights(sizes, members), points, memory={"lam": lam})

    def update(self, state: WeightState, measures: Measures, epoch: int) -> None:  # noqa: ARG002
        """Move lam towards the residuals now."""
        assert state.points is not None
        for term, lam in state.memory["lam"].items():
            sizes = np.abs(measures.residuals[term]).astype(float)
            largest = sizes.max(axis=1, keepdims=True)
            lam *= self.keep
            lam += self.rate * sizes / np.where(largest > 0, largest, 1)
            np.multiply(lam, lam, out=state.points[term])
