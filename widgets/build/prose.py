"""From recorded runs to prose: numbers as text, and claims that a test checks.

No page types a measured number. A widget's module `numbers` has a function `numbers(recording)`, which gives
every number of the prose as text, by key, and its module `claims` one, `claims(recording)`, which gives every
statement in words that a run could refute. The first cell of a page calls `glue_numbers`; the text then says
{glue:text}`key`.
"""

import dataclasses
import importlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .archive import load

SPACE = "\N{NO-BREAK SPACE}"
THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"
TIMES, MINUS = "\N{MULTIPLICATION SIGN}", "\N{MINUS SIGN}"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclasses.dataclass(frozen=True)
class Claim:
    """A statement of the prose, and how many of the recorded runs bear it out.

    Parameters
    ----------
    statement : what is claimed of one run, in words.
    holds : for every run whether it is so.
    needed : the share of runs for which it has to be so.
    """

    statement: str
    holds: Sequence[bool] | np.ndarray
    needed: float = 1.0

    @property
    def hits(self) -> int:
        """Number of runs for which the statement is true."""
        return int(np.count_nonzero(self.holds))

    @property
    def runs(self) -> int:
        """Number of runs."""
        return int(np.size(self.holds))

    @property
    def share(self) -> float:
        """Share of the runs for which the statement is true."""
        return self.hits / self.runs

    @property
    def passed(self) -> bool:
        """Whether the share is at least the one needed."""
        return self.share >= self.needed

    def __str__(self) -> str:
        verdict = "holds" if self.passed else "FAILS"
        return f"{verdict} in {self.hits} of {self.runs} runs (needed {self.needed:.0%}): {self.statement}"


def glue_numbers(*widgets: str) -> None:
    """Give the page whose cell calls this every number and table of these widgets' runs, under its key."""
    # the book's own tools, absent where a reader runs the widgets
    from IPython.display import Markdown
    from myst_nb import glue

    for widget in widgets:
        module = importlib.import_module(f"pinn_widgets.{widget}.numbers")
        recording = load(widget)
        for key, text in module.numbers(recording).items():
            glue(key, text, display=False)
        for key, text in getattr(module, "tables", lambda _: {})(recording).items():
            glue(key, Markdown(text), display=False)


def rounded(value: float, digits: int = 2) -> str:
    """A number to a few significant digits: 0.0041, 0.50, 160, 20 000, or with a power of ten."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    exponent = math.floor(math.log10(float(f"{abs(value):.{digits - 1}e}")))
    if not -4 <= exponent <= 5:
        power = str(exponent).translate(SUPERSCRIPTS)
        return f"{value / 10**exponent:.{digits - 1}f}{SPACE}{TIMES}{SPACE}10{power}"
    decimals = max(digits - 1 - exponent, 0)
    return grouped(round(value, digits - 1 - exponent), decimals).replace("-", MINUS)


def grouped(value: float, decimals: int = 0) -> str:
    """A number with a thin space between thousands when it has five digits or more."""
    text = f"{value:,.{decimals}f}"
    return text.replace(",", THIN_SPACE if abs(value) >= 10_000 else "")


def percent(fraction: float, digits: int = 2) -> str:
    """A fraction as a percentage to a few significant digits."""
    return f"{rounded(100 * fraction, digits)}{SPACE}%"


def between(low: str, high: str) -> str:
    """A range in words; a unit that both ends share stands once."""
    number, _, unit = low.rpartition(SPACE)
    return f"{number} to {high}" if number and high.endswith(f"{SPACE}{unit}") else f"{low} to {high}"


def of(claim: Claim) -> str:
    """How many runs bear a claim out: "16 of 16"."""
    return f"{claim.hits} of {claim.runs}"


def quartiles(values: Any) -> tuple[float, float, float]:
    """Lower quartile, median and upper quartile."""
    low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float(low), float(median), float(high)


def error_range(errors: np.ndarray) -> str:
    """Median and quartiles of some errors, as a percentage."""
    low, median, high = quartiles(errors)
    digits = 2 if median < 0.95 else 3  # near 100 % two digits would hide that the runs differ
    return f"{percent(median, digits)} ({between(percent(low, digits), percent(high, digits))})"


def measured(recording: dict[str, Any], ensemble: str, key: str) -> np.ndarray:
    """What was measured under `key` in one ensemble of a recording, one entry for each seed."""
    return np.array(recording["ensembles"][ensemble][key], float)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
