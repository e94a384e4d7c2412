"""The course's engine, alone and 17 runs batched; the same file runs in CPython and inside the browser."""

import platform

import numpy as np
import task

from contestants import Contestant, stopwatch
from pinn_core import Adam, FixedWeights, GradientDescent, HarmonicOscillator, Mlp, train


def _run(members: int, precision: str, epochs: int, optimizer):
    """The snapshots of a run that looks only at its first and last epoch."""
    return train(
        HarmonicOscillator(omega=task.OMEGA, t_end=1.0, n_points=task.N_POINTS, constraint="soft"),
        Mlp(widths=task.WIDTHS, initializer="xavier_normal"),
        optimizer,
        FixedWeights(pde=1.0, ic=task.ALONE if members == 1 else task.BATCH),
        seeds=task.SEED if members == 1 else [task.SEED] * members,
        epochs=epochs,
        every=epochs,
        dtype=precision,
    )


def _losses(snapshot, members: int) -> np.ndarray:
    pde, ic = (np.asarray(snapshot.losses[term], dtype=np.float64) for term in ("pde", "ic"))
    return np.atleast_1d(pde[..., -1] + task.weights(members) * ic[..., -1])


def _answer(members: int, precision: str) -> dict:
    rate = 1e-3  # one step of gradient descent shows the gradient
    before, after = _run(members, precision, 1, GradientDescent(learning_rate=rate))
    *_, last = _run(members, precision, task.CHECK_STEPS, Adam(learning_rate=task.LEARNING_RATE))
    moved = np.asarray(before.theta, dtype=np.float64) - np.asarray(after.theta, dtype=np.float64)
    return {
        "loss": _losses(before, members),
        "gradient": moved.reshape(members, -1) / rate,
        "loss_after": _losses(last, members),
    }


def _advance(members: int, precision: str, steps: int) -> None:
    for _ in _run(members, precision, steps, Adam(learning_rate=task.LEARNING_RATE)):
        pass


def contestants(where: str = "ours", place: str = "CPython") -> list[Contestant]:
    """Alone and batched, in both precisions."""
    return [
        Contestant(
            key=f"{where}_{kind}_{precision}",
            label=f"ours, {place}, {'alone' if members == 1 else f'{members} runs batched'}",
            precision=precision,
            members=members,
            answer=lambda members=members, precision=precision: _answer(members, precision),
            seconds=stopwatch(
                lambda n, members=members, precision=precision: _advance(members, precision, n)
            ),
        )
        for kind, members in (("alone", 1), ("batched", task.BATCH.size))
        for precision in ("float64", "float32")
    ]


def versions() -> dict[str, str]:
    """Python and numpy."""
    return {"python": platform.python_version(), "numpy": np.__version__}
