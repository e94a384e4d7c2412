"""Inner products of the gradients of all streams of the network at every point, in closed form.

An affine layer z = a W + b gives du/dW = a^T delta: a row vector a enters it, and delta = du/dz is the
*sensitivity* of the solution to what leaves it. This holds at every x, and both sides may be differentiated.
On the right is a product, so that its streams follow from the table (P, Q, R, c) of the `operators`:

    d(P u)/dW = sum c (Q a)^T (R delta).

The streams of the sensitivities take one sweep from the output to the input, in which points stay apart:

    delta = w tanh'(z) at the top,      delta_below = (delta W^T) tanh'(z_below) further down.

The inner product of two such gradients needs neither of them: that of a^T delta and a'^T delta' is the
product (a . a')(delta . delta'). Hence the Gram matrices of the streams of a and of delta, layer by layer,
give M_PP' = grad (P u) . grad (P' u) at every point. No gradient is formed, and no loop runs over points.

Source: the product of two inner products is the ghost norm of differentially private training (Goodfellow,
2015, Efficient per-example gradient computations), with derivative streams in place of a sequence. Taking
the streams of the sensitivity, so that one sweep serves all residuals, is ours.

Axes are those of `jets`. The *pairs* (s, t) of streams with s <= t are numbered by `stream_pairs`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .jets import Affine, Array, Jet
from .networks import Sweep
from .operators import Operators
from .streams import product_in_place

# Numbers in one stream of the widest layer that are treated at once. Measured: 30 000 to 60 000 are best.
CHUNK = 32_768


def stream_pairs(streams: int) -> list[tuple[int, int]]:
    """Pairs (s, t) of streams with s <= t by diagonals: (0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (0, 2)."""
    return [(s, s + apart) for apart in range(streams) for s in range(streams - apart)]


def diagonals(streams: Array, out: Array) -> list[tuple[Array, Array, Array]]:
    """Arguments of np.vecdot that fill `out` (pairs, B, N) with the Gram matrix of `streams` (S, B, N, m)."""
    found, start = [], 0
    for apart in range(len(streams)):
        stop = start + len(streams) - apart
        found.append((streams[: len(streams) - apart], streams[apart:], out[start:stop]))
        start = stop
    return found


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


def products_of_layers(operators: Operators, hidden: int, present: list[int], dtype: np.dtype) -> Products:
    """The products of a network of `hidden` layers; the table has the rows that `Chunk` fills.

    M_PP' sums c c' (Q a . Q' a)(R delta . R' delta) over the rows (P, Q, R, c), (P', Q', R', c') and layers.
    A bias meets the constant 1 in the place of a, and the output layer has the constant 1 in the place of
    delta. `present` numbers the streams of the inputs that are not zero.
    """
    pairs = stream_pairs(len(operators))
    number = {pair: k for k, (s, t) in enumerate(pairs) for pair in ((s, t), (t, s))}
    n, one = len(pairs), 0
    found: dict[tuple[int, int], Array] = {}

    def enter(a: int, delta: int, pair: int, factor: float) -> None:
        found.setdefault((a, delta), np.zeros(n))[pair] += factor

    for layer in range(hidden + 1):
        first_a, first_delta = 1 + 2 * n * layer, 1 + 2 * n * layer + n
        for pair, streams in enumerate(pairs):
            if layer == hidden:
                enter(first_a + pair, one, pair, 1)
                continue
            enter(one, first_delta + pair, pair, 1)
            for (_, i, k, c), (_, j, m, d) in itertools.product(*map(operators.rows_of, streams)):
                if layer > 0 or {i, j} <= set(present):
                    enter(first_a + number[i, j], first_delta + number[k, m], pair, c * d)
    enter(one, one, 0, 1)
    a, delta = np.array(list(found)).T
    return Products(a, delta, np.stack(list(found.values()), axis=1).astype(dtype))


class Sensitivities:
    """The streams of du/dz of every hidden layer at some points of a sweep, where points stay apart.

    Parameters
    ----------
    operators : of the streams.
    h, s : the jets that a forward sweep keeps, layer by layer.
    where : the points.
    other : another such object for as many points, whose buffers are shared.

    Attributes
    ----------
    h, s : those jets at these points.
    delta : for every hidden layer the streams of the sensitivity to what enters its tanh, (S, B, n, m).
    """

    def __init__(
        self,
        operators: Operators,
        h: list[Jet],
        s: list[Jet],
        where: slice,
        other: Sensitivities | None = None,
    ) -> None:
        self.h = [Jet(jet.streams[:, :, where]) for jet in h]
        self.s = [Jet(jet.streams[:, :, where]) for jet in s]
        if other is None:
            self.delta = [Jet(np.empty_like(jet.streams)) for jet in self.h]
            self.scratch = {
                jet.value.shape[-1]: np.empty((2, *jet.value.shape), jet.value.dtype) for jet in self.h
            }
        else:
            self.delta, self.scratch = other.delta, other.scratch
        self.calls = [
            list(product_in_place(operators, s.streams, q.streams, self.scratch[q.value.shape[-1]]))
            for s, q in zip(self.s[:-1], self.delta[:-1], strict=True)
        ]

    def descend(self, layers: list[Affine]) -> Iterator[int]:
        """Fill `delta` from the last hidden layer to the first; yields the layer just filled."""
        top = len(self.h) - 1
        np.multiply(self.s[top].streams, layers[-1].transposed, out=self.delta[top].streams)
        yield top
        for i in reversed(range(top)):
            np.matmul(self.delta[i + 1].streams, layers[i + 1].turned(), out=self.delta[i].streams)
            for function, arguments in self.calls[i]:
                function(*arguments)
            yield i


class Chunk:
    """M_st = grad u_s . grad u_t at some points of a sweep.

    Parameters
    ----------
    sensitivities : at these points.
    x : the streams of the inputs there, (S, n, d).
    products : of the layers.
    """

    def __init__(self, sensitivities: Sensitivities, x: Array, products: Products) -> None:
        n_streams, members, n_points, _ = sensitivities.h[0].streams.shape
        pairs = stream_pairs(n_streams)
        self.sensitivities, self.products = sensitivities, products
        # The table of inner products: ones; those of the input x; then those of delta and of h by layer.
        rows = 1 + 2 * len(pairs) * (1 + len(sensitivities.h))
        self.table = np.zeros((rows, members, n_points), x.dtype)
        self.table[0] = 1
        for row, (s, t) in enumerate(pairs, 1):
            self.table[row] = np.vecdot(x[s], x[t])
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
        self.kept, self.points = [*sweep.h, *sweep.s], points
        x = sweep.line.of_inputs(len(sweep.operators))
        if points is None:
            jets = self.kept
        else:  # to copy these points together costs less than to treat all
            x = x[:, points]
            jets = [Jet(jet.streams[:, :, points].copy()) for jet in self.kept]
        self.jets = jets
        hidden = len(sweep.h)
        h, s, members = jets[:hidden], jets[hidden:], len(jets[0].value)
        products = products_of_layers(sweep.operators, hidden, sweep.line.present, x.dtype)
        size = max(1, CHUNK // (members * max(jet.value.shape[-1] for jet in h)))
        self.chunks: list[tuple[slice, Chunk]] = []
        shared: dict[int, Sensitivities] = {}
        n_points = x.shape[1]
        for start in range(0, n_points, size):
            where = slice(start, min(start + size, n_points))
            sensitivities = Sensitivities(sweep.operators, h, s, where, shared.get(where.stop - start))
            shared.setdefault(where.stop - start, sensitivities)
            self.chunks.append((where, Chunk(sensitivities, x[:, where], products)))
        self.grams = np.empty((len(products.share), members, n_points), x.dtype)

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
