"""Runs recipes in slices on behalf of the page's worker.

The worker has one thread: while Python computes, it hears nothing. So training is done in slices, and between
two slices the worker hears what the page has to say. What a slice has to show goes back as one buffer
of bytes (see `pack`), because every crossing between Python and JavaScript costs time.
"""

import importlib
import json
import math
import re
import time
from collections.abc import Callable, Generator, Mapping
from typing import Any

import numpy as np

from pinn_core import DivergenceError, SettingError


class Run:
    """A run of one recipe, advanced slice by slice."""

    def __init__(self, widget: str, settings: Mapping[str, Any]) -> None:
        self.recipe = recipe_of(widget)
        self.snapshots: Generator[dict[str, Any], Any, None] = self.recipe.run(self.checked(settings))
        self.changed: Any = None
        self.finished = False

    def checked(self, settings: Mapping[str, Any]) -> Any:
        """The settings as the recipe's own class."""
        return self.recipe.Settings.from_mapping(settings)

    def change(self, settings: Mapping[str, Any]) -> None:
        """Take new settings from the next epoch on."""
        self.changed = self.checked(settings)

    def advance(self, budget: float, most: float) -> dict[str, Any] | None:
        """Train for about `budget` seconds, at most `most` snapshots.

        The slice ends early when one more stretch of training, taking as long as the last one, would not fit.
        A recipe that yields None has trained a stretch and has nothing to show yet.

        Returns
        -------
        The last snapshot in wire form; None if there was none.
        """
        end = time.perf_counter() + budget
        snapshot = None
        taken = 0
        while taken < most and not self.finished:
            start = time.perf_counter()
            changed, self.changed = self.changed, None
            latest = self.snapshots.send(changed)
            if latest is not None:
                snapshot = latest
                self.finished = snapshot["epoch"] >= snapshot["epochs"]
                taken += 1
            now = time.perf_counter()
            if now + (now - start) > end:
                break
        return snapshot


RUNS: dict[int, Run] = {}


def start(key: int, widget: str, settings: str) -> bytes:
    """Begin a run under `key`, settings in JSON. The message is as of `advance`."""

    def begin() -> dict[str, Any]:
        run = RUNS[key] = Run(widget, json.loads(settings))
        return {"snapshot": run.advance(0.0, 1), "finished": run.finished}

    return guarded(begin)


def change(key: int, settings: str) -> bytes:
    """Give new settings, in JSON, to a run. The message is empty, or has "failure"."""

    def tell() -> dict[str, Any]:
        RUNS[key].change(json.loads(settings))
        return {}

    return guarded(tell)


def advance(key: int, budget: float, most: float) -> bytes:
    """Advance a run by one slice. The message has "snapshot" and "finished", or "failure"."""
    run = RUNS[key]
    return guarded(lambda: {"snapshot": run.advance(budget, most), "finished": run.finished})


def stop(key: int) -> None:
    """Forget a run."""
    RUNS.pop(key, None)


def guarded(action: Callable[[], dict[str, Any]]) -> bytes:
    """The packed message of an action, or what went wrong in it as "failure"."""
    try:
        return pack(action())
    except SettingError as error:
        return pack({"failure": {"kind": "setting", "message": str(error)}})
    except DivergenceError as error:
        failure: dict[str, Any] = {"kind": "divergence", "message": str(error)}
        failure |= {"epoch": error.epoch, "term": error.term, "cause": error.cause}
        return pack({"failure": failure})
    except Exception as error:  # whatever it is, the reader is told
        return pack({"failure": {"kind": "fault", "message": f"{type(error).__name__}: {error}"}})


def recipe_of(widget: str) -> Any:
    """The recipe module of a widget named as on the page, such as "weight-tuner"."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*", widget):
        raise SettingError("widget", widget, "the name of a widget")
    return importlib.import_module(f"pinn_widgets.{widget.replace('-', '_')}.recipe")


def pack(message: dict[str, Any]) -> bytes:
    """A message with arrays as one buffer; `wire.js` unpacks it.

    Two unsigned 32-bit numbers (length of the header, and 1 if the run has ended, else 0), the header in JSON
    padded to a multiple of eight bytes, then all arrays as float64. In the header an array stands as
    {"array": [offset, length]}, counted in numbers.
    """
    arrays: list[np.ndarray] = []
    offset = 0

    def plain(value: Any) -> Any:
        nonlocal offset
        if isinstance(value, Mapping):
            return {name: plain(entry) for name, entry in value.items()}
        if isinstance(value, np.ndarray):
            arrays.append(np.ascontiguousarray(value, dtype=np.float64).ravel())
            offset += value.size
            return {"array": [offset - value.size, value.size]}
        if isinstance(value, list | tuple):
            return [plain(entry) for entry in value]
        if isinstance(value, np.generic):
            value = value.item()
        return None if isinstance(value, float) and not math.isfinite(value) else value

    header = json.dumps(plain(message)).encode()
    padding = b" " * (-len(header) % 8)
    ended = "failure" in message or message.get("finished", False)
    start = np.array([len(header), ended], dtype=np.uint32)
    return b"".join([start.tobytes(), header, padding, *(array.tobytes() for array in arrays)])
