"""Derivative streams through the layers of a network, forward beside backward.

A *jet* of order 0, 1 or 2 holds the streams u, u_x, u_xx of one quantity at every point. A layer maps jets
to jets. Its backward rule takes the gradient of the loss in its output jet and gives the gradient in its
input jet and in its parameters. ``dX`` is the gradient of the loss in ``X``; ``u_x`` is a derivative in x.

Axes: streams S = order + 1, ensemble B, points N, features m in and n out. The rules write into arrays that
the caller owns, work on float32, float64 and complex numbers, and never conjugate, so that the complex-step
check can run straight through them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Jet:
    """The streams of one quantity in one array, with names for its parts.

    Parameters
    ----------
    streams : (S, B, N, m) with S = 1, 2 or 3. Streams come first, so that each of them is contiguous: numpy
        is two to three times faster on contiguous arrays.

    Attributes
    ----------
    u, u_x, u_xx : (B, N, m), single streams; only those up to the order of the jet exist.
    transposed : (S, B, m, N), the streams with points and features exchanged.
    ones : (1, N); its product with a stream is the sum over points, quicker than np.sum.
    """

    u: Array
    u_x: Array
    u_xx: Array

    def __init__(self, streams: Array) -> None:
        self.order = len(streams) - 1
        self.streams = streams
        for name, stream in zip(("u", "u_x", "u_xx"), streams, strict=False):
            setattr(self, name, stream)
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


# Input layer: z = x w + b is a straight line in x, so that z_x = w at every point and z_xx = 0.
#
# The row (x, 1), which meets the matrix [w; b], has the streams (x, 1), (1, 0) and (0, 0). Nothing is
# multiplied by the zeros: the jet of the input leaves its last stream out. Nor is w copied to every point.


def input_jet(x: Array, order: int) -> Jet:
    """The jet of (x, 1) at the points x (N,), (S, 1, N, 2) without the second derivative, which is zero."""
    value = np.stack([x, np.ones_like(x)], axis=1)
    slope = np.broadcast_to(np.array([1.0, 0.0], x.dtype), value.shape)
    return Jet(np.stack([value, slope][: order + 1])[:, None])


def input_forward(line: Jet, layer: Affine, z: Jet) -> None:
    """z = x w + b and z_x = w (B, 1, n). `line` is the `input_jet`; `z` is of order 0."""
    np.matmul(line.u, layer.matrix, out=z.u)
    z.u_x = layer.weight


def input_backward(line: Jet, dz: Jet, d_layer: Affine) -> None:
    """d[w; b] = sum over points of (x, 1)^T dz + (1, 0)^T dz_x."""
    _sum_of_products(line, dz, d_layer.matrix)


# Affine layer: z = h W + b. The streams of z are those of h times W; only z itself meets the bias.


def affine_forward(h: Jet, layer: Affine, z: Jet) -> None:
    """z = h W + b, z_x = h_x W, z_xx = h_xx W."""
    np.matmul(h.streams, layer.weight, out=z.streams)
    np.add(z.u, layer.bias, out=z.u)


def affine_backward(h: Jet, layer: Affine, dz: Jet, dh: Jet, d_layer: Affine) -> None:
    """dW = sum of h^T dz over streams and points, db = sum of dz over points, dh = dz W^T by stream."""
    _sum_of_products(h, dz, d_layer.weight)
    np.matmul(dz.ones, dz.u, out=d_layer.bias)
    if dz.streams.shape[-1] > 1:
        np.matmul(dz.streams, layer.transposed, out=dh.streams)
    else:  # an outer product, which numpy does quicker than BLAS
        np.multiply(dz.streams, layer.transposed, out=dh.streams)


def _sum_of_products(h: Jet, dz: Jet, out: Array) -> None:
    """Sum of h^T dz over streams and points, (B, m, n)."""
    np.add.reduce(np.matmul(h.transposed, dz.streams), axis=0, out=out)


# Tanh layer: h = tanh(z), with s = tanh'(z) = 1 - h^2.
#
#   h    = tanh(z)              s    = 1 - h^2
#   h_x  = s z_x                s_x  = -2 h h_x
#   h_xx = s z_xx + s_x z_x     s_xx = -2 (h h_xx + h_x^2)
#
# A small change e of z changes h by s e, hence the streams of h by the streams of the product s e:
#
#   s e,    s e_x + s_x e,    s e_xx + 2 s_x e_x + s_xx e.
#
# Backward is the transpose of these three lines.


def tanh_forward(z: Jet, h: Jet, s: Jet | None) -> None:
    """Streams of h = tanh(z), and of s = 1 - h^2 for the way back. Overwrites `z`.

    `s` may be None when h is of order 0 and there is no way back.
    """
    np.tanh(z.u, out=h.u)
    if s is None:
        return
    np.multiply(h.u, h.u, out=s.u)
    np.subtract(1.0, s.u, out=s.u)
    if h.order >= 1:
        np.multiply(s.u, z.u_x, out=h.u_x)
        np.multiply(h.u, h.u_x, out=s.u_x)
        np.multiply(s.u_x, -2.0, out=s.u_x)
    if h.order >= 2:
        np.multiply(s.u_x, z.u_x, out=h.u_xx)
        if z.order >= 2:  # otherwise z is a straight line
            np.multiply(s.u, z.u_xx, out=z.u_xx)
            np.add(h.u_xx, z.u_xx, out=h.u_xx)
        np.multiply(h.u, h.u_xx, out=s.u_xx)
        np.multiply(h.u_x, h.u_x, out=z.u)
        np.add(s.u_xx, z.u, out=s.u_xx)
        np.multiply(s.u_xx, -2.0, out=s.u_xx)


def tanh_backward(s: Jet, dh: Jet, dz: Jet) -> None:
    """dz = s dh + s_x dh_x + s_xx dh_xx, dz_x = s dh_x + 2 s_x dh_xx, dz_xx = s dh_xx. Overwrites `dh`.

    `dz` is of lower order than `dh` when z is a straight line: its z_xx is no variable.
    """
    np.multiply(s.u, dh.u, out=dz.u)
    if dh.order >= 1:
        np.multiply(s.u, dh.u_x, out=dz.u_x)
        np.multiply(s.u_x, dh.u_x, out=dh.u_x)
        np.add(dz.u, dh.u_x, out=dz.u)
    if dh.order >= 2:
        np.multiply(s.u_x, dh.u_xx, out=dh.u_x)
        np.add(dz.u_x, dh.u_x, out=dz.u_x)
        np.add(dz.u_x, dh.u_x, out=dz.u_x)
        if dz.order >= 2:
            np.multiply(s.u, dh.u_xx, out=dz.u_xx)
        np.multiply(s.u_xx, dh.u_xx, out=dh.u_xx)
        np.add(dz.u, dh.u_xx, out=dz.u)


# Product with fixed functions: u = g + p f, where g and p are known functions of x with known streams.
#
#   u = g + p f,    u_x = g_x + p f_x + p_x f,    u_xx = g_xx + p f_xx + 2 p_x f_x + p_xx f.


def product_forward(g: Array, p: Array, f: Array, u: Array) -> None:
    """Streams of u = g + p f. `g` and `p` are (S, N), `f` and `u` (S, B, N)."""
    np.multiply(p[0], f, out=u)
    u += g[:, None]
    if len(f) > 1:
        u[1] += p[1] * f[0]
    if len(f) > 2:
        u[2] += 2 * p[1] * f[1] + p[2] * f[0]


def product_backward(p: Array, du: Array, df: Array) -> None:
    """df = p du + p_x du_x + p_xx du_xx, df_x = p du_x + 2 p_x du_xx, df_xx = p du_xx; all (S, B, N)."""
    np.multiply(p[0], du, out=df)
    if len(du) > 1:
        df[0] += p[1] * du[1]
    if len(du) > 2:
        df[0] += p[2] * du[2]
        df[1] += 2 * p[1] * du[2]


@dataclass(frozen=True)
class BackwardRules:
    """The backward rules that a sweep uses. The gradient check bends one of them, to see itself fail."""

    input: Callable[..., None] = input_backward
    affine: Callable[..., None] = affine_backward
    tanh: Callable[..., None] = tanh_backward
    product: Callable[..., None] = product_backward
    residuals: Callable[..., None] | None = None  # None stands for the rule of the problem


RULES = BackwardRules()
