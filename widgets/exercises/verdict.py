"""What a check says."""

import dataclasses
import math
import numbers
from typing import Any


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and a sentence about it; true in a condition if it is right."""

    passed: bool
    message: str

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        return f"{'✓ Right' if self.passed else '✗ Not yet'}. {self.message}"

    __str__ = __repr__


def right(message: str) -> Verdict:
    """The answer is right."""
    return Verdict(True, message)


def wrong(message: str) -> Verdict:
    """The answer is not right."""
    return Verdict(False, message)


def is_number(value: Any) -> bool:
    """Whether an answer is one finite number."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)


def percent(fraction: float) -> str:
    """A fraction as a percentage with two significant digits."""
    return f"{100 * fraction:.2g} %" if fraction < 0.995 else f"{100 * fraction:.0f} %"
