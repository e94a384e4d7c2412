"""What training asks of an optimizer, and what the optimizers share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import positive_number, whole_number
from ..jets import Array

# evaluate(members) gives the loss (B,) at `theta` as it is now, and fills `gradient`. It is called on behalf
# of the members (n,); the others come along.
Evaluate = Callable[[Array], Array]


class Optimizer(Protocol):
    """A frozen dataclass of settings with two functions; what changes from step to step is in the state."""

    def init(self, theta: Array) -> Any:
        """State before the first step, for parameters (B, P)."""

    def step(self, theta: Array, gradient: Array, state: Any, evaluate: Evaluate) -> bool:
        """Take one step: change `theta` and `state` in place.

        Returns whether `evaluate` was called, and last at the new `theta`: `gradient` is then the gradient
        there.
        """


@dataclass(frozen=True)
class DecayingRate(ABC):
    """A learning rate that falls exponentially: learning_rate * decay^(step / decay_steps).

    Parameters
    ----------
    learning_rate : step size of the first step, above 0.
    decay : factor by which the step size falls in `decay_steps` steps, above 0 and at most 1; 1 means never.
    decay_steps : see `decay`.
    """

    learning_rate: float = 1e-3
    decay: float = 1.0
    decay_steps: int = 1000

    def __post_init__(self) -> None:
        object.__setattr__(self, "learning_rate", positive_number("learning_rate", self.learning_rate, 1e6))
        object.__setattr__(self, "decay", positive_number("decay", self.decay, 1.0))
        object.__setattr__(self, "decay_steps", whole_number("decay_steps", self.decay_steps, 1, 10**9))

    @abstractmethod
    def update(self, theta: Array, gradient: Array, state: Any) -> None:
        """Take one step: change `theta` and `state` in place, and nothing else."""

    def step(self, theta: Array, gradient: Array, state: Any, evaluate: Evaluate) -> bool:  # noqa: ARG002
        """Take one step, without an evaluation; see `Optimizer`."""
        self.update(theta, gradient, state)
        return False

    def rate(self, step: int) -> float:
        """The learning rate of step 0, 1, 2 and so on."""
        return float(self.learning_rate * self.decay ** (step / self.decay_steps))
