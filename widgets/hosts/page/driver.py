"""Runs recipes in slices on behalf of the page's worker."""

import importlib
import json
import re
from typing import Any

from pinn_core import SettingError

from ...runs.slices import Run, guarded

RUNS: dict[int, Run] = {}


def start(key: int, widget: str, settings: str) -> bytes:
    """Begin a run under `key`, settings in JSON. The message is as of `advance`."""

    def begin() -> dict[str, Any]:
        run = RUNS[key] = Run(recipe_of(widget), json.loads(settings))
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


def recipe_of(widget: str) -> Any:
    """The recipe module of a widget named as on the page, such as "weight-tuner"."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*", widget):
        raise SettingError("widget", widget, "the name of a widget")
    return importlib.import_module(f"pinn_widgets.{widget.replace('-', '_')}.recipe")
