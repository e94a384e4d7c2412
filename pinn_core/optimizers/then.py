"""One optimizer after another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..contracts import OPTIMIZER, require
from ..errors import whole_number
from ..jets import Array
from .adam import Adam
from .lbfgs import Lbfgs
from .optimizer import Evaluate, Optimizer


@dataclass
class ThenState:
    """Number of steps taken; the optimizer in charge, by its place and class, and its state."""

    step: int
    charge: tuple[bool, type] | None = None
    inner: Any = None


@dataclass(frozen=True)
class Then:
    """Take `epochs` steps with one optimizer and all later steps with another, for example Adam and then
    L-BFGS.

    Parameters
    ----------
    first, second : the optimizers.
    epochs : steps with the first, at least 1.
    """

    first: Optimizer = field(default_factory=Adam)
    epochs: int = 2000
    second: Optimizer = field(default_factory=Lbfgs)

    def __post_init__(self) -> None:
        object.__setattr__(self, "epochs", whole_number("epochs", self.epochs, 1, 10**7))
        for name in ("first", "second"):
            require(name, getattr(self, name), OPTIMIZER)

    def init(self, theta: Array) -> ThenState:  # noqa: ARG002
        """State before the first step, for parameters (B, P)."""
        return ThenState(0)

    def step(self, theta: Array, gradient: Array, state: ThenState, evaluate: Evaluate) -> bool:
        """Take one step with the optimizer in charge; see `Optimizer`."""
        is_first = state.step < self.epochs
        optimizer = self.first if is_first else self.second
        if state.charge != (is_first, type(optimizer)):
            state.charge, state.inner = (is_first, type(optimizer)), optimizer.init(theta)
        state.step += 1
        return optimizer.step(theta, gradient, state.inner, evaluate)
