"""Point race: fit the steep transition tanh(20 x) from a few uniform points."""

import dataclasses
from collections.abc import Generator
from typing import Any

import numpy as np

from pinn_core import Adam, FixedWeights, FunctionFit, Mlp, Snapshot, train

from ..running import Wire, follow
from ..settings import WidgetSettings, setting

TITLE = "Point race"

EPOCHS_PER_SNAPSHOT = 10
CENTRE_BELOW = 0.2  # |x| below this is the centre, the rest is outer


@dataclasses.dataclass(frozen=True)
class Settings(WidgetSettings):
    """Settings of the point race."""

    seed: int = setting(
        0, label="Seed", minimum=0, maximum=9999, step=1, help="Draws the initial parameters of the network."
    )
    epochs: int = setting(
        500, label="Epochs", minimum=10, maximum=20000, step=10, help="Number of optimiser steps."
    )
    learning_rate: float = setting(
        1e-2, label="Learning rate", minimum=1e-6, maximum=1.0, live=True, help="Step size of Adam."
    )
    points: int = setting(
        30,
        label="Points",
        minimum=4,
        maximum=400,
        step=1,
        help="Uniform points on [-1, 1], both ends included.",
    )
    width: int = setting(
        16, label="Width", minimum=2, maximum=128, step=1, group="more", help="Neurons in each hidden layer."
    )
    steepness: float = setting(
        20.0,
        label="Steepness",
        minimum=1.0,
        maximum=100.0,
        step=1.0,
        group="more",
        help="The function to fit is tanh(steepness times x).",
    )


PRESETS: dict[str, dict[str, Any]] = {}

CODE = """\
import numpy as np
from pinn_core import Adam, FixedWeights, FunctionFit, Mlp, train

# fit tanh(steepness x) on -1 <= x <= 1 from uniform points
problem = FunctionFit(steepness={steepness}, n_points={points})
network = Mlp(widths=(1, {width}, {width}, 1))
optimizer = Adam(learning_rate={learning_rate})
weighting = FixedWeights(data=1.0)

run = train(problem, network, optimizer, weighting, seeds={seed}, epochs={epochs}, every=10)
for snapshot in run:
    if snapshot.epoch % 50 == 0:
        print(f"epoch {{snapshot.epoch:5d}}  loss {{snapshot.losses['data'][-1]:.2e}}")

residual = np.abs(snapshot.prediction - snapshot.exact)
centre = np.abs(snapshot.grid) < 0.2
print(f"mean |residual|: centre {{residual[centre].mean():.4f}}, outer {{residual[~centre].mean():.4f}}")
"""


def problem_of(settings: Settings) -> FunctionFit:
    """The fit that the settings describe."""
    return FunctionFit(steepness=settings.steepness, n_points=settings.points)


def network_of(settings: Settings) -> Mlp:
    """Two hidden layers of the chosen width."""
    return Mlp(widths=(1, settings.width, settings.width, 1))


def optimizer_of(settings: Settings) -> Adam:
    """Adam with its learning rate."""
    return Adam(learning_rate=settings.learning_rate)


def weighting_of(settings: Settings) -> FixedWeights:  # noqa: ARG001 (as in every recipe)
    """Every point counts the same."""
    return FixedWeights(data=1.0)


def run(settings: Settings) -> Generator[Wire, Settings | None, None]:
    """Train one network with uniform weights and give its state every 10 epochs.

    Send new settings to change the learning rate from the next epoch on.
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
    return {"optimizer": optimizer_of(settings)}


def wire(snapshot: Snapshot, settings: Settings, member: int | None = None) -> Wire:
    """One snapshot as plain data and arrays, as the page, notebooks, recordings and tests take it.

    Parameters
    ----------
    snapshot : state of a run, or of an ensemble of runs.
    settings : settings of the run.
    member : which member of an ensemble; None when the snapshot is of a single run.
    """
    pick = (lambda values: values) if member is None else (lambda values: values[member])
    x, u, exact = snapshot.grid, pick(snapshot.prediction), snapshot.exact
    residual = np.abs(u - exact)
    centre, outer = split(x, residual)
    problem = problem_of(settings)
    loss, rel_l2 = pick(snapshot.losses["data"]), pick(snapshot.rel_l2)
    return {
        "epoch": snapshot.epoch,
        "epochs": settings.epochs,
        "series": {"epoch": snapshot.epochs, "loss_data": loss, "rel_l2": rel_l2},
        "curve": {"x": x, "u": u, "exact": exact, "residual": residual},
        "points": {"x": problem.points(), "target": problem.exact(problem.points())},
        "result": {
            "rel_l2": float(rel_l2[-1]),
            "losses": {"data": float(loss[-1])},
            "weights": {"data": 1.0},
            "centre": centre,
            "outer": outer,
            "ratio": centre / outer,
        },
    }


def split(x: np.ndarray, residual: np.ndarray) -> tuple[float, float]:
    """Mean residual in the centre, where the transition is, and outside it."""
    in_centre = np.abs(x) < CENTRE_BELOW
    return float(residual[in_centre].mean()), float(residual[~in_centre].mean())
