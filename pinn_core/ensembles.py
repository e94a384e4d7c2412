"""The members of a run, trained in blocks that fit into the processor's cache."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple

import numpy as np

from .errors import SettingError
from .jets import Array
from .measures import Measures
from .networks import Network, Sweep
from .objective import Objective
from .operators import up_to
from .optimizers import Optimizer
from .point_norms import PointNorms
from .problems import Problem
from .streams import HardConstraint
from .weighting import Weighting, WeightState, check_update, held_by

# Large blocks share the cost of each numpy call among many members, until they fall out of the cache.
# Measured: 9 to 17 members of a 1-32-32-1 network in float64 are best, at a quarter of a megabyte each.
BLOCK_BYTES = 4_000_000


def block_size(problem: Problem, network: Network, dtype: np.dtype) -> int:
    """Number of members whose buffers fill `BLOCK_BYTES`."""
    hidden = network.widths[1:-1]
    streams = (problem.order + 1) * problem.points().size
    numbers = streams * 2 * (sum(hidden) + sum(set(hidden))) + 5 * network.n_parameters
    return max(1, BLOCK_BYTES // (numbers * dtype.itemsize))


class Fault(NamedTuple):
    """A member of a block that cannot go on, since when, and because of what."""

    member: int
    epoch: int
    term: str
    cause: str


class Workshop:
    """The buffers that blocks of one size use in turn.

    Parameters
    ----------
    problem, network : of the run.
    members : b, size of the blocks.
    dtype : of all buffers.
    """

    def __init__(self, problem: Problem, network: Network, members: int, dtype: np.dtype) -> None:
        grid = problem.grid().astype(dtype)
        self.objective = Objective(problem, network, members, dtype)
        self.on_grid = Sweep(network, grid, up_to(0), members, dtype, forward_only=True)
        self.u_on_grid, ansatz, self.constraint = self.on_grid.u[0], problem.ansatz(grid), None
        if ansatz is not None:
            g, p = ansatz
            self.u_on_grid = np.empty(self.on_grid.u[0].shape, dtype)
            self.constraint = HardConstraint(up_to(0), g[:1], p[:1], self.on_grid.u[0], self.u_on_grid)
        self.owner: Block | None = None  # whose forward sweep the objective holds
        terms = self.objective.terms
        self.factors_of_term = {
            term: self.objective.factors({other: np.full(members, float(other == term)) for other in terms})
            for term in terms
        }
        self.term_gradient = np.empty((members, network.n_parameters), dtype)
        self.d_layers = network.layers(self.term_gradient)
        self._point_norms: dict[int | None, PointNorms] = {}

    def point_norms(self, sample: int | None) -> PointNorms:
        """The buffers for gradient norms of residuals, made when they are first asked for."""
        if sample not in self._point_norms:
            self._point_norms[sample] = PointNorms(self.objective, sample)
        return self._point_norms[sample]


class Block:
    """Members that are trained together.

    Parameters
    ----------
    theta : (b, P), their parameters, which training changes in place.
    network, optimizer : of the run.
    weighting, weights : the scheme, and its state for these members.
    workshop : for b members.

    Attributes
    ----------
    weights : state of the weighting scheme.
    weights_in_force : (b,) by term, the weights that steps use.
    points_in_force : (b, N) by term, the factors of residuals that steps use; empty if there are none.
    evaluations : (b,), how often loss and gradient were evaluated.
    faults : members whose weights cannot be used.
    seconds : spent on updates of the weights.
    """

    def __init__(
        self,
        theta: Array,
        network: Network,
        optimizer: Optimizer,
        weighting: Weighting,
        weights: WeightState,
        workshop: Workshop,
    ) -> None:
        self.theta, self.gradient = theta, np.empty_like(theta)
        self.layers, self.d_layers = network.layers(theta), network.layers(self.gradient)
        self.optimizer, self.state = optimizer, optimizer.init(theta)
        self.workshop = workshop
        self.evaluations = np.zeros(len(theta), int)
        self.faults: list[Fault] = []
        self.seconds = 0.0
        self._measures: Measures | None = None
        self.change_weighting(weighting, weights)

    def change_optimizer(self, optimizer: Optimizer) -> None:
        """Use another optimizer from now on; the state carries over if the class stays the same."""
        if type(optimizer) is not type(self.optimizer):
            self.state = optimizer.init(self.theta)
        self.optimizer = optimizer

    def change_weighting(self, weighting: Weighting, weights: WeightState) -> None:
        """Use another weighting scheme from now on, from its first state."""
        self.weighting, self.weights, self.held = weighting, weights, held_by(weights)
        self.next_update: int | None = None  # the epoch of the next update, -1 for never, None for now
        for term, overflows in self._put_in_force(comes_first=weighting.refresh is not None).items():
            if overflows.any():
                allowed = f"a weight that is finite in {self.theta.dtype}"
                raise SettingError(f"weighting.{term}", float(weights.terms[term].max()), allowed)

    def _put_in_force(self, comes_first: bool = False) -> dict[str, Array]:
        """Let steps use the weights as they are now; the members (b,) whose factors are not finite, by term.

        `comes_first` says that an update will come before the first step.

        Raises
        ------
        SettingError : a weight is negative, or all weights of a member are zero.
        """
        objective, weights = self.workshop.objective, self.weights
        self.factors = objective.factors(weights.terms, weights.points or None)
        # copies: what a snapshot reports is what the steps used, whatever the scheme does to its arrays later
        self.weights_in_force = {term: weight.copy() for term, weight in weights.terms.items()}
        self.points_in_force = {term: weight.copy() for term, weight in (weights.points or {}).items()}
        self.gradient_is_current = False  # whether `gradient` is that of the loss at `theta`
        if not comes_first and not self.factors.min() > 0:
            self._refuse_signs()
        if np.isfinite(self.factors).all():
            return {}
        finite = np.logical_and.reduceat(np.isfinite(self.factors), objective.starts, axis=1)
        return {term: ~finite[:, column] for column, term in enumerate(objective.terms)}

    def _refuse_signs(self) -> None:
        """Raise SettingError if a weight is negative, or all weights of a member are zero."""
        for term, weight in self.weights_in_force.items():
            points = self.points_in_force.get(term, weight)
            least = min(np.nanmin(weight, initial=0.0), np.nanmin(points, initial=0.0))
            if least < 0:
                raise SettingError(f"weighting, term {term!r}", float(least), "a weight of at least 0")
        if (self.factors == 0).all(axis=1).any():
            raise SettingError("weighting", "all weights 0", "at least one weight above 0 in every member")

    def advance(self, epoch: int, steps: int) -> Array:
        """Take `steps` steps from `epoch` on; the losses after each of them, (steps, b, terms)."""
        objective = self._forward()
        if self.next_update is None:
            self._update_weights(epoch)
        losses = np.empty((steps, *objective.losses.shape), self.theta.dtype)
        for step in range(steps):
            if not self.gradient_is_current:
                objective.backward(self.factors, self.layers, self.d_layers)
            self._measures = None
            was_evaluated = self.optimizer.step(self.theta, self.gradient, self.state, self._evaluate)
            if not isinstance(was_evaluated, bool):
                raise SettingError("optimizer.step", was_evaluated, "True or False; see `Optimizer`")
            self.gradient_is_current = was_evaluated
            if not self.gradient_is_current:
                objective.forward(self.layers)
                self.evaluations += 1
            losses[step] = objective.losses
            if epoch + step + 1 == self.next_update:
                self._update_weights(epoch + step + 1)
        return losses

    def _forward(self) -> Objective:
        """The objective with a forward sweep at the parameters of this block, taken only if missing."""
        if self.workshop.owner is not self:
            self.workshop.objective.forward(self.layers)
            self.workshop.owner = self
            self._measures = None
        return self.workshop.objective

    def _evaluate(self, members: Array) -> Array:
        """The loss (b,) at the parameters now, and `gradient` there, on behalf of `members`."""
        objective = self.workshop.objective
        objective.forward(self.layers)
        objective.backward(self.factors, self.layers, self.d_layers)
        self.evaluations[members] += 1
        return np.vecdot(self.factors, objective.squares) / 2

    def _update_weights(self, epoch: int) -> None:
        """Let the scheme update its weights after `epoch` steps, and check what it gives."""
        refresh, until = self.weighting.refresh, self.weighting.until
        if refresh is None or (until is not None and epoch > until):
            self.next_update = -1
            return
        start = perf_counter()
        measures = self.measures()
        update: Callable[..., object] = self.weighting.update  # one of the reader's own may return something
        check_update(self.weights, self.held, update(self.weights, measures, epoch))
        for term, bad in self._put_in_force().items():
            overflows = np.isfinite(self.weights_in_force[term]) & (self.theta.dtype == np.float32)
            measures.reject(bad & overflows, term, "its weight overflows float32")
            measures.reject(bad, term, "its weight is not finite")
        self.faults += [Fault(member, epoch, *fault) for member, fault in measures.faults.items()]
        self.next_update = epoch + refresh
        self.seconds += perf_counter() - start

    def losses(self) -> Array:
        """Unweighted losses now, (b, terms)."""
        return self._forward().losses

    def measures(self) -> Measures:
        """What can be measured at the parameters now; nothing is measured twice."""
        objective = self._forward()
        if self._measures is None:
            self._measures = Measures(objective, self.layers, self._term_gradient, self.workshop.point_norms)
        return self._measures

    def _term_gradient(self, term: str) -> Array:
        """Gradient (b, P) of an unweighted term; overwritten by the next call."""
        shop = self.workshop
        shop.objective.backward(shop.factors_of_term[term], self.layers, shop.d_layers)
        return shop.term_gradient

    def prediction(self) -> Array:
        """The solution on the grid of the problem now, (b, G)."""
        self.workshop.on_grid.forward(self.layers)
        if self.workshop.constraint is not None:
            self.workshop.constraint.forward()
        return self.workshop.u_on_grid[0]
