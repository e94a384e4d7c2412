"""A step length along a line that satisfies the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import NamedTuple


class Trial(NamedTuple):
    """A step length, and the loss and its slope along the line there."""

    step: float
    loss: float
    slope: float


Search = Generator[float, tuple[float, float], float]


def wolfe_search(
    loss: float, slope: float, step: float, decrease: float, curvature: float, trials: int
) -> Search:
    """Look for a step with loss(step) <= loss + decrease * step * slope and |slope(step)| <= curvature *
    |slope|.

    Parameters
    ----------
    loss, slope : at step 0; the slope is below 0.
    step : the first step to try, above 0.
    decrease, curvature : of the two conditions, 0 < decrease < curvature < 1.
    trials : how many steps are tried at most.

    Yields
    ------
    Steps to try. Send the loss and the slope at each of them; a loss that is not a number counts as infinite.

    Returns
    -------
    The step: the last one that was tried. If no step was found that meets both conditions, it is the best
    one that meets the first; and 0 if there was none of that kind, either.

    Source
    ------
    Nocedal, Wright (2006), Numerical Optimization, algorithms 3.5 and 3.6, with cubic interpolation, eq.
    3.59, kept away from the ends of the bracket.
    """
    start = low = Trial(0.0, loss, slope)
    high: Trial | None = None  # a bracket has been found once this is known
    last = start
    for _ in range(trials):
        last = yield from _try(step)
        if last.loss > start.loss + decrease * last.step * start.slope or last.loss >= low.loss:
            high = last
        elif abs(last.slope) <= -curvature * start.slope:
            return last.step
        else:
            if high is None:
                if last.slope >= 0:
                    high = low
            elif last.slope * (high.step - low.step) >= 0:
                high = low
            low = last
        step = 2 * low.step if high is None else _between(low, high)
    if last.step != low.step:
        yield from _try(low.step)
    return low.step


def _try(step: float) -> Generator[float, tuple[float, float], Trial]:
    loss, slope = yield step
    return Trial(step, loss, slope) if math.isfinite(loss + slope) else Trial(step, math.inf, math.inf)


def _between(a: Trial, b: Trial) -> float:
    """The minimum of the cubic through two trials, or their middle; at least a tenth away from either end."""
    width = b.step - a.step
    middle = a.step + width / 2
    if not math.isfinite(b.loss):
        return a.step + width / 10
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.step - b.step)
    square = d1 * d1 - a.slope * b.slope
    if square < 0:
        return middle
    d2 = math.copysign(math.sqrt(square), width)
    denominator = b.slope - a.slope + 2 * d2
    if denominator == 0:
        return middle
    share = 1 - (b.slope + d2 - d1) / denominator
    return a.step + width * min(max(share, 0.1), 0.9) if math.isfinite(share) else middle
