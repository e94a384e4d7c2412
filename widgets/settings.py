"""Declared settings: one object for controls, links, recorded runs, native runs and tests.

A widget's settings are a frozen dataclass derived from `WidgetSettings`, each field made with `setting`.
From that one declaration come the check of every value (Python), the form controls and the reading of links
(JavaScript, from `schema`), and the key under which recorded runs are cached.
"""

import dataclasses
import math
import numbers
from collections.abc import Mapping, Sequence
from typing import Any, Self

from pinn_core import SettingError


def setting(
    default: float | int | str,
    *,
    label: str,
    minimum: float | None = None,
    maximum: float | None = None,
    scale: str = "linear",
    step: float | None = None,
    unit: str = "",
    choices: Sequence[tuple[Any, str]] = (),
    live: bool = False,
    group: str = "main",
    help: str = "",
) -> Any:
    """Declare one setting of a widget.

    Parameters
    ----------
    default : value with which the widget starts; its type (float, int or str) is the type of the setting.
    label : name beside the control and in messages.
    minimum, maximum : closed range of a number.
    scale : "linear" or "log10"; on a log10 scale the control shows the decimal logarithm of the value.
    step : distance of two positions of the control, in decades when the scale is log10.
    unit : unit of the value, empty if it has none.
    choices : pairs (value, label) for a setting that takes one of a few values.
    live : whether the value may change while training runs.
    group : "main" for controls that are always in sight, "more" for those behind "More settings".
    help : one sentence for the reader.
    """
    kind = "choice" if choices else "int" if isinstance(default, int) else "float"
    metadata = {
        "label": label,
        "kind": kind,
        "minimum": minimum,
        "maximum": maximum,
        "scale": scale,
        "step": step,
        "unit": unit,
        "choices": [list(choice) for choice in choices],
        "live": live,
        "group": group,
        "help": help,
    }
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class WidgetSettings:
    """Base of the settings of every widget: checks each value as it is made."""

    def __post_init__(self) -> None:
        for spec in dataclasses.fields(self):
            object.__setattr__(self, spec.name, _checked(spec, getattr(self, spec.name)))

    @classmethod
    def schema(cls) -> list[dict[str, Any]]:
        """The declaration of every setting, in order, as plain data for the page."""
        return [{"name": s.name, "default": s.default, **s.metadata} for s in dataclasses.fields(cls)]

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Self:
        """Settings from a mapping of names to values; names that are left out keep their default.

        Raises
        ------
        SettingError : an unknown name, or a value of the wrong kind or out of range.
        """
        known = [s.name for s in dataclasses.fields(cls)]
        for name, value in mapping.items():
            if name not in known:
                raise SettingError(name, value, f"no such setting; the settings are {', '.join(known)}")
        return cls(**mapping)

    def as_dict(self) -> dict[str, Any]:
        """The values by name, ready for JSON."""
        return dataclasses.asdict(self)

    def changed_to(self, other: Self) -> dict[str, Any]:
        """What differs in `other`, for a change while training runs.

        Raises
        ------
        SettingError : a setting differs that must stay as it is while training runs.
        """
        changes = {}
        for spec in dataclasses.fields(self):
            new = getattr(other, spec.name)
            if new != getattr(self, spec.name):
                if not spec.metadata["live"]:
                    raise SettingError(spec.name, new, "fixed while training runs; press Reset to change it")
                changes[spec.name] = new
        return changes


def _checked(spec: dataclasses.Field, value: Any) -> Any:
    """The value of one setting, converted to the declared type, or a SettingError."""
    declared = spec.metadata
    if declared["kind"] == "choice":
        allowed = [choice for choice, _ in declared["choices"]]
        if value not in allowed or isinstance(value, bool):
            raise SettingError(spec.name, value, f"one of {', '.join(map(str, allowed))}")
        return value
    low, high = declared["minimum"], declared["maximum"]
    whole = declared["kind"] == "int"
    allowed_range = f"a {'whole ' if whole else ''}number from {low:g} to {high:g}"
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if (
        not is_number
        or not math.isfinite(value)
        or not low <= value <= high
        or (whole and value != int(value))
    ):
        raise SettingError(spec.name, value, allowed_range)
    return int(value) if whole else float(value)
