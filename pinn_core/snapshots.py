"""What a run shows of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .jets import Array


@dataclass(frozen=True)
class Snapshot:
    """A run so far.

    The shapes are those of a single run. In an ensemble every array but `epochs`, `grid` and `exact` has a
    leading axis B. Arrays are read-only, and no later step changes them.

    Attributes
    ----------
    epoch : number of optimizer steps taken.
    epochs : (K,) int, epochs of all snapshots so far; the last is `epoch`.
    losses : for every term (K,), unweighted.
    weights : for every term (K,), the weight that the next step will use.
    traces : None, or for every term (K,), the trace of its kernel when the weighting scheme last computed
        it; NaN before that.
    gradient_norms : for every term (K,), Euclidean norm of the gradient of the unweighted term.
    rel_l2 : (K,), relative L2 error on the grid, ||prediction - exact|| / ||exact||.
    grid : (G,), the points of the next two.
    prediction : (G,), the trained solution now.
    exact : (G,), the exact solution.
    theta : (P,), parameters now.
    diverged : None, or (B,) int once members of an ensemble have diverged: the epoch at which a loss term was
        no longer finite or had no usable weight, -1 for healthy members.
    causes : None, or B texts once members have diverged: the term and what is wrong with it, "" for healthy
        ones.
    point_weights : None, or for every term (N,), the weights of its residuals now, if the scheme has such.
    evaluations : int, or (B,) int: how often loss and gradient were evaluated. More than once in a step with
        a line search.
    seconds : time spent so far on "training" without, and on "weighting" with the updates of weights, by all
        members together. The only thing that is not the same in every run.
    """

    epoch: int
    epochs: Array
    losses: Mapping[str, Array]
    weights: Mapping[str, Array]
    traces: Mapping[str, Array] | None
    gradient_norms: Mapping[str, Array]
    rel_l2: Array
    grid: Array
    prediction: Array
    exact: Array
    theta: Array
    diverged: Array | None
    causes: tuple[str, ...] | None
    point_weights: Mapping[str, Array] | None
    evaluations: int | Array
    seconds: Mapping[str, float]


class History:
    """The series of a run. Every column is written once, so that snapshots may share the arrays.

    Parameters
    ----------
    terms : keys of the loss terms.
    members : B, or None for a single run, which has an ensemble axis of length 1 here and shows none.
    length : number of snapshots to come.
    dtype : of all series.
    """

    def __init__(self, terms: tuple[str, ...], members: int | None, length: int, dtype: np.dtype) -> None:
        shape = (members or 1, len(terms), length)
        self.terms, self.single = terms, members is None
        self.length = 0
        self.epochs = np.empty(length, int)
        self.losses, self.weights, self.norms, self.traces = (np.empty(shape, dtype) for _ in range(4))
        self.has_traces = False
        self.rel_l2 = np.empty((members or 1, length), dtype)

    def show(self, array: Array) -> Array:
        """A read-only view of `array` (B, ...), without the ensemble axis if this is a single run."""
        view = array[0] if self.single else array[...]
        view.flags.writeable = False
        return view

    def series(self, array: Array) -> dict[str, Array]:
        """The recorded part of an array (B, terms, length) by term."""
        return {term: self.show(array[:, row, : self.length]) for row, term in enumerate(self.terms)}
