"""Squared gradient norms of all residuals at once.

A residual depends on the streams of one point, dr = sum_s c_s du_s. With M_st = grad u_s . grad u_t at that
point, see `stream_grams`, its squared gradient norm is sum_st c_s c_t M_st, whatever its loss term.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .jets import Affine, Array
from .objective import Objective
from .stream_grams import StreamGrams, stream_pairs


class PointNorms:
    """Squared gradient norms of the residuals of an objective, whose forward sweep has been taken.

    Parameters
    ----------
    objective : holds the forward sweep, and lends its buffers.
    sample : None for all residuals. A number stands for that many of every term, evenly spread, or for all of
        the term if it does not have more.

    Attributes
    ----------
    residuals : for every term the numbers of its residuals that are looked at.
    """

    def __init__(self, objective: Objective, sample: int | None = None) -> None:
        self.objective = objective
        sizes, places = objective.problem.sizes, objective.problem.places
        self.residuals = {term: _spread(size, sample) for term, size in sizes.items()}
        at = np.concatenate([places[term][chosen] for term, chosen in self.residuals.items()])
        points, self.at = (None, at) if sample is None else np.unique(at, return_inverse=True)
        starts = dict(zip(objective.terms, objective.starts, strict=True))
        self.columns = np.concatenate([starts[term] + chosen for term, chosen in self.residuals.items()])
        stops = np.cumsum([chosen.size for chosen in self.residuals.values()])
        self.stream_grams = StreamGrams(objective.sweep, points)
        self.factors = self._factors() if objective.problem.linear else None
        dtype, members = objective.r.dtype, len(objective.r)
        self.products = np.empty((len(self.stream_grams.grams), members, at.size), dtype)
        self.norms = np.empty((members, at.size), dtype)
        self.norms_of_term = dict(zip(self.residuals, np.split(self.norms, stops[:-1], axis=1), strict=True))

    def update(self, layers: list[Affine]) -> dict[str, Array]:
        """||grad r_i||^2 for every term, (B, n); the next call overwrites it.

        `layers` are the parameters of the last forward sweep.
        """
        grams = self.stream_grams.update(layers)
        factors = self._factors() if self.factors is None else self.factors
        grams.take(self.at, axis=2, out=self.products, mode="clip")
        np.multiply(self.products, factors, out=self.products)
        np.add.reduce(self.products, axis=0, out=self.norms)
        np.maximum(self.norms, 0, out=self.norms)  # rounding
        return self.norms_of_term

    def _factors(self) -> Array:
        """c_s c_t, twice that off the diagonal, for all pairs: (pairs, B or 1, n)."""
        c = cotangents(self.objective)[:, :, self.columns]
        pairs = stream_pairs(len(c))
        return np.stack([c[s] * c[t] * (1 if s == t else 2) for s, t in pairs])


def traces(norms: dict[str, Array], sizes: Mapping[str, int]) -> dict[str, Array]:
    """The trace of every term, (B,): the sum of its squared norms (B, n); size times mean of a sample."""
    return {term: norm.sum(axis=1) * (sizes[term] / norm.shape[1]) for term, norm in norms.items()}


def _spread(size: int, sample: int | None) -> Array:
    """`sample` numbers below `size`, evenly spread; all of them if there are no more than that."""
    if sample is None or sample >= size:
        return np.arange(size)
    return (np.arange(sample) * 2 + 1) * size // (2 * sample)


def cotangents(objective: Objective) -> Array:
    """c_s in dr = sum_s c_s du_s of every residual, u_s the streams of the network: (S, B, residuals).

    A residual depends on the streams of one point. So all residuals go back at once, unless some share a
    point: these take turns.
    """
    at = np.concatenate([objective.problem.places[term] for term in objective.terms])
    in_order = np.argsort(at, kind="stable")
    first = np.searchsorted(at[in_order], at[in_order])  # of those at the same point
    turns = np.empty_like(at)
    turns[in_order] = np.arange(at.size) - first
    c = np.empty((*objective.sweep.du.shape[1:3], at.size), objective.r.dtype)
    for turn in range(turns.max() + 1):
        mine = np.flatnonzero(turns == turn)
        objective.dr[:] = 0
        objective.dr[:, mine] = 1
        objective.streams_backward()
        c[:, :, mine] = objective.sweep.du[0][:, :, at[mine]]
    return c
