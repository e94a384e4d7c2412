"""Loss and gradient in two inputs by JAX, compiled.

"Nested jvp" is the program that one writes first: velocities are functions, and so are their derivatives. In
"nested jvp, shared" every derivative of the stream function is taken in the same order, so that the compiler
finds what they share. "Streams by hand" is our own derivation by the table of the operators, written in JAX.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import task

from contestants import Contestant, jax_compiled, repeated, stopwatch
from contestants.ours_fields import STREAMS

versions = jax_compiled.versions


def _network(layers, x):
    for w, b in zip(layers[:-2:2], layers[1:-2:2], strict=True):
        x = jnp.tanh(x @ w + b)
    return x @ layers[-2] + layers[-1]


def _along(function: Callable, axis: int) -> Callable:
    return lambda x: jax.jvp(function, (x,), (jnp.zeros_like(x).at[:, axis].set(1),))[1]


def _derivative(function: Callable, axes: str) -> Callable:
    for axis in axes:
        function = _along(function, int(axis))
    return function


def _nested(equation: str, layers, x):
    def network(at):
        return _network(layers, at)

    if equation == "wave":
        return _derivative(network, "00")(x) - 4 * _derivative(network, "11")(x)

    def velocity(at):
        found = [_derivative(network, axis)(at)[:, 0] for axis in "10"]
        return jnp.stack([found[0], -found[1]], axis=1)

    def along(axes: str):
        return _derivative(velocity, axes)(x)

    pressure = jnp.stack([_derivative(network, axis)(x)[:, 1] for axis in "01"], axis=1)
    carried = velocity(x)[:, :1] * along("0") + velocity(x)[:, 1:] * along("1")
    return carried + pressure - task.VISCOSITY * (along("00") + along("11"))


def _shared(equation: str, layers, x):
    if equation == "wave":
        return _nested(equation, layers, x)

    def d(axes: str):
        return _derivative(lambda at: _network(layers, at), axes)(x)

    names = {"x": "0", "y": "1", "xx": "00", "xy": "01", "yy": "11"}
    found = {name: d(axes) for name, axes in names.items()}
    return _momentum({**found, "xl": d("000") + d("011"), "yl": d("001") + d("111")})


def _streams(equation: str, layers, x):
    operators = STREAMS[equation]
    first = jnp.array([operators.of_input(axis) for axis in range(2)], float).T.astype(x.dtype)
    h = [x, *(jnp.broadcast_to(row, x.shape) for row in first[1:])]
    for number, (w, b) in enumerate(zip(layers[::2], layers[1::2], strict=True)):
        z = [stream @ w for stream in h]
        z[0] = z[0] + b
        if number == len(layers) // 2 - 1:
            found = dict(zip(operators.names, z, strict=True))
            return found["wave"] if equation == "wave" else _momentum(found)
        h, s = [jnp.tanh(z[0])], []
        s.append(1 - h[0] ** 2)
        for p in range(1, len(operators)):
            rows, k = operators.rows_of(p), operators.degrees
            h.append(sum(c * k[r] / k[p] * s[q] * z[r] for _, q, r, c in rows if r))
            s.append(-sum(c * h[q] * h[r] for _, q, r, c in rows))
    raise AssertionError


def _momentum(u: dict):
    f, nu = {name: stream[:, 0] for name, stream in u.items()}, task.VISCOSITY
    along_x = f["y"] * f["xy"] - f["x"] * f["yy"] + u["x"][:, 1] - nu * f["yl"]
    along_y = f["x"] * f["xy"] - f["y"] * f["xx"] + u["y"][:, 1] + nu * f["xl"]
    return jnp.stack([along_x, along_y], axis=1)


class _Step:
    def __init__(self, field: task.Field, precision: str, residual: Callable) -> None:
        x = jnp.asarray(field.points(), precision)
        self.layers = [jnp.asarray(part, precision) for part in task.split(field.start(), field.widths)]
        self.value_and_grad = jax.jit(
            jax.value_and_grad(lambda layers: (residual(field.equation, layers, x) ** 2).sum() / len(x))
        )

    def __call__(self):
        return jax.block_until_ready(self.value_and_grad(self.layers))

    def answer(self) -> dict:
        loss, gradient = self()
        return {"loss": [np.asarray(loss)], "gradient": task.join(gradient)[None]}


def contestants() -> list[Contestant]:
    """Three ways to the derivatives of the cavity and two to those of the wave, both sizes and precisions."""
    ways = {"jvp": ("nested jvp", _nested), "shared": ("nested jvp, shared", _shared)}
    ways["streams"] = ("streams by hand", _streams)
    rows = []
    for key, field in task.FIELDS.items():
        for precision in ("float64", "float32"):
            for way, (label, residual) in ways.items():
                if way == "shared" and field.equation == "wave":
                    continue
                step = _Step(field, precision, residual)
                rows.append(
                    Contestant(
                        key=f"jax_{key}_{way}_{precision}",
                        label=f"JAX, {label}",
                        precision=precision,
                        members=1,
                        answer=step.answer,
                        seconds=stopwatch(repeated(step)),
                        quantity=field.quantity,
                        chunk=1,
                    )
                )
    return rows
