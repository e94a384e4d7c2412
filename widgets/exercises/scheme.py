"""Exercise of section 3.3: a weighting scheme of the reader's own."""

from typing import Any

import numpy as np

from pinn_core import Adam, DivergenceError, HarmonicOscillator, Mlp, NtkTraceWeights, SettingError, train

from ..runs.jobs import late
from ..runs.oscillator import CLEAN_BELOW
from .verdict import Verdict, percent, right, wrong

SEEDS = range(100, 103)
EPOCHS, EPOCHS_PER_SNAPSHOT = 2000, 20
SMALL, LARGE = 30.0, 1000.0  # edges of the zone


def trained(scheme: Any) -> Any:
    """The last snapshot of three runs under a scheme."""
    problem, network = HarmonicOscillator(n_points=50), Mlp(widths=(1, 32, 32, 1))
    adam = Adam(learning_rate=3e-3)
    *_, last = train(problem, network, adam, scheme, SEEDS, EPOCHS, EPOCHS_PER_SNAPSHOT)
    return last


def check_scheme(scheme: Any) -> Verdict:
    """Train three new starts under a scheme, and compare it with NTK weights."""
    try:
        last = trained(scheme)
    except DivergenceError as error:
        return wrong(f"Training breaks off: {error}")
    except SettingError as error:
        return wrong(f"This is not how a scheme works: {error}")
    except Exception as error:  # whatever the answer does, the reader is told
        return wrong(f"The scheme fails: {type(error).__name__}: {error}")
    if last.point_weights is None and not any(np.ptp(weights) for weights in last.weights.values()):
        return wrong("No weight ever changes: `update` leaves them as they were.")
    own, end = float(np.median(late(last.rel_l2))), middle(last.weights["ic"] / last.weights["pde"])
    found = (
        f"From three new starts the median error is {percent(own)}; "
        f"at the end the condition weighs {end:.3g} times as much as the equation."
    )
    if own >= CLEAN_BELOW:
        side = "small" if end < SMALL else "large" if end > LARGE else ""
        hint = f"The weight ends too {side}." if side else "The weight is in the zone: is it so early enough?"
        return wrong(f"{found} {hint}")
    ntk = float(np.median(late(trained(NtkTraceWeights()).rel_l2)))
    return right(f"{found} The error is {own / ntk:.2g} times that of NTK weights.")


def middle(weights: np.ndarray) -> float:
    """The median of the last weights."""
    return float(np.median(weights[:, -1]))
