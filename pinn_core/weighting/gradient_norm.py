"""Weights from the norms of the gradients of the terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..measures import Measures
from .scheme import Smoothed, WeightState, equal_weights


@dataclass(frozen=True)
class GradientNormWeights(Smoothed):
    """Weight of a term: mean over the terms j of ||grad L_j||, divided by ||grad L_i||.

    Parameters
    ----------
    refresh, until, keep, low, high : see `Smoothed`.

    Source
    ------
    jaxpi, the public code of Wang, Sankaran, Wang, Perdikaris (2023), arXiv 2308.08468, scheme "grad_norm".

    Variant
    -------
    Euclidean norms of the gradients of unweighted terms, in all parameters. jaxpi keeps 0.9 and refreshes
    every 1 000 steps.

    Cost
    ----
    An update takes a backward sweep for every term.
    """

    def init(self, sizes: Mapping[str, int], members: int | None) -> WeightState:
        """Equal weights; see `scheme.Weighting`."""
        return WeightState(equal_weights(sizes, members))

    def update(self, state: WeightState, measures: Measures, epoch: int) -> None:  # noqa: ARG002
        """Move the weights towards those of the gradients now."""
        norms = {term: norm.astype(float) for term, norm in measures.gradient_norms.items()}
        mean = sum(norms.values()) / len(norms)
        for term, norm in norms.items():
            measures.reject(norm == 0, term, "its gradient is zero")
            self.mix(state.terms[term], mean / norm)
