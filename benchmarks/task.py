"""The tasks that the contestants solve, and the answers they must all give.

Training step. Harmonic initial value problem u'' + omega^2 u = 0, u(0) = 1, u'(0) = 0 on [0, 1], network
1-32-32-1 with tanh, 50 uniform collocation points (both ends among them) and the initial point, loss
    mean r^2 + lam_ic ((u(0) - 1)^2 + u'(0)^2),
Adam at learning rate 1e-3. A step is loss, gradient and update. Parameters travel as one flat vector
W1, b1, W2, b2, W3, b3 with W of shape (in, out).

Fields. Mean square of the residual, and its gradient, in two inputs: of the wave equation u_tt - 4 u_xx = 0,
and of both momentum equations of the steady cavity with a stream function f (u = f_y, v = -f_x) and a
pressure p, which need derivatives to third order:
    f_y f_xy - f_x f_yy + p_x - nu (f_yxx + f_yyy)  and  f_x f_xy - f_y f_xx + p_y + nu (f_xxx + f_xyy).

NTK trace. The squared gradient norms of all residuals of the same problem, u'' + omega^2 u at the points and
u(0) - 1, u'(0), summed over each loss term; at two sizes of network and points.
"""

from collections.abc import Callable
from dataclasses import dataclass
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
CHUNK = 100  # steps in a compiled loop

STEP = "training step"


@dataclass(frozen=True)
class Trace:
    """A size at which traces are compared: width of both hidden layers, and number of points."""

    width: int
    n_points: int

    @property
    def widths(self) -> tuple[int, ...]:
        """Of the network."""
        return (1, self.width, self.width, 1)

    @property
    def quantity(self) -> str:
        """Heading of the table."""
        return f"NTK trace, width {self.width}, {self.n_points} points"


@dataclass(frozen=True)
class Field:
    """Loss and gradient of an equation in two inputs: "wave" or "cavity", hidden layers, number of points."""

    equation: str
    hidden: tuple[int, ...]
    n_points: int

    @property
    def widths(self) -> tuple[int, ...]:
        """Of the network; the cavity has a stream function and a pressure."""
        return (2, *self.hidden, 2 if self.equation == "cavity" else 1)

    @property
    def quantity(self) -> str:
        """Heading of the table."""
        return f"{self.equation}, {len(self.hidden)} layers of {self.hidden[0]}, {self.n_points} points"

    def points(self) -> np.ndarray:
        """In the unit square, shape (number, 2)."""
        return np.random.default_rng(SEED).random((self.n_points, 2))

    def start(self) -> np.ndarray:
        """Start parameters, shape (P,), float64."""
        return np.asarray(Mlp(widths=self.widths).init(SEED), dtype=np.float64)


VISCOSITY = 0.01
FIELDS = {
    f"{equation}_{size}": Field(equation, hidden, n_points)
    for equation in ("wave", "cavity")
    for size, hidden, n_points in (("small", (50, 50, 50), 100), ("large", (100, 100, 100), 300))
}
TRACES = {"small": Trace(32, N_POINTS), "large": Trace(256, 1000)}
SLOW = TRACES["large"].quantity  # has fewer rounds


def weights(members: int) -> np.ndarray:
    """lam_ic of the members of a contestant, shape (members,)."""
    return np.array([ALONE]) if members == 1 else BATCH


def points(number: int = N_POINTS) -> np.ndarray:
    """Collocation points, shape (number,)."""
    return np.linspace(0.0, 1.0, number)


def start(widths: tuple[int, ...] = WIDTHS) -> np.ndarray:
    """Start parameters, shape (P,), float64; the same for every contestant."""
    return np.array(Mlp(widths=widths, initializer="xavier_normal").init(SEED), dtype=np.float64)


def split(theta, widths: tuple[int, ...] = WIDTHS) -> list:
    """The flat vector (P,) as [W1, b1, W2, b2, W3, b3]; works on arrays of any library."""
    shapes = [s for a, b in pairwise(widths) for s in ((a, b), (b,))]
    sizes = [int(np.prod(s)) for s in shapes]
    ends = np.cumsum(sizes).tolist()
    return [theta[e - n : e].reshape(s) for e, n, s in zip(ends, sizes, shapes, strict=True)]


def join(parts) -> np.ndarray:
    """The inverse of `split`, as a float64 numpy vector (P,)."""
    return np.concatenate([np.asarray(p, dtype=np.float64).ravel() for p in parts])


def reference(quantity: str, members: int) -> dict[str, np.ndarray] | None:
    """What every contestant must answer, from complex steps alone (no backward pass to get wrong).

    Returns
    -------
    Of a training step a dict with `loss` (members,) and `gradient` (members, P) at the start parameters, and
    `loss_after` (members,) after CHECK_STEPS Adam steps. Of the small trace a dict with `pde` (1,) and `ic`
    (1,). None of the large one and of the fields, which have too many parameters for complex steps.
    """
    if quantity == SLOW or quantity in {field.quantity for field in FIELDS.values()}:
        return None
    if quantity != STEP:
        return _traces(TRACES["small"])
    rows = [_trajectory(lam) for lam in weights(members)]
    return {key: np.array([row[key] for row in rows]) for key in ("loss", "gradient", "loss_after")}


def _trajectory(lam: float) -> dict:
    theta = start()
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    first = None
    for k in range(1, CHECK_STEPS + 1):
        gradient = _complex_step(lambda bent: _loss(bent, lam), theta)
        first = gradient if first is None else first
        m = 0.9 * m + 0.1 * gradient
        v = 0.999 * v + 0.001 * gradient**2
        theta = theta - LEARNING_RATE * (m / (1 - 0.9**k)) / (np.sqrt(v / (1 - 0.999**k)) + 1e-8)
    return {"loss": _loss(start(), lam), "gradient": first, "loss_after": _loss(theta, lam)}


def _loss(theta: np.ndarray, lam: float):
    pde, ic = _residuals(theta, WIDTHS, N_POINTS)
    return (pde**2).mean() + lam * (ic**2).sum()


def _traces(trace: Trace) -> dict[str, np.ndarray]:
    def residuals(theta: np.ndarray) -> np.ndarray:
        return np.concatenate(_residuals(theta, trace.widths, trace.n_points))

    norms = (_complex_step(residuals, start(trace.widths)) ** 2).sum(axis=0)
    return {
        "pde": norms[: trace.n_points].sum(keepdims=True),
        "ic": norms[trace.n_points :].sum(keepdims=True),
    }


def _residuals(theta: np.ndarray, widths: tuple[int, ...], n_points: int) -> tuple[np.ndarray, np.ndarray]:
    h, h_t, h_tt = points(n_points)[:, None], np.ones((n_points, 1)), np.zeros((n_points, 1))
    layers = split(theta, widths)
    for w, b in zip(layers[0:-2:2], layers[1:-2:2], strict=True):
        z_t, z_tt = h_t @ w, h_tt @ w
        h = np.tanh(h @ w + b)
        h_t, h_tt = (1 - h**2) * z_t, (1 - h**2) * (z_tt - 2 * h * z_t**2)
    u, u_t, u_tt = h @ layers[-2] + layers[-1], h_t @ layers[-2], h_tt @ layers[-2]
    return (u_tt + OMEGA**2 * u)[:, 0], np.stack([u[0, 0] - 1, u_t[0, 0]])


def _complex_step(function: Callable[[np.ndarray], np.ndarray], theta: np.ndarray) -> np.ndarray:
    """Derivatives of `function` in all parameters, (P, ...)."""
    rows, bent = [], theta.astype(complex)
    for i in range(theta.size):
        bent[i] += 1e-30j
        rows.append(function(bent).imag / 1e-30)
        bent[i] = theta[i]
    return np.array(rows)
