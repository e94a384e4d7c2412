"""Gradient descent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..jets import Array
from .optimizer import DecayingRate


@dataclass
class GradientDescentState:
    """Number of steps taken, and an array for intermediate results."""

    step: int
    scratch: Array


@dataclass(frozen=True)
class GradientDescent(DecayingRate):
    """theta <- theta - rate * gradient.

    Parameters
    ----------
    learning_rate, decay, decay_steps : see `DecayingRate`.
    """

    def init(self, theta: Array) -> GradientDescentState:
        """State before the first step, for parameters (B, P)."""
        return GradientDescentState(0, np.empty_like(theta))

    def update(self, theta: Array, gradient: Array, state: GradientDescentState) -> None:
        """Take one step: change `theta` and `state` in place."""
        np.multiply(gradient, self.rate(state.step), out=state.scratch)
        np.subtract(theta, state.scratch, out=theta)
        state.step += 1
