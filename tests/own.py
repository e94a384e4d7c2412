# ruff: noqa: ARG002, RUF012 -- classes as a reader writes them
"""A problem, a network, an optimiser and a scheme as a reader writes them, in no registry."""

from typing import Any

import numpy as np

from pinn_core import Mlp
from pinn_core.weighting import WeightState

NETWORK = Mlp((1, 4, 1))


class Line:
    """The fit of a straight line: a problem that works with any number of streams."""

    order, linear = 0, True
    sizes: Any = {"data": 3}
    scales: Any = {"data": 1.0}
    places: Any = {"data": np.arange(3)}

    def points(self) -> Any:
        return np.array([0.0, 0.5, 1.0])

    def grid(self) -> Any:
        return np.array([0.25, 0.75])

    def exact(self, x: Any) -> Any:
        return x

    def ansatz(self, x: Any) -> Any:
        return None

    def residuals(self, x: Any, u: Any, r: Any) -> Any:
        r["data"][:] = u[0] - x

    def residuals_backward(self, x: Any, u: Any, dr: Any, du: Any) -> Any:
        du[:] = 0
        du[0] = dr["data"]


class Net:
    """The network of the tests in an object of another class."""

    widths: Any = NETWORK.widths
    n_parameters: Any = NETWORK.n_parameters

    def init(self, seed: int) -> Any:
        return NETWORK.init(seed)

    def layers(self, theta: Any) -> Any:
        return NETWORK.layers(theta)

    def blocks(self) -> Any:
        return NETWORK.blocks()


class Descent:
    """Gradient descent."""

    def init(self, theta: Any) -> Any:
        return None

    def step(self, theta: Any, gradient: Any, state: Any, evaluate: Any) -> Any:
        theta -= 1e-3 * gradient
        return False


class Scheme:
    """Weights that stay."""

    refresh: Any = 1
    until: Any = None

    def init(self, sizes: Any, members: Any) -> Any:
        return WeightState({term: np.ones(members or 1) for term in sizes})

    def update(self, state: Any, measures: Any, epoch: int) -> Any:
        return None


def own(thing: Any, **members: Any) -> Any:
    """The same object with other members."""
    vars(thing).update(members)
    return thing


def put(state: Any, part: str, value: Any) -> Any:
    """The state with a value in one part, "terms" or "terms.data" for example."""
    name, _, term = part.partition(".")
    if term:
        setattr(state, name, {**(getattr(state, name) or {}), term: value})
    else:
        setattr(state, name, value)
    return state
