"""Makes recorded runs: `./build.sh record [NAME ...] [--stale] [--check] [--scheduler ADDRESS]`.

Jobs run in processes on all cores, or on the workers of a Dask cluster; this process alone writes. What is
finished is kept at once, so that a recording that was broken off goes on where it was.
"""

import argparse
import concurrent.futures
import contextlib
import fcntl
import hashlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ..runs.jobs import Job
from . import archive
from .archive import Recorded

STATE = archive.WIDGETS.parent / "_build" / "recording"
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

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
    stored: dict[str, Recorded] = {}
    for widget, group in dict.fromkeys((widget, job.group) for widget, job in selection.values()):
        with contextlib.suppress(ValueError):  # a damaged file is as good as none
            stored |= {f"{widget}/{name}": entry for name, entry in archive.read_group(widget, group).items()}
    return stored


@contextlib.contextmanager
def executor_of(scheduler: str | None) -> Iterator[concurrent.futures.Executor]:
    """Where jobs run: processes on all cores, or the Dask cluster whose scheduler has this address."""
    if scheduler is None:
        os.environ |= ONE_THREAD
        with concurrent.futures.ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
            yield pool
        return
    try:
        from distributed import Client
    except ImportError:
        raise SystemExit(
            "record: --scheduler needs Dask; install it: pip install 'pinn-course[cluster]'"
        ) from None
    with Client(scheduler) as client:
        yield client.get_executor()


@contextlib.contextmanager
def held(widget: str, group: str) -> Iterator[None]:
    """Keep other processes from the file of a group, waiting for those that are at it."""
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / f"{widget}-{group}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def claimed(selection: Selection) -> Iterator[Selection]:
    """Those of some jobs that no other process is at, claimed for this one while it lives."""
    STATE.mkdir(parents=True, exist_ok=True)
    mine: Selection = {}
    with contextlib.ExitStack() as locks:
        for name, one in selection.items():
            lock = locks.enter_context((STATE / f"{digest(name)}.job").open("w"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(f"{name}: another process is at it", file=sys.stderr)
            else:
                mine[name] = one
        yield mine


class Journal:
    """What a recording has finished, so that one that was broken off can go on.

    Parameters
    ----------
    selection : the jobs that were asked for.
    """

    def __init__(self, selection: Selection) -> None:
        self.path = STATE / f"{digest(*selection)}.done"
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


def progress(total: int) -> Iterator[None]:
    """Say after each job how many are done and how long the rest will take."""
    begin = time.monotonic()
    for done in range(1, total + 1):
        yield
        left = (time.monotonic() - begin) / done * (total - done)
        print(f"\r{done} of {total}, about {left:.0f} s left   ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def run_all(
    function: Any, tasks: Mapping[str, tuple[Any, ...]], scheduler: str | None
) -> Iterator[tuple[str, Any]]:
    """Call a function for every task, and give what it returns as it comes.

    Raises
    ------
    SystemExit : a call failed; the message names the task.
    """
    with executor_of(scheduler) as executor:
        futures = {executor.submit(function, *task): name for name, task in tasks.items()}
        ticks = progress(len(futures))
        for future in concurrent.futures.as_completed(futures):
            try:
                result = future.result()
            except Exception as error:
                for other in futures:
                    other.cancel()
                raise SystemExit(
                    f"record: the job {futures[future]} failed: {type(error).__name__}: {error}"
                ) from error
            yield futures[future], result
            next(ticks, None)
        next(ticks, None)


def record(selection: Selection, scheduler: str | None) -> None:
    """Make runs anew and keep each as soon as it is finished."""
    journal = Journal(selection)
    left = {name: one for name, one in selection.items() if name not in journal.done}
    if len(left) < len(selection):
        print(f"{len(selection) - len(left)} of {len(selection)} were finished before", file=sys.stderr)
    with claimed(left) as mine:
        tasks = {name: (job,) for name, (_, job) in longest_first(mine).items()}
        for name, run in run_all(archive.make, tasks, scheduler):
            widget, job = mine[name]
            with held(widget, job.group):
                runs = {
                    other.partition("/")[2]: entry
                    for other, entry in stored_runs({name: (widget, job)}).items()
                }
                archive.write_group(widget, job.group, runs | {job.name: run})
            journal.enter(name)
    journal.close()
    for widget in {widget for widget, _ in selection.values()}:
        archive.remove_leftovers(widget)


def longest_first(selection: Selection) -> Selection:
    """The jobs in the order of the time that they took last, so that no core is idle at the end."""
    stored = stored_runs(selection)
    seconds = {name: stored[name].seconds if name in stored else float("inf") for name in selection}
    return dict(sorted(selection.items(), key=lambda item: -seconds[item[0]]))


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
    for name, differing in run_all(archive.ends_apart, tasks, scheduler):
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
        record(selection, given.scheduler)
        print(f"{len(selection)} runs recorded", file=sys.stderr)
        return
    for name, cause in found.items():
        print(f"{name}: {cause}")
    raise SystemExit(1 if found else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
