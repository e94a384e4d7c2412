"""Check of every backward rule and every derivative stream by complex step.

For a function f that is real on the real axis, Im f(x + i h) / h is its derivative up to h^2, and no
difference is taken that could cancel: with h = 1e-30 it is exact to rounding. The forward pass runs on
complex numbers. The backward rules, which are on trial, run on real ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .contracts import check_network, check_problem, check_weighting
from .errors import Registry, one_of, positive_number, whole_number
from .jets import RULES, Array, BackwardRules
from .networks import Network, Sweep
from .objective import Objective
from .operators import up_to
from .problems import Problem
from .streams import Call, Calls, HardConstraint, run
from .weighting import FixedWeights, Weighting, check_state

STEP = 1e-30

# Parameters that are moved in one complex forward sweep.
CHUNK = 64


@dataclass(frozen=True)
class GradientCheck:
    """What the check found.

    Attributes
    ----------
    errors : for "total" and for every loss term, for every parameter block (W1, b1 and so on): the largest
        difference between backward and complex step, divided by the largest entry of the block.
    streams : the same for u_x against u and for u_xx against u_x, as far as the problem uses them.
    tolerance : the largest error that passes.
    """

    errors: dict[str, dict[str, float]]
    streams: dict[str, float]
    tolerance: float

    @property
    def worst(self) -> float:
        """The largest of all errors."""
        blocks = [error for by_block in self.errors.values() for error in by_block.values()]
        return float(np.max([*blocks, *self.streams.values()]))

    @property
    def passed(self) -> bool:
        """Whether no error is above the tolerance. An error that is not a number does not pass."""
        return self.worst <= self.tolerance

    def __str__(self) -> str:
        lines = [" " * 8 + "".join(f"{block:>9}" for block in self.errors["total"])]
        for term, by_block in self.errors.items():
            lines.append(f"{term:8}" + "".join(f"{error:9.1e}" for error in by_block.values()))
        lines += [f"{stream:8}{error:9.1e}" for stream, error in self.streams.items()]
        return "\n".join([*lines, f"{'passed' if self.passed else 'FAILED'}, largest error {self.worst:.1e}"])


# What can be bent: a backward rule, the position of an output among its arguments, and parts of that output.
BENDS = Registry(
    "bend",
    {
        "input_dw": ("input", 2, lambda d_layer: [d_layer.weight]),
        "input_db": ("input", 2, lambda d_layer: [d_layer.bias]),
        "affine_dW": ("affine", 4, lambda d_layer: [d_layer.weight]),
        "affine_db": ("affine", 4, lambda d_layer: [d_layer.bias]),
        "affine_dh": ("affine", 3, lambda dh: [dh.streams]),
        "tanh_dz": ("tanh", 3, lambda dz: [dz[0]]),
        "tanh_dz_x": ("tanh", 3, lambda dz: [dz[s] for s in dz if s == 1]),
        "tanh_dz_xx": ("tanh", 3, lambda dz: [dz[s] for s in dz if s == 2]),
        "product_df": ("product", 3, lambda df: list(df.values())),
        "residuals_du": ("residuals", 3, lambda du: [du]),
    },
)


def bends(problem: Problem, network: Network) -> list[str]:
    """The keys of `BENDS` that have something to bend in this problem and network."""
    unused = set()
    if problem.order < 1:
        unused.add("tanh_dz_x")
    if problem.order < 2 or len(network.widths) < 4:
        unused.add("tanh_dz_xx")
    if problem.ansatz(problem.points()) is None:
        unused.add("product_df")
    return [name for name in BENDS if name not in unused]


def gradient_check(
    problem: Problem,
    network: Network,
    weighting: Weighting | None = None,
    seed: int = 0,
    bend: str | None = None,
    bend_by: float = 1e-3,
    tolerance: float = 1e-10,
) -> GradientCheck:
    """Compare every gradient and every derivative stream with a complex step.

    Parameters
    ----------
    problem, network : as for `train`.
    weighting : its first weights of terms are those of the total loss; None gives every term the weight 1.
    seed : of the parameters, which are those of ``network.init(seed)`` plus noise, so that no bias is zero.
    bend : None, or one of ``bends(problem, network)``: that output of a backward rule is multiplied by
        1 + bend_by, and the check has to notice.
    bend_by : relative amount of the bend, above 0.
    tolerance : the largest relative error that passes, above 0.

    Returns
    -------
    A `GradientCheck`. Print it for a table.

    Raises
    ------
    SettingError : a setting is not allowed.

    Cost
    ----
    P complex forward sweeps for P parameters.

    Source
    ------
    Squire and Trapp (1998), Using complex variables to estimate derivatives of real functions.
    """
    weighting = FixedWeights() if weighting is None else weighting
    check_problem(problem)
    check_network(network)
    check_weighting(weighting)
    seed = whole_number("seed", seed, 0, 2**63 - 1)
    tolerance = positive_number("tolerance", tolerance, 1.0)
    rules = RULES
    if bend is not None:
        one_of("bend", bend, bends(problem, network))
        rules = _bent_rules(problem, bend, 1 + positive_number("bend_by", bend_by, 1e6))

    theta = network.init(seed) + 0.1 * np.random.default_rng([seed, 1]).standard_normal(network.n_parameters)
    state = weighting.init(problem.sizes, None)
    check_state(state, problem.sizes, None)
    weights = {term: float(weight[0]) for term, weight in state.terms.items()}
    by_rules = _by_rules(problem, network, theta, weights, rules)
    by_steps = _by_complex_steps(problem, network, theta, weights)
    errors = {
        term: {block: _error(by_rules[term][w], by_steps[term][w]) for block, w in network.blocks().items()}
        for term in by_rules
    }
    return GradientCheck(errors, _stream_errors(problem, network, theta), tolerance)


def _bent_rules(problem: Problem, bend: str, factor: float) -> BackwardRules:
    """The backward rules, but with one output of one of them multiplied by `factor`."""
    name, position, parts = BENDS[bend]
    rule: Any = problem.residuals_backward if name == "residuals" else getattr(RULES, name)

    def bending(arguments: tuple[Any, ...]) -> list[Call]:
        return [(np.multiply, (output, factor, output)) for output in parts(arguments[position])]

    def bent_rule(*arguments: Any) -> None:
        rule(*arguments)
        run(bending(arguments))

    def bent_list(*arguments: Any) -> Calls:
        yield from rule(*arguments)
        yield from bending(arguments)

    bent: Any = bent_list if name in ("tanh", "product") else bent_rule
    return replace(RULES, **{name: bent})


def _by_rules(
    problem: Problem, network: Network, theta: Array, weights: dict[str, float], rules: BackwardRules
) -> dict[str, Array]:
    """Gradients (P,) of the total loss and of every term by the backward rules."""
    objective = Objective(problem, network, 1, theta.dtype, rules)
    gradient = np.empty((1, theta.size))
    layers, d_layers = network.layers(theta[None]), network.layers(gradient)
    objective.forward(layers)

    def backward(weights: dict[str, float]) -> Array:
        factors = objective.factors({term: np.array([weight]) for term, weight in weights.items()})
        objective.backward(factors, layers, d_layers)
        return gradient[0].copy()

    only = {term: backward({other: float(other == term) for other in weights}) for term in weights}
    return {"total": backward(weights), **only}


def _by_complex_steps(
    problem: Problem, network: Network, theta: Array, weights: dict[str, float]
) -> dict[str, Array]:
    """Gradients (P,) of the total loss and of every term: each member moves one parameter by i h."""
    gradients = np.empty((theta.size, len(weights)))
    for start in range(0, theta.size, CHUNK):
        moved = np.arange(start, min(start + CHUNK, theta.size))
        members = np.tile(theta.astype(complex), (moved.size, 1))
        members[np.arange(moved.size), moved] += 1j * STEP
        objective = Objective(problem, network, moved.size, members.dtype)
        objective.forward(network.layers(members))
        gradients[moved] = objective.losses.imag / STEP
    total = gradients @ np.array(list(weights.values()))
    return {"total": total, **dict(zip(weights, gradients.T, strict=True))}


def _stream_errors(problem: Problem, network: Network, theta: Array) -> dict[str, float]:
    """Every derivative stream of the solution against the complex step of the stream before it."""
    x = problem.points() + 1j * STEP
    operators = up_to(problem.order)
    layers = network.layers(theta[None].astype(x.dtype))
    f = Sweep(network, x, operators, 1, x.dtype, forward_only=True).forward(layers)[0]
    u, ansatz = f.copy(), problem.ansatz(x)
    if ansatz is not None:
        HardConstraint(operators, *ansatz, f, u).forward()
    names = ("u_x", "u_xx")[: problem.order]
    return {name: _error(u[s + 1].real, u[s].imag / STEP) for s, name in enumerate(names)}


def _error(value: Array, reference: Array) -> float:
    """Largest difference, divided by the largest reference unless that is zero."""
    return float(np.abs(value - reference).max() / (np.abs(reference).max() or 1.0))
