"""The archive of runs: what a page shows before any Python is loaded, and the source of all numbers in prose.

Every recorded run is the result of a job (see `runs.jobs`), and lies in the repository: those of one group
in `widgets/<name>/archive/<group>.run`, in the form in which live runs travel. Beside the result stands what
made it, and its opening, the result of the same job stopped after a few epochs.

A run is out of date if its job asks for something else now, or if the code no longer gives its opening. The
first is seen by reading, and ends a build; the second takes training, and is for `replay` and the tests.
"""

import dataclasses
import functools
import hashlib
import importlib
import platform
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pinn_core import SettingError

from ..runs.following import Wire
from ..runs.jobs import Job
from ..runs.wire import pack, unpack

WIDGETS = Path(__file__).parents[1]
SAME = 1e-9  # relative difference up to which an opening counts as reproduced
RECORD = "./build.sh record"
MOST_NAMED = 20  # jobs, in an error


class OutOfDateError(LookupError):
    """Recorded runs are missing, or their jobs ask for something else now.

    Parameters
    ----------
    jobs : their full names, with the cause.
    """

    def __init__(self, jobs: Mapping[str, str]) -> None:
        self.jobs = dict(jobs)
        lines = "\n".join(f"  {name}: {cause}" for name, cause in list(self.jobs.items())[:MOST_NAMED])
        if len(self.jobs) > MOST_NAMED:
            lines += f"\n  and {len(self.jobs) - MOST_NAMED} more"
        super().__init__(f"recorded runs are out of date; `{RECORD} --stale` makes them anew:\n{lines}")


@dataclasses.dataclass(frozen=True)
class Recorded:
    """The result of a job, and what made it.

    Parameters
    ----------
    identity : what the job asked for, see `Job.identity`.
    versions : of Python and numpy, and the kind of processor.
    seconds : how long it took.
    opening : result of the job, stopped early.
    result : its result.
    """

    identity: Mapping[str, Any]
    versions: Mapping[str, str]
    seconds: float
    opening: Wire
    result: Wire


def make(job: Job) -> Recorded:
    """Run a job. Cost: its training, and its opening again."""
    begin = time.perf_counter()
    result = job.function(**job.arguments)
    seconds = time.perf_counter() - begin
    opening = job.function(**job.arguments, stop=job.opening)
    versions = {"python": platform.python_version(), "numpy": np.__version__, "machine": platform.machine()}
    return Recorded(job.identity, versions, round(seconds, 3), opening, result)


def widgets() -> list[str]:
    """Folders of the widgets, all of which have jobs."""
    return sorted(path.parent.name for path in WIDGETS.glob("*/recipe.py"))


def jobs_of(widget: str) -> dict[str, Job]:
    """The jobs of the widget in a folder, by name."""
    jobs = importlib.import_module(f"pinn_widgets.{widget}.jobs").jobs()
    by_name = {job.name: job for job in jobs}
    if len(by_name) < len(jobs):
        raise SettingError("jobs", widget, "names that are unique in their widget")
    return by_name


def path_of(widget: str, group: str) -> Path:
    """The file that keeps a group."""
    return WIDGETS / widget / "archive" / f"{group}.run"


def read_group(widget: str, group: str) -> dict[str, Recorded]:
    """The recorded runs of a group by job name; none if there is no such file.

    Raises
    ------
    ValueError : the file is damaged.
    """
    path = path_of(widget, group)
    if not path.exists():
        return {}
    try:
        return {name: Recorded(**entry) for name, entry in unpack(path.read_bytes()).items()}
    except (TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"{path} is damaged: {error}; restore it, or run `{RECORD} {widget}/{group}`"
        ) from error


def write_group(widget: str, group: str, runs: Mapping[str, Recorded]) -> None:
    """Keep the recorded runs of a group, in the order of their jobs and without those of no job.

    The file is replaced as a whole. Only one process at a time may write a group.
    """
    known = {name: runs[name] for name in jobs_of(widget) if name in runs}
    message = {name: vars(entry) for name, entry in known.items()}
    path = path_of(widget, group)
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_bytes(pack(message))
    unfinished.replace(path)


def remove_leftovers(widget: str) -> None:
    """Remove files of groups that no job belongs to any more."""
    groups = {job.group for job in jobs_of(widget).values()}
    for path in (WIDGETS / widget / "archive").glob("*"):
        if path.stem not in groups:
            path.unlink()


@functools.cache
def recorded_runs(widget: str) -> dict[str, Recorded]:
    """All recorded runs of a widget by job name.

    Raises
    ------
    OutOfDateError : some are missing, or their jobs ask for something else now.
    ValueError : a file is damaged.
    """
    jobs = jobs_of(widget)
    stored: dict[str, Recorded] = {}
    for group in dict.fromkeys(job.group for job in jobs.values()):
        stored |= read_group(widget, group)
    stale = {f"{widget}/{name}": cause for name, cause in causes(jobs, stored)}
    if stale:
        raise OutOfDateError(stale)
    return stored


def causes(jobs: Mapping[str, Job], stored: Mapping[str, Recorded]) -> Iterator[tuple[str, str]]:
    """The jobs whose recorded runs cannot be used, as far as reading tells, and why."""
    for name, job in jobs.items():
        if name not in stored:
            yield name, "not recorded"
            continue
        asked, kept = unpack(pack(job.identity)), stored[name].identity
        different = [part for part in asked if asked[part] != kept.get(part)]
        if different:
            yield name, f"recorded with other {' and '.join(different)}"


def load(widget: str) -> dict[str, Any]:
    """The recording of the widget in a folder, such as "weight_tuner", as its `jobs.recording` makes it.

    Raises
    ------
    OutOfDateError, ValueError : as `recorded_runs`.
    """
    results = {name: entry.result for name, entry in recorded_runs(widget).items()}
    return importlib.import_module(f"pinn_widgets.{widget}.jobs").recording(results)


def published(recording: Mapping[str, Any]) -> tuple[bytes, dict[str, bytes]]:
    """What a page fetches of a recording: an index, and a file for every run, by name.

    The index has "runs", each with its "settings" and the name and hash of its "file"; "ranges", the least
    and the largest positive number of every series over all runs, so that an axis can hold all of them; and
    what the recording has under "page".
    """
    files, runs = {}, []
    ranges: dict[str, tuple[float, float]] = {}
    for run in recording["runs"]:
        content = pack({name: value for name, value in run.items() if name != "settings"})
        digest = hashlib.sha256(content).hexdigest()
        file = f"{digest[:16]}.run"
        files[file] = content
        runs.append({"settings": run["settings"], "file": file, "sha256": digest})
        for name, values in run.get("series", {}).items():
            positive = np.asarray(values)[np.asarray(values) > 0]
            if positive.size:
                low, high = ranges.get(name, (np.inf, 0.0))
                ranges[name] = min(low, float(positive.min())), max(high, float(positive.max()))
    return pack({"runs": runs, "ranges": ranges, **recording.get("page", {})}), files


def differences(kept: Any, now: Any, unsteady: frozenset[str], where: str = "") -> Iterator[str]:
    """What parts two results, in words; arrays and numbers may differ by `SAME` of the largest in them."""
    if isinstance(kept, Mapping) and isinstance(now, Mapping):
        for name in kept.keys() | now.keys():
            if name in unsteady:
                continue
            if name not in kept or name not in now:
                yield f"{where}{name}: only in the {'recorded run' if name in kept else 'replay'}"
            else:
                yield from differences(kept[name], now[name], unsteady, f"{where}{name}.")
    elif isinstance(kept, list) and isinstance(now, list) and len(kept) == len(now):
        for index, (one, other) in enumerate(zip(kept, now, strict=True)):
            yield from differences(one, other, unsteady, f"{where}{index}.")
    elif is_number(kept) and is_number(now):
        apart = distance(np.asarray(kept, float), np.asarray(now, float))
        if not apart <= SAME:
            yield f"{where.removesuffix('.')}: differs by {apart:.1e}"
    elif kept != now:
        yield f"{where.removesuffix('.')}: {kept!r} was recorded, {now!r} comes out now"


def is_number(value: Any) -> bool:
    """Whether a value is an array or a number."""
    return isinstance(value, np.ndarray | float | int) and not isinstance(value, bool)


def distance(kept: np.ndarray, now: np.ndarray) -> float:
    """Largest difference relative to the largest magnitude; infinite if shapes or missing numbers differ."""
    if kept.shape != now.shape or not np.array_equal(np.isfinite(kept), np.isfinite(now)):
        return np.inf
    finite = np.isfinite(kept)
    if not finite.any():
        return 0.0
    kept, now = kept[finite], now[finite]
    return float(np.abs(kept - now).max() / max(np.abs(kept).max(), np.finfo(float).tiny))


def replayed(job: Job, kept: Recorded) -> list[str]:
    """What differs when the opening of a recorded run is trained anew; nothing if the code still gives it."""
    now = unpack(pack(job.function(**job.arguments, stop=job.opening)))
    return sorted(differences(kept.opening, now, job.unsteady))


def ends_apart(job: Job, kept: Recorded) -> list[str]:
    """What differs when a recorded run is trained anew to the end; nothing if it ends where it did.

    Rounding parts two processors after a few hundred epochs, so that ends are compared by what is said of
    them: verdicts, and medians over the seeds within the factors of `Job.spread`. A run that ends with its
    opening is compared as one.
    """
    now = unpack(pack(job.function(**job.arguments)))
    if not any(differences(kept.opening, kept.result, job.unsteady)):
        return sorted(differences(kept.result, now, job.unsteady))
    return sorted(apart(kept.result, now, job.spread))


def apart(kept: Any, now: Any, spread: Mapping[str, float], where: str = "") -> Iterator[str]:
    """What parts the ends of two runs, in words."""
    if not isinstance(kept, Mapping):
        return
    for name, one in kept.items():
        other = now.get(name)
        if name in spread:
            factor = float(np.median(other) / np.median(one))
            if not 1 / spread[name] <= factor <= spread[name]:
                yield f"{where}{name}: its median is {factor:.2g} times the recorded one"
        elif name == "verdict" and one != other:
            yield f"{where}{name}: {one!r} was recorded, {other!r} comes out now"
        else:
            yield from apart(one, other, spread, f"{where}{name}.")


def matching_run(recording: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """The recorded run with exactly these settings; of a race, the schemes that they switch on.

    Flags do not set recorded runs apart: a recorded race holds every scheme.

    Raises
    ------
    LookupError : no run of the recording has them.
    """
    for run in recording["runs"]:
        if without_flags(run["settings"]) == without_flags(settings):
            return with_schemes(run, settings) if "runs" in run else run
    raise LookupError(f"no recorded run has the settings {settings}")


def without_flags(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings that are no flags."""
    return {name: value for name, value in settings.items() if not isinstance(value, bool)}


def with_schemes(race: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """A recorded race with those schemes alone that the settings switch on."""
    runs = {scheme: run for scheme, run in race["runs"].items() if settings[scheme]}
    results = {scheme: run["result"] for scheme, run in runs.items()}
    return race | {"settings": settings, "runs": runs, "result": race["result"] | {"runs": results}}
