"""JAX, compiled: step by step, the loop by scan, and 17 runs by vmap inside the scan.

Two ways to u, u', u''. "nested": each derivative is the jvp of the one before, as a PINN is usually written.
"streams": our own forward derivation by hand, only the backward pass left to JAX; the fastest way we know, so
a lower bound for what this arithmetic costs.
"""

import os
from collections.abc import Callable

# One thread; read when JAX starts.
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import jax.numpy as jnp
import numpy as np
import task

from contestants import Contestant, stopwatch

jax.config.update("jax_enable_x64", True)


def nested(theta, t):
    """u, u', u'' at t (N,), each (N,)."""

    def u(t):
        h = t[:, None]
        *hidden, (w, b) = _layers(theta)
        for w_h, b_h in hidden:
            h = jnp.tanh(h @ w_h + b_h)
        return (h @ w + b)[:, 0]

    def u_t(t):
        return jax.jvp(u, (t,), (jnp.ones_like(t),))[1]

    def u_tt(t):
        return jax.jvp(u_t, (t,), (jnp.ones_like(t),))[1]

    return u(t), u_t(t), u_tt(t)


def streams(theta, t):
    """The same from derivative streams, stacked (3, N, m) so that each layer is one matrix product."""
    (w, b), *hidden, (w_out, b_out) = _layers(theta)
    n = t.size
    a = jnp.tanh(t[:, None] @ w + b)
    slope = 1 - a * a
    h = jnp.stack([a, slope * w, -2 * a * slope * w * w])
    for w, b in hidden:
        z = (h.reshape(3 * n, -1) @ w).reshape(3, n, -1)
        a = jnp.tanh(z[0] + b)
        h_t = (1 - a * a) * z[1]
        h = jnp.stack([a, h_t, (1 - a * a) * z[2] - 2 * a * h_t * z[1]])
    u = (h.reshape(3 * n, -1) @ w_out).reshape(3, n)
    return u[0] + b_out, u[1], u[2]


def _layers(theta) -> list:
    parts = theta if isinstance(theta, list) else task.split(theta)
    return list(zip(parts[::2], parts[1::2], strict=True))


class _Pinn:
    """State (theta, m, v, k) of one or 17 runs and the compiled step."""

    def __init__(self, derivatives: Callable, precision: str, members: int, loop: bool) -> None:
        self.members, self.loop = members, loop
        self.dtype = jnp.dtype(precision)
        t = jnp.asarray(np.append(task.points(), 0.0), self.dtype)

        def loss(theta, lam):
            u, u_t, u_tt = derivatives(theta, t)
            residual = (u_tt + task.OMEGA**2 * u)[: task.N_POINTS]
            return jnp.mean(residual**2) + lam * ((u[-1] - 1) ** 2 + u_t[-1] ** 2)

        def step(state, lam):
            theta, m, v, k = state
            gradient = jax.grad(loss)(theta, lam)
            k = k + 1
            m = 0.9 * m + 0.1 * gradient
            v = 0.999 * v + 0.001 * gradient**2
            m_hat, v_hat = m / (1 - 0.9**k), v / (1 - 0.999**k)
            return theta - task.LEARNING_RATE * m_hat / (jnp.sqrt(v_hat) + 1e-8), m, v, k

        def several(function):
            return function if members == 1 else jax.vmap(function)

        def chunk(state, lam):
            return jax.lax.scan(lambda s, _: (several(step)(s, lam), None), state, None, length=task.CHUNK)[0]

        self.lam = jnp.asarray(task.ALONE if members == 1 else task.BATCH, self.dtype)
        self.loss, self.gradient = jax.jit(several(loss)), jax.jit(several(jax.grad(loss)))
        self.step, self.chunk = jax.jit(several(step)), jax.jit(chunk, donate_argnums=0)
        self.state = self.start()

    def start(self) -> tuple:
        theta = jnp.asarray(task.start(), self.dtype)
        k = jnp.zeros((), self.dtype)
        if self.members > 1:
            theta, k = jnp.tile(theta, (self.members, 1)), jnp.zeros(self.members, self.dtype)
        return theta, jnp.zeros_like(theta), jnp.zeros_like(theta), k

    def advance(self, steps: int) -> None:
        if self.loop:
            for _ in range(steps // task.CHUNK):
                self.state = self.chunk(self.state, self.lam)
        else:
            for _ in range(steps):
                self.state = self.step(self.state, self.lam)
        jax.block_until_ready(self.state)

    def answer(self) -> dict:
        state = self.start()
        loss, gradient = self.loss(state[0], self.lam), self.gradient(state[0], self.lam)
        for _ in range(task.CHECK_STEPS):
            state = self.step(state, self.lam)
        return {
            "loss": np.atleast_1d(loss),
            "gradient": np.asarray(gradient).reshape(self.members, -1),
            "loss_after": np.atleast_1d(self.loss(state[0], self.lam)),
        }


def contestants() -> list[Contestant]:
    """Step by step; scan alone and 17 runs by vmap, in both precisions and both ways to the derivatives."""
    rows = [("jit", "jit per step", nested, "float64", 1, False)]
    for derivatives, suffix, remark in ((nested, "", ""), (streams, "_streams", ", streams by hand")):
        for precision in ("float64", "float32"):
            rows.append((f"scan{suffix}", f"scan{remark}", derivatives, precision, 1, True))
            rows.append(
                (
                    f"vmap{suffix}",
                    f"vmap (17 runs) and scan{remark}",
                    derivatives,
                    precision,
                    task.BATCH.size,
                    True,
                )
            )
    out = []
    for key, label, derivatives, precision, members, loop in rows:
        pinn = _Pinn(derivatives, precision, members, loop)
        out.append(
            Contestant(
                key=f"jax_{key}_{precision}",
                label=f"JAX, {label}",
                precision=precision,
                members=members,
                answer=pinn.answer,
                seconds=stopwatch(pinn.advance),
            )
        )
    return out


def versions() -> dict[str, str]:
    """JAX and its compiler."""
    import jaxlib

    return {"jax": jax.__version__, "jaxlib": jaxlib.__version__}
