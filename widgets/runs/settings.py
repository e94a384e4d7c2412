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

KINDS = {bool: "flag", int: "int", float: "float"}
FLAGS = {"on": True, "off": False}


def setting(
    default: float | int | str | bool,
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
    default : value with which the widget starts; its type is that of the setting. True or False makes a flag,
        which switches a scheme of a race on, and has the name of that scheme.
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
    kind = "choice" if choices else KINDS[type(default)]
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


def network_seed(typical: int) -> Any:
    """The setting `seed` of widgets that train; its default is one whose run is like most."""
    return setting(
        typical,
        label="Seed",
        minimum=0,
        maximum=9999,
        step=1,
        help="Draws the initial parameters of the network.",
    )


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

    @classmethod
    def from_texts(cls, texts: Mapping[str, str]) -> Self:
        """Settings from texts, as links and the pages' sources have them: "0.003", "hard", "on".

        Raises
        ------
        SettingError : as `from_mapping`, or a text that stands for no value of the setting.
        """
        specs = {s.name: s for s in dataclasses.fields(cls)}
        return cls.from_mapping(
            {name: _read(specs[name], text) if name in specs else text for name, text in texts.items()}
        )

    @classmethod
    def flags(cls) -> list[str]:
        """Names of the settings that are flags."""
        return [s.name for s in dataclasses.fields(cls) if s.metadata["kind"] == "flag"]

    def as_dict(self) -> dict[str, Any]:
        """The values by name, ready for JSON."""
        return dataclasses.asdict(self)

    def as_texts(self) -> dict[str, str]:
        """The values by name as texts, as `from_texts` and the page's script read them."""
        return {name: _text(value) for name, value in self.as_dict().items()}

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


def _read(spec: dataclasses.Field, text: str) -> Any:
    """The value that a text stands for; the text itself if it stands for none, for `_checked` to refuse."""
    kind = spec.metadata["kind"]
    if kind == "flag":
        return FLAGS.get(text, text)
    if kind == "choice":
        return next((choice for choice, _ in spec.metadata["choices"] if str(choice) == text), text)
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if kind == "int" and number.is_integer() else number


def _text(value: Any) -> str:
    """A value as a text."""
    if isinstance(value, bool):
        return next(text for text, flag in FLAGS.items() if flag == value)
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _checked(spec: dataclasses.Field, value: Any) -> Any:
    """The value of one setting, converted to the declared type, or a SettingError."""
    declared = spec.metadata
    if declared["kind"] == "flag":
        if not isinstance(value, bool):
            raise SettingError(spec.name, value, "on or off")
        return value
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
