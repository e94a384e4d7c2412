"""The loss of a network on a problem: residuals and losses of every term forward, gradient backward."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .jets import RULES, Affine, Array, BackwardRules
from .networks import Network, Sweep
from .operators import up_to
from .problems import Problem
from .streams import HardConstraint, run


def read_only(array: Array) -> Array:
    """A view of an array that cannot be written to."""
    view = array[...]
    view.flags.writeable = False
    return view


class Objective:
    """The loss sum_i c_i r_i^2 over all residuals r_i.

    Here c_i is the weight of a term times its scale, and times the weight of the point in some schemes.

    The residuals of all terms lie side by side in one array, so that one product takes all of them at once.

    Parameters
    ----------
    problem, network : what is to be solved, and by what.
    members : B, size of the ensemble axis.
    dtype : float64, float32, or complex128 for the complex-step check.
    rules : the backward rules.

    Attributes
    ----------
    terms : keys of the loss terms.
    losses : (B, terms), unweighted, from the last `forward`.
    """

    def __init__(
        self, problem: Problem, network: Network, members: int, dtype: np.dtype, rules: BackwardRules = RULES
    ) -> None:
        self.problem = problem
        self.residuals_backward = rules.residuals or problem.residuals_backward
        self.x = problem.points().astype(dtype)
        self.sweep = sweep = Sweep(network, self.x, up_to(problem.order), members, dtype, rules)
        # Without a hard constraint the solution is the network, and shares its arrays.
        self.u, self.du = sweep.u[0], sweep.du[0]
        self.constraint, ansatz = None, problem.ansatz(self.x)
        if ansatz is not None:
            self.u, self.du = (np.empty(sweep.u[0].shape, dtype) for _ in range(2))
            self.constraint = HardConstraint(sweep.operators, *ansatz, sweep.u[0], self.u)
            self.constraint_backward = self.constraint.backward_calls(rules.product, self.du, sweep.du[0])

        self.terms = tuple(problem.sizes)
        self.sizes = np.array(list(problem.sizes.values()))
        self.scales = np.array([problem.scales[term] for term in self.terms], dtype)
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.r, self.dr, self.squares = (np.empty((members, self.sizes.sum()), dtype) for _ in range(3))
        self.r_of_term = dict(zip(self.terms, np.split(self.r, self.starts[1:], axis=1), strict=True))
        self.dr_of_term = dict(zip(self.terms, np.split(self.dr, self.starts[1:], axis=1), strict=True))
        self.losses = np.empty((members, len(self.terms)), dtype)
        # what others may look at and not change
        self.shown_residuals = {term: read_only(r) for term, r in self.r_of_term.items()}
        self.shown_losses = {
            term: read_only(loss) for term, loss in zip(self.terms, self.losses.T, strict=True)
        }

    def factors(self, weights: Mapping[str, Array], points: Mapping[str, Array] | None = None) -> Array:
        """The factors 2 c_i of the residuals in the gradient, (B, residuals).

        They come from weights (B,) of terms and, unless `points` is None, from factors (B, N) of residuals.
        """
        with np.errstate(over="ignore"):  # whoever asks looks whether they are finite
            by_term = np.stack([weights[term] for term in self.terms], axis=1) * (2 * self.scales)
            factors = np.repeat(by_term, self.sizes, axis=1)
            if points is not None:
                factors *= np.concatenate([points[term] for term in self.terms], axis=1)
            return factors.astype(self.r.dtype)

    def forward(self, layers: list[Affine]) -> None:
        """Residuals and losses at the parameters `layers`; keeps what `backward` needs."""
        self.sweep.forward(layers)
        if self.constraint is not None:
            self.constraint.forward()
        self.problem.residuals(self.x, self.u, self.r_of_term)
        np.multiply(self.r, self.r, out=self.squares)
        np.add.reduceat(self.squares, self.starts, axis=1, out=self.losses)
        np.multiply(self.losses, self.scales, out=self.losses)

    def backward(self, factors: Array, layers: list[Affine], d_layers: list[Affine]) -> None:
        """Fill `d_layers` with the gradient of the loss with these `factors` where `forward` was last."""
        np.multiply(factors, self.r, out=self.dr)
        self.streams_backward()
        self.sweep.backward(layers, d_layers)

    def streams_backward(self) -> None:
        """Fill ``sweep.du``, the gradient in the streams of the network, from `dr`, that in the residuals."""
        self.residuals_backward(self.x, self.u, self.dr_of_term, self.du)
        if self.constraint is not None:
            run(self.constraint_backward)
