"""Loss and gradient in two inputs by JAX, compiled: nested jvp, and streams by hand.

Nested jvp is the program that one writes first; the compiler finds what its derivatives share. "Streams" is our
own derivation by the table of the operators, written in JAX.
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


def _nested(equation: str, layers, x) -> dict:
    def derivative(axes: str) -> Callable:
        function = lambda at: _network(layers, at)  # noqa: E731
        for axis in axes:
            function = _along(function, int(axis))
        return function

    def d(axes: str):
        return derivative(axes)(x)

    if equation == "wave":
        return {"wave": d("00") - 4 * d("11")}
    names = {"x": "0", "y": "1", "xx": "00", "xy": "01", "yy": "11"}
    found = {name: d(axes) for name, axes in names.items()}
    return {**found, "xl": d("000") + d("011"), "yl": d("001") + d("111")}


def _streams(equation: str, layers, x) -> dict:
    operators = STREAMS[equation]
    h = [x, *(jnp.broadcast_to(jnp.array([float(operators.of_input(i)[p]) for i in range(2)], x.dtype), x.shape)
              for p in range(1, len(operators)))]  # fmt: skip
    for number, (w, b) in enumerate(zip(layers[::2], layers[1::2], strict=True)):
        z = [stream @ w for stream in h]
        z[0] = z[0] + b
        if number == len(layers) // 2 - 1:
            return dict(zip(operators.names, z, strict=True))
        h, s = [jnp.tanh(z[0])], []
        s.append(1 - h[0] ** 2)
        for p in range(1, len(operators)):
            rows, k = operators.rows_of(p), operators.degrees
            h.append(sum(c * k[r] / k[p] * s[q] * z[r] for _, q, r, c in rows if r))
            s.append(-sum(c * h[q] * h[r] for _, q, r, c in rows))
    raise AssertionError


def _loss(equation: str, u: dict):
    if equation == "wave":
        return (u["wave"] ** 2).mean()
    f, nu = {name: stream[:, 0] for name, stream in u.items()}, task.VISCOSITY
    a = f["y"] * f["xy"] - f["x"] * f["yy"] + u["x"][:, 1] - nu * f["yl"]
    b = f["x"] * f["xy"] - f["y"] * f["xx"] + u["y"][:, 1] + nu * f["xl"]
    return (a**2).mean() + (b**2).mean()


class _Step:
    def __init__(self, field: task.Field, precision: str, derivatives: Callable) -> None:
        x = jnp.asarray(field.points(), precision)
        self.layers = [jnp.asarray(part, precision) for part in task.split(field.start(), field.widths)]
        self.value_and_grad = jax.jit(
            jax.value_and_grad(lambda layers: _loss(field.equation, derivatives(field.equation, layers, x)))
        )

    def __call__(self):
        return jax.block_until_ready(self.value_and_grad(self.layers))

    def answer(self) -> dict:
        loss, gradient = self()
        return {"loss": [np.asarray(loss)], "gradient": task.join(gradient)[None]}


def contestants() -> list[Contestant]:
    """Two ways to the derivatives, both equations, sizes and precisions."""
    rows = []
    for key, field in task.FIELDS.items():
        for precision in ("float64", "float32"):
            for way, label, derivatives in (
                ("jvp", "nested jvp", _nested),
                ("streams", "streams by hand", _streams),
            ):
                step = _Step(field, precision, derivatives)
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
