"""What a weighting scheme may look at: everything is computed when it is first asked for, and only then."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from .jets import Affine, Array
from .objective import Objective, read_only
from .point_norms import PointNorms, traces


class Measures:
    """The state of some members of a run after a forward sweep.

    Arrays are valid until the next forward sweep and cannot be written to; copy what is to be kept.

    Parameters
    ----------
    objective : holds the forward sweep.
    layers : the parameters of the members.
    term_gradient : gives the gradient (B, P) of an unweighted loss term, in an array that is overwritten
        later.
    point_norms : gives the `PointNorms` of the objective for a sample size.

    Attributes
    ----------
    terms : keys of the loss terms.
    sizes : number N of residuals of every term.
    scales : for every term the factor of the sum of squares in its loss.
    dtype : of the run.
    faults : members that cannot go on, with the term and the cause.
    """

    def __init__(
        self,
        objective: Objective,
        layers: list[Affine],
        term_gradient: Callable[[str], Array],
        point_norms: Callable[[int | None], PointNorms],
    ) -> None:
        self.terms, self.dtype = objective.terms, objective.r.dtype
        self.sizes, self.scales = objective.problem.sizes, objective.problem.scales
        self.faults: dict[int, tuple[str, str]] = {}
        self._objective, self._layers = objective, layers
        self._term_gradient, self._point_norms = term_gradient, point_norms
        self._norms_of_sample: dict[int | None, dict[str, Array]] = {}

    def reject(self, bad: Array, term: str, cause: str) -> None:
        """Mark the members for which `bad` (B,) is true. `cause` completes "because of the term: ..."."""
        if bad.any():
            for member in np.flatnonzero(bad):
                self.faults.setdefault(int(member), (term, cause))

    @property
    def residuals(self) -> dict[str, Array]:
        """The residuals of every term, (B, N)."""
        return self._objective.shown_residuals

    @property
    def losses(self) -> dict[str, Array]:
        """Unweighted loss of every term, (B,)."""
        return self._objective.shown_losses

    @cached_property
    def gradients(self) -> dict[str, Array]:
        """Gradient of every unweighted term, (B, P). Cost: a backward sweep for every term."""
        return {term: read_only(self._term_gradient(term).copy()) for term in self.terms}

    @cached_property
    def gradient_norms(self) -> dict[str, Array]:
        """Euclidean norm of the gradient of every unweighted term, (B,). Cost: as `gradients`, or none."""
        known = self.__dict__.get("gradients", {})
        gradients = ((term, known.get(term)) for term in self.terms)
        return {
            term: _norm(self._term_gradient(term) if gradient is None else gradient)
            for term, gradient in gradients
        }

    def point_norms(self, sample: int | None = None) -> dict[str, Array]:
        """||grad r_i||^2 of the residuals of every term, (B, N), or of a sample; see `PointNorms`."""
        if sample not in self._norms_of_sample:
            norms = self._point_norms(sample).update(self._layers)
            self._norms_of_sample[sample] = {term: read_only(norm) for term, norm in norms.items()}
        return self._norms_of_sample[sample]

    def traces(self, sample: int | None = None) -> dict[str, Array]:
        """Sum of ||grad r_i||^2 over every term, (B,); of a sample its mean times N."""
        return traces(self.point_norms(sample), self.sizes)


def _norm(gradient: Array) -> Array:
    """Euclidean norm (B,) of gradients (B, P)."""
    return np.sqrt(np.einsum("bp,bp->b", gradient, gradient))
