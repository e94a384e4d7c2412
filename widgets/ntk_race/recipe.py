"""NTK race: schemes for the weight of the initial condition, from the same start and side by side."""

import dataclasses
import math
from typing import Any

from pinn_core import (
    Adam,
    AnnealingWeights,
    FixedWeights,
    HarmonicOscillator,
    Lbfgs,
    Mlp,
    NtkTraceWeights,
    Snapshot,
    Then,
)

from ..racing import Lane, Race, chosen
from ..running import Wire
from ..settings import WidgetSettings, setting

TITLE = "NTK race"

EPOCHS_PER_SNAPSHOT = 20
GRID_STRIDE = 2  # every second point of the error grid is drawn

CLEAN_BELOW = 0.05
WRONG_FROM = 0.30

LEAST_SCHEMES, MOST_SCHEMES = 2, 5

SMALLEST_CLAMPED = 1.0  # where a largest weight is set, this is the smallest


@dataclasses.dataclass(frozen=True)
class Settings(WidgetSettings):
    """Settings of the NTK race."""

    plain: bool = setting(True, label="plain, λ = 1", help="Both terms have the weight one.")
    fixed: bool = setting(True, label="fixed weight", help="The weight below, from start to end.")
    ntk: bool = setting(True, label="NTK", help="The weight follows from the traces of the tangent kernel.")
    annealing: bool = setting(
        False, label="annealing", help="The weight follows from the entries of the gradients of the terms."
    )
    hard: bool = setting(
        False, label="hard constraint", help="u = 1 + t² N(t) meets the initial condition; nothing to weigh."
    )
    fixed_weight: float = setting(
        100.0,
        label="log10 fixed weight",
        minimum=1e-3,
        maximum=1e5,
        scale="log10",
        step=0.25,
        live=True,
        help="Weight of the initial condition in the scheme with a fixed weight; may be dragged.",
    )
    definition: str = setting(
        "loss_consistent",
        label="Trace",
        choices=(
            ("loss_consistent", "as in the loss"),
            ("mean", "mean over the residuals"),
            ("sum", "sum over the residuals"),
        ),
        help="What the NTK scheme takes for the trace of a term.",
    )
    clamp: str = setting(
        "none",
        label="Largest weight",
        choices=(("none", "no limit"), ("100", "100"), ("1000", "1000")),
        help="Limits each new weight of NTK and annealing; the smallest is then one.",
    )
    keep: float = setting(
        0.9,
        label="Keep",
        minimum=0.0,
        maximum=0.99,
        step=0.05,
        help="Share of the old weight that an update keeps, for NTK and annealing; 0 is no smoothing.",
    )
    refresh: int = setting(
        100,
        label="Refresh",
        minimum=1,
        maximum=1000,
        step=1,
        unit="epochs",
        help="Epochs between two updates of the weights of NTK and annealing.",
    )
    annealing_weight: str = setting(
        "outside",
        label="Annealing weight",
        choices=(("outside", "outside the gradient"), ("inside", "inside the gradient")),
        group="more",
        help="Whether the rule of annealing sees the gradient of a term without or with its weight.",
    )
    compare: str = setting(
        "epochs",
        label="Compare after",
        choices=(("epochs", "equal epochs"), ("time", "equal time")),
        help="After equal time, the race ends when the first scheme has done all epochs.",
    )
    seed: int = setting(
        0, label="Seed", minimum=0, maximum=9999, step=1, help="Draws the initial parameters of the network."
    )
    n_seeds: int = setting(
        1,
        label="Seeds in one run",
        choices=((1, "1"), (10, "10: median and quartiles")),
        help="Ten trains an ensemble of ten seeds in a row for each scheme, starting with the one above.",
    )
    epochs: int = setting(
        2000, label="Epochs", minimum=20, maximum=20000, step=20, help="Number of steps of Adam."
    )
    lbfgs: int = setting(
        0,
        label="then L-BFGS",
        minimum=0,
        maximum=5000,
        step=20,
        unit="iterations",
        group="more",
        help="Iterations of L-BFGS after Adam, in which the weights stay as they are.",
    )
    learning_rate: float = setting(
        3e-3,
        label="Learning rate",
        minimum=1e-6,
        maximum=1.0,
        live=True,
        help="Step size of Adam; may be changed while training runs.",
    )
    points: int = setting(
        50,
        label="Collocation points",
        minimum=5,
        maximum=400,
        step=1,
        group="more",
        help="Uniform points in time, both ends included, at which the residual is taken.",
    )
    frequency: float = setting(
        2.0,
        label="Frequency ω / π",
        minimum=0.5,
        maximum=8.0,
        step=0.5,
        group="more",
        help="The exact solution is cos(ω t) for t from 0 to 1.",
    )


def preset(*schemes: str, **changes: Any) -> dict[str, Any]:
    """All settings but the seed, with these schemes switched on, so that no preset leaves anything behind."""
    flags: dict[str, Any] = {name: name in schemes for name in Settings.flags()}
    settings = Settings(**flags | changes).as_dict()
    del settings["seed"]
    return settings


PRESETS: dict[str, dict[str, Any]] = {
    "NTK weights": preset("plain", "fixed", "ntk"),
    "clamp at 100": preset("plain", "fixed", "ntk", clamp="100", keep=0.5),
    "sum": preset("plain", "fixed", "ntk", definition="sum"),
    "mean": preset("plain", "fixed", "ntk", definition="mean"),
    "no smoothing": preset("plain", "fixed", "ntk", keep=0.0, learning_rate=1e-3),
    "every epoch": preset("plain", "fixed", "ntk", refresh=1),
    "annealing outside": preset("fixed", "ntk", "annealing"),
    "annealing inside": preset("fixed", "ntk", "annealing", annealing_weight="inside"),
    "annealing clamped": preset("fixed", "ntk", "annealing", clamp="1000"),
    "hard constraint": preset("fixed", "ntk", "hard"),
    "Adam, then L-BFGS": preset("plain", "fixed", "ntk", lbfgs=1000),
}

CODE = """\
import numpy as np
from pinn_core import Adam, AnnealingWeights, FixedWeights, HarmonicOscillator
from pinn_core import Lbfgs, Mlp, NtkTraceWeights, Then, train

# u'' + omega^2 u = 0, u(0) = 1, u'(0) = 0 on 0 <= t <= 1
ivp = {{"omega": {frequency} * np.pi, "n_points": {points}}}
soft, hard = HarmonicOscillator(**ivp), HarmonicOscillator(constraint="hard", **ivp)
network = Mlp(widths=(1, 32, 32, 1))
optimizer = Then(Adam(learning_rate={learning_rate}), {epochs}, Lbfgs())

# how the weights move; during L-BFGS they stand still
limits = {{"none": {{}}, "100": {{"high": 100.0}}, "1000": {{"high": 1000.0}}}}["{clamp}"]
moves = {{"refresh": {refresh}, "keep": {keep}, "until": {epochs}, "low": 1.0 if limits else None, **limits}}
inside = "{annealing_weight}" == "inside"
schemes = {{
    "plain": ({plain}, soft, FixedWeights()),
    "fixed": ({fixed}, soft, FixedWeights(ic={fixed_weight})),
    "ntk": ({ntk}, soft, NtkTraceWeights(definition="{definition}", **moves)),
    "annealing": ({annealing}, soft, AnnealingWeights(inside=inside, **moves)),
    "hard": ({hard}, hard, FixedWeights()),
}}

seeds = range({seed}, {seed} + {n_seeds})
for name, (races, problem, weighting) in schemes.items():
    if races:
        *_, last = train(problem, network, optimizer, weighting, seeds, epochs={epochs} + {lbfgs})
        print(f"{{name:10s}} relative L2 {{np.median(last.rel_l2[:, -1]):.3%}}")
"""


def verdict(rel_l2: float) -> str:
    """The error in a word: "clean", "partly" or "wrong"."""
    return "clean" if rel_l2 < CLEAN_BELOW else "partly" if rel_l2 < WRONG_FROM else "wrong"


def problem_of(settings: Settings, constraint: str = "soft") -> HarmonicOscillator:
    """The initial value problem that the settings describe."""
    return HarmonicOscillator(
        omega=settings.frequency * math.pi, n_points=settings.points, constraint=constraint
    )


def network_of(settings: Settings) -> Mlp:  # noqa: ARG001 (as in every recipe)
    """The network, the same for all settings."""
    return Mlp(widths=(1, 32, 32, 1))


def optimizer_of(settings: Settings) -> Then:
    """Adam for the epochs of the settings, L-BFGS after that."""
    return Then(Adam(learning_rate=settings.learning_rate), settings.epochs, Lbfgs())


def moves_of(settings: Settings) -> dict[str, Any]:
    """How the weights of the adaptive schemes move; during L-BFGS they stand still."""
    moves: dict[str, Any] = {"refresh": settings.refresh, "keep": settings.keep, "until": settings.epochs}
    if settings.clamp != "none":
        moves |= {"low": SMALLEST_CLAMPED, "high": float(settings.clamp)}
    return moves


def weighting_of(settings: Settings, scheme: str) -> Any:
    """The weighting scheme of one lane."""
    if scheme == "ntk":
        return NtkTraceWeights(definition=settings.definition, **moves_of(settings))
    if scheme == "annealing":
        return AnnealingWeights(inside=settings.annealing_weight == "inside", **moves_of(settings))
    return FixedWeights(ic=settings.fixed_weight if scheme == "fixed" else 1.0)


def lanes(settings: Settings) -> dict[str, Lane]:
    """The lanes of the schemes that are switched on."""
    return {name: lane(settings, name) for name in chosen(settings, LEAST_SCHEMES, MOST_SCHEMES)}


def lane(settings: Settings, scheme: str) -> Lane:
    """The lane of one scheme."""
    return Lane(
        problem_of(settings, "hard" if scheme == "hard" else "soft"),
        network_of(settings),
        optimizer_of(settings),
        weighting_of(settings, scheme),
    )


def describe(snapshot: Snapshot, settings: Settings, name: str, member: int | None) -> Wire:  # noqa: ARG001
    """One lane's snapshot as plain data and arrays.

    Parameters
    ----------
    snapshot : state of a run, or of an ensemble of runs.
    settings : settings of the race.
    name : of the lane.
    member : which member of an ensemble; None when the snapshot is of a single run.
    """
    pick = (lambda values: values) if member is None else (lambda values: values[member])
    series = {"epoch": snapshot.epochs, "rel_l2": pick(snapshot.rel_l2)}
    series |= {f"loss_{term}": pick(values) for term, values in snapshot.losses.items()}
    series |= {f"lam_{term}": pick(values) for term, values in snapshot.weights.items() if term != "pde"}
    series |= {f"trace_{term}": pick(values) for term, values in (snapshot.traces or {}).items()}
    drawn = slice(None, None, GRID_STRIDE)
    return {
        "series": series,
        "curve": {
            "t": snapshot.grid[drawn],
            "u": pick(snapshot.prediction)[drawn],
            "exact": snapshot.exact[drawn],
        },
        "result": {
            "rel_l2": float(series["rel_l2"][-1]),
            "losses": {term: float(pick(values)[-1]) for term, values in snapshot.losses.items()},
            "weights": {term: float(pick(values)[-1]) for term, values in snapshot.weights.items()},
        },
    }


RACE = Race(
    lanes=lanes,
    epochs=lambda settings: settings.epochs + settings.lbfgs,
    every=EPOCHS_PER_SNAPSHOT,
    describe=describe,
    judge=lambda result: {"verdict": verdict(result["rel_l2"])},
)
run = RACE.run
