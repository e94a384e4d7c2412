"""Experiments of the tests of sweeps, in a module of their own so that other processes can import them."""

import os
import signal
from pathlib import Path

import numpy as np

from pinn_core import Adam, DivergenceError, FixedWeights, HarmonicOscillator, Mlp, train


def short(seeds, learning_rate, lam_ic):
    """A few epochs of the oscillator."""
    weighting = FixedWeights(ic=lam_ic)
    problem, network = HarmonicOscillator(n_points=10), Mlp((1, 6, 1))
    *_, last = train(problem, network, Adam(learning_rate), weighting, seeds, epochs=30, every=10)
    return {"rel_l2": last.rel_l2[:, -1], "history": last.rel_l2, "seed_again": np.array(seeds)}


def counted(seeds, folder):
    """Note that it was called."""
    with (Path(folder) / "calls").open("a") as calls:
        calls.write(f"{seeds}\n")
    return {"value": [seed * 2 for seed in seeds]}


def killed_once(seeds, folder):
    """Kill the worker the first time that it is called, as the system does when memory runs out."""
    mark = Path(folder) / "killed"
    if 3 in seeds and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"value": [float(seed) for seed in seeds], "process": [float(os.getpid()) for _ in seeds]}


def diverges(seeds, bad):
    """Diverge with some seeds."""
    if bad and 1 in seeds:
        raise DivergenceError(7, "pde")
    return {"value": [1.0 for _ in seeds]}


def fails(seeds, amount):
    """Fail with some settings."""
    return {"value": [1 / amount for _ in seeds]}
