"""The harmonic oscillator as an initial value problem."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..errors import number_between, one_of, whole_number
from ..jets import Array


@dataclass(frozen=True)
class HarmonicOscillator:
    """u'' + omega^2 u = 0 with u(0) = 1 and u'(0) = 0 for t in [0, t_end]; the solution is cos(omega t).

    Parameters
    ----------
    omega : angular frequency in radians per unit of time, above 0.
    t_end : end of the time interval, above 0.
    n_points : number N of collocation points, at least 2: uniform, with both ends. The first of them is t = 0
        and serves the initial condition too.
    constraint : "soft" makes the initial condition a loss term; "hard" builds it into the solution,
        u = 1 + t^2 network(t), and leaves one term.

    Loss terms
    ----------
    pde : mean over the points of (u'' + omega^2 u)^2.
    ic : (u(0) - 1)^2 + u'(0)^2; with the soft constraint only.
    """

    omega: float = 2 * math.pi
    t_end: float = 1.0
    n_points: int = 50
    constraint: str = "soft"

    order = 2
    linear = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "omega", number_between("omega", self.omega, 1e-6, 1e6))
        object.__setattr__(self, "t_end", number_between("t_end", self.t_end, 1e-6, 1e6))
        object.__setattr__(self, "n_points", whole_number("n_points", self.n_points, 2, 100_000))
        one_of("constraint", self.constraint, ("soft", "hard"))

    @property
    def sizes(self) -> dict[str, int]:
        """Number of residuals of every loss term."""
        return {"pde": self.n_points, "ic": 2} if self.constraint == "soft" else {"pde": self.n_points}

    @property
    def scales(self) -> dict[str, float]:
        """Factor of the sum of squared residuals in the loss of every term."""
        return {"pde": 1 / self.n_points, "ic": 1.0}

    @property
    def places(self) -> dict[str, Array]:
        """Numbers of the points at which the residuals of every loss term are."""
        return {"pde": np.arange(self.n_points), "ic": np.zeros(2, int)}

    def points(self) -> Array:
        """Collocation points, (N,)."""
        return np.linspace(0.0, self.t_end, self.n_points)

    def grid(self) -> Array:
        """Points at which the error is measured, (201,)."""
        return np.linspace(0.0, self.t_end, 201)

    def exact(self, t: Array) -> Array:
        """The solution cos(omega t)."""
        return np.cos(self.omega * t)

    def ansatz(self, t: Array) -> tuple[Array, Array] | None:
        """Streams (3, N) of g = 1 and p = t^2 in u = g + p network(t); None with the soft constraint."""
        if self.constraint == "soft":
            return None
        one, zero = np.ones_like(t), np.zeros_like(t)
        return np.stack([one, zero, zero]), np.stack([t * t, 2 * t, 2 * one])

    def residuals(self, t: Array, u: Array, r: dict[str, Array]) -> None:  # noqa: ARG002
        """Fill r, pde (B, N) and ic (B, 2), from the streams u (3, B, N)."""
        np.multiply(u[0], self.omega**2, out=r["pde"])
        np.add(r["pde"], u[2], out=r["pde"])
        if self.constraint == "soft":
            np.subtract(u[0, :, 0], 1.0, out=r["ic"][:, 0])
            r["ic"][:, 1] = u[1, :, 0]

    def residuals_backward(self, t: Array, u: Array, dr: dict[str, Array], du: Array) -> None:  # noqa: ARG002
        """Fill du (3, B, N) from dr. The residuals are linear in u, which is therefore not needed."""
        np.multiply(dr["pde"], self.omega**2, out=du[0])
        du[1] = 0.0
        du[2] = dr["pde"]
        if self.constraint == "soft":
            du[:2, :, 0] += dr["ic"].T
