"""Recorded races: every preset with all schemes, single and as an ensemble; and ensembles for the prose."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from pinn_core import GradientNormWeights, Lbfgs, NtkTraceWeights, Snapshot, TangentKernel, eigenvalues

from ..build.archive import to_plain
from ..runs.races import Lane, Runner, with_every_scheme
from .recipe import PRESETS, RACE, Settings, lane, network_of, problem_of

EPOCHS_PER_SNAPSHOT = 40
DIGITS = 3  # of the numbers that are drawn
N_SEEDS = (1, 10)
SCHEMES = Settings.flags()

LBFGS_ALONE = 1000  # iterations
SAMPLE = 10  # residuals of every term


@dataclasses.dataclass(frozen=True)
class Ensemble:
    """Ten runs of one scheme, for the prose.

    Parameters
    ----------
    scheme : name of the lane.
    changes : settings that differ from the default ones.
    parts : parts of the lane that no setting gives.
    """

    scheme: str
    changes: dict[str, Any] = dataclasses.field(default_factory=dict)
    parts: dict[str, Any] = dataclasses.field(default_factory=dict)

    def settings(self) -> Settings:
        """The settings of a race with all schemes."""
        return with_every_scheme(Settings, self.changes)

    def lane(self) -> Lane:
        """What the runs train."""
        return dataclasses.replace(lane(self.settings(), self.scheme), **self.parts)


SLOW = {"learning_rate": 1e-3}
INSIDE = {"annealing_weight": "inside"}

ENSEMBLES = {
    "plain": Ensemble("plain"),
    "fixed": Ensemble("fixed"),
    "hard": Ensemble("hard"),
    "ntk": Ensemble("ntk"),
    "clamp_100": Ensemble("ntk", {"clamp": "100", "keep": 0.5}),
    "clamp_1000": Ensemble("ntk", {"clamp": "1000"}),
    "sum": Ensemble("ntk", {"definition": "sum"}),
    "mean": Ensemble("ntk", {"definition": "mean"}),
    "every_epoch": Ensemble("ntk", {"refresh": 1}),
    "slow": Ensemble("ntk", SLOW),
    "rough": Ensemble("ntk", {"keep": 0.0}),
    "slow_rough": Ensemble("ntk", SLOW | {"keep": 0.0}),
    "patient_rough": Ensemble("ntk", SLOW | {"keep": 0.0, "epochs": 6000}),
    "sample": Ensemble("ntk", parts={"weighting": NtkTraceWeights(sample=SAMPLE)}),
    "long": Ensemble("ntk", {"epochs": 4000}),
    "outside": Ensemble("annealing"),
    "inside": Ensemble("annealing", INSIDE),
    "inside_long": Ensemble("annealing", INSIDE | {"epochs": 4000}),
    "annealing_100": Ensemble("annealing", {"clamp": "100", "keep": 0.5}),
    "annealing_1000": Ensemble("annealing", {"clamp": "1000"}),
    "gradient_norm": Ensemble("ntk", parts={"weighting": GradientNormWeights()}),
    "then_lbfgs_ntk": Ensemble("ntk", {"lbfgs": 1000}),
    "then_lbfgs_fixed": Ensemble("fixed", {"lbfgs": 1000}),
    "lbfgs_plain": Ensemble("plain", {"epochs": LBFGS_ALONE}, {"optimizer": Lbfgs()}),
}


def record(parallel: Callable[..., list[Any]]) -> dict[str, Any]:
    """Train every lane of every preset and every ensemble, each once.

    Returns
    -------
    dict with "runs", each a race of all schemes in wire form with its "settings"; "ensembles" by name: their
    "settings", "seeds" (B,) and what `measure` gives, (B,); "start", see `start_job`; and "sample", how many
    residuals stand for all of a term in the ensemble of that name.
    """
    settings = {
        (tuple(sorted(changes.items())), n_seeds): with_every_scheme(Settings, changes | {"n_seeds": n_seeds})
        for changes in map(without_flags, PRESETS.values())
        for n_seeds in N_SEEDS
    }
    jobs: dict[tuple[str, Lane, int, int], tuple[Any, ...]] = {}
    for own in settings.values():
        for name in SCHEMES:
            jobs.setdefault(key_of(name, lane(own, name), own), (name, lane(own, name), own))
    for ensemble in ENSEMBLES.values():
        own = dataclasses.replace(ensemble.settings(), n_seeds=max(N_SEEDS))
        jobs.setdefault(
            key_of(ensemble.scheme, ensemble.lane(), own), (ensemble.scheme, ensemble.lane(), own)
        )
    # the longest first, so that no core is idle at the end
    order = sorted(jobs, key=lambda key: -key[2] * key[3])
    done = dict(zip(order, parallel(lane_job, [jobs[key] for key in order]), strict=True))

    runs = []
    for own in settings.values():
        wires = {name: done[key_of(name, lane(own, name), own)]["wire"] for name in SCHEMES}
        epochs = RACE.epochs(own)
        results = {name: wire["result"] for name, wire in wires.items()}
        race = {"epoch": epochs, "epochs": epochs, "runs": wires, "result": {"runs": results}}
        runs.append({"settings": own.as_dict(), **race})
    ensembles = {}
    for name, ensemble in ENSEMBLES.items():
        own = dataclasses.replace(ensemble.settings(), n_seeds=max(N_SEEDS))
        measured = done[key_of(ensemble.scheme, ensemble.lane(), own)]["measured"]
        ensembles[name] = {"settings": own.as_dict(), "seeds": list(range(own.n_seeds)), **measured}
    start = parallel(start_job, [()])[0]
    return {"runs": runs, "ensembles": ensembles, "start": start, "sample": SAMPLE}


def without_flags(changes: dict[str, Any]) -> dict[str, Any]:
    """The settings of a preset, but for those that choose schemes."""
    return {name: value for name, value in changes.items() if name not in (*SCHEMES, "n_seeds")}


def key_of(name: str, of: Lane, settings: Settings) -> tuple[str, Lane, int, int]:
    """What tells two lanes apart."""
    return name, of, RACE.epochs(settings), settings.n_seeds


def lane_job(name: str, of: Lane, settings: Settings) -> dict[str, Any]:
    """Train one lane: its wire form, and what the prose needs of its members."""
    runner = Runner(name, of, dataclasses.replace(RACE, every=EPOCHS_PER_SNAPSHOT), settings)
    while runner.diverged is None and runner.epoch() < RACE.epochs(settings):
        runner.move()
    assert runner.snapshot is not None, f"the lane {name} diverges at once"
    measured = measure(runner.snapshot, settings) if settings.n_seeds > 1 else {}
    return {"wire": to_plain(runner.wire(), DIGITS), "measured": measured}


def measure(last: Snapshot, settings: Settings) -> dict[str, np.ndarray]:
    """What the prose needs of every member, each (B,); nan where a scheme has no such thing.

    After training "rel_l2" and the weight "lam_end"; on the way the largest weight "lam_largest"; the ratio
    of the traces as in the loss, "ratio_start", "ratio_end" and "ratio_smallest"; and the last trace over the
    first, "growth_pde" and "growth_ic".
    """
    nothing = np.full((len(last.rel_l2), len(last.epochs)), np.nan)
    lam, traces = last.weights.get("ic", nothing), last.traces or {"pde": nothing, "ic": nothing}
    ratio = traces["pde"] / settings.points / traces["ic"]
    return {
        "rel_l2": last.rel_l2[:, -1],
        "lam_end": lam[:, -1],
        "lam_largest": lam.max(axis=1),
        "ratio_start": ratio[:, 0],
        "ratio_end": ratio[:, -1],
        "ratio_smallest": ratio.min(axis=1),
        "growth_pde": traces["pde"][:, -1] / traces["pde"][:, 0],
        "growth_ic": traces["ic"][:, -1] / traces["ic"][:, 0],
    }


def start_job() -> dict[str, Any]:
    """The tangent kernel of the race before training.

    Returns
    -------
    dict with "seeds" (B,), and the eigenvalues of the kernel of each term divided by its largest:
    "spectrum_pde" (B, N) and "spectrum_ic" (B, 2).
    """
    settings = Settings()
    problem, network = problem_of(settings), network_of(settings)
    seeds = range(max(N_SEEDS))
    kernel = TangentKernel(problem, network, np.stack([network.init(seed) for seed in seeds]))
    found: dict[str, Any] = {"seeds": list(seeds)}
    for (row, column), block in kernel.kernels().items():
        if row == column:
            spectrum = eigenvalues(block)
            found[f"spectrum_{row}"] = spectrum / spectrum[:, :1]
    return found
