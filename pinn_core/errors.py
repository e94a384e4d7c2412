"""Errors that name what went wrong, and the checks that raise them."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

LOSS_NOT_FINITE = "its loss is not finite"


class SettingError(ValueError):
    """A setting has a value that is not allowed.

    Parameters
    ----------
    name : what the setting is called, for example "widths".
    value : the value that was given.
    allowed : what would have been accepted, in words.
    """

    def __init__(self, name: str, value: object, allowed: str) -> None:
        self.name, self.value, self.allowed = name, value, allowed
        super().__init__(f"{name} = {_shown(value)} is not allowed; allowed: {allowed}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.value, self.allowed)


class DivergenceError(ArithmeticError):
    """Training stopped because a loss term, or its weight, is no longer a number to go on with.

    Parameters
    ----------
    epoch : the first epoch at which that was so.
    term : the key of the loss term, for example "pde".
    cause : what is wrong with the term, for example "its trace is zero".
    """

    def __init__(self, epoch: int, term: str, cause: str = LOSS_NOT_FINITE) -> None:
        self.epoch, self.term, self.cause = epoch, term, cause
        if cause == LOSS_NOT_FINITE:
            message = f"the loss term {term!r} is not finite at epoch {epoch}; try a smaller learning rate"
        else:
            message = f"the loss term {term!r} has no usable weight at epoch {epoch}: {cause}"
        super().__init__("training diverged: " + message)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.epoch, self.term, self.cause)


class Registry(dict[str, Any]):
    """The choices of one setting by name; an unknown name raises a SettingError that lists the known ones.

    Parameters
    ----------
    setting : what the setting is called in the error.
    choices : what can be chosen.
    """

    def __init__(self, setting: str, choices: Mapping[str, Any]) -> None:
        super().__init__(choices)
        self.setting = setting

    def __getitem__(self, name: Any) -> Any:
        if not isinstance(name, str) or name not in self:
            raise SettingError(self.setting, name, "one of " + ", ".join(self))
        return super().__getitem__(name)


def whole_number(name: str, value: object, minimum: int, maximum: int) -> int:
    """Return `value` as an int; raise SettingError unless it is a whole number from minimum to maximum."""
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        number = int(value)
        if minimum <= number <= maximum:
            return number
    raise SettingError(name, value, f"a whole number from {minimum} to {maximum}")


def positive_number(name: str, value: object, maximum: float) -> float:
    """Return `value` as a float; raise SettingError unless it is above 0 and at most `maximum`."""
    number = _real(value)
    if not 0 < number <= maximum:
        raise SettingError(name, value, f"a number above 0 and at most {maximum:g}")
    return number


def number_between(name: str, value: object, minimum: float, maximum: float) -> float:
    """Return `value` as a float; raise SettingError unless it is from minimum to maximum."""
    number = _real(value)
    if not minimum <= number <= maximum:
        raise SettingError(name, value, f"a number from {minimum:g} to {maximum:g}")
    return number


def non_negative_number(name: str, value: object) -> float:
    """Return `value` as a float; raise SettingError unless it is finite and at least 0."""
    number = _real(value)
    if not 0 <= number < math.inf:
        raise SettingError(name, value, "a finite number of at least 0")
    return number


def finite_number(name: str, value: object) -> float:
    """Return `value` as a float; raise SettingError unless it is finite."""
    number = _real(value)
    if not math.isfinite(number):
        raise SettingError(name, value, "a finite number")
    return number


def one_of(name: str, value: object, choices: Sequence[str]) -> str:
    """Return `value`; raise SettingError unless it is one of some texts."""
    if isinstance(value, str) and value in choices:
        return value
    raise SettingError(name, value, "one of " + ", ".join(choices))


def real_array(
    name: str, value: object, shape: Sequence[int | str] | None = None, kinds: str = "fiu"
) -> np.ndarray:
    """Return `value` as a real array; raise SettingError unless it is one, not empty, with finite numbers.

    Parameters
    ----------
    shape : its shape; a letter stands for any length of at least 1. None for any shape.
    kinds : numpy's letters for the kinds of number that are allowed; with "c" complex ones, too.

    Returns
    -------
    The array itself if it is float64, float32 or complex128 already, else one of float64.
    """
    try:
        array = np.asarray(value)
    except Exception as error:  # whatever the object does when it is asked for its numbers
        raise SettingError(name, value, "an array of numbers") from error
    if array.dtype.kind not in kinds or array.dtype in (np.longdouble, np.clongdouble):
        raise SettingError(name, value, f"an array of {'' if 'c' in kinds else 'real '}numbers")
    if array.dtype not in (np.float64, np.float32, np.complex128):
        array = array.astype(np.float64)
    if shape is not None:
        fits = len(shape) == array.ndim and all(
            isinstance(wanted, str) or wanted == length
            for wanted, length in zip(shape, array.shape, strict=True)
        )
        if not fits:
            raise SettingError(name, array.shape, f"an array ({', '.join(map(str, shape))})")
    if not array.size:
        raise SettingError(name, array.shape, "an array that is not empty")
    if not np.isfinite(array).all():
        raise SettingError(name, value, "an array of finite numbers")
    return array


def _real(value: object) -> float:
    """`value` as a float: NaN, which is in no range, if it is no real number; infinity if it is too large."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _shown(value: object) -> str:
    """The value as text, cut short: it may come from a link that somebody else wrote."""
    try:
        text = repr(value)
    except Exception:  # an object of the reader's own may fail in this, too
        text = f"an object of {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "..."
