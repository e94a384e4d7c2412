"""Contestants of the benchmark: one file per group, each with `contestants()` and `versions()`.

A group runs in a process of its own (see worker.py). To add one, write such a file and name it in GROUPS.
A group with a `close()` is closed at the end. Only the standard library and `task` are used here: this
file is also loaded inside the browser.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import task

# Group -> environment it runs in: "bench" (benchmarks/.venv) or "course" (where playwright is).
GROUPS = {
    "ours": "bench",
    "deepxde_pinn": "bench",
    "torch_eager": "bench",
    "jax_compiled": "bench",
    "jax_trace": "bench",
    "torch_trace": "bench",
    "ours_trace": "bench",
    "ours_fields": "bench",
    "jax_fields": "bench",
    "chromium": "course",
}


@dataclass(frozen=True)
class Contestant:
    """One way to do the task.

    Attributes
    ----------
    key : name in results.json
    label : name in the table
    precision : "float64" or "float32"
    members : runs trained side by side; figures are per step and run
    answer : () -> what task.reference gives for the same quantity
    seconds : steps -> seconds that so many steps of all members, or so many traces, took
    quantity : what is measured; contestants with the same quantity are comparable
    chunk : a timed round is a multiple of this many steps (a compiled loop has a fixed length)
    """

    key: str
    label: str
    precision: str
    members: int
    answer: Callable[[], dict]
    seconds: Callable[[int], float]
    quantity: str = task.STEP
    chunk: int = task.CHUNK


def repeated(function: Callable[[], object]) -> Callable[[int], None]:
    """Turn `function` into an `advance(steps)` that calls it so often."""

    def advance(steps: int) -> None:
        for _ in range(steps):
            function()

    return advance


def stopwatch(advance: Callable[[int], object]) -> Callable[[int], float]:
    """Turn `advance(steps)`, which returns when the work is done, into `seconds(steps)`."""

    def seconds(steps: int) -> float:
        begin = time.perf_counter()
        advance(steps)
        return time.perf_counter() - begin

    return seconds
