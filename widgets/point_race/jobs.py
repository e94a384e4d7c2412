"""What is recorded of the point race: the lanes of every preset, single and over seeds, and ensembles."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from pinn_core import Snapshot

from ..runs.following import Wire
from ..runs.jobs import Job, drawn, joined, late, over_seeds
from ..runs.races import OPENING, Lane, assembled, shared_lanes, trained_lane, with_every_scheme
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


@dataclasses.dataclass(frozen=True)
class Ensemble:
    """Runs of one scheme over seeds, for the prose.

    Parameters
    ----------
    scheme : name of the lane.
    changes : settings that differ from the default ones.
    network : parts of the network, which no setting gives, that differ from those of the lane.
    """

    scheme: str
    changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    network: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def jobs(self, name: str, first_seed: int) -> list[Job]:
        """The jobs of this ensemble, `name` in `ENSEMBLES`."""
        arguments = {"scheme": self.scheme, "changes": dict(self.changes)}
        if self.network:
            arguments["network"] = dict(self.network)
        return over_seeds(name, train_seeds, arguments, N_SEEDS, first_seed, OPENING)


ENSEMBLES = {
    "default": Ensemble("uniform"),
    "dense": Ensemble("uniform", {"points": 300}),
    "patient": Ensemble("uniform", {"epochs": 2000}),
    "sparse": Ensemble("uniform", {"points": 8, "epochs": 2000}),
    "gradient_norm": Ensemble("gradient_norm"),
    "loss_gradient": Ensemble("gradient_norm", {"denominator": "loss_gradient"}),
    "masks_low": Ensemble("self_adaptive"),
    "masks_zero": Ensemble("self_adaptive", {"gamma0": 0}),
    "square": Ensemble("self_adaptive", {"mask": "square", "ascent": "adam", "ascent_rate": 5e-3}),
    "attention": Ensemble("attention"),
    "wide": Ensemble("uniform", {"width": FAST_ASCENT["width"]}),
    "wide_later": Ensemble("uniform", {"width": FAST_ASCENT["width"], "epochs": 1000}),
    "fast": Ensemble("self_adaptive", FAST_ASCENT),
    "fast_later": Ensemble("self_adaptive", FAST_ASCENT | {"epochs": 1000}),
}
for epochs in (1000, 2000, 5000):
    ENSEMBLES |= {
        f"{name}_{epochs}": dataclasses.replace(
            ENSEMBLES[name], changes={**ENSEMBLES[name].changes, "epochs": epochs}
        )
        for name in ("default", "masks_low", "masks_zero", "attention")
    }

# What else the conclusions about the schemes are asked on, by the end of an ensemble's name.
ELSEWHERE: dict[str, dict[str, Any]] = {
    "torch": {"network": {"initializer": "torch_uniform"}},
    "lecun": {"network": {"initializer": "lecun_normal"}},
    "deep": {"network": {"widths": [1, 16, 16, 16, 1]}},
    "rate": {"changes": {"learning_rate": 3e-2}},
}
for suffix, place in ELSEWHERE.items():
    ENSEMBLES |= {
        f"{name}_{suffix}": dataclasses.replace(ENSEMBLES[name], **place)
        for name in ("default", "gradient_norm", "masks_low", "attention")
    }


def jobs(first_seed: int = 0) -> list[Job]:
    """All jobs. The races that the page shows have the default seed, whatever the first of the ensembles."""
    shown = {job.name: job for of_race in shown_jobs().values() for job in of_race.values()}
    return [*shown.values(), *(job for name, one in ENSEMBLES.items() for job in one.jobs(name, first_seed))]


def shown_jobs() -> dict[Settings, dict[str, Job]]:
    """The job of every lane of every race on show; lanes that are the same in two races share one."""
    races = [
        with_every_scheme(Settings, preset | {"n_seeds": n_seeds})
        for n_seeds in N_SEEDS_SHOWN
        for preset in PRESETS.values()
    ]
    return shared_lanes(RACE, races, train_shown)


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
            "settings": Settings(**one.changes).as_dict(),
            "scheme": one.scheme,
            "seeds": list(range(first_seed, first_seed + N_SEEDS)),
            **joined(one.jobs(name, first_seed), results),
        }
        for name, one in ENSEMBLES.items()
    }
    return {"runs": runs, "ensembles": ensembles}


def train_shown(*, changes: Mapping[str, Any], scheme: str, stop: int | None = None) -> Wire:
    """One lane of a race in wire form, slim enough for a page to fetch."""
    settings = with_every_scheme(Settings, changes)
    return drawn(trained_lane(RACE, settings, scheme, settings.epochs // SNAPSHOTS_SHOWN, stop))


def train_seeds(
    *,
    scheme: str,
    changes: Mapping[str, Any],
    seeds: list[int],
    network: Mapping[str, Any] | None = None,
    stop: int | None = None,
) -> Wire:
    """What `measure` says of some seeds of one scheme, each (S,)."""
    settings = Settings(**changes)
    lane = lane_of(settings, scheme)
    changed = dataclasses.replace(lane.network, **(network or {}))
    return follow(dataclasses.replace(lane, network=changed), settings, seeds, stop)


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
