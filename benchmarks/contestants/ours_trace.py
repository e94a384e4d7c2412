"""The NTK trace by the course's engine; the same file runs in CPython and inside the browser.

In training a trace follows a step, whose forward sweep it uses. So the closed form is timed after a forward
sweep, with one of its own, and as it occurs in training: all that updating the weights after a step takes.
"""

from collections.abc import Callable
from functools import cache

import task

from contestants import Contestant, ours, repeated, stopwatch
from pinn_core import Adam, HarmonicOscillator, Mlp, NtkTraceWeights, train
from pinn_core.ntk import TangentKernel

versions = ours.versions


def _problem(trace: task.Trace) -> HarmonicOscillator:
    return HarmonicOscillator(omega=task.OMEGA, t_end=1.0, n_points=trace.n_points, constraint="soft")


_start = cache(task.start)


@cache  # made when first used, so that its memory can be measured
def kernel(trace: task.Trace) -> TangentKernel:
    """At the start parameters, after a forward sweep."""
    return TangentKernel(_problem(trace), Mlp(widths=trace.widths), _start(trace.widths))


def _with_sweep(trace: task.Trace) -> dict:
    kernel(trace).move(_start(trace.widths))
    return kernel(trace).traces()


def _by_loop(trace: task.Trace) -> dict:
    return {term: norms.sum() for term, norms in kernel(trace).point_norms_by_loop().items()}


def _train(trace: task.Trace, steps: int):
    """The snapshots of a run that updates its weights after every step."""
    return train(
        _problem(trace),
        Mlp(widths=trace.widths),
        Adam(learning_rate=task.LEARNING_RATE),
        NtkTraceWeights(refresh=1),
        seeds=task.SEED,
        epochs=steps,
        every=steps,
    )


def _first_traces(trace: task.Trace) -> dict:
    return {term: series[0] for term, series in next(_train(trace, 1)).traces.items()}


def _seconds_in_training(trace: task.Trace, steps: int) -> float:
    *_, last = _train(trace, steps)
    return last.seconds["weighting"] * steps / (steps + 1)  # one update comes before the first step


def contestants(where: str = "ours", place: str = "CPython") -> list[Contestant]:
    """Closed form at both sizes; the loop over points and the update in training at the small one."""
    rows = []

    def add(size: str, kind: str, label: str, answer: Callable[[], dict], seconds=None) -> None:
        rows.append(
            Contestant(
                key=f"{where}_trace_{size}_{kind}",
                label=f"ours, {place}, {label}",
                precision="float64",
                members=1,
                answer=lambda: {term: [trace] for term, trace in answer().items()},
                seconds=seconds or stopwatch(repeated(answer)),
                quantity=task.TRACES[size].quantity,
                chunk=1,
            )
        )

    for size, trace in task.TRACES.items():
        add(size, "closed", "closed form after a forward sweep", lambda t=trace: kernel(t).traces())
        add(size, "sweep", "closed form with its forward sweep", lambda t=trace: _with_sweep(t))
    small = task.TRACES["small"]
    add("small", "loop", "loop over points", lambda: _by_loop(small))
    add(
        "small",
        "update",
        "update of the weights in training",
        lambda: _first_traces(small),
        lambda steps: _seconds_in_training(small, steps),
    )
    return rows
