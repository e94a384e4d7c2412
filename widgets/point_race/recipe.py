"""Point race: fit a steep transition from a few uniform points, with weights on the points."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from pinn_core import (
    Adam,
    FixedWeights,
    FunctionFit,
    Mlp,
    PointGradientNormWeights,
    ResidualAttention,
    SelfAdaptiveWeights,
    Snapshot,
)

from ..runs.following import Wire
from ..runs.races import Lane, Race, chosen, preset
from ..runs.settings import WidgetSettings, network_seed, setting

TITLE = "Point race"

EPOCHS_PER_SNAPSHOT = 10
STEP = FunctionFit().centre  # where the transition is; off the middle, see there
CENTRE_BELOW = 0.2  # closer to the transition than this is the centre, the rest is outer
RATE_LEFT = 0.1  # share of the learning rate that is left at the end, so that runs end calm
SQUARE_START = 1.0  # gamma at the start of the square mask, so that its weights start at one

LEAST_SCHEMES = 1


@dataclasses.dataclass(frozen=True)
class Settings(WidgetSettings):
    """Settings of the point race."""

    uniform: bool = setting(True, label="uniform", help="Every point has the weight one.")
    gradient_norm: bool = setting(
        True,
        label="gradient norm",
        help="The weight of a point is one over the norm of its own gradient, divided by the mean.",
    )
    self_adaptive: bool = setting(
        True,
        label="self-adaptive",
        help="The weight of a point is a mask that climbs the loss while the network descends it.",
    )
    attention: bool = setting(
        False,
        label="residual attention",
        help="The weight of a point follows the size of its residual, averaged over the recent epochs.",
    )
    gamma0: int = setting(
        -2,
        label="Mask starts at γ₀",
        choices=((-2, "−2: masks start at 0.12"), (0, "0: masks start at 0.5")),  # noqa: RUF001
        help="Start of the sigmoid mask. The square mask always starts at a weight of one.",
    )
    ascent_rate: float = setting(
        10.0,
        label="Ascent rate",
        minimum=1e-4,
        maximum=1e4,
        help="Step size with which the masks climb. Adam needs far less than plain steps: try 0.02.",
    )
    mask: str = setting(
        "sigmoid",
        label="Mask",
        choices=(("sigmoid", "sigmoid: 1 / (1 + exp(−γ))"), ("square", "square: γ²")),  # noqa: RUF001
        group="more",
        help="How the weight of a point follows from γ, which climbs.",  # noqa: RUF001
    )
    ascent: str = setting(
        "plain",
        label="Ascent",
        choices=(("plain", "plain steps"), ("adam", "Adam")),
        group="more",
        help="Plain steps follow the gradient; those of Adam hardly depend on its size.",
    )
    denominator: str = setting(
        "gradient",
        label="Gradient norm of",
        choices=(("gradient", "the prediction: 1 / ‖∇u‖"), ("loss_gradient", "the loss: 1 / (|r| ‖∇u‖)")),
        group="more",
        help="What the scheme “gradient norm” divides by at each point.",
    )
    seed: int = network_seed(30)
    n_seeds: int = setting(
        1,
        label="Seeds",
        choices=((1, "one"), (10, "ten: median and quartiles")),
        group="more",
        help="With ten, each scheme trains ten networks, of this seed and the next nine.",
    )
    epochs: int = setting(
        500, label="Epochs", minimum=10, maximum=20000, step=10, help="Number of optimiser steps."
    )
    learning_rate: float = setting(
        1e-2,
        label="Learning rate",
        minimum=1e-6,
        maximum=1.0,
        live=True,
        help="Step size of Adam for the network; may be changed while training runs.",
    )
    points: int = setting(
        30,
        label="Points",
        minimum=4,
        maximum=400,
        step=1,
        group="more",
        help="Uniform points on [-1, 1], both ends included.",
    )
    width: int = setting(
        16, label="Width", minimum=2, maximum=128, step=1, help="Neurons in each of the two hidden layers."
    )
    steepness: float = setting(
        20.0,
        label="Steepness",
        minimum=1.0,
        maximum=100.0,
        step=1.0,
        group="more",
        help="The function to fit is tanh of steepness times the distance from the middle of the climb.",
    )


SCHEMES = Settings.flags()  # the names of lanes and runs, too

FAST_ASCENT: dict[str, Any] = {"gamma0": 0, "ascent": "adam", "ascent_rate": 0.02, "width": 32}
THREE_WAY = SCHEMES[:3]
MASKS_ONLY = ("uniform", "self_adaptive")

PRESETS: dict[str, dict[str, Any]] = {
    "Three-way race": preset(Settings, THREE_WAY),
    "Masks from γ₀ = 0": preset(Settings, THREE_WAY, gamma0=0),
    "Fast ascent": preset(Settings, MASKS_ONLY, **FAST_ASCENT),
    "Fast ascent, twice as long": preset(Settings, MASKS_ONLY, **FAST_ASCENT, epochs=1000),
    "Square mask": preset(Settings, MASKS_ONLY, mask="square", ascent="adam", ascent_rate=5e-3),
    "Residual attention": preset(Settings, ("uniform", "self_adaptive", "attention")),
    "Residual in the denominator": preset(
        Settings, ("uniform", "gradient_norm"), denominator="loss_gradient"
    ),
    "Four times as long": preset(Settings, THREE_WAY, epochs=2000),
}

CODE = """\
import numpy as np
from pinn_core import (
    Adam, FixedWeights, FunctionFit, Mlp, PointGradientNormWeights, ResidualAttention, SelfAdaptiveWeights,
    train,
)

# fit tanh(steepness (x - centre)) on -1 <= x <= 1 from uniform points; the rate falls tenfold
problem = FunctionFit(steepness={steepness}, n_points={points})
network = Mlp(widths=(1, {width}, {width}, 1))
optimizer = Adam(learning_rate={learning_rate}, decay=0.1, decay_steps={epochs})

# the square mask starts at gamma = 1: from 0 it would not move
gamma0 = {{"sigmoid": {gamma0}, "square": 1}}["{mask}"]
masks = SelfAdaptiveWeights(mask="{mask}", gamma0=gamma0, ascent="{ascent}", rate={ascent_rate})
schemes = [
    ("uniform", {uniform}, FixedWeights(data=1.0)),
    ("gradient norm", {gradient_norm}, PointGradientNormWeights(denominator="{denominator}")),
    ("self-adaptive", {self_adaptive}, masks),
    ("residual attention", {attention}, ResidualAttention()),
]
seeds = range({seed}, {seed} + {n_seeds})

for name, chosen, weighting in schemes:
    if not chosen:
        continue
    run = train(problem, network, optimizer, weighting, seeds=seeds, epochs={epochs}, every=10)
    *_, last = run
    residual = np.abs(last.prediction - last.exact)
    inside = np.abs(last.grid - problem.centre) < 0.2
    centre, outer = residual[:, inside].mean(axis=1), residual[:, ~inside].mean(axis=1)
    print(
        f"{{name:18s}} median |residual|: centre {{np.median(centre):.4f}}, outer {{np.median(outer):.4f}},"
        f" ratio {{np.median(centre / outer):.2f}}"
    )
"""


def problem_of(settings: Settings) -> FunctionFit:
    """The fit that the settings describe."""
    return FunctionFit(steepness=settings.steepness, n_points=settings.points)


def network_of(settings: Settings) -> Mlp:
    """Two hidden layers of the chosen width."""
    return Mlp(widths=(1, settings.width, settings.width, 1))


def optimizer_of(settings: Settings) -> Adam:
    """Adam with a learning rate that falls to a tenth on the way."""
    return Adam(settings.learning_rate, decay=RATE_LEFT, decay_steps=settings.epochs)


def masks_of(settings: Settings) -> SelfAdaptiveWeights:
    """Self-adaptive masks; the square has a start of its own, because it does not move from zero."""
    return SelfAdaptiveWeights(
        mask=settings.mask,
        gamma0=SQUARE_START if settings.mask == "square" else settings.gamma0,
        ascent=settings.ascent,
        rate=settings.ascent_rate,
    )


WEIGHTINGS: dict[str, Callable[[Settings], Any]] = {
    "uniform": lambda settings: FixedWeights(data=1.0),  # noqa: ARG005
    "gradient_norm": lambda settings: PointGradientNormWeights(denominator=settings.denominator),
    "self_adaptive": masks_of,
    "attention": lambda settings: ResidualAttention(),  # noqa: ARG005
}


def lane_of(settings: Settings, scheme: str) -> Lane:
    """What one scheme trains."""
    return Lane(
        problem_of(settings), network_of(settings), optimizer_of(settings), WEIGHTINGS[scheme](settings)
    )


def lanes_of(settings: Settings) -> dict[str, Lane]:
    """The lanes of the schemes that are switched on."""
    return {scheme: lane_of(settings, scheme) for scheme in chosen(settings, LEAST_SCHEMES, len(SCHEMES))}


def whole(settings: Settings) -> Wire:
    """What all schemes have in common."""
    problem = problem_of(settings)
    return {"points": {"x": problem.points(), "target": problem.exact(problem.points())}}


def describe(snapshot: Snapshot, settings: Settings, scheme: str, member: int | None) -> Wire:  # noqa: ARG001
    """One scheme's snapshot as plain data and arrays; `observe` gives the rest.

    Parameters
    ----------
    snapshot : state of a run, or of an ensemble of runs.
    settings : settings of the race.
    scheme : name of the scheme.
    member : which member of an ensemble; None when the snapshot is of a single run.
    """
    pick = (lambda values: values) if member is None else (lambda values: values[member])
    u, loss, rel_l2 = (
        pick(values) for values in (snapshot.prediction, snapshot.losses["data"], snapshot.rel_l2)
    )
    run: Wire = {
        "series": {"epoch": snapshot.epochs, "loss_data": loss, "rel_l2": rel_l2},
        "curve": {
            "x": snapshot.grid,
            "u": u,
            "exact": snapshot.exact,
            "residual": np.abs(u - snapshot.exact),
        },
        "result": {
            "rel_l2": float(rel_l2[-1]),
            "losses": {"data": float(loss[-1])},
            "weights": {"data": 1.0},
        },
    }
    if snapshot.point_weights is not None:
        weights = pick(snapshot.point_weights["data"])
        run["point_weights"] = weights
        inner, outside = split(problem_of(settings).points(), weights)
        run["result"] |= {"weight_centre": float(inner), "weight_outer": float(outside)}
    return run


def observe(snapshot: Snapshot) -> dict[str, np.ndarray]:
    """Mean residual in the centre and outside, their ratio, and the largest residual; (), or (B,) each."""
    residual = np.abs(snapshot.prediction - snapshot.exact)
    centre, outer = split(snapshot.grid, residual)
    return {"centre": centre, "outer": outer, "ratio": centre / outer, "largest": residual.max(axis=-1)}


def split(x: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean of some values at `x`, such as residuals, in the centre, where the transition is, and outside it.

    Parameters
    ----------
    x : (G,).
    values : (G,), or (B, G) in an ensemble. With few points none of them may be in the centre; its mean is
        then not a number.
    """
    in_centre = np.abs(x - STEP) < CENTRE_BELOW
    outer = values[..., ~in_centre].mean(axis=-1)
    return values[..., in_centre].mean(axis=-1) if in_centre.any() else np.full_like(outer, np.nan), outer


RACE = Race(
    lanes=lanes_of,
    epochs=lambda settings: settings.epochs,
    every=EPOCHS_PER_SNAPSHOT,
    describe=describe,
    observe=observe,
    whole=whole,
)
run = RACE.run
