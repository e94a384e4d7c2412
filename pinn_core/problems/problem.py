"""What training asks of a problem."""

from __future__ import annotations

from typing import Protocol

from ..jets import Array


class Problem(Protocol):
    """A differential equation or a fit: a frozen dataclass of its settings with the following.

    The network f gives the solution u: u = f, or u = g + p f under a hard constraint. Loss terms have keys
    such as "pde"; the loss of a term is its scale times the sum of its squared residuals.
    """

    @property
    def order(self) -> int:
        """The highest derivative in the residuals; S = order + 1 streams."""

    @property
    def linear(self) -> bool:
        """Whether the residuals are linear in u, but for a constant: then their derivative never changes."""

    @property
    def sizes(self) -> dict[str, int]:
        """Number of residuals of every loss term."""

    @property
    def scales(self) -> dict[str, float]:
        """Factor of the sum of squared residuals in the loss of every term."""

    @property
    def places(self) -> dict[str, Array]:
        """For every loss term the numbers of the points, (size,): a residual depends on u at one point."""

    def points(self) -> Array:
        """Points at which the problem is posed, (N,)."""

    def grid(self) -> Array:
        """Points at which the error is measured, (G,)."""

    def exact(self, x: Array) -> Array:
        """The exact solution at x."""

    def ansatz(self, x: Array) -> tuple[Array, Array] | None:
        """None, or the streams (S, N) of g and of p at x."""

    def residuals(self, x: Array, u: Array, r: dict[str, Array]) -> None:
        """Fill the residuals r[term] (B, size) from the streams u (S, B, N) at the points x."""

    def residuals_backward(self, x: Array, u: Array, dr: dict[str, Array], du: Array) -> None:
        """Fill du (S, B, N), the gradient of the loss in u, from that in the residuals."""
