"""Recorded runs: what a widget shows before any Python is loaded, and the source of every number in prose.

Each widget has a module `record` with one function `record(parallel)` that trains natively and returns plain
data. The result is kept in `_build/recorded` under the hash of everything it depends on, so that it is
computed once for one state of the code and never out of date.

`python -m pinn_widgets.build.archive weight_tuner` computes the recording of one widget.
"""

import concurrent.futures
import hashlib
import importlib
import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from pinn_core import __path__ as engine_path

WIDGETS = Path(__file__).parents[1]
CACHE = WIDGETS.parent / "_build" / "recorded"

# modules beside the widgets on which what they record may depend
SHARED = ("build/archive.py", "runs/following.py", "runs/oscillator.py", "runs/races.py", "runs/settings.py")

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def load(widget: str) -> dict[str, Any]:
    """The recorded runs of a widget, computed first if the code has changed since the last time.

    Parameters
    ----------
    widget : name of the widget's folder, such as "weight_tuner".

    Cost
    ----
    Reading a file; minutes of training on all cores when there is none for this state of the code.
    """
    path = recording_path(widget)
    if not path.exists():
        command = [
            sys.executable,
            "-m",
            __spec__.name if __name__ != "__main__" else "pinn_widgets.build.archive",
        ]
        subprocess.run([*command, widget], check=True, env=os.environ | ONE_THREAD)
    return json.loads(path.read_text())


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


def recording_path(widget: str) -> Path:
    """Where the recording of this state of the code is kept."""
    return CACHE / f"{widget}-{code_hash(widget)}.json"


def code_hash(widget: str) -> str:
    """Hash of the sources and of the numpy version on which a widget's recorded runs depend."""
    engine = Path(engine_path[0])
    shared = [WIDGETS / name for name in SHARED]
    own = [WIDGETS / widget / "recipe.py", WIDGETS / widget / "record.py"]
    named = {source.relative_to(engine).as_posix(): source for source in engine.rglob("*.py")}
    named |= {f"widgets/{source.relative_to(WIDGETS).as_posix()}": source for source in [*shared, *own]}
    digest = hashlib.sha256(np.__version__.encode())
    for name, source in sorted(named.items()):
        digest.update(name.encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def compute(widget: str) -> None:
    """Record the runs of a widget on all cores and keep the result."""
    record = importlib.import_module(f"pinn_widgets.{widget}.record").record
    path = recording_path(widget)
    with concurrent.futures.ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:

        def parallel(job: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> list[Any]:
            jobs = [pool.submit(job, *given) for given in arguments]
            for done, _ in enumerate(concurrent.futures.as_completed(jobs), start=1):
                print(f"recording {widget}: {done} of {len(jobs)}", file=sys.stderr, flush=True)
            return [job.result() for job in jobs]

        recording = record(parallel)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    unfinished.write_text(json.dumps(to_plain(recording), separators=(",", ":")))
    unfinished.replace(path)
    for outdated in path.parent.glob(f"{widget}-*.json"):
        if outdated != path:
            outdated.unlink(missing_ok=True)


def to_plain(value: Any, digits: int = 5) -> Any:
    """Arrays as lists, every float rounded to `digits` significant digits, not-a-number as None."""
    if isinstance(value, dict):
        return {name: to_plain(entry, digits) for name, entry in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [to_plain(entry, digits) for entry in value]
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(f"{value:.{digits}g}") if np.isfinite(value) else None
    return value


if __name__ == "__main__":
    compute(sys.argv[1])
