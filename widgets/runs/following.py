"""The loop that every recipe shares: train, describe, take changed settings."""

from collections.abc import Callable, Generator
from typing import Any, TypeVar

from pinn_core import Snapshot

from .settings import WidgetSettings

SomeSettings = TypeVar("SomeSettings", bound=WidgetSettings)

Wire = dict[str, Any]


def follow(
    training: Generator[Snapshot, dict[str, Any] | None, None],
    settings: SomeSettings,
    wire: Callable[[Snapshot, SomeSettings], Wire],
    changeable: Callable[[SomeSettings], dict[str, Any]],
) -> Generator[Wire, SomeSettings | None, None]:
    """Yield the wire form of every snapshot; settings that are sent take effect from the next epoch on.

    Parameters
    ----------
    training : generator made by `pinn_core.train`.
    settings : settings of the run.
    wire : describes a snapshot as plain data and arrays.
    changeable : the parts of the training (weighting, optimizer) that follow from the live settings.
    """
    changes = None
    while True:
        try:
            snapshot = training.send(changes)
        except StopIteration:
            return
        new_settings = yield wire(snapshot, settings)
        changes = None
        if new_settings is not None and settings.changed_to(new_settings):
            settings = new_settings
            changes = changeable(settings)
