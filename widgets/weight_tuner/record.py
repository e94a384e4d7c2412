"""Recorded runs of the weight tuner: one run per position of the slider, and ensembles over seeds."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from pinn_core import Mlp, Snapshot, train

from .recipe import Settings, network_of, optimizer_of, problem_of, weighting_of, wire

EPOCHS_PER_SNAPSHOT = 40
WEIGHTS_PER_JOB = 3


def decades(step: float) -> list[float]:
    """The weights from 1e-3 to 1e5, `step` decades apart."""
    return [float(f"{10.0**exponent:.6g}") for exponent in np.arange(-3.0, 5.0 + step / 2, step)]


@dataclasses.dataclass(frozen=True)
class Ensemble:
    """Runs with the same settings, over weights and seeds.

    Parameters
    ----------
    changes : settings that differ from the default ones.
    weights : weights of the initial condition.
    n_seeds : the seeds are 0, 1, and so on.
    network : in place of the widget's own.
    """

    changes: dict[str, Any]
    weights: list[float]
    n_seeds: int = 8
    network: Mlp | None = None


ENSEMBLES = {
    "patient": Ensemble({"epochs": 20000}, [1.0, 10.0]),
    "default": Ensemble({}, decades(0.25), n_seeds=10),
    "slow": Ensemble({"learning_rate": 1e-3}, decades(0.5)),
    "half_frequency": Ensemble({"frequency": 1.0}, decades(1.0)),
    "double_frequency": Ensemble({"frequency": 4.0}, decades(1.0)),
    "hard": Ensemble({"constraint": "hard"}, [1.0], n_seeds=10),
    "second_order": Ensemble({"optimizer": "lbfgs", "epochs": 1000}, [1.0]),
    # what is often tried before the weight: step size, points, network
    "fast": Ensemble({"learning_rate": 1e-2}, [1.0]),
    "few_points": Ensemble({"points": 20}, [1.0]),
    "many_points": Ensemble({"points": 200}, [1.0]),
    "wide": Ensemble({}, [1.0], network=Mlp(widths=(1, 64, 64, 1))),
    "deep": Ensemble({}, [1.0], network=Mlp(widths=(1, 32, 32, 32, 1))),
}
WITH_RUNS = ("default", "hard")

# The first epochs at equal weights, epoch by epoch: name of the ensemble whose settings they take.
OPENINGS = ("default", "half_frequency")
OPENING_SEEDS = 24
OPENING_EPOCHS = 200
EARLY_EPOCHS = 40


def record(parallel: Callable[..., list[Any]]) -> dict[str, Any]:
    """Train every ensemble; keep the whole runs of the first seed where the slider can show them.

    Returns
    -------
    dict with "runs", each a run in wire form with its "settings"; "ensembles" by name: "settings", "lam_ic"
    (W,), "seeds" (S,) and what `measure` gives, all (W, S); and "openings" by name: what `opening_job` gives.
    """
    jobs = [
        (name, ensemble.weights[first : first + WEIGHTS_PER_JOB])
        for name, ensemble in ENSEMBLES.items()
        for first in range(0, len(ensemble.weights), WEIGHTS_PER_JOB)
    ]
    parts = parallel(train_job, jobs)
    recording: dict[str, Any] = {"runs": [], "ensembles": {}}
    for name, ensemble in ENSEMBLES.items():
        mine = [part for (owner, _), part in zip(jobs, parts, strict=True) if owner == name]
        measured = {
            key: np.concatenate([part["measured"][key] for part in mine]) for key in mine[0]["measured"]
        }
        recording["ensembles"][name] = {
            "settings": Settings(**ensemble.changes).as_dict(),
            "lam_ic": ensemble.weights,
            "seeds": list(range(ensemble.n_seeds)),
            **measured,
        }
        recording["runs"] += [run for part in mine for run in part["runs"]]
    openings = parallel(opening_job, [(name,) for name in OPENINGS])
    recording["openings"] = dict(zip(OPENINGS, openings, strict=True))
    return recording


def train_job(name: str, weights: list[float]) -> dict[str, Any]:
    """Train the seeds of one ensemble at a few weights, all as one batch."""
    ensemble = ENSEMBLES[name]
    settings = Settings(**ensemble.changes)
    lam_ic = np.repeat(weights, ensemble.n_seeds)
    *_, last = train(
        problem_of(settings),
        ensemble.network or network_of(settings),
        optimizer_of(settings),
        weighting_of(settings, lam_ic),
        seeds=list(range(ensemble.n_seeds)) * len(weights),
        epochs=settings.epochs,
        every=EPOCHS_PER_SNAPSHOT,
    )
    shape = (len(weights), ensemble.n_seeds)
    measured = {key: values.reshape(shape) for key, values in measure(last).items()}
    runs = []
    if name in WITH_RUNS:
        for w, lam in enumerate(weights):
            own = Settings(**ensemble.changes | {"lam_ic": lam})
            runs.append({"settings": own.as_dict(), **wire(last, own, member=w * ensemble.n_seeds)})
    return {"measured": measured, "runs": runs}


def opening_job(name: str) -> dict[str, Any]:
    """Log the gradient norms of the two terms at every epoch of the opening, with equal weights.

    Returns
    -------
    dict with "seeds" (S,), "epochs", "early_epochs" and the ratio of the residual's gradient norm to that of
    the initial condition: "ratio_start" before the first step, "ratio_early" the largest in the early epochs,
    "ratio_end" after all of them, each (S,).
    """
    settings = Settings(**ENSEMBLES[name].changes)
    *_, last = train(
        problem_of(settings),
        network_of(settings),
        optimizer_of(settings),
        weighting_of(settings, 1.0),
        seeds=range(OPENING_SEEDS),
        epochs=OPENING_EPOCHS,
        every=1,
    )
    ratio = last.gradient_norms["pde"] / last.gradient_norms["ic"]
    return {
        "seeds": list(range(OPENING_SEEDS)),
        "epochs": OPENING_EPOCHS,
        "early_epochs": EARLY_EPOCHS,
        "ratio_start": ratio[:, 0],
        "ratio_early": ratio[:, : EARLY_EPOCHS + 1].max(axis=1),
        "ratio_end": ratio[:, -1],
    }


def measure(last: Snapshot) -> dict[str, np.ndarray]:
    """What the prose and the Goldilocks curve need of every member, each (B,).

    After training: "rel_l2", "loss_pde", "loss_ic", "u_start", "u_end" and "u_largest" (in magnitude); of the
    last quarter of it: "late_swing", the largest error over the smallest.
    Before it: "loss_pde_start" and "loss_ic_start". Ratio of the gradient norm of the residual to that of the
    initial condition: "gradient_ratio" before training, "gradient_ratio_end" after it, and
    "gradient_ratio_smallest" and "gradient_ratio_largest" on the way. What needs a term "ic" is nan without.
    """
    nothing = np.full((len(last.rel_l2), 1), np.nan)
    norms = last.gradient_norms
    ratio = norms["pde"] / norms["ic"] if "ic" in norms else nothing
    late = last.rel_l2[:, -(last.rel_l2.shape[1] // 4) :]
    return {
        "rel_l2": last.rel_l2[:, -1],
        "late_swing": late.max(axis=1) / late.min(axis=1),
        "loss_pde_start": last.losses["pde"][:, 0],
        "loss_ic_start": last.losses.get("ic", nothing)[:, 0],
        "loss_pde": last.losses["pde"][:, -1],
        "loss_ic": last.losses.get("ic", nothing)[:, -1],
        "gradient_ratio": ratio[:, 0],
        "gradient_ratio_smallest": ratio.min(axis=1),
        "gradient_ratio_largest": ratio.max(axis=1),
        "gradient_ratio_end": ratio[:, -1],
        "u_start": last.prediction[:, 0],
        "u_end": last.prediction[:, -1],
        "u_largest": np.abs(last.prediction).max(axis=1),
    }
