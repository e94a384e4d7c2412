"""The members of a run, trained in blocks that fit into the processor's cache."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from . import jets
from .jets import Array
from .networks import Mlp, Sweep
from .objective import Objective
from .optimizers import Optimizer
from .problems import Problem

# Large blocks share the cost of each numpy call among many members, until they fall out of the cache.
# Measured: 9 to 17 members of a 1-32-32-1 network in float64 are best, at a quarter of a megabyte each.
BLOCK_BYTES = 4_000_000


def block_size(problem: Problem, network: Mlp, dtype: np.dtype) -> int:
    """Number of members whose buffers fill `BLOCK_BYTES`."""
    hidden = network.widths[1:-1]
    streams = (problem.order + 1) * problem.points().size
    numbers = streams * 2 * (sum(hidden) + sum(set(hidden))) + 5 * network.n_parameters
    return max(1, BLOCK_BYTES // (numbers * dtype.itemsize))


class Workshop:
    """The buffers that blocks of one size use in turn.

    Parameters
    ----------
    problem, network : of the run.
    members : b, size of the blocks.
    dtype : of all buffers.
    """

    def __init__(self, problem: Problem, network: Mlp, members: int, dtype: np.dtype) -> None:
        grid = problem.grid().astype(dtype)
        self.objective = Objective(problem, network, members, dtype)
        self.on_grid = Sweep(network, grid, 0, members, dtype, forward_only=True)
        self.ansatz = problem.ansatz(grid)
        self.owner: Block | None = None  # whose forward sweep the objective holds
        terms = self.objective.terms
        self.factors_of_term = [
            self.objective.factors({other: np.full(members, float(other == term)) for other in terms})
            for term in terms
        ]


class Block:
    """Members that are trained together.

    Parameters
    ----------
    theta : (b, P), their parameters, which training changes in place.
    network, optimizer : of the run.
    workshop : for b members.
    """

    def __init__(self, theta: Array, network: Mlp, optimizer: Optimizer, workshop: Workshop) -> None:
        self.theta, self.gradient = theta, np.empty_like(theta)
        self.layers, self.d_layers = network.layers(theta), network.layers(self.gradient)
        self.optimizer, self.state = optimizer, optimizer.init(theta)
        self.workshop = workshop

    def change_optimizer(self, optimizer: Optimizer) -> None:
        """Use another optimizer from now on; the state carries over if the class stays the same."""
        if type(optimizer) is not type(self.optimizer):
            self.state = optimizer.init(self.theta)
        self.optimizer = optimizer

    def _forward(self) -> Objective:
        """The objective with a forward sweep at the parameters of this block, taken only if missing."""
        if self.workshop.owner is not self:
            self.workshop.objective.forward(self.layers)
            self.workshop.owner = self
        return self.workshop.objective

    def advance(self, steps: int, weights: Mapping[str, Array]) -> Array:
        """Take `steps` steps with term weights (b,); the losses after each of them, (steps, b, terms)."""
        objective = self._forward()
        factors = objective.factors(weights)
        losses = np.empty((steps, *objective.losses.shape), self.theta.dtype)
        for step in range(steps):
            objective.backward(factors, self.layers, self.d_layers)
            self.optimizer.update(self.theta, self.gradient, self.state)
            objective.forward(self.layers)
            losses[step] = objective.losses
        return losses

    def losses(self) -> Array:
        """Unweighted losses now, (b, terms)."""
        return self._forward().losses

    def gradient_norms(self) -> Array:
        """Euclidean norm of the gradient of every unweighted term now, (b, terms)."""
        objective = self._forward()
        norms = np.empty_like(objective.losses)
        for column, factors in enumerate(self.workshop.factors_of_term):
            objective.backward(factors, self.layers, self.d_layers)
            norms[:, column] = np.sqrt(np.einsum("bp,bp->b", self.gradient, self.gradient))
        return norms

    def prediction(self) -> Array:
        """The solution on the grid of the problem now, (b, G)."""
        u = self.workshop.on_grid.forward(self.layers)
        if self.workshop.ansatz is not None:
            g, p = self.workshop.ansatz
            jets.product_forward(g[:1], p[:1], u.copy(), u)
        return u[0]
