"""NTK race: schemes for the weight of the initial condition, from the same start and side by side."""

import dataclasses
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

from ..runs import oscillator
from ..runs.following import Wire
from ..runs.jobs import late
from ..runs.races import Lane, Race, chosen, preset
from ..runs.settings import WidgetSettings, network_seed, setting

TITLE = "NTK race"
LIMITS = oscillator.LIMITS

EPOCHS_PER_SNAPSHOT = 20

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
    seed: int = network_seed(4)
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
    points: int = oscillator.points()
    frequency: float = oscillator.frequency()


EQUAL_FIXED_NTK = ("plain", "fixed", "ntk")
ANNEALED = ("fixed", "ntk", "annealing")

PRESETS: dict[str, dict[str, Any]] = {
    "NTK weights": preset(Settings, EQUAL_FIXED_NTK),
    "clamp at 100": preset(Settings, EQUAL_FIXED_NTK, clamp="100", keep=0.5),
    "sum": preset(Settings, EQUAL_FIXED_NTK, definition="sum"),
    "mean": preset(Settings, EQUAL_FIXED_NTK, definition="mean"),
    "no smoothing": preset(Settings, EQUAL_FIXED_NTK, keep=0.0, learning_rate=1e-3),
    "every epoch": preset(Settings, EQUAL_FIXED_NTK, refresh=1),
    "annealing outside": preset(Settings, ANNEALED),
    "annealing inside": preset(Settings, ANNEALED, annealing_weight="inside"),
    "annealing clamped": preset(Settings, ANNEALED, clamp="1000"),
    "hard constraint": preset(Settings, ("fixed", "ntk", "hard")),
    "Adam, then L-BFGS": preset(Settings, EQUAL_FIXED_NTK, lbfgs=1000),
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


def problem_of(settings: Settings, constraint: str = "soft") -> HarmonicOscillator:
    """The initial value problem that the settings describe."""
    return oscillator.problem(settings, constraint)


def network_of(settings: Settings) -> Mlp:  # noqa: ARG001 (as in every recipe)
    """The network, the same for all settings."""
    return oscillator.network()


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
    return FixedWeights(ic=settings.fixed_weight) if scheme == "fixed" else FixedWeights()


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
    drawn = slice(None, None, oscillator.GRID_STRIDE)
    return {
        "series": series,
        "curve": {
            "t": snapshot.grid[drawn],
            "u": pick(snapshot.prediction)[drawn],
            "exact": snapshot.exact[drawn],
        },
        "result": {
            "rel_l2": float(series["rel_l2"][-1]),
            "rel_l2_late": float(late(series["rel_l2"])),
            "losses": {term: float(pick(values)[-1]) for term, values in snapshot.losses.items()},
            "weights": {term: float(pick(values)[-1]) for term, values in snapshot.weights.items()},
        },
    }


RACE = Race(
    lanes=lanes,
    epochs=lambda settings: settings.epochs + settings.lbfgs,
    every=EPOCHS_PER_SNAPSHOT,
    describe=describe,
    judge=lambda result: {"verdict": oscillator.verdict(result["rel_l2_late"])},
)
run = RACE.run
