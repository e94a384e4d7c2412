"""Exercise of appendix B: what one affine layer contributes to the trace, in closed form."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .verdict import Verdict, right, wrong

STREAMS, POINTS, IN, OUT = 3, 7, 4, 5
TOLERANCE = 1e-9
CALL = "layer_trace(h, dz)"


def by_loop(h: np.ndarray, dz: np.ndarray) -> float:
    """The same by the gradient of every residual: sum over points of ||dW||^2 + ||db||^2."""
    total = 0.0
    for point in range(h.shape[1]):
        d_weight = h[:, point].T @ dz[:, point]
        total += np.sum(d_weight**2) + np.sum(dz[0, point] ** 2)
    return float(total)


def slips(h: np.ndarray, dz: np.ndarray) -> dict[str, float]:
    """What comes out when one thing is forgotten."""
    bias = float(np.sum(dz[0] ** 2))
    same = float(np.sum(np.sum(h**2, axis=2) * np.sum(dz**2, axis=2)))
    true = by_loop(h, dz)
    summed = sum(float(np.sum(dz[s] ** 2)) for s in range(len(dz)))
    mixed = np.einsum("snm,snk->mk", h, dz)
    return {
        "The bias is missing: its input is the constant one, so dz of the first stream, squared, is due.": (
            true - bias
        ),
        "The bias meets the first stream alone: the constant one has no derivatives.": true - bias + summed,
        "Products of different streams are missing: the sum over streams is squared as a whole.": same + bias,
        "The points are summed before they are squared: every residual has a gradient of its own.": float(
            np.sum(mixed**2) + np.sum(dz[0].sum(axis=0) ** 2)
        ),
        "The trace is the sum over the points, not their mean.": true / h.shape[1],
        "The trace has squared norms; no root is taken.": float(np.sqrt(true)),
    }


def check_layer_trace(function: Callable[[np.ndarray, np.ndarray], Any]) -> Verdict:
    """Check a function of the streams h (S, N, m) of a layer's input and dz (S, N, k) of its output."""
    if not callable(function):
        return wrong(f"Give the function itself, {CALL}.")
    rng = np.random.default_rng(0)
    h, dz = rng.standard_normal((STREAMS, POINTS, IN)), rng.standard_normal((STREAMS, POINTS, OUT))
    given = h.copy(), dz.copy()
    try:
        found = function(*given)
    except Exception as error:  # whatever the answer does, the reader is told
        return wrong(f"The function fails: {type(error).__name__}: {error}")
    if found is None or found is Ellipsis:
        return wrong("The function returns nothing yet.")
    if np.shape(found) == (POINTS,) and np.isclose(np.sum(found), by_loop(h, dz), rtol=TOLERANCE):
        return wrong("These are the squared norms of every residual, and they are right. Add them up.")
    if np.shape(found) != ():
        return wrong(f"The trace is one number; this has the shape {np.shape(found)}.")
    if not (np.array_equal(h, given[0]) and np.array_equal(dz, given[1])):
        return wrong("The function changes its arguments, which training still needs.")
    if np.isclose(found, by_loop(h, dz), rtol=TOLERANCE):
        return right("It agrees with the loop over the residuals.")
    for cause, value in slips(h, dz).items():
        if np.isclose(found, value, rtol=TOLERANCE):
            return wrong(cause)
    return wrong(
        "It differs from the loop. Write down the gradient of one residual in W, square it, and sum over the "
        "points."
    )
