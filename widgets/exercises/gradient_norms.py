"""Exercise of section 3.1: the gradient norms of the two terms, by hand, for a network of three parameters.

The network is u(t) = v tanh(w t + b), at w = 1, b = 1/2, v = 2, for u'' + omega^2 u = 0 with omega = 2 pi,
u(0) = 1, u'(0) = 0, on five points from 0 to 1.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .verdict import Verdict, is_number, right, wrong

OMEGA = 2 * math.pi
POINTS = np.linspace(0, 1, 5)
PARAMETERS = np.array([1.0, 0.5, 2.0])  # w, b, v

TOLERANCE = 1e-6
STEP = 1e-30


def losses(parameters: np.ndarray, omega: float = OMEGA) -> dict[str, Any]:
    """Both loss terms, of real or complex parameters."""
    w, b, v = parameters

    def streams(t: Any) -> tuple[Any, Any, Any]:
        h = np.tanh(w * t + b)
        s = 1 - h * h
        return v * h, v * w * s, -2 * v * w**2 * h * s

    u, _, u_xx = streams(POINTS)
    start, slope, _ = streams(0.0)
    return {"pde": np.mean((u_xx + omega**2 * u) ** 2), "ic": (start - 1) ** 2 + slope**2}


def norms(omega: float = OMEGA) -> dict[str, float]:
    """The right answer, by complex step."""
    found = dict.fromkeys(("pde", "ic"), 0.0)
    for k in range(len(PARAMETERS)):
        moved = PARAMETERS.astype(complex)
        moved[k] += 1j * STEP
        for term, loss in losses(moved, omega).items():
            found[term] += (loss.imag / STEP) ** 2
    return {term: math.sqrt(square) for term, square in found.items()}


def check_gradient_norms(answer: Any) -> Verdict:
    """Check {"pde": ..., "ic": ...}, the norms of the gradients of both terms."""
    if not isinstance(answer, Mapping) or set(answer) != {"pde", "ic"}:
        return wrong('Give both norms by term: {"pde": ..., "ic": ...}.')
    if bad := [term for term in answer if not is_number(answer[term])]:
        return wrong(f"The norm of the term {bad[0]!r} is not a number yet.")
    true = norms()
    faults = [cause for term in true if (cause := fault(term, float(answer[term]), true))]
    if faults:
        return wrong(" ".join(faults))
    return right(f"The residual pulls {true['pde'] / true['ic']:.0f} times as hard as the initial condition.")


def fault(term: str, given: float, true: dict[str, float]) -> str:
    """What is wrong with one norm; empty if nothing is."""
    n, other = len(POINTS), "ic" if term == "pde" else "pde"
    slips = {
        1.0: "",
        0.5: "is half of what it should be: the derivative of a square has a factor two.",
        true[term]: "is squared: take the root of the sum of the squares.",
        true[other] / true[term]: "is that of the other term.",
    }
    if term == "pde":
        slips |= {
            float(n): "is that of the sum over the points; the loss has their mean.",
            math.sqrt(
                n
            ): "would fit a sum divided by the root of the number of points; the loss has the mean.",
            norms(omega=1.0)["pde"] / true["pde"]: "would fit a frequency of one; omega is two pi.",
        }
    for factor, text in slips.items():
        if math.isclose(given, factor * true[term], rel_tol=TOLERANCE):
            return f"The norm of the term {term!r} {text}" if text else ""
    size = "large" if given > true[term] else "small"
    return (
        f"The norm of the term {term!r} is too {size}. Differentiate the term in w, in b and in v, and check "
        "each against a complex step."
    )
