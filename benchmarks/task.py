"""The one task that every contestant solves, and the answers they must all give.

Harmonic initial value problem u'' + omega^2 u = 0, u(0) = 1, u'(0) = 0 on [0, 1], network 1-32-32-1 with
tanh, 50 uniform collocation points (both ends among them) and the initial point, loss
    mean r^2 + lam_ic ((u(0) - 1)^2 + u'(0)^2),
Adam at learning rate 1e-3. A step is loss, gradient and update. Parameters travel as one flat vector
W1, b1, W2, b2, W3, b3 with W of shape (in, out).
"""

from itertools import pairwise

import numpy as np

from pinn_core import Mlp

WIDTHS = (1, 32, 32, 1)
OMEGA = 2 * np.pi
N_POINTS = 50
LEARNING_RATE = 1e-3
SEED = 0
ALONE = 100.0  # lam_ic of a run on its own
BATCH = 10.0 ** np.linspace(-3, 5, 17)  # lam_ic of the 17 runs side by side
CHECK_STEPS = 3  # Adam steps after which the losses are compared once more
CHUNK = 100  # a timed round is a multiple of this many steps (a compiled loop has a fixed length)

SHAPES = [s for a, b in pairwise(WIDTHS) for s in ((a, b), (b,))]
SIZES = [int(np.prod(s)) for s in SHAPES]


def weights(members: int) -> np.ndarray:
    """lam_ic of the members of a contestant, shape (members,)."""
    return np.array([ALONE]) if members == 1 else BATCH


def points() -> np.ndarray:
    """Collocation points, shape (50,)."""
    return np.linspace(0.0, 1.0, N_POINTS)


def start() -> np.ndarray:
    """Start parameters, shape (P,), float64; the same for every contestant."""
    return np.array(Mlp(widths=WIDTHS, initializer="xavier_normal").init(SEED), dtype=np.float64)


def split(theta) -> list:
    """The flat vector (P,) as [W1, b1, W2, b2, W3, b3]; works on arrays of any library."""
    ends = np.cumsum(SIZES).tolist()
    return [theta[e - n : e].reshape(s) for e, n, s in zip(ends, SIZES, SHAPES, strict=True)]


def join(parts) -> np.ndarray:
    """The inverse of `split`, as a float64 numpy vector (P,)."""
    return np.concatenate([np.asarray(p, dtype=np.float64).ravel() for p in parts])


def reference(members: int) -> dict[str, np.ndarray]:
    """What every contestant must answer, from complex steps alone (no backward pass to get wrong).

    Returns
    -------
    dict with `loss` (members,) and `gradient` (members, P) at the start parameters, and `loss_after`
    (members,) after CHECK_STEPS Adam steps.
    """
    rows = [_trajectory(lam) for lam in weights(members)]
    return {key: np.array([row[key] for row in rows]) for key in ("loss", "gradient", "loss_after")}


def _trajectory(lam: float) -> dict:
    theta = start()
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    first = None
    for k in range(1, CHECK_STEPS + 1):
        gradient = _complex_step_gradient(theta, lam)
        first = gradient if first is None else first
        m = 0.9 * m + 0.1 * gradient
        v = 0.999 * v + 0.001 * gradient**2
        theta = theta - LEARNING_RATE * (m / (1 - 0.9**k)) / (np.sqrt(v / (1 - 0.999**k)) + 1e-8)
    return {"loss": _loss(start(), lam), "gradient": first, "loss_after": _loss(theta, lam)}


def _loss(theta: np.ndarray, lam: float):
    h, h_t, h_tt = points()[:, None], np.ones((N_POINTS, 1)), np.zeros((N_POINTS, 1))
    layers = split(theta)
    for w, b in zip(layers[0:-2:2], layers[1:-2:2], strict=True):
        z_t, z_tt = h_t @ w, h_tt @ w
        h = np.tanh(h @ w + b)
        h_t, h_tt = (1 - h**2) * z_t, (1 - h**2) * (z_tt - 2 * h * z_t**2)
    u, u_t, u_tt = h @ layers[-2] + layers[-1], h_t @ layers[-2], h_tt @ layers[-2]
    residual = u_tt + OMEGA**2 * u
    return (residual**2).mean() + lam * ((u[0, 0] - 1) ** 2 + u_t[0, 0] ** 2)


def _complex_step_gradient(theta: np.ndarray, lam: float) -> np.ndarray:
    gradient, bent = np.empty_like(theta), theta.astype(complex)
    for i in range(theta.size):
        bent[i] += 1e-30j
        gradient[i] = _loss(bent, lam).imag / 1e-30
        bent[i] = theta[i]
    return gradient
