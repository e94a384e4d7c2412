"""Inner products of the gradients of u, u_x and u_xx at every point, in closed form.

An affine layer z = a W + b gives du/dW = a^T delta: a row vector a enters it, and delta = du/dz is the
*sensitivity* of the solution to what leaves it. This holds at every x, and may be differentiated like u:

    d u_s / dW = sum_j binom(s, j) a_(s - j)^T delta_j,      delta_j = d^j delta / dx^j.

The streams of the sensitivities take one sweep from the output to the input, in which points stay apart:

    delta = w tanh'(z) at the top,      delta_below = (delta W^T) tanh'(z_below) further down.

The inner product of two such gradients needs neither of them: that of a^T delta and a'^T delta' is the
product (a . a')(delta . delta'). Hence the Gram matrices of the streams of a and of delta, layer by layer,
give M_st = grad u_s . grad u_t at every point. No gradient is formed, and no loop runs over points.

Source: the product of two inner products is the ghost norm of differentially private training (Goodfellow,
2015, Efficient per-example gradient computations), with derivative streams in place of a sequence. Taking
the streams of the sensitivity, so that one sweep serves all residuals, is ours.

Axes are those of `jets`. The *pairs* (s, t) of streams with s <= t are numbered by `stream_pairs`.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import comb
from typing import NamedTuple

import numpy as np

from .jets import Affine, Array, Jet
from .networks import Sweep

# Numbers in one stream of the widest layer that are treated at once. Measured: 30 000 to 60 000 are best.
CHUNK = 32_768


def stream_pairs(order: int) -> list[tuple[int, int]]:
    """Pairs (s, t) of streams with s <= t by diagonals: (0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (0, 2)."""
    return [(s, s + apart) for apart in range(order + 1) for s in range(order + 1 - apart)]


def diagonals(streams: Array, out: Array) -> list[tuple[Array, Array, Array]]:
    """Arguments of np.vecdot that fill `out` (pairs, B, N) with the Gram matrix of `streams` (S, B, N, m)."""
    found, start = [], 0
    for apart in range(len(streams)):
        stop = start + len(streams) - apart
        found.append((streams[: len(streams) - apart], streams[apart:], out[start:stop]))
        start = stop
    return found


def product_in_place(s: Jet, q: Jet, scratch: Array) -> None:
    """Turn the streams of q into those of s q: s q, s q_x + s_x q, s q_xx + 2 s_x q_x + s_xx q."""
    if q.order >= 2:
        np.multiply(s.u, q.u_xx, out=q.u_xx)
        np.multiply(s.u_x, q.u_x, out=scratch)
        np.add(q.u_xx, scratch, out=q.u_xx)
        np.add(q.u_xx, scratch, out=q.u_xx)
        np.multiply(s.u_xx, q.u, out=scratch)
        np.add(q.u_xx, scratch, out=q.u_xx)
    if q.order >= 1:
        np.multiply(s.u, q.u_x, out=q.u_x)
        np.multiply(s.u_x, q.u, out=scratch)
        np.add(q.u_x, scratch, out=q.u_x)
    np.multiply(s.u, q.u, out=q.u)


class Products(NamedTuple):
    """Which inner products of `a` meet which of `delta`, and what each of their products adds to M.

    Attributes
    ----------
    a, delta : (products,), rows of the table of inner products.
    share : (pairs, products), the factor with which a product enters each pair of M.
    """

    a: Array
    delta: Array
    share: Array


def products_of_layers(order: int, hidden: int, dtype: np.dtype) -> Products:
    """The products of a network of `hidden` layers; the table has the rows that `Chunk` fills.

    M_st sums binom(s, i) binom(t, j) (a_i . a_j) (delta_(s-i) . delta_(t-j)) over i <= s, j <= t and layers.
    A bias meets the constant 1 in the place of a, and the output layer has the constant 1 in the place of
    delta.
    """
    pairs = stream_pairs(order)
    number = {pair: k for k, (s, t) in enumerate(pairs) for pair in ((s, t), (t, s))}
    n, one = len(pairs), 0
    found: dict[tuple[int, int], Array] = {}

    def enter(a: int, delta: int, pair: int, factor: float) -> None:
        found.setdefault((a, delta), np.zeros(n))[pair] += factor

    for layer in range(hidden + 1):
        first_a, first_delta = 1 + 2 * n * layer, 1 + 2 * n * layer + n
        for pair, (s, t) in enumerate(pairs):
            if layer == hidden:
                enter(first_a + pair, one, pair, 1)
                continue
            enter(one, first_delta + pair, pair, 1)
            for i in range(s + 1):
                for j in range(t + 1):
                    if layer > 0 or max(i, j) <= 1:  # x has no second derivative
                        row = first_a + number[i, j], first_delta + number[s - i, t - j]
                        enter(*row, pair, comb(s, i) * comb(t, j))
    enter(one, one, 0, 1)
    a, delta = np.array(list(found)).T
    return Products(a, delta, np.stack(list(found.values()), axis=1).astype(dtype))


class Sensitivities:
    """The streams of du/dz of every hidden layer at some points of a sweep, where points stay apart.

    Parameters
    ----------
    h, s : the jets that a forward sweep keeps, layer by layer.
    where : the points.
    other : another such object for as many points, whose buffers are shared.

    Attributes
    ----------
    h, s : those jets at these points.
    delta : for every hidden layer the streams of the sensitivity to what enters its tanh, (S, B, n, m).
    """

    def __init__(self, h: list[Jet], s: list[Jet], where: slice, other: Sensitivities | None = None) -> None:
        self.h = [Jet(jet.streams[:, :, where]) for jet in h]
        self.s = [Jet(jet.streams[:, :, where]) for jet in s]
        if other is None:
            self.delta = [Jet(np.empty_like(jet.streams)) for jet in self.h]
            self.scratch = {jet.streams.shape[-1]: np.empty_like(jet.u) for jet in self.h}
        else:
            self.delta, self.scratch = other.delta, other.scratch

    def descend(self, layers: list[Affine]) -> Iterator[int]:
        """Fill `delta` from the last hidden layer to the first; yields the layer just filled."""
        for i in reversed(range(len(self.h))):
            delta = self.delta[i]
            if i == len(self.h) - 1:
                np.multiply(self.s[i].streams, layers[-1].transposed, out=delta.streams)
            else:
                np.matmul(self.delta[i + 1].streams, layers[i + 1].transposed, out=delta.streams)
                product_in_place(self.s[i], delta, self.scratch[delta.streams.shape[-1]])
            yield i


class Chunk:
    """M_st = grad u_s . grad u_t at some points of a sweep.

    Parameters
    ----------
    sensitivities : at these points.
    x : these points, (n,).
    products : of the layers.
    """

    def __init__(self, sensitivities: Sensitivities, x: Array, products: Products) -> None:
        order, (members, n_points, _) = sensitivities.h[0].order, sensitivities.h[0].u.shape
        pairs = stream_pairs(order)
        self.sensitivities, self.products = sensitivities, products
        # The table of inner products: ones; those of the input x; then those of delta and of h by layer.
        rows = 1 + 2 * len(pairs) * (1 + len(sensitivities.h))
        self.table = np.zeros((rows, members, n_points), x.dtype)
        self.table[0] = 1
        for row, (s, t) in enumerate(pairs, 1):
            if t <= 1:
                self.table[row] = x ** (2 - s - t)
        parts = np.split(self.table[1:], 2 * (1 + len(sensitivities.h)))
        self.inner_products = [
            [*diagonals(delta.streams, parts[2 * i + 1]), *diagonals(h.streams, parts[2 * i + 2])]
            for i, (delta, h) in enumerate(zip(sensitivities.delta, sensitivities.h, strict=True))
        ]
        self.a = np.empty((len(products.a), members, n_points), x.dtype)
        self.delta = np.empty_like(self.a)
        self.grams = np.empty((len(pairs), members, n_points), x.dtype)
        self.flat = self.a.reshape(len(self.a), -1), self.grams.reshape(len(pairs), -1)

    def update(self, layers: list[Affine]) -> Array:
        """Fill and return M (pairs, B, n) for the parameters `layers` of the last forward sweep."""
        for i in self.sensitivities.descend(layers):
            for left, right, out in self.inner_products[i]:
                np.vecdot(left, right, out=out)
        self.table.take(self.products.a, axis=0, out=self.a, mode="clip")
        self.table.take(self.products.delta, axis=0, out=self.delta, mode="clip")
        np.multiply(self.a, self.delta, out=self.a)
        np.matmul(self.products.share, self.flat[0], out=self.flat[1])
        return self.grams


class StreamGrams:
    """M_st = grad u_s . grad u_t for all pairs of streams of the network, point by point.

    Parameters
    ----------
    sweep : whose forward sweep has been taken.
    points : numbers of the points to look at, (n,); None for all.

    Cost
    ----
    About 2 S n m^2 operations for every hidden layer but the first, and 2 S (S + 3) n m more for every one,
    per member. Memory for a few hundred n numbers, whatever m is, and for buffers of about `CHUNK`.
    """

    def __init__(self, sweep: Sweep, points: Array | None = None) -> None:
        self.kept, self.points = [jet for jet in (*sweep.h, *sweep.s) if jet is not None], points
        x = sweep.line.u[0, :, 0]
        if points is None:
            jets = self.kept
        else:  # to copy these points together costs less than to treat all
            x = x[points]
            jets = [Jet(jet.streams[:, :, points].copy()) for jet in self.kept]
        self.jets = jets
        hidden = len(sweep.h)
        h, s, order, members = jets[:hidden], jets[hidden:], jets[0].order, len(jets[0].u)
        products = products_of_layers(order, hidden, x.dtype)
        size = max(1, CHUNK // (members * max(jet.u.shape[-1] for jet in h)))
        self.chunks: list[tuple[slice, Chunk]] = []
        shared: dict[int, Sensitivities] = {}
        for start in range(0, x.size, size):
            where = slice(start, min(start + size, x.size))
            n_points = where.stop - start
            sensitivities = Sensitivities(h, s, where, shared.get(n_points))
            shared.setdefault(n_points, sensitivities)
            self.chunks.append((where, Chunk(sensitivities, x[where], products)))
        self.grams = np.empty((len(stream_pairs(order)), members, x.size), x.dtype)

    def update(self, layers: list[Affine]) -> Array:
        """M (pairs, B, n) for the parameters `layers` of the last forward sweep, in a buffer."""
        if self.points is not None:
            for kept, jet in zip(self.kept, self.jets, strict=True):
                kept.streams.take(self.points, axis=2, out=jet.streams, mode="clip")
        if len(self.chunks) == 1:
            return self.chunks[0][1].update(layers)
        for where, chunk in self.chunks:
            self.grams[:, :, where] = chunk.update(layers)
        return self.grams
