"""Exercise of section 3.2: find a weight inside the zone by bisection."""

from typing import Any

import numpy as np

from pinn_core import Adam, FixedWeights, HarmonicOscillator, Mlp, train

from ..runs.jobs import late
from ..runs.oscillator import CLEAN_BELOW
from .verdict import Verdict, is_number, percent, right, wrong

SEEDS = range(100, 103)  # other starts than those that the page shows
EPOCHS, EPOCHS_PER_SNAPSHOT = 2000, 20
ASIDE = 4.0  # factor to the weights on both sides that say which way is better
HALF = 0.5


def check_goldilocks(weight: Any) -> Verdict:
    """Train with a weight of the initial condition from three new starts, and judge it."""
    if not is_number(weight) or not 0 < weight <= 1e12:
        return wrong("Give one weight, a positive number.")
    weights = float(weight) * np.array([1 / ASIDE, 1.0, ASIDE])
    below, at, above = errors_at(weights)
    found = f"From three new starts the errors are {', '.join(percent(error) for error in at[0])}."
    if np.all(at[0] < CLEAN_BELOW):
        return right(found)
    better_above = np.median(above[0]) < np.median(below[0]) or np.median(at[1]) < HALF
    side = "small" if better_above else "large"
    if np.any(at[0] < CLEAN_BELOW):
        return wrong(f"{found} That is the rough edge of the zone: the weight is a little too {side}.")
    if np.median(at[1]) < HALF:
        return wrong(f"{found} The curve does not reach one at the start: the weight is too small.")
    return wrong(f"{found} The start is met and the equation is not well enough: the weight is too {side}.")


def errors_at(weights: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """For every weight the relative errors and the values at the start, over the seeds; in one batch."""
    n = len(SEEDS)
    *_, last = train(
        HarmonicOscillator(n_points=50),
        Mlp(widths=(1, 32, 32, 1)),
        Adam(learning_rate=3e-3),
        FixedWeights(pde=1.0, ic=np.repeat(weights, n)),
        list(SEEDS) * len(weights),
        EPOCHS,
        every=EPOCHS_PER_SNAPSHOT,
    )
    parts = [slice(k * n, (k + 1) * n) for k in range(len(weights))]
    return [(late(last.rel_l2[part]), last.prediction[part, 0]) for part in parts]
