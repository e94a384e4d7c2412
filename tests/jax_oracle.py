"""Gradients of residuals by independent automatic differentiation, from the definitions of the problems."""

import functools
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

from pinn_core import FunctionFit

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")


def network(widths, theta, x):
    """u at one point x by the textbook formula; `theta` is (P,)."""
    h, start = jnp.array([x]), 0
    for layer, (fan_in, fan_out) in enumerate(pairwise(widths)):
        middle, stop = start + fan_in * fan_out, start + (fan_in + 1) * fan_out
        h = h @ theta[start:middle].reshape(fan_in, fan_out) + theta[middle:stop]
        h = jnp.tanh(h) if layer < len(widths) - 2 else h
        start = stop
    return h[0]


def harmonic_residuals(widths, hard, theta, times, omega):
    """Residuals of u'' + omega^2 u = 0 at the times (N,), then those of u(0) = 1 and u'(0) = 0."""

    def u(t):
        return 1 + t**2 * network(widths, theta, t) if hard else network(widths, theta, t)

    u_t = jax.grad(u)
    pde = jax.vmap(lambda t: jax.grad(u_t)(t) + omega**2 * u(t))(times)
    return {"pde": pde} if hard else {"pde": pde, "ic": jnp.stack([u(0.0) - 1, u_t(0.0)])}


def fit_residuals(widths, theta, x, steepness):
    """Residuals of u(x) = tanh(steepness x) at the points (N,)."""
    return {"data": jax.vmap(lambda z: network(widths, theta, z) - jnp.tanh(steepness * z))(x)}


@functools.cache
def differentiated(residuals, *settings):
    """The gradients of residuals in theta, compiled once for every network."""
    return jax.jit(jax.jacrev(functools.partial(residuals, *settings)))


def jacobians(problem, widths, theta):
    """Gradients (N, P) of the residuals of every term of a problem at theta (P,)."""
    if isinstance(problem, FunctionFit):
        x = np.linspace(-1, 1, problem.n_points)
        found = differentiated(fit_residuals, widths)(theta, x, problem.steepness)
    else:
        times = np.linspace(0, problem.t_end, problem.n_points)
        hard = problem.constraint == "hard"
        found = differentiated(harmonic_residuals, widths, hard)(theta, times, problem.omega)
    return {term: np.asarray(found[term]) for term in problem.sizes}
