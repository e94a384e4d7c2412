"""Recorded runs of the point race: every preset with one seed and with ten, and ensembles for the prose."""

from collections.abc import Callable
from typing import Any

import numpy as np

from pinn_core import Snapshot

from ..build.archive import to_plain
from ..runs.races import with_every_scheme
from .recipe import (
    EPOCHS_PER_SNAPSHOT,
    FAST_ASCENT,
    PRESETS,
    Settings,
    lane_of,
    observe,
    problem_of,
    run,
    split,
)

N_SEEDS = 24
N_SEEDS_SHOWN = (1, 10)
LATER = (1000, 2000, 5000)

# What is kept of a recorded run: enough to draw it.
DIGITS, DIGITS_DRAWN = 4, 3
GRID_STRIDE = 2
MOST_SNAPSHOTS = 26

# name: scheme, and settings that differ from the default ones
ENSEMBLES: dict[str, tuple[str, dict[str, Any]]] = {
    "default": ("uniform", {}),
    "dense": ("uniform", {"points": 300}),
    "patient": ("uniform", {"epochs": 2000}),
    "sparse": ("uniform", {"points": 8, "epochs": 2000}),
    "gradient_norm": ("gradient_norm", {}),
    "loss_gradient": ("gradient_norm", {"denominator": "loss_gradient"}),
    "masks_low": ("self_adaptive", {}),
    "masks_zero": ("self_adaptive", {"gamma0": 0}),
    "square": ("self_adaptive", PRESETS["Square mask"]),
    "attention": ("attention", {}),
    "wide": ("uniform", {"width": FAST_ASCENT["width"]}),
    "wide_later": ("uniform", {"width": FAST_ASCENT["width"], "epochs": 1000}),
    "fast": ("self_adaptive", FAST_ASCENT),
    "fast_later": ("self_adaptive", FAST_ASCENT | {"epochs": 1000}),
}
for epochs in LATER:
    ENSEMBLES |= {
        f"default_{epochs}": ("uniform", {"epochs": epochs}),
        f"masks_low_{epochs}": ("self_adaptive", {"epochs": epochs}),
        f"masks_zero_{epochs}": ("self_adaptive", {"gamma0": 0, "epochs": epochs}),
        f"attention_{epochs}": ("attention", {"epochs": epochs}),
    }


def record(parallel: Callable[..., list[Any]]) -> dict[str, Any]:
    """Train every preset with all schemes, whichever of them it shows, and every ensemble.

    Returns
    -------
    dict with "runs", races in wire form with their "settings", and "ensembles" by name: "settings", "scheme",
    "seeds" (S,), and what `measure` gives, all (S,).
    """
    settings = [changes for n_seeds in N_SEEDS_SHOWN for changes in distinct(n_seeds)]
    # the longest first, so that no core ends alone with it
    settings.sort(key=lambda changes: -changes["epochs"] * changes["n_seeds"])
    names = sorted(ENSEMBLES, key=lambda name: -ENSEMBLES[name][1].get("epochs", 0))
    runs = parallel(race_job, [(changes,) for changes in settings])
    ensembles = dict(zip(names, parallel(ensemble_job, [(name,) for name in names]), strict=True))
    runs.sort(key=lambda one: (one["settings"]["n_seeds"], one["settings"]["epochs"]))
    return {"runs": runs, "ensembles": {name: ensembles[name] for name in ENSEMBLES}}


def distinct(n_seeds: int) -> list[dict[str, Any]]:
    """The settings of all presets, each once, with every scheme switched on."""
    found: list[dict[str, Any]] = []
    for preset in PRESETS.values():
        settings = with_every_scheme(Settings, preset | {"n_seeds": n_seeds}).as_dict()
        if settings not in found:
            found.append(settings)
    return found


def race_job(changes: dict[str, Any]) -> dict[str, Any]:
    """One whole race, slim enough for a page to fetch."""
    settings = Settings(**changes)
    last = [state for state in run(settings) if state is not None][-1]
    for one in last["runs"].values():
        one["series"] = {name: thinned(values) for name, values in one["series"].items()}
        one["curve"] = {name: values[::GRID_STRIDE] for name, values in one["curve"].items()}
        for name in set(one) - {"result"}:
            one[name] = to_plain(one[name], DIGITS_DRAWN)
    return to_plain({"settings": settings.as_dict(), **last}, DIGITS)


def thinned(values: np.ndarray) -> np.ndarray:
    """At most `MOST_SNAPSHOTS` of a series, evenly spaced, with both ends."""
    stride = -(-(len(values) - 1) // (MOST_SNAPSHOTS - 1))
    return values[::-stride][::-1]


def ensemble_job(name: str) -> dict[str, Any]:
    """Train all seeds of one ensemble as one batch."""
    scheme, changes = ENSEMBLES[name]
    settings = Settings(**changes)
    lane = lane_of(settings, scheme)
    training = lane.train(range(N_SEEDS), settings.epochs, EPOCHS_PER_SNAPSHOT)
    least_step = np.full(N_SEEDS, np.inf)
    before = None
    for last in training:
        if last.point_weights is not None:
            weights = last.point_weights["data"]
            if before is not None:
                least_step = np.minimum(least_step, (weights - before).min(axis=1))
            before = weights
    ensemble = {"settings": settings.as_dict(), "scheme": scheme, "seeds": list(range(N_SEEDS))}
    return to_plain(ensemble | measure(last, settings, least_step), DIGITS)


def measure(last: Snapshot, settings: Settings, least_step: np.ndarray) -> dict[str, np.ndarray]:
    """What the prose needs of every member, each (S,).

    On the grid: "rel_l2", the "largest" residual, the mean residual "centre" and "outer", and the "ratio" of
    these two. Of the weights of the points, if they vary: the means "weight_centre" and "weight_outer",
    "weight_middle" of the two points in the middle of the climb, "weight_smallest" and "weight_largest", and
    "weight_least_step", the smallest change from one snapshot to the next of any weight at any time.
    """
    measured = {
        "rel_l2": last.rel_l2[:, -1],
        "largest": np.abs(last.prediction - last.exact).max(axis=1),
        **observe(last),
    }
    if last.point_weights is not None:
        weights, x = last.point_weights["data"], problem_of(settings).points()
        inner, outside = split(x, weights)
        measured |= {
            "weight_centre": inner,
            "weight_outer": outside,
            "weight_middle": weights[:, np.argsort(np.abs(x))[:2]].mean(axis=1),
            "weight_smallest": weights.min(axis=1),
            "weight_largest": weights.max(axis=1),
            "weight_least_step": least_step,
        }
    return measured
