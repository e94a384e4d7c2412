"""What the widgets of the harmonic oscillator share: problem, network, some settings, and the verdict."""

import math
from typing import Any

from pinn_core import HarmonicOscillator, Mlp

from .settings import setting

# The limits of the verdicts, by verdict; nothing else knows them.
LIMITS = {"clean": 0.05, "wrong": 0.30}
CLEAN_BELOW, WRONG_FROM = LIMITS["clean"], LIMITS["wrong"]
VERDICTS = {"clean": "clean", "partly": "partly right", "wrong": "wrong"}

GRID_STRIDE = 2  # every second point of the error grid is drawn


def verdict(rel_l2: float) -> str:
    """The error in a word: "clean", "partly" or "wrong"."""
    return "clean" if rel_l2 < CLEAN_BELOW else "partly" if rel_l2 < WRONG_FROM else "wrong"


def problem(settings: Any, constraint: str) -> HarmonicOscillator:
    """The initial value problem that the settings describe."""
    return HarmonicOscillator(
        omega=settings.frequency * math.pi, n_points=settings.points, constraint=constraint
    )


def network() -> Mlp:
    """The network, the same for all settings."""
    return Mlp(widths=(1, 32, 32, 1))


def points() -> Any:
    """The setting `points`."""
    return setting(
        50,
        label="Collocation points",
        minimum=5,
        maximum=400,
        step=1,
        group="more",
        help="Uniform points in time, both ends included, at which the residual is taken.",
    )


def frequency() -> Any:
    """The setting `frequency`."""
    return setting(
        2.0,
        label="Frequency ω / π",
        minimum=0.5,
        maximum=8.0,
        step=0.5,
        group="more",
        help="The exact solution is cos(ω t) for t from 0 to 1.",
    )
