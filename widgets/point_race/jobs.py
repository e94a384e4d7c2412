"""What is recorded of the point race: the lanes of every preset, single and over seeds, and ensembles."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from pinn_core import Snapshot

from ..runs.following import Wire
from ..runs.jobs import Job, drawn, joined, late, over_seeds
from ..runs.races import Lane, assembled, shared_lanes, trained_lane, with_every_scheme
from .recipe import (
    EPOCHS_PER_SNAPSHOT,
    FAST_ASCENT,
    PRESETS,
    RACE,
    Settings,
    lane_of,
    observe,
    problem_of,
    split,
)

N_SEEDS = 40
N_SEEDS_SHOWN = (1, 10)
SNAPSHOTS_SHOWN = 25
LATER = (1000, 2000, 5000)

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
    "square": ("self_adaptive", {"mask": "square", "ascent": "adam", "ascent_rate": 5e-3}),
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


def jobs(first_seed: int = 0) -> list[Job]:
    """All jobs. The races that the page shows have the default seed, whatever the first of the ensembles."""
    shown = {job.name: job for of_race in shown_jobs().values() for job in of_race.values()}
    return [*shown.values(), *(job for name in ENSEMBLES for job in ensemble_jobs(name, first_seed))]


def shown_jobs() -> dict[Settings, dict[str, Job]]:
    """The job of every lane of every race on show; lanes that are the same in two races share one."""
    races = [
        with_every_scheme(Settings, preset | {"n_seeds": n_seeds})
        for n_seeds in N_SEEDS_SHOWN
        for preset in PRESETS.values()
    ]
    return shared_lanes(RACE, races, train_shown)


def ensemble_jobs(name: str, first_seed: int) -> list[Job]:
    """The jobs of one ensemble."""
    scheme, changes = ENSEMBLES[name]
    return over_seeds(name, train_seeds, {"scheme": scheme, "changes": changes}, N_SEEDS, first_seed)


def recording(results: Mapping[str, Wire], first_seed: int = 0) -> dict[str, Any]:
    """What the jobs have found, put together.

    Returns
    -------
    dict with "runs", races of all schemes in wire form with their "settings", and "ensembles" by name:
    "settings", "scheme", "seeds" (S,), and what `measure` gives, all (S,).
    """
    runs = [
        assembled(RACE, settings, {name: results[job.name] for name, job in lanes.items()})
        for settings, lanes in shown_jobs().items()
    ]
    ensembles = {
        name: {
            "settings": Settings(**changes).as_dict(),
            "scheme": scheme,
            "seeds": list(range(first_seed, first_seed + N_SEEDS)),
            **joined(ensemble_jobs(name, first_seed), results),
        }
        for name, (scheme, changes) in ENSEMBLES.items()
    }
    return {"runs": runs, "ensembles": ensembles}


def train_shown(*, changes: Mapping[str, Any], scheme: str, stop: int | None = None) -> Wire:
    """One lane of a race in wire form, slim enough for a page to fetch."""
    settings = with_every_scheme(Settings, changes)
    return drawn(trained_lane(RACE, settings, scheme, settings.epochs // SNAPSHOTS_SHOWN, stop))


def train_seeds(
    *, scheme: str, changes: Mapping[str, Any], seeds: list[int], stop: int | None = None
) -> Wire:
    """What `measure` says of some seeds of one scheme, each (S,)."""
    settings = Settings(**changes)
    return follow(lane_of(settings, scheme), settings, seeds, stop)


def follow(lane: Lane, settings: Settings, seeds: list[int], stop: int | None = None) -> Wire:
    """What `measure` says of some seeds of one lane, each (S,)."""
    observed: dict[str, list[np.ndarray]] = {}
    least_step = np.full(len(seeds), np.inf)
    before = None
    last: Any = None
    for last in lane.train(seeds, settings.epochs, EPOCHS_PER_SNAPSHOT):
        for name, value in observe(last).items():
            observed.setdefault(name, []).append(value)
        if last.point_weights is not None:
            weights = last.point_weights["data"]
            if before is not None:
                least_step = np.minimum(least_step, (weights - before).min(axis=1))
            before = weights
        if stop is not None and last.epoch >= stop:
            break
    history = {name: np.stack(values, axis=-1) for name, values in observed.items()}
    return measure(last, settings, history, least_step)


def measure(
    last: Snapshot, settings: Settings, history: Mapping[str, np.ndarray], least_step: np.ndarray
) -> dict[str, np.ndarray]:
    """What the prose needs of every member, each (S,).

    On the grid, as the median over the last quarter of training: "rel_l2_late", and what `observe` gives, the
    mean residual "centre" and "outer", the "ratio" of these two and the "largest" residual. Of the weights of
    the points at the end, if they vary: the means "weight_centre" and "weight_outer", "weight_climb" of the
    two points closest to the middle of the climb and "weight_beside" of the two next to them,
    "weight_smallest" and "weight_largest", and "weight_least_step", the smallest change from one snapshot to
    the next of any weight at any time.

    Parameters
    ----------
    history : (S, T) by name, what was observed at every snapshot.
    least_step : (S,), see "weight_least_step".
    """
    measured = {"rel_l2_late": late(last.rel_l2), **{name: late(values) for name, values in history.items()}}
    if last.point_weights is not None:
        weights, problem = last.point_weights["data"], problem_of(settings)
        inner, outside = split(problem.points(), weights)
        nearest = np.argsort(np.abs(problem.points() - problem.centre))
        measured |= {
            "weight_centre": inner,
            "weight_outer": outside,
            "weight_climb": weights[:, nearest[:2]].mean(axis=1),
            "weight_beside": weights[:, nearest[2:4]].mean(axis=1),
            "weight_smallest": weights.min(axis=1),
            "weight_largest": weights.max(axis=1),
            "weight_least_step": least_step,
        }
    return measured
