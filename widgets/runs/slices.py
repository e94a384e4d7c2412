"""A run in slices: whoever drives it has one thread, and hears nothing while Python computes.

Between two slices a host hears what the reader has to say. What a slice has to show goes out as one buffer of
bytes (see `wire`), because every crossing between Python and JavaScript costs time.
"""

import time
from collections.abc import Callable, Generator, Mapping
from typing import Any

from pinn_core import DivergenceError, SettingError

from .wire import pack

# The flag of a message about a run.
GOES_ON, ENDED, NOTHING_TO_SHOW = 0, 1, 2


class Run:
    """A run of one recipe, advanced slice by slice."""

    def __init__(self, recipe: Any, settings: Mapping[str, Any]) -> None:
        self.recipe = recipe
        self.snapshots: Generator[dict[str, Any], Any, None] = recipe.run(self.checked(settings))
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


def told(message: Mapping[str, Any]) -> bytes:
    """A message about a run, packed: "snapshot" and "finished", or "failure", or nothing."""
    if "failure" in message or message.get("finished"):
        return pack(message, ENDED)
    return pack(message, GOES_ON if message.get("snapshot") is not None else NOTHING_TO_SHOW)


def guarded(action: Callable[[], dict[str, Any]]) -> bytes:
    """The packed message of an action, or what went wrong in it as "failure"."""
    try:
        return told(action())
    except SettingError as error:
        return told({"failure": {"kind": "setting", "message": str(error)}})
    except DivergenceError as error:
        failure: dict[str, Any] = {"kind": "divergence", "message": str(error)}
        failure |= {"epoch": error.epoch, "term": error.term, "cause": error.cause}
        return told({"failure": failure})
    except Exception as error:  # whatever it is, the reader is told
        return told({"failure": {"kind": "fault", "message": f"{type(error).__name__}: {error}"}})
