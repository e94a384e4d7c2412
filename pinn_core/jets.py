"""Derivative streams through the layers of a network, forward beside backward.

A *jet* holds the streams of one quantity at every point: the quantity itself and some of its derivatives
in the inputs, see `operators`. A layer maps jets to jets. Its backward rule takes the gradient of the loss in
its output jet and gives the gradient in its input jet and in its parameters. ``dX`` is the gradient of the
loss in ``X``; ``u_x`` is a derivative in x. The rules for products and for tanh are in `streams`.

Axes: streams S, ensemble B, points N, features m in and n out. The rules write into arrays that the caller
owns, work on float32, float64 and complex numbers, and never conjugate, so that the complex-step check can
run straight through them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .operators import Operators
from .streams import Array as Array
from .streams import Calls, product_backward, tanh_backward


class Jet:
    """The streams of one quantity in one array, with names for its parts.

    Parameters
    ----------
    streams : (S, B, N, m). Streams come first, so that each of them is contiguous: numpy is two to three
        times faster on contiguous arrays.

    Attributes
    ----------
    value : (B, N, m), the first stream.
    transposed : (S, B, m, N), the streams with points and features exchanged.
    ones : (1, N); its product with a stream is the sum over points, quicker than np.sum.
    """

    def __init__(self, streams: Array) -> None:
        self.streams = streams
        self.value = streams[0]
        self.transposed = streams.swapaxes(-1, -2)
        self.ones = np.ones((1, streams.shape[2]), streams.dtype)


class Affine:
    """The parameters of an affine layer, or the gradient in them, as views of a flat array.

    Parameters
    ----------
    matrix : (B, m + 1, n), the weight W (m, n) with the bias b as its last row.

    Attributes
    ----------
    weight, bias : (B, m, n) and (B, 1, n), the two parts of `matrix`.
    transposed : (B, n, m), the weight transposed.
    """

    def __init__(self, matrix: Array) -> None:
        self.matrix = matrix
        self.weight = matrix[:, :-1]
        self.bias = matrix[:, -1:]
        self.transposed = self.weight.swapaxes(1, 2)
        self._turned = np.empty(self.transposed.shape, matrix.dtype)

    def turned(self) -> Array:
        """A copy of `transposed`: with small matrices BLAS takes a third longer for a transposed view."""
        np.copyto(self._turned, self.transposed)
        return self._turned


# Input layer: z = x W + b is linear in x, so that its streams of first degree are constants, and others zero.


class Line:
    """The jet of the inputs (x, 1), which meets the matrix [W; b], without the streams that are zero.

    Parameters
    ----------
    x : (N, d), points.
    operators : S of them in d inputs.

    Attributes
    ----------
    present : numbers of the s streams that are not zero, the value first.
    streams : (s, 1, N, d + 1), these streams.
    transposed : (s, 1, d + 1, N), the streams with points and features exchanged.
    """

    def __init__(self, x: Array, operators: Operators) -> None:
        n_points, inputs = x.shape
        first = np.array([operators.of_input(axis) for axis in range(inputs)], float).T
        self.present = [0, *np.flatnonzero(first.any(axis=1)).tolist()]
        streams = np.zeros((len(self.present), 1, n_points, inputs + 1), x.dtype)
        streams[0, 0] = np.concatenate([x, np.ones_like(x[:, :1])], axis=1)
        streams[1:, ..., :-1] = first[self.present[1:], None, None]
        self.streams, self.transposed = streams, streams.swapaxes(-1, -2)

    def of_inputs(self, n_streams: int) -> Array:
        """All streams of the inputs, with the zeros, (S, N, d)."""
        found = np.zeros((n_streams, *self.streams[0, 0, :, :-1].shape), self.streams.dtype)
        found[self.present] = self.streams[:, 0, :, :-1]
        return found


def input_forward(line: Line, layer: Affine, z: Jet) -> None:
    """z = x W + b, and its slopes, the same at all points. `z` has only the s streams that are not zero."""
    np.matmul(line.streams, layer.matrix, z.streams)


def input_backward(line: Line, dz: Jet, d_layer: Affine) -> None:
    """d[W; b] = sum over streams and points of (x, 1)^T dz."""
    np.add.reduce(np.matmul(line.transposed, dz.streams), axis=0, out=d_layer.matrix)


# Affine layer: z = h W + b. The streams of z are those of h times W; only z itself meets the bias.


def affine_forward(h: Jet, layer: Affine, z: Jet) -> None:
    """P z = (P h) W, and b for the value."""
    np.matmul(h.streams, layer.weight, z.streams)
    np.add(z.value, layer.bias, z.value)


def affine_backward(h: Jet, layer: Affine, dz: Jet, dh: Jet, d_layer: Affine) -> None:
    """dW = sum of h^T dz over streams and points, db = sum of dz over points, dh = dz W^T by stream."""
    np.add.reduce(np.matmul(h.transposed, dz.streams), axis=0, out=d_layer.weight)
    np.matmul(dz.ones, dz.value, d_layer.bias)
    if dz.streams.shape[-1] > 1:
        np.matmul(dz.streams, layer.turned(), dh.streams)
    else:  # an outer product, which numpy does quicker than BLAS
        np.multiply(dz.streams, layer.transposed, dh.streams)


@dataclass(frozen=True)
class BackwardRules:
    """The backward rules that a sweep uses. The gradient check bends one of them, to see itself fail.

    Those of the layers compute; those of `streams` list their calls.
    """

    input: Callable[..., None] = input_backward
    affine: Callable[..., None] = affine_backward
    tanh: Callable[..., Calls] = tanh_backward
    product: Callable[..., Calls] = product_backward
    residuals: Callable[..., None] | None = None  # None stands for the rule of the problem


RULES = BackwardRules()
