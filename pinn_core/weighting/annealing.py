"""Learning-rate annealing: weights from the largest and the mean entry of term gradients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import SettingError
from ..measures import Measures
from .scheme import FIRST, Smoothed, WeightState, equal_weights, term_named


@dataclass(frozen=True)
class AnnealingWeights(Smoothed):
    """Weight of a term: max |grad L_r| / mean |grad L_i|, where L_r is the loss of the residual.

    Parameters
    ----------
    refresh, until, keep, low, high : see `Smoothed`.
    inside : whether the weight in force is inside the gradient of the denominator, mean |grad (lam_i L_i)|.
    reference : the term r, whose weight stays 1; "first" for the first term of the problem.

    Source
    ------
    Wang, Teng, Perdikaris (2021), SIAM J. Sci. Comput. 43(5), A3055, algorithm 1.

    Variant
    -------
    With the weight outside: arXiv 2001.04536, eq. 40, keep 0.1 (alpha 0.9). With the weight inside: the SIAM
    version, eq. 2.30, and the public code, keep 0.9. Then the fixed point is sqrt(max / mean) and not the
    stated aim. Both refresh every 10 steps. Ours takes the largest and the mean entry over all parameters;
    the public code takes weights without biases, layer by layer, the largest and the mean of those of the
    layers.

    Cost
    ----
    An update takes a backward sweep for every term.
    """

    inside: bool = False
    reference: str = FIRST

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.inside, bool):
            raise SettingError("weighting.inside", self.inside, "True or False")
        if not isinstance(self.reference, str):
            raise SettingError("weighting.reference", self.reference, "the key of a loss term")

    def init(self, sizes: Mapping[str, int], members: int | None) -> WeightState:
        """Equal weights; see `scheme.Weighting`."""
        term_named("weighting.reference", self.reference, sizes)
        return WeightState(equal_weights(sizes, members))

    def update(self, state: WeightState, measures: Measures, epoch: int) -> None:  # noqa: ARG002
        """Move the weights towards those of the gradients now."""
        reference = term_named("weighting.reference", self.reference, state.terms)
        largest = np.abs(measures.gradients[reference]).max(axis=1).astype(float)
        for term, weight in state.terms.items():
            if term == reference:
                continue
            mean = np.abs(measures.gradients[term]).mean(axis=1)
            measures.reject(mean == 0, term, "its gradient is zero")
            self.mix(weight, largest / (mean * weight if self.inside else mean))
