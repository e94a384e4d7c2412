"""Manual weight tuner: the harmonic initial value problem with a weight set by hand."""

import dataclasses
from collections.abc import Generator
from typing import Any

from pinn_core import FixedWeights, HarmonicOscillator, Lbfgs, Mlp, Snapshot, train
from pinn_core.optimizers import OPTIMIZERS

from ..runs import oscillator
from ..runs.following import Wire, follow
from ..runs.jobs import late
from ..runs.settings import WidgetSettings, network_seed, setting

TITLE = "Manual weight tuner"
LIMITS = oscillator.LIMITS

EPOCHS_PER_SNAPSHOT = 20


@dataclasses.dataclass(frozen=True)
class Settings(WidgetSettings):
    """Settings of the weight tuner."""

    lam_ic: float = setting(
        1.0,
        label="log10 lambda_IC",
        minimum=1e-3,
        maximum=1e5,
        scale="log10",
        step=0.25,
        live=True,
        help="Weight of the initial condition in the loss; may be dragged while training runs.",
    )
    learning_rate: float = setting(
        3e-3,
        label="Learning rate",
        minimum=1e-6,
        maximum=1.0,
        live=True,
        help="Step size of the optimiser; may be changed while training runs.",
    )
    seed: int = network_seed(4)
    epochs: int = setting(
        2000, label="Epochs", minimum=20, maximum=20000, step=20, help="Number of optimiser steps."
    )
    points: int = oscillator.points()
    optimizer: str = setting(
        "adam",
        label="Optimiser",
        choices=(("adam", "Adam"), ("gradient_descent", "Gradient descent"), ("lbfgs", "L-BFGS")),
        group="more",
        help="L-BFGS chooses the length of each step by itself and ignores the learning rate.",
    )
    constraint: str = setting(
        "soft",
        label="Initial condition",
        choices=(("soft", "soft: a weighted loss term"), ("hard", "hard: u = 1 + t² N(t)")),
        group="more",
        help="The hard form meets the initial condition exactly; then there is no weight to choose.",
    )
    frequency: float = oscillator.frequency()


PRESETS: dict[str, dict[str, Any]] = {
    "1e-3": {"lam_ic": 1e-3},
    "1": {"lam_ic": 1.0},
    "100": {"lam_ic": 100.0},
    "1e5": {"lam_ic": 1e5},
}

CODE = """\
import numpy as np
from pinn_core import Adam, FixedWeights, GradientDescent, HarmonicOscillator, Lbfgs, Mlp, train

# u'' + omega^2 u = 0, u(0) = 1, u'(0) = 0 on 0 <= t <= 1
problem = HarmonicOscillator(omega={frequency} * np.pi, n_points={points}, constraint="{constraint}")
network = Mlp(widths=(1, 32, 32, 1))
optimizer = {{
    "adam": Adam(learning_rate={learning_rate}),
    "gradient_descent": GradientDescent(learning_rate={learning_rate}),
    "lbfgs": Lbfgs(),
}}["{optimizer}"]

# the loss is the sum of weight times term; with a hard constraint there is no term "ic" to weigh
weighting = {{"soft": FixedWeights(pde=1.0, ic={lam_ic}), "hard": FixedWeights()}}["{constraint}"]

run = train(problem, network, optimizer, weighting, seeds={seed}, epochs={epochs}, every=20)
for snapshot in run:
    if snapshot.epoch % 200 == 0:
        losses = ", ".join(f"{{term}} {{values[-1]:.2e}}" for term, values in snapshot.losses.items())
        print(f"epoch {{snapshot.epoch:5d}}  {{losses}}  relative L2 {{snapshot.rel_l2[-1]:.2%}}")
"""


def problem_of(settings: Settings) -> HarmonicOscillator:
    """The initial value problem that the settings describe."""
    return oscillator.problem(settings, settings.constraint)


def network_of(settings: Settings) -> Mlp:  # noqa: ARG001 (as in every recipe)
    """The network, the same for all settings."""
    return oscillator.network()


def weighting_of(settings: Settings) -> FixedWeights:
    """Fixed weights; a hard constraint leaves no term "ic" to weigh."""
    return FixedWeights() if settings.constraint == "hard" else FixedWeights(pde=1.0, ic=settings.lam_ic)


def optimizer_of(settings: Settings) -> Any:
    """The optimiser with its learning rate; L-BFGS has none."""
    if settings.optimizer == "lbfgs":
        return Lbfgs()
    return OPTIMIZERS[settings.optimizer](learning_rate=settings.learning_rate)


def run(settings: Settings) -> Generator[Wire, Settings | None, None]:
    """Train one network and give its state every 20 epochs.

    Send new settings to change the weight or the learning rate from the next epoch on.
    """
    training = train(
        problem_of(settings),
        network_of(settings),
        optimizer_of(settings),
        weighting_of(settings),
        seeds=settings.seed,
        epochs=settings.epochs,
        every=EPOCHS_PER_SNAPSHOT,
    )
    return follow(training, settings, wire, changeable)


def changeable(settings: Settings) -> dict[str, Any]:
    """What follows from the settings that may change while training runs."""
    return {"weighting": weighting_of(settings), "optimizer": optimizer_of(settings)}


def wire(snapshot: Snapshot, settings: Settings, member: int | None = None) -> Wire:
    """One snapshot as plain data and arrays, as the page, notebooks, recordings and tests take it.

    A "pull" is the norm of a term's gradient as it enters the step, its weight included.

    Parameters
    ----------
    snapshot : state of a run, or of an ensemble of runs.
    settings : settings of the run.
    member : which member of an ensemble; None when the snapshot is of a single run.
    """
    pick = (lambda values: values) if member is None else (lambda values: values[member])
    losses = {term: pick(values) for term, values in snapshot.losses.items()}
    norms = {term: pick(values) for term, values in snapshot.gradient_norms.items()}
    weights = {term: pick(values) for term, values in snapshot.weights.items()}
    rel_l2 = pick(snapshot.rel_l2)
    series = {"epoch": snapshot.epochs, "rel_l2": rel_l2}
    series |= {f"loss_{term}": values for term, values in losses.items()}
    series |= {f"gradient_{term}": values for term, values in norms.items()}
    series |= {f"lam_{term}": values for term, values in weights.items()}
    series |= {f"pull_{term}": weights[term] * norms[term] for term in norms}
    if "ic" in norms:
        series["pull_ratio"] = series["pull_pde"] / series["pull_ic"]
    drawn = slice(None, None, oscillator.GRID_STRIDE)
    return {
        "epoch": snapshot.epoch,
        "epochs": settings.epochs,
        "series": series,
        "curve": {
            "t": snapshot.grid[drawn],
            "u": pick(snapshot.prediction)[drawn],
            "exact": snapshot.exact[drawn],
        },
        "result": {
            "rel_l2": float(rel_l2[-1]),
            "rel_l2_late": float(late(rel_l2)),
            "losses": {term: float(values[-1]) for term, values in losses.items()},
            "weights": {term: float(values[-1]) for term, values in weights.items()},
            "verdict": oscillator.verdict(float(late(rel_l2))),
        },
    }
