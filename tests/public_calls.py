# ruff: noqa: ARG001 -- classes as a reader writes them
"""Every public call of the engine, made from arguments by name."""

import contextlib
import dataclasses
import fractions
import itertools
import tempfile
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from own import NETWORK, Descent, Line, Net, Scheme, own, put

from pinn_core import (
    Adam,
    AnnealingWeights,
    FixedWeights,
    FunctionFit,
    GradientDescent,
    GradientNormWeights,
    HarmonicOscillator,
    Lbfgs,
    Mlp,
    NtkTraceWeights,
    PointGradientNormWeights,
    ResidualAttention,
    SelfAdaptiveWeights,
    SettingError,
    TangentKernel,
    Then,
    eigenvalues,
    gradient_check,
    sweep,
    train,
)
from pinn_core.networks import INITIALIZERS
from pinn_core.optimizers import OPTIMIZERS
from pinn_core.problems import PROBLEMS
from pinn_core.weighting import WEIGHTINGS, WeightState

PROBLEM, FIT = HarmonicOscillator(n_points=5), FunctionFit(n_points=4)
THETA = NETWORK.init(0)
PLAIN = FixedWeights()


class Call(NamedTuple):
    """A public call: what makes it from arguments by name, and arguments that it takes, if there are any."""

    make: Callable[..., Any]
    good: dict[str, Any]
    takes_any: bool = True


# ---- what is called ----


def trained(run: Any) -> Any:
    """The numbers of the first snapshots of a run, those of members that go on."""
    *_, snapshot = itertools.islice(run, 3)
    well = slice(None) if snapshot.diverged is None else snapshot.diverged < 0
    series = [*snapshot.losses.values(), *snapshot.weights.values(), *snapshot.gradient_norms.values()]
    series += [snapshot.rel_l2, snapshot.prediction, snapshot.theta]
    return [array[well] for array in series] + [snapshot.grid, snapshot.exact]


def run_of(**changed: Any) -> Any:
    settings = {"problem": PROBLEM, "network": NETWORK, "optimizer": Adam(), "weighting": PLAIN}
    return trained(train(**{**settings, "epochs": 4, "every": 2, **changed}))


def settings_of(kind: type, role: str, problem: Any = PROBLEM) -> Call:
    """A class of settings: what it keeps is what it was given, and training with it works."""

    def make(**arguments: Any) -> Any:
        made = kind(**arguments)
        for name, value in arguments.items():
            assert is_kept(getattr(made, name), value), f"{name} is kept as {getattr(made, name)!r}"
        return run_of(**{"problem": problem, role: made})

    return Call(make, {field.name: getattr(kind(), field.name) for field in dataclasses.fields(kind)})


def is_kept(kept: Any, given: Any) -> bool:
    """Whether a setting holds the value that was given, and not what was made of something else."""
    if isinstance(given, bool | np.bool_ | str) or given is None or isinstance(kept, bool | str):
        return type(kept) is type(given) and kept == given
    if isinstance(kept, tuple):
        return kept == tuple(given)
    if isinstance(kept, int | float):
        return isinstance(given, int | float | np.number | fractions.Fraction) and kept == float(given)
    return kept is given


def fixed(**weights: Any) -> Any:
    FixedWeights(**weights)
    return run_of(weighting=FixedWeights(**weights))


def kernel(problem: Any, network: Any, theta: Any, sample: Any) -> Any:
    found = TangentKernel(problem, network, theta, sample)
    with np.errstate(all="ignore"):
        return found.theta - np.atleast_2d(np.asarray(theta))


def moved(theta: Any) -> Any:
    kernel = TangentKernel(PROBLEM, NETWORK, THETA)
    kernel.move(theta)
    return [kernel.traces(), kernel.kernel()]


def sent(**changes: Any) -> Any:
    run = train(PROBLEM, NETWORK, Adam(), PLAIN, epochs=6, every=2)
    next(run)
    run.send(changes)
    return trained(run)


def sent_at_all(changes: Any, before: bool = False) -> Any:
    run = train(PROBLEM, NETWORK, Adam(), PLAIN, epochs=6, every=2)
    if not before:
        next(run)
    run.send(changes)
    return trained(run)


def checked(**arguments: Any) -> Any:
    found = gradient_check(**arguments)
    return [found.worst, found.streams, str(found)]


def measured(**arguments: Any) -> Any:
    """What a reader's own scheme may ask of the measures."""

    def update(state: WeightState, measures: Any, epoch: int) -> None:
        if "sample" in arguments:
            measures.point_norms(arguments["sample"])
            measures.traces(arguments["sample"])
        else:
            measures.reject(**arguments)

    return run_of(weighting=own(Scheme(), update=update))


def experiment(seeds: Any, rate: Any = 1e-3) -> Any:
    """The error at the end of a short training."""
    *_, end = train(FIT, NETWORK, Adam(rate), PLAIN, seeds, epochs=2)
    return {"rel_l2": end.rel_l2[:, -1]}


def swept(**arguments: Any) -> Any:
    """A sweep in an empty folder, in which it may keep what is finished."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return sweep(**arguments)["rel_l2"].values


def labelled() -> Any:
    return sweep(experiment, {"rate": [1e-3, 1e-2]}, seeds=[0, 1])["rel_l2"]


CALLS: dict[str, Call] = {
    "train": Call(
        run_of,
        {
            "problem": PROBLEM,
            "network": NETWORK,
            "optimizer": Adam(),
            "weighting": PLAIN,
            "seeds": 0,
            "epochs": 4,
            "every": 2,
            "dtype": "float64",
        },
    ),
    "send": Call(sent, {"weighting": PLAIN, "optimizer": Adam()}),
    "send anything": Call(sent_at_all, {"changes": {}}),
    "send before next": Call(lambda changes: sent_at_all(changes, before=True), {"changes": None}),
    "gradient_check": Call(
        checked,
        {
            "problem": FIT,
            "network": NETWORK,
            "weighting": None,
            "seed": 0,
            "bend": "tanh_dz",
            "bend_by": 1e-3,
            "tolerance": 1e-10,
        },
    ),
    "TangentKernel": Call(kernel, {"problem": PROBLEM, "network": NETWORK, "theta": THETA, "sample": None}),
    "TangentKernel.move": Call(moved, {"theta": THETA}),
    "eigenvalues": Call(lambda kernel: eigenvalues(kernel), {"kernel": np.eye(2)}),
    "FixedWeights": Call(fixed, {"pde": 1.0, "ic": 1.0}),
    "FixedWeights, unknown term": Call(fixed, {"bc": 1.0}, takes_any=False),
    "Mlp.init": Call(lambda seed: NETWORK.init(seed), {"seed": 0}),
    "Mlp.layers": Call(lambda theta: NETWORK.layers(theta), {"theta": THETA[None]}),
    "Mlp.streams": Call(
        lambda theta, x, order: NETWORK.streams(theta, x, order).real,
        {"theta": THETA, "x": np.zeros(3), "order": 2},
    ),
    "HarmonicOscillator.exact": Call(lambda t: PROBLEM.exact(t).real, {"t": np.zeros(3)}),
    "FunctionFit.exact": Call(lambda x: FIT.exact(x).real, {"x": np.zeros(3)}),
    "Measures.traces": Call(measured, {"sample": None}),
    "Measures.reject": Call(measured, {"bad": np.array([False]), "term": "pde", "cause": "because"}),
    "sweep": Call(
        swept,
        {
            "experiment": experiment,
            "grid": {"rate": [1e-3]},
            "seeds": [0, 1],
            "together": (),
            "seeds_at_once": 8,
            "executor": None,
            "store": None,
        },
    ),
    "Labelled.at": Call(lambda **labels: labelled().at(**labels).values, {"rate": 1e-3, "seed": 0}),
    "Labelled.median": Call(lambda axis: labelled().median(axis).values, {"axis": "seed"}),
    "Labelled.quantile": Call(
        lambda share, axis: labelled().quantile(share, axis).values, {"share": 0.5, "axis": "seed"}
    ),
    "SettingError": Call(lambda value: str(SettingError("name", value, "less")), {"value": 0}),
    **{
        kind.__name__: settings_of(kind, role, problem)
        for role, problem, kinds in (
            ("network", PROBLEM, [Mlp]),
            ("problem", PROBLEM, [HarmonicOscillator, FunctionFit]),
            ("optimizer", PROBLEM, [Adam, GradientDescent, Lbfgs, Then]),
            ("weighting", PROBLEM, [NtkTraceWeights, AnnealingWeights, GradientNormWeights]),
            ("weighting", PROBLEM, [ResidualAttention, SelfAdaptiveWeights]),
            ("weighting", FIT, [PointGradientNormWeights]),
        )
        for kind in kinds
    },
    **{
        f"{registry.setting} by name": Call(
            lambda registry=registry, **name: registry[name[registry.setting]],
            {registry.setting: next(iter(registry))},
        )
        for registry in (PROBLEMS, OPTIMIZERS, WEIGHTINGS, INITIALIZERS)
    },
}


# ---- objects of the reader's own, one member of which gives what it should not ----


def giving(kind: type, role: str, member: str) -> Call:
    """Training with an object of `kind` one member of which is, or returns, what is given."""
    good = getattr(kind(), member)

    def make(**given: Any) -> Any:
        value = given[role]
        is_method = callable(good) and value is not good
        return run_of(
            **{"problem": Line(), role: own(kind(), **{member: (lambda *_: value) if is_method else value})}
        )

    return Call(make, {role: good})


def with_state(part: str, good: Any) -> Call:
    """Training with a scheme whose first state has what is given in one part."""

    def make(state: Any) -> Any:
        def init(sizes: Any, members: Any) -> Any:
            return put(Scheme().init(sizes, members), part, state)

        return run_of(problem=Line(), weighting=own(Scheme(), init=init))

    return Call(make, {"state": good})


def with_update(part: str) -> Call:
    """Training with a scheme that puts what is given in one part of its state instead of changing arrays."""

    def make(state: Any) -> Any:
        def update(now: Any, measures: Any, epoch: int) -> None:
            put(now, part, state)

        return run_of(problem=Line(), weighting=own(Scheme(), update=update))

    return Call(make, {"state": None}, takes_any=False)


def with_residuals() -> Call:
    """Training on a problem that puts other residuals in the place of those that it should fill."""

    def make(problem: Any) -> Any:
        def residuals(x: Any, u: Any, r: Any) -> None:
            r["data"] = problem

        return run_of(problem=own(Line(), residuals=residuals))

    return Call(make, {"problem": None}, takes_any=False)


MEMBERS = {
    "problem": (
        Line,
        "order linear sizes scales places points grid exact ansatz residuals residuals_backward",
    ),
    "network": (Net, "widths n_parameters init layers blocks"),
    "optimizer": (Descent, "init step"),
    "weighting": (Scheme, "refresh until init update"),
}
CALLS |= {
    f"{role}.{member}": giving(kind, role, member)
    for role, (kind, members) in MEMBERS.items()
    for member in members.split()
}
CALLS |= {
    f"state.{part}": with_state(part, good)
    for part, good in {
        "terms": {"data": np.ones(1)},
        "terms.data": np.ones(1),
        "points": None,
        "points.data": np.ones((1, 3)),
        "traces": None,
        "memory": {},
    }.items()
}
CALLS |= {
    f"update of {part}": with_update(part) for part in ("terms", "terms.data", "terms.bc", "points.data")
}
CALLS["residuals put elsewhere"] = with_residuals()
