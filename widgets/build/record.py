"""Makes recorded runs: `./build.sh record [NAME ...] [--stale] [--check] [--scheduler ADDRESS]`.

Jobs run side by side (see `running`); this process alone writes. What is finished is kept at once, so that a
recording that was broken off goes on where it was.
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pinn_core

from ..runs.jobs import Job
from . import archive
from .archive import Recorded
from .running import run_all

STATE = archive.WIDGETS.parent / "_build" / "recording"

Selection = dict[str, tuple[str, Job]]  # full name: widget and job


def selected(names: list[str]) -> Selection:
    """The jobs whose full name is one of these, or begins with one and a slash; all without names.

    Raises
    ------
    SystemExit : no job has such a name.
    """
    every = {
        f"{widget}/{name}": (widget, job)
        for widget in archive.widgets()
        for name, job in archive.jobs_of(widget).items()
    }
    if not names:
        return every
    chosen: Selection = {}
    for name in names:
        found = {full: one for full, one in every.items() if full == name or full.startswith(f"{name}/")}
        if not found:
            known = ", ".join(archive.widgets())
            raise SystemExit(
                f"record: no job is called {name!r}, and none begins so; the widgets are {known}"
            )
        chosen |= found
    return chosen


def stored_runs(selection: Selection) -> dict[str, Recorded]:
    """The recorded runs there are of some jobs, whether they can be used or not."""
    groups = dict.fromkeys((widget, job.group) for widget, job in selection.values())
    return {
        f"{widget}/{name}": entry
        for widget, group in groups
        for name, entry in sound_group(widget, group).items()
    }


def sound_group(widget: str, group: str) -> dict[str, Recorded]:
    """The recorded runs of a group; a damaged file is as good as none."""
    try:
        return archive.read_group(widget, group)
    except ValueError:
        return {}


@contextlib.contextmanager
def locks() -> Iterator[Callable[[str, int], None]]:
    """A function that locks a name for this process until the end, and takes the mode of `fcntl.lockf`.

    Every name is a byte of one file, which costs one open file however many names there are. The system
    takes back the locks of a process that ends, however it ends.
    """
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / "locks").open("ab") as file:
        yield lambda name, mode: fcntl.lockf(file, mode, 1, int(digest(name), 16) >> 2)


def claimed(selection: Selection, lock: Callable[[str, int], None]) -> Selection:
    """Those of some jobs that no other process is at, claimed for this one."""
    mine: Selection = {}
    for name, one in selection.items():
        try:
            lock(name, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print(f"{name}: another process is at it", file=sys.stderr)
        else:
            mine[name] = one
    return mine


class Journal:
    """What a recording has finished: one that was broken off can go on as long as the code is the same.

    Parameters
    ----------
    selection : the jobs that were asked for.
    """

    def __init__(self, selection: Selection) -> None:
        self.path = STATE / f"{digest(*selection, *code())}.done"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.done = set(self.path.read_text().split("\n")) if self.path.exists() else set()

    def enter(self, name: str) -> None:
        """Note that a job is finished."""
        with self.path.open("a") as journal:
            journal.write(f"{name}\n")

    def close(self) -> None:
        """Everything is finished."""
        self.path.unlink(missing_ok=True)


def digest(*names: str) -> str:
    """A file name for some names."""
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()[:16]


def code() -> list[str]:
    """The contents of all modules that a run depends on."""
    packages = archive.WIDGETS, Path(pinn_core.__file__).parent
    return [path.read_text() for package in packages for path in sorted(package.rglob("*.py"))]


def record(selection: Selection, scheduler: str | None) -> None:
    """Make runs anew and keep each as soon as it is finished."""
    journal = Journal(selection)
    left = {name: one for name, one in selection.items() if name not in journal.done}
    if len(left) < len(selection):
        print(f"{len(selection) - len(left)} of {len(selection)} were finished before", file=sys.stderr)
    with locks() as lock:
        mine = claimed(left, lock)
        seconds = {name: entry.seconds for name, entry in stored_runs(mine).items() if name in mine}
        # the longest first, so that no core is idle at the end
        order = sorted(mine, key=lambda name: seconds.get(name, math.inf), reverse=True)
        tasks = {name: (mine[name][1],) for name in order}
        for name, run in run_all(archive.make, tasks, scheduler, seconds):
            widget, job = mine[name]
            lock(f"{widget}/{job.group}", fcntl.LOCK_EX)
            archive.write_group(widget, job.group, sound_group(widget, job.group) | {job.name: run})
            lock(f"{widget}/{job.group}", fcntl.LOCK_UN)
            journal.enter(name)
    journal.close()
    for widget in {widget for widget, _ in selection.values()}:
        archive.remove_leftovers(widget)


def stale(selection: Selection, scheduler: str | None) -> dict[str, str]:
    """The jobs whose recorded runs cannot be used, and why: by reading, and by training their openings."""
    stored = stored_runs(selection)
    jobs = {name: job for name, (_, job) in selection.items()}
    found = dict(archive.causes(jobs, stored))
    tasks = {name: (job, stored[name]) for name, job in jobs.items() if name not in found}
    for name, differing in run_all(archive.replayed, tasks, scheduler):
        if differing:
            found[name] = f"its opening comes out otherwise: {differing[0]}"
    return found


def check(selection: Selection, scheduler: str | None) -> dict[str, str]:
    """The jobs whose results, trained anew to the end, are not those of the archive, and why."""
    stored = stored_runs(selection)
    jobs = {name: job for name, (_, job) in selection.items()}
    found = dict(archive.causes(jobs, stored))
    tasks = {name: (job, stored[name]) for name, job in jobs.items() if name not in found}
    seconds = {name: stored[name].seconds for name in tasks}
    for name, differing in run_all(archive.ends_apart, tasks, scheduler, seconds):
        if differing:
            found[name] = differing[0]
    return found


def main(arguments: list[str]) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="./build.sh record", description="Make recorded runs anew.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="a widget, a group or a job, as weight_tuner/default"
    )
    parser.add_argument(
        "--stale", action="store_true", help="only those that are missing or that the code no longer gives"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; train everything anew and compare"
    )
    parser.add_argument("--scheduler", metavar="ADDRESS", help="run on the Dask cluster at this address")
    given = parser.parse_args(arguments)
    selection = selected(given.names)
    if given.check:
        found = check(selection, given.scheduler)
    else:
        if given.stale:
            found = stale(selection, given.scheduler)
            selection = {name: selection[name] for name in found}
        try:
            record(selection, given.scheduler)
        except KeyboardInterrupt:
            raise SystemExit("\nrecord: broken off; the same command goes on where it was") from None
        print(f"{len(selection)} runs recorded", file=sys.stderr)
        return
    for name, cause in found.items():
        print(f"{name}: {cause}")
    raise SystemExit(1 if found else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
