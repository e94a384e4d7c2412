"""Runs functions side by side: in processes on all cores, or on the workers of a Dask cluster."""

import concurrent.futures
import contextlib
import multiprocessing
import os
import signal
import statistics
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def begin_worker() -> None:
    """Have this process end at Ctrl+C, and when the one that has started it is gone, even if killed."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)

    def wait() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


@contextlib.contextmanager
def executor_of(scheduler: str | None) -> Iterator[concurrent.futures.Executor]:
    """Where jobs run: processes on all cores, or the Dask cluster whose scheduler has this address."""
    if scheduler is None:
        os.environ |= ONE_THREAD
        spawn = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(mp_context=spawn, initializer=begin_worker) as pool:
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


class Progress:
    """Says after each job how many are done and how long the rest will take.

    Parameters
    ----------
    names : of the jobs.
    seconds : how long jobs took the last time, by name, as far as it is known.
    """

    def __init__(self, names: Iterable[str], seconds: Mapping[str, float]) -> None:
        usual = statistics.fmean(seconds.values()) if seconds else 1.0
        self.work = {name: seconds.get(name, usual) for name in names}
        self.left, self.done, self.count = sum(self.work.values()), 0.0, 0
        self.begin = time.monotonic()

    def tick(self, name: str) -> None:
        """A job is done."""
        self.count += 1
        self.done += self.work[name]
        self.left -= self.work[name]
        left = (time.monotonic() - self.begin) * max(self.left, 0.0) / self.done
        print(f"\r{self.count} of {len(self.work)}, about {left:.0f} s left   ", end="", file=sys.stderr)
        sys.stderr.flush()

    def end(self) -> None:
        """Leave the line."""
        if self.count:
            print(file=sys.stderr)


def run_all(
    function: Any,
    tasks: Mapping[str, tuple[Any, ...]],
    scheduler: str | None,
    seconds: Mapping[str, float] = MappingProxyType({}),
) -> Iterator[tuple[str, Any]]:
    """Call a function for every task, and give what it returns as it comes.

    Parameters
    ----------
    seconds : how long each task took the last time, by name, to say how much time is left.

    Raises
    ------
    SystemExit : a call failed; the message names the task.
    """
    progress = Progress(tasks, seconds)
    with executor_of(scheduler) as executor:
        futures = {executor.submit(function, *task): name for name, task in tasks.items()}
        try:
            for future in concurrent.futures.as_completed(futures):
                name = futures[future]
                try:
                    result = future.result()
                except Exception as error:
                    raise SystemExit(
                        f"record: the job {name} failed: {type(error).__name__}: {error}"
                    ) from error
                yield name, result
                progress.tick(name)
        finally:
            for future in futures:
                future.cancel()
            progress.end()
