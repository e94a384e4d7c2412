"""The NTK trace by JAX: vmap of grad of the residual at a point, squared and summed in one compiled function.

Two usual ways to u_t and u_tt, each the derivative of the one before: by jvp, and by grad. And "streams": our
own forward derivation by hand, as in jax_compiled. The parameters are a list of arrays, which is far quicker
than one flat vector.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import task

from contestants import Contestant, jax_compiled, repeated, stopwatch

versions = jax_compiled.versions


def _u(layers, t):
    h = jnp.tanh(t * layers[0][0] + layers[1])
    h = jnp.tanh(h @ layers[2] + layers[3])
    return (h @ layers[4] + layers[5])[0]


def _by_jvp(function: Callable) -> Callable:
    return lambda layers, t: jax.jvp(lambda x: function(layers, x), (t,), (jnp.ones_like(t),))[1]


def _by_grad(function: Callable) -> Callable:
    return jax.grad(function, argnums=1)


def _nested(derivative: Callable) -> tuple[Callable, Callable, Callable]:
    u_t = derivative(_u)
    return _u, u_t, derivative(u_t)


def _streams() -> tuple[Callable, ...]:
    def stream(s: int) -> Callable:
        return lambda layers, t: jax_compiled.streams(layers, t[None])[s][0]

    return tuple(stream(s) for s in range(3))


class _Trace:
    def __init__(self, trace: task.Trace, derivatives: tuple[Callable, ...]) -> None:
        u, u_t, u_tt = derivatives
        t = jnp.asarray(task.points(trace.n_points))

        def norm(residual: Callable, layers, at):
            return sum(jnp.sum(g * g) for g in jax.tree.leaves(jax.grad(residual)(layers, at)))

        def residual(layers, at):
            return u_tt(layers, at) + task.OMEGA**2 * u(layers, at)

        def traces(layers):
            pde = jax.vmap(lambda at: norm(residual, layers, at))(t)
            return {"pde": pde.sum(), "ic": norm(u, layers, t[0]) + norm(u_t, layers, t[0])}

        self.layers = [jnp.asarray(part) for part in task.split(task.start(trace.widths), trace.widths)]
        self.traces = jax.jit(traces)

    def __call__(self) -> dict:
        return jax.block_until_ready(self.traces(self.layers))


def contestants() -> list[Contestant]:
    """Three ways to the derivatives at both sizes."""
    ways = (
        ("jvp", "nested jvp", _nested(_by_jvp)),
        ("grad", "nested grad", _nested(_by_grad)),
        ("streams", "streams by hand", _streams()),
    )
    rows = []
    for size, trace in task.TRACES.items():
        for key, label, derivatives in ways:
            of = _Trace(trace, derivatives)
            rows.append(
                Contestant(
                    key=f"jax_trace_{size}_{key}",
                    label=f"JAX, vmap(grad), {label}",
                    precision="float64",
                    members=1,
                    answer=lambda of=of: {term: np.atleast_1d(found) for term, found in of().items()},
                    seconds=stopwatch(repeated(of)),
                    quantity=trace.quantity,
                    chunk=1,
                )
            )
    return rows
