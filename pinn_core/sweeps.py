"""Sweeps: the same experiment over a grid of settings and over seeds, on any executor.

def experiment(seeds, learning_rate):
    run = train(HarmonicOscillator(), Mlp(), Adam(learning_rate), FixedWeights(ic=100.0), seeds)
    *_, last = run
    return {"rel_l2": last.rel_l2[:, -1]}

found = sweep(experiment, {"learning_rate": [1e-3, 3e-3]}, seeds=range(24))
found["rel_l2"].median("seed").at(learning_rate=3e-3)
"""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
import numbers
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from .errors import DivergenceError, SettingError, number_between, one_of, whole_number
from .jets import Array
from .training import checked_seeds

SEED = "seed"

Experiment = Callable[..., Mapping[str, Any]]
Labels = tuple[Any, ...]


@dataclass(frozen=True)
class Labelled:
    """An array whose axes have names and labels.

    Parameters
    ----------
    values : the array. Further axes behind the named ones have no labels.
    axes : labels of the leading axes, in order, by name.
    """

    values: Array
    axes: Mapping[str, Labels]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.values, dtype=dtype, copy=copy)

    def at(self, **labels: Any) -> Labelled:
        """The part with these labels, one for each named axis, without those axes.

        Raises
        ------
        SettingError : there is no such axis or no such label.
        """
        values, axes = self.values, dict(self.axes)
        for name, label in labels.items():
            position = self._position(name, axes)
            known = axes.pop(name)
            if not _is_plain(label) or label not in known:
                raise SettingError(name, label, f"one of {', '.join(map(repr, known))}")
            values = values.take(known.index(label), axis=position)
        return Labelled(values, axes)

    def median(self, axis: str) -> Labelled:
        """The median along a named axis, without members that have diverged."""
        return self.quantile(0.5, axis)

    def quantile(self, share: float, axis: str) -> Labelled:
        """A quantile along a named axis, without members that have diverged; `share` is from 0 to 1."""
        share = number_between("share", share, 0.0, 1.0)
        position = self._position(axis, self.axes)
        axes = {name: labels for name, labels in self.axes.items() if name != axis}
        return Labelled(np.nanquantile(self.values, share, axis=position), axes)

    @staticmethod
    def _position(name: str, axes: Mapping[str, Labels]) -> int:
        """The place of a named axis; SettingError if there is none."""
        return list(axes).index(one_of("axis", name, tuple(axes)))


@dataclass(frozen=True)
class SweepResult(Mapping[str, Labelled]):
    """What an experiment gave, by name, with an axis for each setting and one for the seeds.

    Parameters
    ----------
    arrays : one `Labelled` for each name; NaN where an experiment has diverged.
    diverged : settings, seeds and cause of the experiments that have diverged as a whole.
    """

    arrays: Mapping[str, Labelled]
    diverged: tuple[tuple[Mapping[str, Any], str], ...]

    def __getitem__(self, name: str) -> Labelled:
        return self.arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrays)

    def __len__(self) -> int:
        return len(self.arrays)

    def write_csv(self, file: TextIO) -> None:
        """Write a table with a row for every setting and seed, with what has one number for each."""
        axes = next(iter(self.arrays.values())).axes
        single = {name: one.values for name, one in self.arrays.items() if one.values.ndim == len(axes)}
        writer = csv.writer(file)
        writer.writerow([*axes, *single])
        for place in np.ndindex(*(len(labels) for labels in axes.values())):
            labels = [labels[k] for labels, k in zip(axes.values(), place, strict=True)]
            writer.writerow([*labels, *(repr(float(values[place])) for values in single.values())])


class SweepError(RuntimeError):
    """An experiment of a sweep failed; the message names its settings."""


def sweep(
    experiment: Experiment,
    grid: Mapping[str, Sequence[Any]],
    seeds: Iterable[int],
    *,
    together: Sequence[str] = (),
    seeds_at_once: int = 8,
    executor: Executor | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], object] = lambda done, of: None,  # noqa: ARG005
) -> SweepResult:
    """Run an experiment for every combination of some settings and for several seeds.

    Parameters
    ----------
    experiment : ``experiment(seeds=..., **settings)`` with a list of B seeds; returns arrays (B, ...) or
        sequences of B numbers by name. For an executor with other processes it stands on the level of a
        module.
    grid : the values of every setting: texts, numbers, True, False or None.
    seeds : the seeds.
    together : names of settings that may differ between the members of an ensemble, such as a fixed weight.
        The experiment is given a list of B values for each, and all their combinations train at once.
    seeds_at_once : number of seeds that train as one ensemble, from 1 to 10 000.
    executor : any executor of `concurrent.futures`, such as a process pool or ``Client(...).get_executor()``
        of Dask; None runs everything here, one piece after the other.
    store : a folder that keeps what is finished, so that a sweep that was broken off goes on. It knows
        experiments by the name of the function: after a change of its code take another folder.
    progress : called with the number of finished pieces, and of all.

    Returns
    -------
    A `SweepResult`. It depends neither on the executor nor on the order in which pieces finish.

    Raises
    ------
    SettingError : an argument is not allowed.
    SweepError : the experiment raised an error other than a DivergenceError.

    Cost
    ----
    That of the experiments, and about a millisecond for each piece.
    """
    if not callable(experiment):
        raise SettingError("experiment", experiment, "a function")
    chosen = checked_seeds(seeds)
    checked = _checked_grid(grid, together, chosen)
    size = whole_number("seeds_at_once", seeds_at_once, 1, 10_000)
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise SettingError("executor", executor, "an executor of concurrent.futures, or None")
    if store is not None and not isinstance(store, str | os.PathLike):
        raise SettingError("store", store, "the path of a folder, or None")
    if not callable(progress):
        raise SettingError("progress", progress, "a function of two numbers")
    pieces = list(_pieces(checked, tuple(together), chosen, size))
    kept = Store(Path(store), experiment) if store is not None else None
    results: dict[int, Mapping[str, Array] | str] = {}
    left = {}
    for number, (arguments, _) in enumerate(pieces):
        known = kept.read(arguments) if kept else None
        if known is None:
            left[number] = arguments
        else:
            results[number] = known
    progress(len(results), len(pieces))
    for number, result in _run(experiment, left, executor):
        results[number] = result
        if kept and not isinstance(result, str):
            kept.write(left[number], result)
        progress(len(results), len(pieces))
    return _assembled(checked, chosen, pieces, results)


Place = tuple[tuple[int, ...], ...]  # of every member of a piece: its index along each axis


def _checked_grid(
    grid: Mapping[str, Sequence[Any]], together: Sequence[str], seeds: Sequence[int]
) -> dict[str, Labels]:
    """The grid with its values as tuples; SettingError if it is none."""
    if not isinstance(grid, Mapping) or not all(isinstance(name, str) for name in grid):
        raise SettingError("grid", grid, "a mapping of names to values")
    checked = {}
    for name, values in grid.items():
        if not _is_sequence(values) or name in (SEED, "seeds"):
            raise SettingError(f"grid[{name!r}]", values, "a sequence of values, and not for the seeds")
        items = tuple(value.item() if isinstance(value, np.generic) else value for value in values)
        if not items or not all(map(_is_plain, items)) or len(set(items)) < len(items):
            raise SettingError(f"grid[{name!r}]", values, "different texts, numbers, True, False or None")
        checked[name] = items
    if not _is_sequence(together):
        raise SettingError("together", together, "a sequence of names")
    for name in together:
        one_of("together", name, tuple(checked))
    if not seeds or len(set(seeds)) < len(seeds):
        raise SettingError("seeds", seeds, "different whole numbers, at least one")
    return checked


def _is_plain(value: object) -> bool:
    """Whether a value may be a label."""
    return value is None or isinstance(value, str | numbers.Real)


def _is_sequence(value: object) -> bool:
    """Whether something has items in a row, and is no text."""
    is_row = isinstance(value, np.ndarray) and value.ndim == 1
    return is_row or (
        isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview)
    )


def _pieces(
    grid: Mapping[str, Labels], together: tuple[str, ...], seeds: Sequence[int], size: int
) -> Iterator[tuple[dict[str, Any], Place]]:
    """What to call the experiment with, and where its members belong."""
    apart = [name for name in grid if name not in together]
    for combination in itertools.product(*(range(len(grid[name])) for name in apart)):
        fixed = dict(zip(apart, combination, strict=True))
        for start in range(0, len(seeds), size):
            members = [
                (*inner, k)
                for inner in itertools.product(*(range(len(grid[name])) for name in together))
                for k in range(start, min(start + size, len(seeds)))
            ]
            arguments: dict[str, Any] = {name: grid[name][k] for name, k in fixed.items()}
            for position, name in enumerate(together):
                arguments[name] = [grid[name][member[position]] for member in members]
            arguments["seeds"] = [seeds[member[-1]] for member in members]
            inner_of = [dict(zip(together, member[:-1], strict=True)) for member in members]
            place = tuple(
                (*((fixed | inner)[name] for name in grid), member[-1])
                for inner, member in zip(inner_of, members, strict=True)
            )
            yield arguments, place


def _run(
    experiment: Experiment, left: Mapping[int, dict[str, Any]], executor: Executor | None
) -> Iterator[tuple[int, Mapping[str, Array] | str]]:
    """Give the results as they come: arrays, or the cause of a divergence."""
    if executor is None:
        for number, arguments in left.items():
            try:
                yield number, _evaluate(experiment, arguments)
            except Exception as error:
                raise _failed(arguments, error) from error
        return
    futures = {
        executor.submit(_evaluate, experiment, arguments): number for number, arguments in left.items()
    }
    try:
        for future in as_completed(futures):
            number = futures[future]
            try:
                yield number, future.result()
            except Exception as error:
                raise _failed(left[number], error) from error
    finally:
        for future in futures:
            future.cancel()


def _failed(arguments: Mapping[str, Any], error: Exception) -> SweepError:
    """The error that names the settings of the experiment that failed."""
    settings = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    return SweepError(f"the experiment with {settings} failed: {type(error).__name__}: {error}")


def _evaluate(experiment: Experiment, arguments: Mapping[str, Any]) -> Mapping[str, Array] | str:
    """What the experiment gives, as arrays with one entry for each member; or how it diverged."""
    try:
        given = experiment(**arguments)
    except DivergenceError as error:
        return str(error)
    members = len(arguments["seeds"])
    if not isinstance(given, Mapping) or not given:
        raise SettingError("experiment", given, "a function that returns arrays by name")
    arrays = {name: np.asarray(values) for name, values in given.items()}
    for name, array in arrays.items():
        if array.ndim == 0 or len(array) != members or array.dtype.kind not in "fiub":
            raise SettingError(f"experiment: {name}", array.shape, f"numbers for each of {members} members")
    return arrays


def _assembled(
    grid: Mapping[str, Labels],
    seeds: Sequence[int],
    pieces: Sequence[tuple[dict[str, Any], Place]],
    results: Mapping[int, Mapping[str, Array] | str],
) -> SweepResult:
    """All results in arrays over the settings and the seeds."""
    axes: dict[str, Labels] = {**grid, SEED: tuple(seeds)}
    shape = tuple(len(labels) for labels in axes.values())
    arrays: dict[str, Array] = {}
    diverged = []
    for number, (arguments, place) in enumerate(pieces):
        result = results[number]
        if isinstance(result, str):
            diverged.append((arguments, result))
            continue
        for name, values in result.items():
            if name not in arrays:
                arrays[name] = np.full((*shape, *values.shape[1:]), np.nan)
            arrays[name][tuple(np.transpose(place))] = values
    if not arrays:
        raise SweepError(f"every experiment has diverged; the first: {diverged[0][1]}")
    return SweepResult({name: Labelled(array, axes) for name, array in arrays.items()}, tuple(diverged))


class Store:
    """A folder that keeps what experiments gave.

    Parameters
    ----------
    folder : made if it does not exist.
    experiment : known by its name.
    """

    def __init__(self, folder: Path, experiment: Experiment) -> None:
        self.folder = folder
        self.name = f"{experiment.__module__}.{experiment.__qualname__}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:
            raise SettingError("store", str(folder), f"a folder that can be made: {error}") from error

    def read(self, arguments: Mapping[str, Any]) -> dict[str, Array] | None:
        """What was kept for these arguments; None if there is nothing, or nothing that can be trusted."""
        about = self._about(arguments)
        try:
            with self._path(about).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                if file["about"].tobytes() != about:
                    return None
                return {name: file[name] for name in file.files if name != "about"}
        except Exception:  # whatever is wrong with the file, the experiment is run again
            return None

    def write(self, arguments: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        """Keep what an experiment gave; another process that reads meanwhile finds all of it or nothing."""
        about = self._about(arguments)
        path = self._path(about)
        unfinished = path.with_suffix(f".{os.getpid()}.tmp")
        with unfinished.open("wb") as file:
            np.savez(file, **{"about": np.frombuffer(about, np.uint8), **arrays})  # type: ignore[arg-type]
        unfinished.replace(path)

    def _about(self, arguments: Mapping[str, Any]) -> bytes:
        """What tells experiments apart."""
        return json.dumps({"experiment": self.name, "arguments": arguments}, sort_keys=True).encode()

    def _path(self, about: bytes) -> Path:
        """The file for an experiment."""
        return self.folder / f"{hashlib.sha256(about).hexdigest()[:32]}.npz"
