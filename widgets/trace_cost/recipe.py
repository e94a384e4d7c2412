"""Trace cost: the trace of the tangent kernel in closed form, checked and timed against a plain loop."""

import dataclasses
from collections.abc import Callable, Generator, Mapping
from time import perf_counter
from typing import Any

import numpy as np

from pinn_core import Adam, FixedWeights, HarmonicOscillator, Mlp, TangentKernel, train

from ..runs.following import Wire
from ..runs.settings import WidgetSettings, setting

TITLE = "Cost of the trace"

LEARNING_RATE = 3e-3
TOLERANCE = 1e-10

LONGEST = 0.3  # seconds in which everything is timed again and again; the shortest times count
WORK = 500_000  # products of a layer in the training steps that are timed together, about

# What is measured, and how the table names it.
ROWS = {
    "step": "one training step",
    "closed": "all traces in closed form, right after a training step",
    "closed_alone": "the same with a forward sweep of its own",
    "loop": "all traces by a loop, a sweep for each residual",
}


@dataclasses.dataclass(frozen=True)
class Settings(WidgetSettings):
    """Settings of the measurement."""

    width: int = setting(
        32, label="Width", minimum=2, maximum=256, step=2, help="Neurons in each hidden layer."
    )
    points: int = setting(
        50,
        label="Collocation points",
        minimum=5,
        maximum=1000,
        step=5,
        help="Uniform points in time, both ends included, at which the residual is taken.",
    )
    depth: int = setting(2, label="Hidden layers", minimum=1, maximum=3, step=1)
    seed: int = setting(0, label="Seed", minimum=0, maximum=9999, step=1, help="Draws the parameters.")


PRESETS: dict[str, dict[str, Any]] = {
    "as in the race": {"width": 32, "points": 50, "depth": 2},
    "four times as wide": {"width": 128, "points": 50, "depth": 2},
    "eight times the points": {"width": 32, "points": 400, "depth": 2},
}

CODE = """\
from time import perf_counter
import numpy as np
from pinn_core import HarmonicOscillator, Mlp, TangentKernel
from pinn_core.networks import Sweep
from pinn_core.operators import up_to

problem = HarmonicOscillator(omega=2 * np.pi, n_points={points})
network = Mlp(widths=(1, *[{width}] * {depth}, 1))
operators = up_to(2)  # u, u', u''
theta = network.init(seed={seed})
kernel = TangentKernel(problem, network, theta)  # takes a forward sweep

gradient = np.empty((1, network.n_parameters))
layers, d_layers = network.layers(theta[None]), network.layers(gradient)

def trace_by_loop(points, c):
    trace = 0.0
    for t in points:  # add ||grad (c_0 u + c_1 u' + c_2 u'')||^2
        sweep = Sweep(network, np.array([t]), operators, members=1, dtype=theta.dtype)
        sweep.forward(layers)
        sweep.du[0, :, 0, 0] = c
        sweep.backward(layers, d_layers)
        trace += (gradient * gradient).sum()
    return trace

start = perf_counter()
closed = kernel.traces()
middle = perf_counter()
loop = {{"pde": trace_by_loop(problem.points(), (problem.omega**2, 0, 1)),
        "ic": trace_by_loop([0.0], (1, 0, 0)) + trace_by_loop([0.0], (0, 1, 0))}}
end = perf_counter()

for term in loop:
    print(f"trace of {{term}}: {{closed[term]:.6g}}, by the loop {{loop[term]:.6g}}")
print(f"closed form {{1000 * (middle - start):.2f}} ms, loop {{1000 * (end - middle):.2f}} ms")
"""


def problem_of(settings: Settings) -> HarmonicOscillator:
    """The initial value problem of section 3.3, with the chosen number of points."""
    return HarmonicOscillator(n_points=settings.points)


def network_of(settings: Settings) -> Mlp:
    """Hidden layers of the chosen number and width."""
    return Mlp(widths=(1, *[settings.width] * settings.depth, 1))


def kernel_of(settings: Settings) -> TangentKernel:
    """The tangent kernel at the start."""
    network = network_of(settings)
    return TangentKernel(problem_of(settings), network, network.init(settings.seed))


def run(settings: Settings) -> Generator[Wire | None, Settings | None, None]:
    """Take the traces in both ways, time both, and time a training step.

    Yields None between the measurements, for the page to breathe.
    """
    kernel = kernel_of(settings)
    theta, closed = kernel.theta[0].copy(), kernel.point_norms()
    difference = largest_difference(closed, kernel.point_norms_by_loop())
    yield None
    steps = Steps(settings)
    spent = yield from shortest_times(
        {
            "step": steps.seconds,
            "forward": lambda: seconds_of(lambda: kernel.move(theta), steps.together),
            "closed": lambda: seconds_of(kernel.traces, steps.together),
            "loop": lambda: seconds_of(kernel.point_norms_by_loop),
        }
    )
    spent["closed_alone"] = spent["forward"] + spent["closed"]
    yield {
        "epoch": 1,
        "epochs": 1,
        "series": {},
        "curve": {},
        "table": {
            "columns": ["what", "milliseconds", "training steps"],
            "rows": [[label, spent[name], spent[name] / spent["step"]] for name, label in ROWS.items()],
        },
        "result": {
            **{f"milliseconds_{name}": value for name, value in spent.items()},
            "ratio": spent["loop"] / spent["closed_alone"],
            "difference": difference,
            "tolerance": TOLERANCE,
            "passed": difference <= TOLERANCE,
            "traces": {term: float(norms.sum()) for term, norms in closed.items()},
            "residuals": sum(kernel.problem.sizes.values()),
            "parameters": theta.size,
        },
    }


def difference_of(settings: Settings) -> float:
    """The largest difference of the two ways, without measuring time."""
    kernel = kernel_of(settings)
    return largest_difference(kernel.point_norms(), kernel.point_norms_by_loop())


def largest_difference(closed: dict[str, np.ndarray], looped: dict[str, np.ndarray]) -> float:
    """The largest difference of the norms of any residual, relative to the largest norm of its term."""
    return max(float(np.abs(closed[term] - looped[term]).max() / looped[term].max()) for term in looped)


class Steps:
    """Training steps, to be timed: backward sweep, Adam, forward sweep.

    Attributes
    ----------
    together : how many are timed in a row. The first of them finds nothing of its own in the cache.
    """

    def __init__(self, settings: Settings) -> None:
        self.together = max(1, min(5, WORK // (settings.points * settings.width**2 * settings.depth)))
        self.training = train(
            problem_of(settings),
            network_of(settings),
            Adam(learning_rate=LEARNING_RATE),
            FixedWeights(),
            seeds=settings.seed,
            epochs=10**6,
            every=self.together,
        )
        self.spent = next(self.training).seconds["training"]

    def seconds(self) -> float:
        """Take a few steps; how long one of them took."""
        before, self.spent = self.spent, next(self.training).seconds["training"]
        return (self.spent - before) / self.together


def shortest_times(
    stopwatches: Mapping[str, Callable[[], float]],
) -> Generator[None, Settings | None, dict[str, float]]:
    """The shortest time that each of some stopwatches gives, in milliseconds.

    They take turns, so that a processor that slows down for a while slows down all of them.
    """
    times = dict.fromkeys(stopwatches, np.inf)
    start = perf_counter()
    while np.inf in times.values() or perf_counter() - start < LONGEST:
        for name, stopwatch in stopwatches.items():
            times[name] = min(times[name], 1000 * stopwatch())
        yield None
    return times


def seconds_of(function: Callable[[], Any], calls: int = 1) -> float:
    """How long a call takes, of some calls in a row."""
    start = perf_counter()
    for _ in range(calls):
        function()
    return (perf_counter() - start) / calls
