"""Jobs: what is recorded. Every recorded run is the result of one."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .following import Wire

SEEDS_PER_JOB = 8  # enough to share the cost of numpy's calls, few enough to be trained anew in a test


# A pure function on the level of a module, called with arguments by name. It trains to the end and returns
# arrays and plain values by name; with stop=n it trains the same run, but only up to epoch n, and returns the
# same names.
JobFunction = Callable[..., Wire]


@dataclasses.dataclass(frozen=True)
class Job:
    """A named training whose result is kept.

    Parameters
    ----------
    name : path-like and unique in its widget, such as "default/100/seeds-0-7". What stands before the first
        slash is its group: the jobs of a group are kept in one file.
    function : see `JobFunction`.
    arguments : plain values, as JSON has them.
    opening : epochs that are trained anew to see whether the code still gives the recorded run. Few enough
        that rounding has not yet parted two processors.
    unsteady : names of entries that are not the same each time: measured times, and sizes of rounding errors.
    spread : entries that a whole run gives again on any processor, by name, with the factor within which the
        median of a job's seeds stays.
    """

    name: str
    function: JobFunction
    arguments: Mapping[str, Any]
    opening: int = 200
    unsteady: frozenset[str] = frozenset()
    spread: Mapping[str, float] = dataclasses.field(default_factory=lambda: {"rel_l2_late": 3.0})

    @property
    def group(self) -> str:
        """The name of the file that keeps it."""
        return self.name.partition("/")[0]

    @property
    def identity(self) -> dict[str, Any]:
        """What was asked for, as plain data: a recorded run of another identity is out of date."""
        function = f"{self.function.__module__}.{self.function.__qualname__}"
        return {"function": function, "arguments": dict(self.arguments), "opening": self.opening}


def over_seeds(
    name: str,
    function: JobFunction,
    arguments: Mapping[str, Any],
    n_seeds: int,
    first_seed: int = 0,
    opening: int = 200,
    unsteady: frozenset[str] = frozenset(),
) -> list[Job]:
    """Jobs that train `n_seeds` seeds in a row, `SEEDS_PER_JOB` of them each as one ensemble.

    The function is given "seeds", a list, beside the arguments.
    """
    jobs = []
    for start in range(first_seed, first_seed + n_seeds, SEEDS_PER_JOB):
        seeds = list(range(start, min(start + SEEDS_PER_JOB, first_seed + n_seeds)))
        given = {**arguments, "seeds": seeds}
        jobs.append(Job(f"{name}/seeds-{seeds[0]}-{seeds[-1]}", function, given, opening, unsteady))
    return jobs


def joined(jobs: Iterable[Job], results: Mapping[str, Wire]) -> dict[str, np.ndarray]:
    """What jobs of the same ensemble have measured of each seed, side by side: arrays (S,) by name."""
    parts = [results[job.name] for job in jobs]
    return {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}


def late(series: np.ndarray | Sequence[float]) -> np.ndarray:
    """The median over the last quarter of a series (..., T), at least its last entry.

    Adam with a constant rate leaps now and then, so that the last epoch alone says little of a run.
    """
    values = np.asarray(series)
    return np.median(values[..., -max(1, values.shape[-1] // 4) :], axis=-1)


def drawn(value: Any) -> Any:
    """The same values with arrays in single precision, which is enough to draw them."""
    if isinstance(value, Mapping):
        return {name: drawn(entry) for name, entry in value.items()}
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(np.float32)
    return value


def trained(training: Iterable[Any], stop: int | None) -> Any:
    """The last snapshot of a training, or the first one at or after epoch `stop`."""
    snapshot = None
    for snapshot in training:
        if stop is not None and snapshot.epoch >= stop:
            break
    return snapshot
