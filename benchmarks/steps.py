"""Times of steps and traces: every contestant is checked, then timed in interleaved rounds."""

import json
import random
import statistics
import subprocess
import sys
import tempfile
from typing import Any

import environment
import numpy as np
import task
from contestants import GROUPS

ROUND_SECONDS = 0.25
WARM_UP_SECONDS = 1.0
SHARE_OF_SLOW = 3  # what is slow has so many times fewer rounds, but two
# Greatest deviation from the reference: of what is found at the start, and of the loss after some Adam steps.
TOLERANCE = {"float64": {"start": 1e-10, "after": 1e-8}, "float32": {"start": 1e-4, "after": 1e-3}}


class GroupError(RuntimeError):
    """The process of a group died; the message ends with what it printed."""


class Group:
    """A group of contestants in a process of its own (worker.py)."""

    def __init__(self, name: str, bench_python: str) -> None:
        self.name = name
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115  (open as long as the group)
        self.process = subprocess.Popen(
            [
                bench_python if GROUPS[name] == "bench" else sys.executable,
                environment.HERE / "worker.py",
                name,
            ],
            env=environment.variables(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        about = self.ask(do="list")
        self.versions: dict[str, str] = about["versions"]
        self.contestants: list[dict] = about["contestants"]

    def ask(self, **command: Any) -> dict:
        """Send one command and wait for its answer."""
        try:
            print(json.dumps(command), file=self.process.stdin, flush=True)
            return json.loads(self.process.stdout.readline())
        except (OSError, ValueError) as broken:
            self.process.wait(60)
            self.log.seek(0)
            raise GroupError(f"group {self.name}: {self.log.read()[-2000:]}") from broken

    def close(self) -> None:
        """Let the process end by itself."""
        self.process.stdin.close()
        self.process.wait(60)


def measure(bench_python: str, rounds: int) -> dict:
    """Check and time all contestants.

    Returns
    -------
    dict with `contestants` (key -> description, checks, milliseconds per step and run for every round and
    their median and spread) and `versions`.
    """
    groups = []
    try:
        for name in GROUPS:
            print(f"  starting {name}", flush=True)
            groups.append(Group(name, bench_python))
        rows = {c["key"]: c for group in groups for c in group.contestants}
        owner = {c["key"]: group for group in groups for c in group.contestants}
        _check(rows, owner)
        _time(rows, owner, rounds)
    finally:
        for group in groups:
            group.close()
    return {
        "contestants": rows,
        "versions": {group.name: group.versions for group in groups},
        "memory": _memory(rows, {key: group.name for key, group in owner.items()}, bench_python),
    }


def _check(rows: dict, owner: dict) -> None:
    """Every contestant must answer what the reference does; where there is none, what the first one does."""
    print("  reference by complex step", flush=True)
    asked = {(row["quantity"], row["members"]) for row in rows.values()}
    references = {what: task.reference(*what) for what in sorted(asked)}
    for key, row in rows.items():
        what = row["quantity"], row["members"]
        answer = {k: np.array(v) for k, v in owner[key].ask(do="answer", key=key).items()}
        references[what] = reference = references[what] or answer
        row["deviation"] = deviation = {k: _deviation(answer[k], reference[k]) for k in reference}
        limit = TOLERANCE[row["precision"]]
        limits = {k: limit["after" if k == "loss_after" else "start"] for k in reference}
        print(f"  same task: {key:32}" + "".join(f" {k} {v:.0e}" for k, v in deviation.items()), flush=True)
        wrong = [k for k in limits if not deviation[k] <= limits[k]]
        if wrong:
            raise AssertionError(
                f"{key} computes something else: {wrong[0]} differs by {deviation[wrong[0]]:.1e}"
            )


def _deviation(answer: np.ndarray, reference: np.ndarray) -> float:
    """Largest difference of a member, relative to the largest entry of that member."""
    if answer.shape != reference.shape:
        raise AssertionError(f"shape {answer.shape} instead of {reference.shape}")
    members = len(reference)
    difference = np.abs(answer - reference).reshape(members, -1).max(axis=1)
    return float((difference / np.abs(reference).reshape(members, -1).max(axis=1)).max())


def _time(rows: dict, owner: dict, rounds: int) -> None:
    """Time every contestant once a round, in a new order each round, so that noise hits all alike."""
    lengths = {}
    for key in rows:
        lengths[key] = _round_length(
            lambda steps, key=key: owner[key].ask(do="time", key=key, steps=steps)["seconds"],
            rows[key]["chunk"],
        )
    seconds = {key: [] for key in rows}
    for number in range(rounds):
        few = number >= max(2, rounds // SHARE_OF_SLOW)
        order = [key for key, row in rows.items() if not (few and row["quantity"] == task.SLOW)]
        random.Random(number).shuffle(order)
        for key in order:
            seconds[key].append(owner[key].ask(do="time", key=key, steps=lengths[key])["seconds"])
        print(f"\r  round {number + 1} of {rounds}", end="", flush=True)
    print()
    for key, row in rows.items():
        row["steps_per_round"] = lengths[key]
        row["ms"] = [1e3 * s / lengths[key] / row["members"] for s in seconds[key]]
        row["summary"] = summary(row["ms"])


def _round_length(seconds, chunk: int) -> int:
    """Warm up (the first calls compile), and find the number of steps that fills a round."""
    spent, steps, calls = 0.0, chunk, 0
    while calls < 3 or spent < WARM_UP_SECONDS:
        took = seconds(steps)
        calls, spent = calls + 1, spent + took
        steps = max(1, round(steps * ROUND_SECONDS / took / chunk)) * chunk
    return steps


def _memory(rows: dict, group_of: dict, bench_python: str) -> dict:
    """Peak memory of every native contestant of the slow quantity, each in a process of its own."""
    found = {}
    for key, row in rows.items():
        if row["quantity"] == task.SLOW and GROUPS[group_of[key]] == "bench":
            print(f"  memory: {key}", flush=True)
            group = Group(group_of[key], bench_python)
            try:
                found[key] = group.ask(do="memory", key=key)
            finally:
                group.close()
    return found


def summary(values: list[float]) -> dict[str, float]:
    """Median, quartiles, least and greatest."""
    q1, median, q3 = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": median, "q1": q1, "q3": q3, "min": min(values), "max": max(values)}
