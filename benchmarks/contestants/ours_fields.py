"""Loss and gradient in two inputs by the course's engine: a sweep of the streams, forward and backward."""

import numpy as np
import task

from contestants import Contestant, ours, repeated, stopwatch
from pinn_core import Mlp
from pinn_core.networks import Sweep
from pinn_core.operators import Operators, derivatives

versions = ours.versions

ONE, T, X = derivatives(2)
LAPLACE = T * T + X * X
FIRST = {"u": ONE, "x": T, "y": X}
SECOND = {"xx": T * T, "xy": T * X, "yy": X * X}
STREAMS = {
    "wave": Operators({"u": ONE, "t": T, "x": X, "wave": T * T - 4 * X * X}, ("t", "x")),
    "cavity": Operators({**FIRST, **SECOND, "xl": T * LAPLACE, "yl": X * LAPLACE}, ("x", "y")),
}


def wave_loss(u: np.ndarray, du: np.ndarray) -> float:
    """Mean square of u_tt - 4 u_xx; fills the gradient in the streams (1, 4, 1, N)."""
    du[:] = 0
    np.multiply(u[0, 3], 2 / u.shape[-1], out=du[0, 3])
    return float(np.vdot(u[0, 3], u[0, 3]) / u.shape[-1])


def cavity_loss(u: np.ndarray, du: np.ndarray) -> float:
    """Mean squares of both momentum equations; fills the gradient in the streams (2, 8, 1, N)."""
    nu = task.VISCOSITY
    _, f_x, f_y, f_xx, f_xy, f_yy, f_xl, f_yl = u[0]
    a = f_y * f_xy - f_x * f_yy + u[1, 1] - nu * f_yl
    b = f_x * f_xy - f_y * f_xx + u[1, 2] + nu * f_xl
    da, db = 2 / u.shape[-1] * a, 2 / u.shape[-1] * b
    du[:] = 0
    du[0, 1], du[0, 2] = db * f_xy - da * f_yy, da * f_xy - db * f_xx
    du[0, 3], du[0, 4], du[0, 5] = -db * f_y, da * f_y + db * f_x, -da * f_x
    du[0, 6], du[0, 7] = nu * db, -nu * da
    du[1, 1], du[1, 2] = da, db
    return float((np.vdot(a, a) + np.vdot(b, b)) / u.shape[-1])


class _Step:
    def __init__(self, field: task.Field, precision: str) -> None:
        network, theta = Mlp(widths=field.widths), field.start().astype(precision)[None]
        self.loss = {"wave": wave_loss, "cavity": cavity_loss}[field.equation]
        self.gradient = np.empty_like(theta)
        self.layers, self.d_layers = network.layers(theta), network.layers(self.gradient)
        self.sweep = Sweep(network, field.points().astype(precision), STREAMS[field.equation], 1, theta.dtype)

    def __call__(self) -> float:
        loss = self.loss(self.sweep.forward(self.layers), self.sweep.du)
        self.sweep.backward(self.layers, self.d_layers)
        return loss


def contestants() -> list[Contestant]:
    """Both equations at both sizes and precisions."""
    rows = []
    for key, field in task.FIELDS.items():
        for precision in ("float64", "float32"):
            step = _Step(field, precision)
            rows.append(
                Contestant(
                    key=f"ours_{key}_{precision}",
                    label="ours",
                    precision=precision,
                    members=1,
                    answer=lambda step=step: {"loss": [step()], "gradient": step.gradient},
                    seconds=stopwatch(repeated(step)),
                    quantity=field.quantity,
                    chunk=1,
                )
            )
    return rows
