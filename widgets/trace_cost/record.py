"""Recorded measurements: the presets, and the difference of the two ways over seeds and networks."""

from collections.abc import Callable
from typing import Any

from .recipe import PRESETS, Settings, difference_of, run

N_SEEDS = 10
SHAPES = ((1, 8), (1, 32), (2, 16), (2, 32), (3, 16), (3, 24))  # depth and width


def record(parallel: Callable[..., list[Any]]) -> dict[str, Any]:
    """Measure every preset, one after the other so that none disturbs another; then compare over seeds.

    Returns
    -------
    dict with "runs", each a measurement in wire form with its "settings", and "ensembles" by name:
    "settings", "depth" and "width" (D,), "seeds" (S,) and "difference" (D, S).
    """
    runs = parallel(measured, [(list(PRESETS.values()),)])[0]
    differences = parallel(differences_of, list(SHAPES))
    ensemble = {
        "settings": Settings().as_dict(),
        "depth": [depth for depth, _ in SHAPES],
        "width": [width for _, width in SHAPES],
        "seeds": list(range(N_SEEDS)),
        "difference": differences,
    }
    return {"runs": runs, "ensembles": {"default": ensemble}}


def measured(presets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The measurements of some presets in wire form with their settings."""
    runs = []
    for preset in presets:
        settings = Settings(**preset)
        wire = next(state for state in run(settings) if state is not None)
        runs.append({"settings": settings.as_dict(), **wire})
    return runs


def differences_of(depth: int, width: int) -> list[float]:
    """The difference of the two ways for every seed."""
    return [difference_of(Settings(depth=depth, width=width, seed=seed)) for seed in range(N_SEEDS)]
