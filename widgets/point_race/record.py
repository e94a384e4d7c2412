"""Recorded runs of the point race: one whole run, and ensembles over seeds."""

from collections.abc import Callable
from typing import Any

import numpy as np

from pinn_core import train

from .recipe import Settings, network_of, optimizer_of, problem_of, split, weighting_of, wire

N_SEEDS = 24

# name: settings that differ from the default ones
ENSEMBLES: dict[str, dict[str, Any]] = {
    "default": {},
    "dense": {"points": 300},
    "patient": {"epochs": 2000},
    "sparse": {"points": 8, "epochs": 2000},
}


def record(parallel: Callable[..., list[Any]]) -> dict[str, Any]:
    """Train every ensemble; keep the whole run of the first seed for the first picture.

    Returns
    -------
    dict with "runs", the run of the first seed in wire form with its "settings", and "ensembles" by name:
    "settings", "seeds" (S,), and after training "rel_l2", the "largest" residual, the mean residual "centre"
    and "outer", and the "ratio" of these two, each (S,).
    """
    parts = parallel(train_job, [(name,) for name in ENSEMBLES])
    ensembles = dict(zip(ENSEMBLES, (part["ensemble"] for part in parts), strict=True))
    return {"runs": parts[list(ENSEMBLES).index("default")]["runs"], "ensembles": ensembles}


def train_job(name: str) -> dict[str, Any]:
    """Train all seeds of one ensemble as one batch."""
    settings = Settings(**ENSEMBLES[name])
    *_, last = train(
        problem_of(settings),
        network_of(settings),
        optimizer_of(settings),
        weighting_of(settings),
        seeds=range(N_SEEDS),
        epochs=settings.epochs,
        every=10,
    )
    residual = np.abs(last.prediction - last.exact)
    centre, outer = np.transpose([split(last.grid, row) for row in residual])
    return {
        "runs": [{"settings": settings.as_dict(), **wire(last, settings, member=settings.seed)}],
        "ensemble": {
            "settings": settings.as_dict(),
            "seeds": list(range(N_SEEDS)),
            "rel_l2": last.rel_l2[:, -1],
            "largest": residual.max(axis=1),
            "centre": centre,
            "outer": outer,
            "ratio": centre / outer,
        },
    }
