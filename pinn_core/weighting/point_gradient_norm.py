"""Weights of points from the norms of their own gradients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import one_of, positive_number
from ..measures import Measures
from .scheme import Refreshed, WeightState, equal_points, equal_weights, share

DENOMINATORS = ("gradient", "loss_gradient")


@dataclass(frozen=True)
class PointGradientNormWeights(Refreshed):
    """Weight of a residual: 1 / ||grad r_i||, divided by the mean over its term.

    Parameters
    ----------
    refresh, until : see `Refreshed`.
    keep : share of the old weight that an update keeps, from 0 to below 1. The weights before the first
        update are 1.
    denominator : "gradient" for ||grad r_i||, which is ||grad u(x_i)|| in a fit; "loss_gradient" for
        |r_i| ||grad r_i||, half of the norm of the gradient of r_i^2.
    floor : share of the mean denominator of a term that none of its denominators is let below, above 0. A
        residual may well be zero: at t = 0, for example, in a network without biases.

    Source
    ------
    Popular on course pages, where it is said to come from Wang, Teng, Perdikaris (2021). It does not: their
    rule gives weights to terms.

    Variant
    -------
    The mean weight of a term is 1, so that its weight as a whole stays what it was.

    Cost
    ----
    An update takes about half a training step.
    """

    refresh: int = 1
    keep: float = 0.0
    denominator: str = "gradient"
    floor: float = 1e-6

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "keep", share("weighting.keep", self.keep))
        one_of("weighting.denominator", self.denominator, DENOMINATORS)
        object.__setattr__(self, "floor", positive_number("weighting.floor", self.floor, 1.0))

    def init(self, sizes: Mapping[str, int], members: int | None) -> WeightState:
        """Equal weights; see `scheme.Weighting`."""
        return WeightState(equal_weights(sizes, members), equal_points(sizes, members))

    def update(self, state: WeightState, measures: Measures, epoch: int) -> None:  # noqa: ARG002
        """Move the weights towards those of the gradients now."""
        assert state.points is not None
        for term, squares in measures.point_norms().items():
            norms = np.sqrt(squares, dtype=float)
            if self.denominator == "loss_gradient":
                norms *= np.abs(measures.residuals[term])
            mean = norms.mean(axis=1, keepdims=True)
            measures.reject(mean[:, 0] == 0, term, "its gradients are zero")
            new = 1 / np.maximum(norms, self.floor * mean)
            new /= new.mean(axis=1, keepdims=True)
            weight = state.points[term]
            weight[:] = self.keep * weight + (1 - self.keep) * new
