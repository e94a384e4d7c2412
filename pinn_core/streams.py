"""The rules of derivative streams, listed from the table of a closed set of operators.

A *stream* is P f for one operator P of the set, at every point. All rules follow from the rows (P, Q, R, c)
of the table, "P(f g) contains c (Q f)(R g)":

    product f g                 P (f g) = sum c (Q f)(R g)
    its backward in g           d(R g) = sum c (Q f) d(P h) for h = f g, the transpose
    tanh, forward               P h = sum c deg(R) / deg(P) (Q s)(R z) for h = tanh(z)
    its slope s = 1 - h^2       P s = -sum c (Q h)(R h)
    tanh, backward              d(R z) = sum c (Q s) d(P h): a change e of z changes h by s e

The third line is Euler's relation. If f is stretched, f(a x), its stream grows like a^deg(P), and the
derivative of h = tanh(z) in a is s times that of z: deg(P) (P h) = sum c (Q s) deg(R) (R z).

A rule does not compute. It lists numpy calls with the views that they read and write, once, so that a sweep
runs through a list and nothing is looked up on the way. Every call is on single streams, which are
contiguous: numpy is slower on several of them at a time.

Axes: streams S, then any. The calls work on float32, float64 and complex numbers, and never conjugate, so
that the complex-step check can run straight through them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from .operators import Operators

Array = np.ndarray[Any, Any]
Call = tuple[Callable[..., Any], tuple[Any, ...]]
Calls = Iterator[Call]


def run(calls: list[Call]) -> None:
    """Make the calls, one after the other."""
    for function, arguments in calls:
        function(*arguments)


class Product(NamedTuple):
    """A summand: factor times left times right."""

    factor: float
    left: Array
    right: Array


# Product with a function f of which all streams are known.


def product_in_place(operators: Operators, f: Array, g: Array, scratch: Array) -> Calls:
    """Turn the streams of g into those of f g. `scratch` has two streams."""
    for p in reversed(range(len(operators))):  # a row needs no higher stream of g
        yield np.multiply, (f[0], g[p], g[p])
        rows = sorted(((q, r, c) for _, q, r, c in operators.rows_of(p) if q), key=lambda row: -row[1])
        yield from _add(g[p], [Product(c, f[q], g[r]) for q, r, c in rows], scratch)


def product_backward(
    operators: Operators, f: Array, dh: Array, dg: Mapping[int, Array], scratch: Array
) -> Calls:
    """d(R g) = sum c (Q f) d(P h), for those streams of g that are variables. Overwrites `dh`."""
    for r, out in dg.items():
        yield np.multiply, (f[0], dh[r], out)
        if r:
            products = [Product(c, f[q], dh[p]) for p, q, right, c in operators.rows if right == r and q]
            yield from _add(out, products, scratch)
    for p in range(1, len(operators)):  # the value of g meets every stream of f, with the factor 1
        yield np.multiply, (f[p], dh[p], dh[p])
        yield np.add, (dg[0], dh[p], dg[0])


class HardConstraint:
    """The solution u = g + p f, where f is the network, and g and p are known functions.

    Parameters
    ----------
    operators : S of them.
    g, p : (S, N), the streams of both functions.
    f, u : (S, B, N), those of the network, and where to put those of the solution.
    """

    def __init__(self, operators: Operators, g: Array, p: Array, f: Array, u: Array) -> None:
        g, self.p = (np.broadcast_to(known[:, None], f.shape).astype(f.dtype) for known in (g, p))
        self.operators, self.scratch = operators, np.empty((2, *f.shape[1:]), f.dtype)
        products = product_in_place(operators, self.p, u, self.scratch)
        self.calls: list[Call] = [(np.copyto, (u, f)), *products, (np.add, (u, g, u))]

    def forward(self) -> None:
        """Fill `u`."""
        run(self.calls)

    def backward_calls(self, rule: Callable[..., Calls], du: Array, df: Array) -> list[Call]:
        """The calls of a backward rule that fill `df` (S, B, N) from `du`, which they overwrite."""
        return list(rule(self.operators, self.p, du, dict(enumerate(df)), self.scratch))


# Tanh layer h = tanh(z), with the slope s = 1 - h^2.


def tanh_forward(
    operators: Operators, z: Mapping[int, Array], h: Array, s: Array | None, scratch: Array
) -> Calls:
    """Streams of h, and of s for the way back; streams that z lacks are zero.

    `s` may be None if there is only the value and no way back.
    """
    degrees = operators.degrees
    yield np.tanh, (z[0], h[0])
    if s is None:
        return
    yield np.multiply, (h[0], h[0], s[0])
    yield np.subtract, (1.0, s[0], s[0])
    for p in range(1, len(operators)):
        rows = operators.rows_of(p)
        summands = [Product(c * degrees[r] / degrees[p], s[q], z[r]) for _, q, r, c in rows if r in z and r]
        yield from _add(h[p], summands, scratch, fresh=True)
        pairs = [Product(-c if q == r else -2 * c, h[q], h[r]) for _, q, r, c in rows if q <= r]
        yield from _add(s[p], pairs, scratch, fresh=True)


def tanh_backward(
    operators: Operators, s: Array, dh: Array, dz: Mapping[int, Array], scratch: Array
) -> Calls:
    """d(R z) = sum c (Q s) d(P h), for those streams of z that are variables. Overwrites `dh`."""
    return product_backward(operators, s, dh, dz, scratch)


def _add(target: Array, products: list[Product], scratch: Array, fresh: bool = False) -> Calls:
    """Add products to `target`, or write their sum there if it is `fresh`; equal factors are applied once."""
    if fresh and not products:
        yield np.copyto, (target, 0.0)
    by_factor: dict[float, list[Product]] = {}
    for product in products:
        by_factor.setdefault(abs(product.factor), []).append(product)
    for size, (first, *others) in by_factor.items():
        if size == 1 and not fresh:
            for product in (first, *others):
                yield np.multiply, (product.left, product.right, scratch[0])
                yield _sign(product.factor), (target, scratch[0], target)
            continue
        total = target if fresh else scratch[0]
        yield np.multiply, (first.left, first.right, total)
        for product in others:
            yield np.multiply, (product.left, product.right, scratch[1])
            yield _sign(product.factor * first.factor), (total, scratch[1], total)
        if fresh and first.factor != 1:
            yield np.multiply, (total, first.factor, total)
        elif not fresh and size == 2:  # quicker than a product with a number
            yield from [(_sign(first.factor), (target, total, target))] * 2
        elif not fresh:
            yield np.multiply, (total, first.factor, total)
            yield np.add, (target, total, target)
        fresh = False


def _sign(factor: float) -> np.ufunc:
    """How to put on what has this factor's sign."""
    return np.add if factor > 0 else np.subtract
