"""Slow, plain counterparts of what the engine computes, written without its rules."""

from itertools import pairwise

import numpy as np


def plain_network(widths, theta, x):
    """u at the points x (N,), real or complex, by the textbook formula; `theta` is (P,)."""
    h, start = np.asarray(x)[:, None], 0
    for layer, (fan_in, fan_out) in enumerate(pairwise(widths)):
        middle, stop = start + fan_in * fan_out, start + (fan_in + 1) * fan_out
        h = h @ theta[start:middle].reshape(fan_in, fan_out) + theta[middle:stop]
        h = np.tanh(h) if layer < len(widths) - 2 else h
        start = stop
    return h[:, 0]


def derivatives(function, x, radius=0.1, nodes=32):
    """f, f' and f'' at the points x (N,) by Cauchy's formula: means of f over a circle around each point."""
    circle = radius * np.exp(2j * np.pi * np.arange(nodes) / nodes)
    values = np.stack([function(x + step) for step in circle])
    moments = [(values * circle[:, None] ** -order).mean(axis=0).real for order in range(3)]
    return np.stack([moments[0], moments[1], 2 * moments[2]])


def harmonic_losses(problem, widths, theta):
    """The loss terms of the harmonic oscillator with either constraint, from the definition."""

    def solution(t):
        network = plain_network(widths, theta, t)
        return network if problem.constraint == "soft" else 1 + t**2 * network

    t = np.linspace(0, problem.t_end, problem.n_points)
    u, _, u_tt = derivatives(solution, t)
    losses = {"pde": np.mean((u_tt + problem.omega**2 * u) ** 2)}
    if problem.constraint == "soft":
        at_start = derivatives(solution, np.zeros(1))
        losses["ic"] = (at_start[0, 0] - 1) ** 2 + at_start[1, 0] ** 2
    return losses


def textbook_adam(theta, gradients, rate, keep_gradient=0.9, keep_square=0.999, epsilon=1e-8):
    """Algorithm 1 of Kingma and Ba (2015), line by line."""
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for t, gradient in enumerate(gradients, 1):
        m = keep_gradient * m + (1 - keep_gradient) * gradient
        v = keep_square * v + (1 - keep_square) * gradient**2
        m_hat = m / (1 - keep_gradient**t)
        v_hat = v / (1 - keep_square**t)
        theta = theta - rate * m_hat / (np.sqrt(v_hat) + epsilon)
    return theta
