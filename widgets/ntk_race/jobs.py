"""What is recorded of the NTK race: the lanes of every preset, single and over seeds, and ensembles."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from pinn_core import GradientNormWeights, Lbfgs, NtkTraceWeights, Snapshot, TangentKernel, eigenvalues

from ..runs.following import Wire
from ..runs.jobs import Job, drawn, joined, late, over_seeds, trained
from ..runs.races import Lane, assembled, shared_lanes, trained_lane, with_every_scheme
from .recipe import PRESETS, RACE, Settings, lane, network_of, problem_of

EPOCHS_PER_SNAPSHOT = 40
N_SEEDS_SHOWN = (1, 10)
N_SEEDS, MANY_SEEDS = 24, 40
SCHEMES = Settings.flags()

LBFGS_ALONE = 1000  # iterations
SAMPLE = 10  # residuals of every term

# Parts of a lane that no setting gives, by name.
VARIANTS: dict[str, dict[str, Any]] = {
    "": {},
    "sample": {"weighting": NtkTraceWeights(sample=SAMPLE)},
    "gradient_norm": {"weighting": GradientNormWeights()},
    "lbfgs_alone": {"optimizer": Lbfgs()},
}


@dataclasses.dataclass(frozen=True)
class Ensemble:
    """Runs of one scheme over seeds, for the prose.

    Parameters
    ----------
    scheme : name of the lane.
    changes : settings that differ from the default ones.
    variant : key of `VARIANTS`.
    n_seeds : number of seeds.
    opening : epochs before rounding parts two processors.
    """

    scheme: str
    changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    variant: str = ""
    n_seeds: int = MANY_SEEDS
    opening: int = 200

    def jobs(self, name: str, first_seed: int) -> list[Job]:
        """The jobs of this ensemble, `name` in `ENSEMBLES`."""
        arguments = {"scheme": self.scheme, "changes": dict(self.changes), "variant": self.variant}
        return over_seeds(name, train_seeds, arguments, self.n_seeds, first_seed, self.opening)


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
    "patient_rough": Ensemble("ntk", SLOW | {"keep": 0.0, "epochs": 6000}, n_seeds=N_SEEDS),
    "sample": Ensemble("ntk", variant="sample"),
    "long": Ensemble("ntk", {"epochs": 4000}),
    "outside": Ensemble("annealing"),
    "inside": Ensemble("annealing", INSIDE),
    "inside_long": Ensemble("annealing", INSIDE | {"epochs": 4000}),
    "inside_published": Ensemble("annealing", INSIDE | {"refresh": 10}),
    "annealing_100": Ensemble("annealing", {"clamp": "100", "keep": 0.5}),
    "annealing_1000": Ensemble("annealing", {"clamp": "1000"}),
    "gradient_norm": Ensemble("ntk", variant="gradient_norm"),
    "faster": Ensemble("ntk", {"frequency": 3.0}),
    "faster_long": Ensemble("ntk", {"frequency": 3.0, "epochs": 6000}, n_seeds=N_SEEDS),
    "faster_fixed": Ensemble("fixed", {"frequency": 3.0, "fixed_weight": 1000.0}),
    "then_lbfgs_ntk": Ensemble("ntk", {"lbfgs": 1000}),
    "then_lbfgs_fixed": Ensemble("fixed", {"lbfgs": 1000}),
    "lbfgs_plain": Ensemble("plain", {"epochs": LBFGS_ALONE}, "lbfgs_alone", opening=20),
}


def jobs(first_seed: int = 0) -> list[Job]:
    """All jobs. The races that the page shows have the default seed, whatever the first of the ensembles."""
    ensembles = [job for name, one in ENSEMBLES.items() for job in one.jobs(name, first_seed)]
    shown = {job.name: job for of_race in shown_jobs().values() for job in of_race.values()}
    return [*shown.values(), *ensembles, *start_jobs(first_seed)]


def shown_jobs() -> dict[Settings, dict[str, Job]]:
    """The job of every lane of every race on show; lanes that are the same in two races share one."""
    races = [
        with_every_scheme(Settings, preset | {"n_seeds": n_seeds})
        for preset in PRESETS.values()
        for n_seeds in N_SEEDS_SHOWN
    ]
    return shared_lanes(RACE, races, train_shown)


def start_jobs(first_seed: int) -> list[Job]:
    """The jobs that look at the kernel before training."""
    return over_seeds("start", kernel_at_start, {}, MANY_SEEDS, first_seed)


def recording(results: Mapping[str, Wire], first_seed: int = 0) -> dict[str, Any]:
    """What the jobs have found, put together.

    Returns
    -------
    dict with "runs", each a race of all schemes in wire form with its "settings"; "ensembles" by name: their
    "settings", "seeds" (S,) and what `measure` gives, (S,); "start", see `kernel_at_start`, with the
    seeds first; and "sample", how
    many residuals stand for all of a term in the ensemble of that name.
    """
    runs = [
        assembled(RACE, settings, {name: results[job.name] for name, job in lanes.items()})
        for settings, lanes in shown_jobs().items()
    ]
    ensembles = {
        name: {
            "settings": with_every_scheme(Settings, one.changes).as_dict(),
            "seeds": list(range(first_seed, first_seed + one.n_seeds)),
            **joined(one.jobs(name, first_seed), results),
        }
        for name, one in ENSEMBLES.items()
    }
    start = {name: values.T for name, values in joined(start_jobs(first_seed), results).items()}
    return {"runs": runs, "ensembles": ensembles, "start": start, "sample": SAMPLE}


def train_shown(*, changes: Mapping[str, Any], scheme: str, stop: int | None = None) -> Wire:
    """One lane of a race in wire form."""
    settings = with_every_scheme(Settings, changes)
    return drawn(trained_lane(RACE, settings, scheme, EPOCHS_PER_SNAPSHOT, stop))


def train_seeds(
    *, scheme: str, changes: Mapping[str, Any], variant: str, seeds: list[int], stop: int | None = None
) -> Wire:
    """What `measure` says of some seeds of one scheme, each (S,)."""
    settings = with_every_scheme(Settings, changes)
    of: Lane = dataclasses.replace(lane(settings, scheme), **VARIANTS[variant])
    training = of.train(seeds, RACE.epochs(settings), EPOCHS_PER_SNAPSHOT)
    return measure(trained(training, stop), settings)


def measure(last: Snapshot, settings: Settings) -> dict[str, np.ndarray]:
    """What the prose needs of every member, each (S,); nan where a scheme has no such thing.

    After training, as the median over its last quarter: "rel_l2_late", the weight "lam_end", and "ratio_end",
    the ratio of the traces as in the loss. In the last epoch "rel_l2_end". On the way the largest weight
    "lam_largest", and "ratio_smallest"; before it "ratio_start"; and the last trace over the first,
    "growth_pde" and "growth_ic".
    """
    nothing = np.full((len(last.rel_l2), len(last.epochs)), np.nan)
    lam, traces = last.weights.get("ic", nothing), last.traces or {"pde": nothing, "ic": nothing}
    ratio = traces["pde"] / settings.points / traces["ic"]
    return {
        "rel_l2_late": late(last.rel_l2),
        "rel_l2_end": last.rel_l2[:, -1],
        "lam_end": late(lam),
        "lam_largest": lam.max(axis=1),
        "ratio_start": ratio[:, 0],
        "ratio_end": late(ratio),
        "ratio_smallest": ratio.min(axis=1),
        "growth_pde": late(traces["pde"]) / traces["pde"][:, 0],
        "growth_ic": late(traces["ic"]) / traces["ic"][:, 0],
    }


def kernel_at_start(*, seeds: list[int], stop: int | None = None) -> Wire:  # noqa: ARG001 (nothing is trained)
    """The tangent kernel of the race before training.

    Returns
    -------
    dict with the eigenvalues of the kernel of each term divided by its largest: "spectrum_pde" (N, S) and
    "spectrum_ic" (2, S).
    """
    settings = Settings()
    problem, network = problem_of(settings), network_of(settings)
    kernel = TangentKernel(problem, network, np.stack([network.init(seed) for seed in seeds]))
    found = {}
    for (row, column), block in kernel.kernels().items():
        if row == column:
            spectrum = eigenvalues(block)
            found[f"spectrum_{row}"] = (spectrum / spectrum[:, :1]).T
    return found
