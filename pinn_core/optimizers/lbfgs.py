"""L-BFGS with a line search."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..errors import SettingError, positive_number, whole_number
from ..jets import Array
from .optimizer import Evaluate
from .wolfe import Search, wolfe_search


class Pair(NamedTuple):
    """A step s (B, P), the change y (B, P) of the gradient in it, and 1 / s.y (B,); 0 leaves the pair out."""

    s: Array
    y: Array
    rho: Array


@dataclass
class LbfgsState:
    """What L-BFGS remembers.

    Attributes
    ----------
    pairs : the last pairs, oldest first.
    scale : (B,), s.y / y.y of the last good pair, the size of the inverse Hessian; 0 when there is none.
    loss : (B,), the loss where the last step ended.
    gradient : (B, P), the gradient there; NaN before the first step.
    stuck : (B,), members that found no lower loss down the gradient itself.
    """

    pairs: deque[Pair]
    scale: Array
    loss: Array
    gradient: Array
    stuck: Array


@dataclass(frozen=True)
class Lbfgs:
    """L-BFGS: Newton's direction with the inverse Hessian that the last steps suggest, and a line search.

    Parameters
    ----------
    memory : number of past steps to remember, from 1 to 100.
    trials : evaluations of loss and gradient in a line search at most, from 1 to 100.
    decrease, curvature : of the strong Wolfe conditions, 0 < decrease < curvature < 1.

    One step is one direction with its line search, which takes one evaluation or a few. Every member of an
    ensemble has a line search of its own; an evaluation serves all that still search. A member whose weights
    have changed since its last step starts over, as its past gradients are those of another loss. A member
    without a lower loss in any direction that it tries stays where it is.

    Source
    ------
    Nocedal, Wright (2006), Numerical Optimization, algorithms 7.4 and 7.5 (two loops), 3.5 and 3.6 (line
    search).
    """

    memory: int = 20
    trials: int = 20
    decrease: float = 1e-4
    curvature: float = 0.9

    def __post_init__(self) -> None:
        object.__setattr__(self, "memory", whole_number("memory", self.memory, 1, 100))
        object.__setattr__(self, "trials", whole_number("trials", self.trials, 1, 100))
        object.__setattr__(self, "decrease", positive_number("decrease", self.decrease, 1.0))
        object.__setattr__(self, "curvature", positive_number("curvature", self.curvature, 1.0))
        if not self.decrease < self.curvature < 1:
            allowed = f"a number above decrease = {self.decrease:g} and below 1"
            raise SettingError("curvature", self.curvature, allowed)

    def init(self, theta: Array) -> LbfgsState:
        """State before the first step, for parameters (B, P)."""
        members = len(theta)
        nothing = np.full(theta.shape, np.nan, theta.dtype)
        zero = np.zeros(members, theta.dtype)
        return LbfgsState(deque(maxlen=self.memory), zero, zero.copy(), nothing, np.zeros(members, bool))

    def step(self, theta: Array, gradient: Array, state: LbfgsState, evaluate: Evaluate) -> bool:
        """Take one step with a line search; see `Optimizer`. Changes `gradient` too."""
        if state.pairs.maxlen != self.memory:
            state.pairs = deque(state.pairs, self.memory)
        changed = (gradient != state.gradient).any(axis=1)
        if changed.any():
            self._forget(state, changed)
            state.stuck[changed] = False
            state.loss[:] = evaluate(np.flatnonzero(changed))
        start, slope_now = theta.copy(), gradient.copy()
        direction = -self._newton(gradient, state)
        # Rounding may turn a direction uphill.
        uphill = ~(np.vecdot(direction, gradient) < 0)
        self._forget(state, uphill)
        direction[uphill] = -gradient[uphill]

        lengths = self._search(theta, start, direction, gradient, state, evaluate)
        failed = lengths == 0
        state.stuck |= failed & (state.scale == 0)
        self._forget(state, failed)
        self._remember(theta - start, gradient - slope_now, state)
        state.gradient[:] = gradient
        return True

    def _newton(self, gradient: Array, state: LbfgsState) -> Array:
        """The inverse Hessian times the gradient, (B, P), by the two loops over past pairs."""
        q, shares = gradient.copy(), []
        for s, y, rho in reversed(state.pairs):
            share = rho * np.vecdot(s, q)
            q -= share[:, None] * y
            shares.append(share)
        q *= np.where(state.scale > 0, state.scale, 1)[:, None]
        for (s, y, rho), share in zip(state.pairs, reversed(shares), strict=True):
            q += (share - rho * np.vecdot(y, q))[:, None] * s
        return q

    def _search(
        self,
        theta: Array,
        start: Array,
        direction: Array,
        gradient: Array,
        state: LbfgsState,
        evaluate: Evaluate,
    ) -> Array:
        """Move `theta` from `start` along `direction`, with loss and gradient; the lengths found, (B,)."""
        slopes = np.vecdot(direction, gradient)
        norms = np.sqrt(np.vecdot(gradient, gradient))
        lengths = np.zeros(len(theta))
        searches: dict[int, Search] = {}
        for member in np.flatnonzero((slopes < 0) & ~state.stuck):
            # Without an inverse Hessian the direction has no scale: the first step is no longer than 1.
            length = 1.0 if state.scale[member] > 0 else min(1.0, 1 / float(norms[member]))
            search = wolfe_search(
                float(state.loss[member]),
                float(slopes[member]),
                length,
                self.decrease,
                self.curvature,
                self.trials,
            )
            searches[int(member)] = search
            lengths[member] = next(search)
        while searches:
            theta[:] = start + lengths[:, None] * direction
            losses = evaluate(np.array(list(searches)))
            slopes = np.vecdot(direction, gradient)
            for member in list(searches):
                try:
                    lengths[member] = searches[member].send((float(losses[member]), float(slopes[member])))
                except StopIteration as end:
                    lengths[member] = end.value
                    state.loss[member] = losses[member]
                    del searches[member]
        return lengths

    def _remember(self, s: Array, y: Array, state: LbfgsState) -> None:
        """Enter the last step; that of a member without positive curvature is left out."""
        curvature, square = np.vecdot(s, y), np.vecdot(y, y)
        good = curvature > np.finfo(s.dtype).eps * square
        safe = np.where(good, curvature, 1)
        state.pairs.append(Pair(s, y, np.where(good, 1 / safe, 0).astype(s.dtype)))
        state.scale[good] = (curvature / np.where(good, square, 1))[good]

    def _forget(self, state: LbfgsState, members: Array) -> None:
        """Leave out all past pairs of some members, given as (B,) bool."""
        for pair in state.pairs:
            pair.rho[members] = 0
        state.scale[members] = 0
