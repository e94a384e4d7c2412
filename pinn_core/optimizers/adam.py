"""Adam."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..errors import SettingError, non_negative_number, positive_number
from ..jets import Array
from .optimizer import DecayingRate


@dataclass
class AdamState:
    """Number of steps taken, sums over past gradients and their squares, array for intermediate results."""

    step: int
    gradients: Array
    squares: Array
    scratch: Array


@dataclass(frozen=True)
class Adam(DecayingRate):
    """Adam: a step along the mean past gradient, divided by the root of the mean past square.

    Parameters
    ----------
    learning_rate, decay, decay_steps : see `DecayingRate`.
    keep_gradient, keep_square : share of the old mean that every step keeps, from 0 to below 1.
    epsilon : added to the root, above 0.

    Source
    ------
    Kingma and Ba (2015), algorithm 1. Ours keeps sums in place of means, M = sum_j keep^j g and V = sum_j
    keep^j g^2. The missing factors (1 - keep) / (1 - keep^step), bias correction included, are two numbers.
    """

    keep_gradient: float = 0.9
    keep_square: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("keep_gradient", "keep_square"):
            keep = non_negative_number(name, getattr(self, name))
            if keep >= 1:
                raise SettingError(name, keep, "a number from 0 to below 1")
            object.__setattr__(self, name, keep)
        object.__setattr__(self, "epsilon", positive_number("epsilon", self.epsilon, 1.0))

    def init(self, theta: Array) -> AdamState:
        """State before the first step, for parameters (B, P)."""
        return AdamState(0, np.zeros_like(theta), np.zeros_like(theta), np.empty_like(theta))

    def update(self, theta: Array, gradient: Array, state: AdamState) -> None:
        """Take one step: change `theta` and `state` in place."""
        rate = self.rate(state.step)
        state.step += 1
        mean = (1 - self.keep_gradient) / (1 - self.keep_gradient**state.step)
        root = math.sqrt((1 - self.keep_square) / (1 - self.keep_square**state.step))
        sums, squares, scratch = state.gradients, state.squares, state.scratch

        np.multiply(sums, self.keep_gradient, out=sums)
        np.add(sums, gradient, out=sums)
        np.multiply(squares, self.keep_square, out=squares)
        np.multiply(gradient, gradient, out=scratch)
        np.add(squares, scratch, out=squares)

        # theta - rate * mean M / (root sqrt(V) + epsilon), both sides of the fraction divided by root
        np.sqrt(squares, out=scratch)
        np.add(scratch, self.epsilon / root, out=scratch)
        np.divide(sums, scratch, out=scratch)
        np.multiply(scratch, rate * mean / root, out=scratch)
        np.subtract(theta, scratch, out=theta)
