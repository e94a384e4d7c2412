"""Exercise of section 3.2: at twice the frequency no fixed weight helps. Show it."""

import math
from collections.abc import Mapping
from typing import Any

from pinn_core import Adam, FixedWeights, HarmonicOscillator, Mlp, train

from ..runs.jobs import late
from ..runs.oscillator import CLEAN_BELOW
from .verdict import Verdict, is_number, percent, right, wrong

OMEGA = 4 * math.pi
EPOCHS, EPOCHS_PER_SNAPSHOT = 2000, 20
LEAST_WEIGHTS = 6
LOWEST, HIGHEST = 1.0, 1e5
AGREE_WITHIN = 0.5  # of the larger error: a run at the edge of the zone may part late
SEED = 0


def error_at(weight: float, omega: float = OMEGA) -> float:
    """Relative error of one run with a fixed weight, as the widgets judge it."""
    *_, last = train(
        HarmonicOscillator(omega=omega, n_points=50),
        Mlp(widths=(1, 32, 32, 1)),
        Adam(learning_rate=3e-3),
        FixedWeights(pde=1.0, ic=weight),
        SEED,
        EPOCHS,
        every=EPOCHS_PER_SNAPSHOT,
    )
    return float(late(last.rel_l2))


def check_breaks(errors: Any) -> Verdict:
    """Check {weight: relative error} at twice the frequency, seed 0, as many epochs as in the tuner."""
    if not isinstance(errors, Mapping) or not errors:
        return wrong("Give the error for every weight that you tried: {weight: error, ...}.")
    if not all(is_number(weight) and is_number(error) for weight, error in errors.items()):
        return wrong("Weights and errors have to be numbers.")
    if len(errors) < LEAST_WEIGHTS or min(errors) > LOWEST or max(errors) < HIGHEST:
        return wrong(
            f"Try at least {LEAST_WEIGHTS} weights, the smallest at most {LOWEST:g} and the largest at least "
            f"{HIGHEST:g}: a claim about every weight needs the whole range."
        )
    best = min(errors, key=lambda weight: errors[weight])
    own, ours = float(errors[best]), error_at(float(best))
    if abs(own - ours) > AGREE_WITHIN * max(own, ours):
        if abs(own - error_at(float(best), OMEGA / 2)) < AGREE_WITHIN * max(own, ours):
            return wrong("These are the errors at the frequency of the page; double it.")
        if 1 < own < 1e4 and abs(own / 100 - ours) < AGREE_WITHIN * ours:
            return wrong("These are percentages; give errors as fractions.")
        return wrong(
            f"At the weight {best:g} you found {percent(own)}, a run of seed {SEED} gives {percent(ours)}."
        )
    if own < CLEAN_BELOW:
        return wrong(f"At the weight {best:g} the run is clean, so the method is not broken.")
    return right(
        f"The best weight, {best:g}, leaves an error of {percent(own)}: no weight on the term helps here."
    )
