"""Closed sets of operators for the tests, named and random, and readable twins of the listed rules."""

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from pinn_core.operators import NotClosedError, Operator, Operators, derivatives, up_to

ONE, T, X = derivatives(2)
LAPLACE = T * T + X * X
PAIR = ("t", "x")
WAVE = Operators({"u": ONE, "u_t": T, "u_x": X, "wave": T * T - 4 * X * X}, PAIR)
SECOND = Operators({"u": ONE, "t": T, "x": X, "tt": T * T, "tx": T * X, "xx": X * X}, PAIR)
HEAT = Operators({"u": ONE, "u_x": X, "heat": T - X * X}, PAIR)
CAVITY = Operators(
    {
        "u": ONE, "t": T, "x": X, "tt": T * T, "tx": T * X, "xx": X * X,
        "t_laplace": T * LAPLACE, "x_laplace": X * LAPLACE,
    },
    PAIR,
)  # fmt: skip
THIRD = Operators(
    {
        "u": ONE, "t": T, "x": X, "tt": T * T, "tx": T * X, "xx": X * X,
        "ttt": T * T * T, "ttx": T * T * X, "txx": T * X * X, "xxx": X * X * X,
    },
    PAIR,
)  # fmt: skip
NAMED = {"value": up_to(0), "line": up_to(2), "third": up_to(3), "wave": WAVE, "second": SECOND,
         "heat": HEAT, "cavity": CAVITY, "all to order 3": THIRD}  # fmt: skip


def closure(members, inputs):
    """The smallest closed set with these members: what a refusal names as missing is added."""
    try:
        return Operators(members, inputs)
    except NotClosedError as refused:
        return Operators(
            {**members, **{f"missing {i}": part for i, part in enumerate(refused.missing)}}, inputs
        )


@st.composite
def random_closed_sets(draw):
    """Closures of one or two random operators of one degree, up to 3, in one to three inputs."""
    n_inputs = draw(st.integers(1, 3))
    inputs, firsts = ("x", "y", "z")[:n_inputs], derivatives(n_inputs)[1:]
    members = {}
    for name in ("P", "R")[: draw(st.integers(1, 2))]:
        operator, degree = Operator(()), draw(st.integers(1, 3))
        for _ in range(draw(st.integers(1, 3))):
            monomial = derivatives(n_inputs)[0] * draw(st.integers(-4, 4).filter(bool))
            for _ in range(degree):
                monomial = monomial * draw(st.sampled_from(firsts))
            operator = operator + monomial
        if operator.parts and operator not in members.values():
            members[name] = operator
    assume(members)
    dependent = len(members) == 2 and len({op.parts[0][0] for op in members.values()}) == 1
    return closure(
        {"1": derivatives(n_inputs)[0], **dict([*members.items()][: 1 if dependent else 2])}, inputs
    )


# The rules by the table, to be read: streams (S, ...), loops over rows, no buffers.


def product(operators, f, g):
    """Streams of f g."""
    h = np.zeros_like(f)
    for p, q, r, c in operators.rows:
        h[p] += c * f[q] * g[r]
    return h


def transposed_product(operators, f, dh):
    """The gradient in the streams of g, from that in those of f g."""
    dg = np.zeros_like(dh)
    for p, q, r, c in operators.rows:
        dg[r] += c * f[q] * dh[p]
    return dg


def tanh(operators, z):
    """Streams of h = tanh(z) and of s = 1 - h^2, in ascending degree."""
    h, s = np.zeros_like(z), np.zeros_like(z)
    h[0] = np.tanh(z[0])
    s[0] = 1 - h[0] ** 2
    for number in range(1, len(z)):
        for p, q, r, c in operators.rows:
            if p == number:
                h[p] += c * operators.degrees[r] / operators.degrees[p] * s[q] * z[r]
        for p, q, r, c in operators.rows:
            if p == number:
                s[p] -= c * h[q] * h[r]
    return h, s
