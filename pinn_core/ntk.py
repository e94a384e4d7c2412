"""The neural tangent kernel of the residuals of a problem, K_ij = grad r_i . grad r_j.

Its diagonal holds the squared gradient norms of the residuals, see `point_norms`; the trace of a loss term
is the sum of its part. The whole kernel takes the same sweep of sensitivities: the gradient of a residual
in the weight of a layer is

    dr/dW = sum_Q (Q a)^T d_Q,      d_Q = sum c c_P (R delta) over the rows (P, Q, R, c) of the table,

so that K_ij sums (Q a_i . Q' a_j)(d_Q,i . d_Q',j) over pairs of streams and over layers: products of
matrices. Here dr = sum_P c_P d(P u).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cached_property

import numpy as np

from .contracts import check_network, check_problem
from .errors import SettingError, real_array, whole_number
from .jets import Array
from .networks import Network, Sweep
from .objective import Objective
from .point_norms import PointNorms, cotangents, traces
from .problems import Problem
from .stream_grams import Sensitivities


class TangentKernel:
    """Kernel, traces and gradient norms of the residuals of a problem at given parameters.

    Parameters
    ----------
    problem, network : as for `train`.
    theta : (P,), or (B, P) for an ensemble; float64 or float32, integers become float64.
    sample : None, or a number of residuals of every term that stand for all of it in `point_norms` and
        `traces`.

    Raises
    ------
    SettingError : a setting is not allowed.

    Cost
    ----
    A forward sweep; then see the methods, which take no other.

    Source
    ------
    Wang, Yu, Perdikaris (2022), J. Comput. Phys. 449, 110768, section 4, for the kernels of the terms of a
    PINN.
    """

    def __init__(self, problem: Problem, network: Network, theta: Array, sample: int | None = None) -> None:
        check_problem(problem)
        check_network(network)
        if sample is not None:
            sample = whole_number("sample", sample, 1, 10**7)
        theta = real_array("theta", theta)
        self.shape, n_parameters = theta.shape, network.n_parameters
        if theta.ndim not in (1, 2) or theta.shape[-1] != n_parameters:
            raise SettingError("theta", theta.shape, f"an array (P,) or (B, P) with P = {n_parameters}")
        self.problem, self.network = problem, network
        self.theta = np.atleast_2d(theta).copy()
        self.gradient = np.empty_like(self.theta)
        self.layers, self.d_layers = network.layers(self.theta), network.layers(self.gradient)
        self.objective = Objective(problem, network, len(self.theta), self.theta.dtype)
        self.norms = PointNorms(self.objective, sample)
        self.move(theta)

    def move(self, theta: Array) -> None:
        """Go to other parameters of the same shape. Cost: a forward sweep.

        Raises
        ------
        SettingError : `theta` is no array of finite numbers of that shape, or a residual overflows.
        """
        theta = real_array("theta", theta, self.shape)
        with np.errstate(all="ignore"):
            self.theta[:] = theta
            self.objective.forward(self.layers)
        if not np.isfinite(self.objective.losses).all():
            raise SettingError("theta", theta, "parameters for which the residuals are finite")

    def point_norms(self) -> dict[str, Array]:
        """||grad r_i||^2 for the residuals of every term: (N,), or (B, N). Cost: half a training step."""
        return {term: self._show(norms.copy()) for term, norms in self.norms.update(self.layers).items()}

    def traces(self) -> dict[str, Array]:
        """Sum of ||grad r_i||^2 over the residuals of every term: (), or (B,). Cost: as `point_norms`."""
        found = traces(self.norms.update(self.layers), self.problem.sizes)
        return {term: self._show(trace) for term, trace in found.items()}

    def kernel(self) -> Array:
        """The kernel of all residuals, terms one after the other: (R, R), or (B, R, R).

        Cost
        ----
        2 S^2 R^2 m operations for every hidden layer but the first and S^2 R^2 m for that, per member. Memory
        for 3 R^2 numbers and for 4 S R m.
        """
        sweep, terms = self.objective.sweep, self.objective.terms
        at = np.concatenate([self.problem.places[term] for term in terms])
        c = cotangents(self.objective)[..., None]
        kernel = np.zeros((len(self.theta), at.size, at.size), self.theta.dtype)
        _add_products(kernel, (c * sweep.h[-1].streams[:, :, at]).sum(axis=0))
        _add_products(kernel, c[0])
        x = sweep.line.of_inputs(len(c))[:, None]
        for i in self._sensitivities.descend(self.layers):
            delta = self._sensitivities.delta[i].streams[:, :, at]
            d = np.zeros_like(delta)
            for p, q, r, factor in sweep.operators.rows:
                d[q] += factor * c[p] * delta[r]
            a = sweep.h[i - 1].streams[:, :, at] if i > 0 else x[:, :, at]
            _add_products(kernel, d[0])  # biases
            present = range(len(c)) if i > 0 else sweep.line.present
            for s in present:
                _add_products(kernel, d[s], a[s])
            for s, t in itertools.combinations(present, 2):
                product = _products(d[s], d[t]) * _products(a[s], a[t])
                kernel += product
                kernel += product.swapaxes(1, 2)
        return self._show(kernel)

    def kernels(self) -> dict[tuple[str, str], Array]:
        """The kernel between the residuals of every two terms, (N, N') or (B, N, N'). Cost: as `kernel`."""
        return self._by_terms(self.kernel())

    def point_norms_by_loop(self) -> dict[str, Array]:
        """The same as `point_norms` by a plain loop, as a reference.

        Cost: a sweep forward and backward for every residual, at its point alone.
        """
        norms = np.stack([(gradient * gradient).sum(axis=1) for gradient in self._gradients()], axis=1)
        starts = self.objective.starts[1:]
        parts = np.split(norms, starts, axis=1)
        chosen = self.norms.residuals
        return {
            term: self._show(part[:, chosen[term]])
            for term, part in zip(self.objective.terms, parts, strict=True)
        }

    def kernel_by_loop(self) -> Array:
        """The same as `kernel` by a plain loop, as a reference.

        Cost: as `point_norms_by_loop`, and memory for R P numbers.
        """
        jacobian = np.stack([gradient.copy() for gradient in self._gradients()], axis=1)
        return self._show(_products(jacobian, jacobian))

    def _gradients(self) -> Iterator[Array]:
        """The gradient (B, P) of one residual after the other; each overwrites the one before."""
        objective = self.objective
        for k, (place, at_point) in enumerate(self._points):
            objective.dr[:] = 0
            objective.dr[:, k] = 1
            objective.streams_backward()
            at_point.forward(self.layers)
            at_point.du[..., 0] = objective.sweep.du[..., place]
            at_point.backward(self.layers, self.d_layers)
            yield self.gradient

    @cached_property
    def _sensitivities(self) -> Sensitivities:
        sweep = self.objective.sweep
        return Sensitivities(sweep.operators, sweep.h, sweep.s, slice(None))

    @cached_property
    def _points(self) -> list[tuple[int, Sweep]]:
        """For every residual the number of its point, and a sweep for that point alone."""
        problem, x, members = self.problem, self.objective.x, len(self.theta)
        places = np.concatenate([problem.places[term] for term in self.objective.terms]).tolist()
        sweeps = {
            place: Sweep(self.network, x[place : place + 1], self.objective.sweep.operators, members, x.dtype)
            for place in set(places)
        }
        return [(place, sweeps[place]) for place in places]

    def _by_terms(self, kernel: Array) -> dict[tuple[str, str], Array]:
        """Cut a kernel of all residuals (..., R, R) into those of every two terms."""
        sizes, starts = self.objective.sizes, self.objective.starts
        parts = {
            term: slice(start, start + size)
            for term, start, size in zip(self.objective.terms, starts, sizes, strict=True)
        }
        return {(row, col): kernel[..., parts[row], parts[col]] for row in parts for col in parts}

    def _show(self, array: Array) -> Array:
        """`array` (B, ...), without the ensemble axis if `theta` had none."""
        return array if len(self.shape) == 2 else array[0]


def eigenvalues(kernel: Array) -> Array:
    """Eigenvalues of a symmetric kernel.

    Parameters
    ----------
    kernel : (N, N) or (B, N, N).

    Returns
    -------
    (N,) or (B, N), largest first.

    Raises
    ------
    SettingError : it is no array of finite numbers of such a shape, or not symmetric up to rounding.

    Cost
    ----
    O(N^3) operations for every member.
    """
    kernel = real_array("kernel", kernel)
    if kernel.ndim not in (2, 3) or kernel.shape[-1] != kernel.shape[-2]:
        raise SettingError("kernel", kernel.shape, "a square matrix (N, N), or several, (B, N, N)")
    apart = np.abs(kernel - kernel.swapaxes(-1, -2)).max()
    if apart > 1e4 * np.finfo(kernel.dtype).eps * np.abs(kernel).max():
        raise SettingError("kernel", f"a matrix off by {apart:.1e}", "a symmetric matrix")
    return np.linalg.eigvalsh(kernel)[..., ::-1]


def _products(left: Array, right: Array) -> Array:
    """Inner products over the features of all points (B, R, m) with all others: (B, R, R)."""
    return np.matmul(left, right.swapaxes(1, 2))


def _add_products(kernel: Array, d: Array, a: Array | None = None) -> None:
    """Add to the kernel (B, R, R) the inner products of d (B, R, m), times those of a unless it is None."""
    products = _products(d, d)
    kernel += products if a is None else products * _products(a, a)
