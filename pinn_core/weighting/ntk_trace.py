"""Weights from the traces of the neural tangent kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import SettingError, one_of, whole_number
from ..measures import Measures
from .scheme import FIRST, Smoothed, WeightState, equal_weights, term_named

DEFINITIONS = ("loss_consistent", "mean", "sum")


@dataclass(frozen=True)
class NtkTraceWeights(Smoothed):
    """Every term gets a weight in inverse proportion to the trace of its kernel.

    Parameters
    ----------
    refresh, until, keep, low, high : see `Smoothed`.
    definition : which trace. With the residuals r_i of a term, i = 1 ... N,

        - "sum": sum ||grad r_i||^2, the trace of the kernel itself;
        - "mean": the same divided by N;
        - "loss_consistent": the same multiplied by the scale of the term, which is what the loss multiplies
          the sum of its squares by. A term that is a mean square is divided by N, one that is a sum is not.
    anchor : the term whose weight stays 1, so that the others have weight trace(anchor) / trace; "first" for
        the first term of the problem. None gives every term the weight sum of all traces / trace.
    sample : None, or the number of residuals of every term, evenly spread, that stand for all of it.

    Source
    ------
    Wang, Yu, Perdikaris (2022), J. Comput. Phys. 449, 110768, eqs 6.5 and 6.6.

    Variant
    -------
    The paper has definition "sum" with as many points in every term, anchor None and keep 0, and no clamp.
    Its public code has the sum too, jaxpi the mean. Smoothing comes from Wang, Teng, Perdikaris (2021) and
    from jaxpi. The loss-consistent definition and the anchor are ours.

    Cost
    ----
    An update takes about half a training step, less with a sample.
    """

    definition: str = "loss_consistent"
    anchor: str | None = FIRST
    sample: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("weighting.definition", self.definition, DEFINITIONS)
        if self.anchor is not None and not isinstance(self.anchor, str):
            raise SettingError("weighting.anchor", self.anchor, "the key of a loss term, or None")
        if self.sample is not None:
            object.__setattr__(self, "sample", whole_number("weighting.sample", self.sample, 1, 10**7))

    def init(self, sizes: Mapping[str, int], members: int | None) -> WeightState:
        """Equal weights, and traces that are not known yet; see `scheme.Weighting`."""
        if self.anchor is not None:
            term_named("weighting.anchor", self.anchor, sizes)
        traces = {term: np.full(members or 1, np.nan) for term in sizes}
        return WeightState(equal_weights(sizes, members), traces=traces)

    def update(self, state: WeightState, measures: Measures, epoch: int) -> None:  # noqa: ARG002
        """Move the weights towards those of the traces now."""
        assert state.traces is not None
        rates = {}
        for term, trace in measures.traces(self.sample).items():
            measures.reject(trace == 0, term, "its trace is zero")
            measures.reject(~np.isfinite(trace), term, "its trace is not finite")
            state.traces[term][:] = trace
            factors = {"sum": 1.0, "mean": 1 / measures.sizes[term], "loss_consistent": measures.scales[term]}
            rates[term] = state.traces[term] * factors[self.definition]
        anchor = None if self.anchor is None else term_named("weighting.anchor", self.anchor, rates)
        wanted = sum(rates.values()) if anchor is None else rates[anchor]
        for term, rate in rates.items():
            if term != anchor:
                self.mix(state.terms[term], wanted / rate)
