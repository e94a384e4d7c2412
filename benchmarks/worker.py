"""One process for one group of contestants: reads commands as JSON lines on stdin, answers on stdout.

    {"do": "list"}                         -> {"contestants": [...], "versions": {...}}
    {"do": "answer", "key": k}             -> {name: [...]}
    {"do": "time", "key": k, "steps": n}   -> {"seconds": s}
    {"do": "memory", "key": k}             -> {"before": b, "peak": p}

"answer" has what task.reference gives, for a training step loss, gradient and loss_after. "memory" takes one
step and tells the greatest resident memory of the process until then and after it, in MiB.

Pinned to one core where the system can, so that every contestant has the same single thread.
"""

import dataclasses
import importlib
import json
import os
import re
import sys
from pathlib import Path

import numpy as np


def main(group: str) -> None:
    """Serve the contestants of `group` until stdin closes."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print goes to stderr
    pin_to_one_core()
    module = importlib.import_module(f"contestants.{group}")
    try:
        contestants = {c.key: c for c in module.contestants()}
        for line in sys.stdin:
            command = json.loads(line)
            print(json.dumps(_reply(module, contestants, command)), file=replies)
    finally:
        getattr(module, "close", lambda: None)()


def _reply(module, contestants: dict, command: dict) -> dict:
    if command["do"] == "list":
        hidden = {"answer", "seconds"}
        rows = [
            {f.name: getattr(c, f.name) for f in dataclasses.fields(c) if f.name not in hidden}
            for c in contestants.values()
        ]
        return {"contestants": rows, "versions": module.versions()}
    contestant = contestants[command["key"]]
    if command["do"] == "answer":
        return {k: np.asarray(v, dtype=np.float64).tolist() for k, v in contestant.answer().items()}
    if command["do"] == "memory":
        before = peak_memory()
        contestant.seconds(1)
        return {"before": before, "peak": peak_memory()}
    return {"seconds": contestant.seconds(command["steps"])}


def peak_memory() -> float:
    """Greatest resident memory of this process so far, MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss of Linux starts from that of the parent
        return int(re.search(r"VmHWM:\s*(\d+) kB", status.read_text())[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes on a Mac


def pin_to_one_core() -> None:
    """Keep this process and its children on the last core that it may use."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


if __name__ == "__main__":
    main(sys.argv[1])
