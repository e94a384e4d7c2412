"""What is recorded of the weight tuner: one run per position of the slider, and ensembles over seeds."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from pinn_core import Mlp, Snapshot, train

from ..runs.following import Wire
from ..runs.jobs import Job, drawn, joined, late, over_seeds, trained
from .recipe import Settings, network_of, optimizer_of, problem_of, weighting_of, wire

EPOCHS_PER_SNAPSHOT = 20
EPOCHS_PER_SNAPSHOT_SHOWN = 40
N_SEEDS, MANY_SEEDS = 24, 40

# The first epochs at equal weights, epoch by epoch.
OPENING_EPOCHS = 200
EARLY_EPOCHS = 40


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
    n_seeds : number of seeds.
    widths : of the network, in place of the widget's own.
    opening : epochs before rounding parts two processors; a searching optimiser takes large steps.
    """

    changes: Mapping[str, Any]
    weights: list[float]
    n_seeds: int = N_SEEDS
    widths: tuple[int, ...] | None = None
    opening: int = 200

    def jobs(self, name: str, lam_ic: float, first_seed: int) -> list[Job]:
        """The jobs of one weight."""
        arguments = {
            "changes": {**self.changes, "lam_ic": lam_ic},
            "widths": self.widths and list(self.widths),
        }
        return over_seeds(
            f"{name}/{lam_ic:g}", train_seeds, arguments, self.n_seeds, first_seed, self.opening
        )


ENSEMBLES = {
    "default": Ensemble({}, decades(0.25)),
    "slow": Ensemble({"learning_rate": 1e-3}, decades(0.5)),
    "half_frequency": Ensemble({"frequency": 1.0}, decades(1.0)),
    "double_frequency": Ensemble({"frequency": 4.0}, decades(1.0)),
    "hard": Ensemble({"constraint": "hard"}, [1.0], MANY_SEEDS),
    "second_order": Ensemble({"optimizer": "lbfgs", "epochs": 1000}, [1.0], opening=20),
    "patient": Ensemble({"epochs": 20000}, [1.0, 10.0]),
    # what is often tried before the weight: step size, points, network
    "fast": Ensemble({"learning_rate": 1e-2}, [1.0]),
    "few_points": Ensemble({"points": 20}, [1.0]),
    "many_points": Ensemble({"points": 200}, [1.0]),
    "wide": Ensemble({}, [1.0], widths=(1, 64, 64, 1)),
    "deep": Ensemble({}, [1.0], widths=(1, 32, 32, 32, 1)),
}
OPENINGS = {"default": {}, "half_frequency": {"frequency": 1.0}}

SHOWN = [{"lam_ic": lam} for lam in decades(0.25)] + [{"constraint": "hard"}]


def jobs(first_seed: int = 0) -> list[Job]:
    """All jobs. The runs that the slider shows have the default seed, whatever the first of the ensembles."""
    shown = [Job(f"runs/{name_of(changes)}", train_shown, {"changes": changes}) for changes in SHOWN]
    openings = [job for name in OPENINGS for job in opening_jobs(name, first_seed)]
    return [*shown, *openings, *(job for group in ensemble_jobs(first_seed).values() for job in group)]


def ensemble_jobs(first_seed: int) -> dict[tuple[str, float], list[Job]]:
    """The jobs of every weight of every ensemble."""
    return {
        (name, lam): ensemble.jobs(name, lam, first_seed)
        for name, ensemble in ENSEMBLES.items()
        for lam in ensemble.weights
    }


def opening_jobs(name: str, first_seed: int) -> list[Job]:
    """The jobs that follow the gradients through the first epochs."""
    return over_seeds(f"openings/{name}", follow_opening, {"changes": OPENINGS[name]}, MANY_SEEDS, first_seed)


def name_of(changes: Mapping[str, Any]) -> str:
    """Settings as part of a job's name."""
    return ",".join(f"{name}={value}" for name, value in changes.items())


def recording(results: Mapping[str, Wire], first_seed: int = 0) -> dict[str, Any]:
    """What the jobs have found, put together.

    Returns
    -------
    dict with "runs", each a run in wire form with its "settings"; "ensembles" by name: "settings", "lam_ic"
    (W,), "seeds" (S,) and what `measure` gives, all (W, S); "openings" by name, see `follow_opening`; and
    "page", what the page draws beside the runs.
    """
    runs = [
        {"settings": Settings(**changes).as_dict(), **results[f"runs/{name_of(changes)}"]}
        for changes in SHOWN
    ]
    by_weight = {key: joined(group, results) for key, group in ensemble_jobs(first_seed).items()}
    ensembles = {}
    for name, ensemble in ENSEMBLES.items():
        mine = [by_weight[name, lam] for lam in ensemble.weights]
        ensembles[name] = {
            "settings": Settings(**ensemble.changes).as_dict(),
            "lam_ic": ensemble.weights,
            "seeds": list(range(first_seed, first_seed + ensemble.n_seeds)),
            **{key: np.stack([measured[key] for measured in mine]) for key in mine[0]},
        }
    openings = {
        name: {
            "epochs": OPENING_EPOCHS,
            "early_epochs": EARLY_EPOCHS,
            **joined(opening_jobs(name, first_seed), results),
        }
        for name in OPENINGS
    }
    return {
        "runs": runs,
        "ensembles": ensembles,
        "openings": openings,
        "page": {"scan": scan_of(ensembles["default"])},
    }


def scan_of(ensemble: Mapping[str, Any]) -> dict[str, Any]:
    """The Goldilocks curve: quartiles and median of the error over the seeds, each (W,), and the settings."""
    low, median, high = np.quantile(ensemble["rel_l2_late"], [0.25, 0.5, 0.75], axis=1)
    weights = np.array(ensemble["lam_ic"])
    n_seeds = len(ensemble["seeds"])
    return {
        "settings": ensemble["settings"],
        "n_seeds": n_seeds,
        "weights": weights,
        "low": low,
        "median": median,
        "high": high,
    }


def train_shown(*, changes: Mapping[str, Any], stop: int | None = None) -> Wire:
    """One run in wire form, as the slider shows it."""
    settings = Settings(**changes)
    training = start(settings, settings.seed, network_of(settings), EPOCHS_PER_SNAPSHOT_SHOWN)
    return drawn(wire(trained(training, stop), settings))


def train_seeds(
    *, changes: Mapping[str, Any], widths: list[int] | None, seeds: list[int], stop: int | None = None
) -> Wire:
    """What `measure` says of some seeds at one weight, each (S,)."""
    settings = Settings(**changes)
    network = Mlp(widths=tuple(widths)) if widths else network_of(settings)
    predictions = []
    last: Any = None
    for last in start(settings, seeds, network, EPOCHS_PER_SNAPSHOT):
        predictions.append(last.prediction)
        if stop is not None and last.epoch >= stop:
            break
    return measure(last, np.stack(predictions, axis=-1))


def start(settings: Settings, seeds: int | list[int], network: Mlp, every: int) -> Any:
    """Training of one seed, or of several."""
    problem, optimizer, weighting = problem_of(settings), optimizer_of(settings), weighting_of(settings)
    return train(problem, network, optimizer, weighting, seeds, epochs=settings.epochs, every=every)


def follow_opening(*, changes: Mapping[str, Any], seeds: list[int], stop: int | None = None) -> Wire:
    """Log the gradient norms of the two terms at every epoch of the opening, with equal weights.

    Returns
    -------
    dict with the ratio of the residual's gradient norm to that of the initial condition: "ratio_start" before
    the first step, "ratio_early" the largest in the early epochs, "ratio_end" after all of them, each (S,).
    """
    settings = Settings(**changes, lam_ic=1.0, epochs=OPENING_EPOCHS)
    last = trained(start(settings, seeds, network_of(settings), every=1), stop)
    ratio = last.gradient_norms["pde"] / last.gradient_norms["ic"]
    return {
        "ratio_start": ratio[:, 0],
        "ratio_early": ratio[:, : EARLY_EPOCHS + 1].max(axis=1),
        "ratio_end": ratio[:, -1],
    }


def measure(last: Snapshot, predictions: np.ndarray) -> dict[str, np.ndarray]:
    """What the prose and the Goldilocks curve need of every member, each (S,).

    After training, as the median over its last quarter: "rel_l2_late", "loss_pde", "loss_ic", "u_start",
    "u_end", "u_largest" (in magnitude), "u_rise", the largest step upwards between two grid points, and
    "gradient_ratio_end", the ratio of the gradient norm of the residual to that of the initial condition.
    Before it: "loss_pde_start", "loss_ic_start" and that ratio, "gradient_ratio"; on the way the largest,
    "gradient_ratio_largest". What needs a term "ic" is nan without.

    Parameters
    ----------
    predictions : (S, G, T), the solution on the grid at every snapshot.
    """
    nothing = np.full_like(last.rel_l2, np.nan)
    norms = last.gradient_norms
    ratio = norms["pde"] / norms["ic"] if "ic" in norms else nothing
    loss_ic = last.losses.get("ic", nothing)
    return {
        "rel_l2_late": late(last.rel_l2),
        "loss_pde_start": last.losses["pde"][:, 0],
        "loss_ic_start": loss_ic[:, 0],
        "loss_pde": late(last.losses["pde"]),
        "loss_ic": late(loss_ic),
        "gradient_ratio": ratio[:, 0],
        "gradient_ratio_largest": ratio.max(axis=1),
        "gradient_ratio_end": late(ratio),
        "u_start": late(predictions[:, 0]),
        "u_end": late(predictions[:, -1]),
        "u_largest": late(np.abs(predictions).max(axis=1)),
        "u_rise": late(np.diff(predictions, axis=1).max(axis=1)),
    }
