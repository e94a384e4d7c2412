"""Least-squares fit of a steep step: no equation, only data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import SettingError, finite_number, number_between, whole_number
from ..jets import Array


@dataclass(frozen=True)
class FunctionFit:
    """Fit u(x) = tanh(steepness (x - centre)) on [-1, 1].

    Parameters
    ----------
    steepness : slope of the step in its centre, from 1e-6 to 1e6.
    n_points : number N of data points, at least 2: uniform, with both ends.
    centre : where the step is, between -1 and 1. With 0 the target is odd and the points are symmetric, and
        a network whose biases start at zero has bias gradients that are zero but for rounding, which Adam
        turns into full steps: runs from the same seed then differ from one processor to the next.

    Loss term
    ---------
    data : mean over the points of (u - tanh(steepness (x - centre)))^2.
    """

    steepness: float = 20.0
    n_points: int = 30
    centre: float = 0.05

    order = 0
    linear = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "steepness", number_between("steepness", self.steepness, 1e-6, 1e6))
        centre = finite_number("centre", self.centre)
        if not -1 < centre < 1:
            raise SettingError("centre", self.centre, "a number between -1 and 1")
        object.__setattr__(self, "centre", centre)
        object.__setattr__(self, "n_points", whole_number("n_points", self.n_points, 2, 100_000))

    @property
    def sizes(self) -> dict[str, int]:
        """Number of residuals of every loss term."""
        return {"data": self.n_points}

    @property
    def scales(self) -> dict[str, float]:
        """Factor of the sum of squared residuals in the loss of every term."""
        return {"data": 1 / self.n_points}

    @property
    def places(self) -> dict[str, Array]:
        """Numbers of the points at which the residuals of every loss term are."""
        return {"data": np.arange(self.n_points)}

    def points(self) -> Array:
        """Data points, (N,)."""
        return np.linspace(-1.0, 1.0, self.n_points)

    def grid(self) -> Array:
        """Points at which the error is measured, (201,)."""
        return np.linspace(-1.0, 1.0, 201)

    def exact(self, x: Array) -> Array:
        """The function to fit."""
        return np.tanh(self.steepness * (x - self.centre))

    def ansatz(self, x: Array) -> tuple[Array, Array] | None:  # noqa: ARG002
        """None: there is no hard constraint."""
        return None

    def residuals(self, x: Array, u: Array, r: dict[str, Array]) -> None:
        """Fill r, data (B, N), from the stream u (1, B, N)."""
        np.subtract(u[0], self.exact(x), out=r["data"])

    def residuals_backward(self, x: Array, u: Array, dr: dict[str, Array], du: Array) -> None:  # noqa: ARG002
        """Fill du (1, B, N) from dr."""
        du[0] = dr["data"]
