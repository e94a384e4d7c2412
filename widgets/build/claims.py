"""Asks the claims of the prose on seeds that the prose does not quote: `python -m pinn_widgets.build.claims`.

    python -m pinn_widgets.build.claims --first-seed 1000 ntk_race
    OPENBLAS_CORETYPE=Haswell python -m pinn_widgets.build.claims --first-seed 0

The ensembles of a widget are trained anew from another first seed, or on what numpy takes for another
processor, and the claims beside the numbers are asked again. What is trained is kept in `_build/claims` as
long as the code gives its opening, so that a command that was broken off goes on where it was.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ..runs.following import Wire
from ..runs.jobs import Job
from ..runs.wire import pack, unpack
from . import archive, record
from .archive import Recorded
from .prose import Claim
from .running import run_all

KEPT = archive.WIDGETS.parent / "_build" / "claims"


def make(job: Job) -> bytes:
    """Run a job, and pack what is kept of it."""
    return pack(vars(archive.make(job)))


def outdated(jobs: Mapping[str, Job], kept: Mapping[str, Recorded]) -> set[str]:
    """The jobs of which nothing is kept that the code still gives."""
    found = {name for name, _ in archive.causes(jobs, kept)}
    tasks = {name: (job, kept[name]) for name, job in jobs.items() if name not in found}
    return found | {name for name, differing in run_all(archive.replayed, tasks, None) if differing}


def results_of(widget: str, first_seed: int, folder: Path) -> dict[str, Wire]:
    """The results of the jobs of a widget with other seeds; runs on show are those of the archive."""
    jobs = importlib.import_module(f"pinn_widgets.{widget}.jobs").jobs(first_seed)
    results = {name: entry.result for name, entry in archive.recorded_runs(widget).items()}
    asked = {job.name: job for job in jobs if job.group != "runs"}
    paths = {name: folder / f"{widget}-{record.digest(name)}.run" for name in asked}
    kept = {name: read(path) for name, path in paths.items() if path.exists()}
    folder.mkdir(parents=True, exist_ok=True)
    left = {name: (asked[name],) for name in outdated(asked, kept)}
    for name, packed in run_all(make, left, None):
        unfinished = paths[name].with_suffix(f".{os.getpid()}.tmp")
        unfinished.write_bytes(packed)
        unfinished.replace(paths[name])
    return results | {name: read(path).result for name, path in paths.items()}


def read(path: Path) -> Recorded:
    """What is kept of a job."""
    return Recorded(**unpack(path.read_bytes()))


def claims_of(widget: str, first_seed: int, folder: Path) -> dict[str, Claim]:
    """The claims of a widget's prose, asked with other seeds."""
    results = results_of(widget, first_seed, folder)
    recording = importlib.import_module(f"pinn_widgets.{widget}.jobs").recording(results, first_seed)
    return importlib.import_module(f"pinn_widgets.{widget}.claims").claims(recording)


def main(arguments: list[str]) -> None:
    """The command: every claim with its share; the exit status says whether all hold."""
    parser = argparse.ArgumentParser(description="Ask the claims of the prose on other seeds.")
    parser.add_argument("widgets", nargs="*", metavar="WIDGET", help="as weight_tuner; all without")
    parser.add_argument("--first-seed", type=int, default=1000, metavar="N", help="1000 by default")
    given = parser.parse_args(arguments)
    folder = KEPT / f"{os.environ.get('OPENBLAS_CORETYPE', 'native')}-{given.first_seed}"
    failed = False
    for widget in given.widgets or archive.widgets():
        for name, claim in claims_of(widget, given.first_seed, folder).items():
            print(f"{widget} {name}: {claim}", flush=True)
            failed |= not claim.passed
    raise SystemExit(failed)


if __name__ == "__main__":
    main(sys.argv[1:])
