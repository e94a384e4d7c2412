"""Self-adaptive masks: one trainable weight for every residual, which climbs while the network descends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import Registry, SettingError, finite_number, one_of, positive_number
from ..jets import Array
from ..measures import Measures
from .scheme import Refreshed, WeightState, equal_points, equal_weights


def sigmoid(gamma: Array) -> tuple[Array, Array]:
    """m = 1 / (1 + exp(-gamma)) and its derivative m (1 - m)."""
    m = 0.5 * (1 + np.tanh(0.5 * gamma))
    return m, m * (1 - m)


def square(gamma: Array) -> tuple[Array, Array]:
    """m = gamma^2 and its derivative."""
    return gamma * gamma, 2 * gamma


MASKS = Registry("weighting.mask", {"sigmoid": sigmoid, "square": square})
ASCENTS = ("plain", "adam")


@dataclass(frozen=True)
class SelfAdaptiveWeights(Refreshed):
    """Weight of a residual: the mask m(gamma_i), with gamma climbing the loss that theta descends.

    Parameters
    ----------
    refresh, until : see `Refreshed`. The masks climb every step by default, and stand still during L-BFGS in
        the paper.
    mask : "sigmoid", or "square" for gamma^2.
    gamma0 : gamma at the start. Above 0 for the square, which does not move from 0 and falls below it.
    ascent : "plain" for gamma <- gamma + rate dL/dgamma; "adam" for Adam with the settings of its paper.
    rate : step size of the ascent, above 0.

    Both climb at the same time: the step of theta uses the masks before their step, and the other way round.
    The derivative dL/dgamma_i = m'(gamma_i) scale r_i^2 is never negative, so that masks only rise.

    Source
    ------
    McClenny, Braga-Neto (2023), J. Comput. Phys. 474, 111722.

    Variant
    -------
    The paper allows any non-negative and increasing mask, without a factor that we drop: it has half the
    squares. Its public code has the square, and Adam with rate 5e-3 for gamma.
    """

    refresh: int = 1
    mask: str = "sigmoid"
    gamma0: float = 0.0
    ascent: str = "plain"
    rate: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        MASKS[self.mask]
        object.__setattr__(self, "gamma0", finite_number("weighting.gamma0", self.gamma0))
        if self.mask == "square" and self.gamma0 <= 0:
            raise SettingError("weighting.gamma0", self.gamma0, "a number above 0 with the square mask")
        one_of("weighting.ascent", self.ascent, ASCENTS)
        object.__setattr__(self, "rate", positive_number("weighting.rate", self.rate, 1e6))

    def init(self, sizes: Mapping[str, int], members: int | None) -> WeightState:
        """The masks of gamma0; see `scheme.Weighting`."""
        gamma = equal_points(sizes, members, self.gamma0)
        memory = {"gamma": gamma}
        if self.ascent == "adam":
            memory |= {name: equal_points(sizes, members, 0.0) for name in ("mean", "mean_square")}
        points = {term: MASKS[self.mask](value)[0] for term, value in gamma.items()}
        return WeightState(equal_weights(sizes, members), points, memory=memory)

    def update(self, state: WeightState, measures: Measures, epoch: int) -> None:  # noqa: ARG002
        """Put the masks of gamma in force, then move gamma."""
        assert state.points is not None
        state.updates += 1
        for term, gamma in state.memory["gamma"].items():
            state.points[term][:], slope = MASKS[self.mask](gamma)
            residuals = measures.residuals[term].astype(float)
            gradient = measures.scales[term] * slope * residuals * residuals
            if self.ascent == "adam":
                gamma += self.rate * self._adam(state, term, gradient)
            else:
                gamma += self.rate * gradient

    def _adam(self, state: WeightState, term: str, gradient: Array) -> Array:
        """The direction of Adam's next step with a unit rate. Source: Kingma and Ba (2015), algorithm 1."""
        mean, square = state.memory["mean"][term], state.memory["mean_square"][term]
        mean += 0.1 * (gradient - mean)
        square += 0.001 * (gradient * gradient - square)
        corrected = np.sqrt(square / (1 - 0.999**state.updates))
        return mean / (1 - 0.9**state.updates) / (corrected + 1e-8)
