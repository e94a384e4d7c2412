"""Networks: their parameters in one flat array, and the sweep forward and backward through their layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from . import jets
from .errors import Registry, SettingError, real_array, whole_number
from .jets import RULES, Affine, Array, BackwardRules, Jet

Generator = np.random.Generator
Visitor = Callable[[int, Jet, Jet], None]


def xavier_normal(rng: Generator, fan_in: int, fan_out: int) -> Array:
    """Normal with variance 2 / (fan_in + fan_out). Source: Glorot and Bengio (2010)."""
    return rng.standard_normal((fan_in, fan_out)) * math.sqrt(2 / (fan_in + fan_out))


def xavier_uniform(rng: Generator, fan_in: int, fan_out: int) -> Array:
    """Uniform with variance 2 / (fan_in + fan_out). Source: Glorot and Bengio (2010), eq. 16."""
    return rng.uniform(-1, 1, (fan_in, fan_out)) * math.sqrt(6 / (fan_in + fan_out))


def lecun_normal(rng: Generator, fan_in: int, fan_out: int) -> Array:
    """Normal with variance 1 / fan_in. Source: LeCun, Bottou, Orr, Mueller (1998), section 4.6."""
    return rng.standard_normal((fan_in, fan_out)) / math.sqrt(fan_in)


def torch_uniform(rng: Generator, fan_in: int, fan_out: int) -> Array:
    """Uniform within 1 / sqrt(fan_in), as PyTorch draws the weights of a linear layer. Biases stay zero."""
    return rng.uniform(-1, 1, (fan_in, fan_out)) / math.sqrt(fan_in)


INITIALIZERS = Registry(
    "initializer",
    {rule.__name__: rule for rule in (xavier_normal, xavier_uniform, lecun_normal, torch_uniform)},
)


class Network(Protocol):
    """What training asks of a network: affine layers with tanh between them, all parameters in one array.

    `Mlp` is one; whatever has these members is another, such as a class that draws its parameters in its own
    way.
    """

    @property
    def widths(self) -> tuple[int, ...]:
        """Features from the input to the output, (1, ..., 1)."""

    @property
    def n_parameters(self) -> int:
        """P, the number of parameters."""

    def init(self, seed: int) -> Array:
        """The parameters, (P,), that follow from a seed."""

    def layers(self, theta: Array) -> list[Affine]:
        """Views of parameters (B, P), or of their gradient, layer by layer."""

    def blocks(self) -> dict[str, slice]:
        """Where in theta the named blocks of parameters are."""


@dataclass(frozen=True)
class Mlp:
    """A multilayer perceptron x -> u with tanh between its affine layers.

    Parameters
    ----------
    widths : features from the input to the output, for example (1, 32, 32, 1): one input, one output, and at
        least one hidden layer of 1 to 4096 features between them.
    initializer : name of the rule that draws the weights, a key of `INITIALIZERS`. Biases start at zero.
    """

    widths: tuple[int, ...] = (1, 32, 32, 1)
    initializer: str = "xavier_normal"

    def __post_init__(self) -> None:
        allowed = "at least three whole numbers, the first and the last 1, those between from 1 to 4096"
        if isinstance(self.widths, str) or not isinstance(self.widths, Sequence | np.ndarray):
            raise SettingError("widths", self.widths, allowed)
        if isinstance(self.widths, np.ndarray) and self.widths.ndim != 1:
            raise SettingError("widths", self.widths, allowed)
        try:
            widths = tuple(whole_number("widths", width, 1, 4096) for width in self.widths)
        except SettingError as error:
            raise SettingError("widths", self.widths, allowed) from error
        if len(widths) < 3 or widths[0] != 1 or widths[-1] != 1:
            raise SettingError("widths", self.widths, allowed)
        object.__setattr__(self, "widths", widths)
        INITIALIZERS[self.initializer]

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """Features in and out, (m, n), of every affine layer."""
        return tuple(zip(self.widths[:-1], self.widths[1:], strict=True))

    @property
    def n_parameters(self) -> int:
        """P, the number of weights and biases."""
        return sum((fan_in + 1) * fan_out for fan_in, fan_out in self.shapes)

    def init(self, seed: int) -> Array:
        """Draw the parameters, (P,) float64, from `seed`: weights by the initializer, biases zero."""
        rng = np.random.default_rng(whole_number("seed", seed, 0, 2**63 - 1))
        theta = np.zeros((1, self.n_parameters))
        for layer, shape in zip(self.layers(theta), self.shapes, strict=True):
            layer.weight[0] = INITIALIZERS[self.initializer](rng, *shape)
        return theta[0]

    def layers(self, theta: Array) -> list[Affine]:
        """Views of `theta` (B, P), or of a gradient, layer by layer: the weight row by row, then the bias.

        Raises
        ------
        SettingError : `theta` is no array of that shape.
        """
        if not isinstance(theta, np.ndarray) or theta.ndim != 2 or theta.shape[1] != self.n_parameters:
            raise SettingError("theta", theta, f"an array (B, P) with P = {self.n_parameters}")
        views, start = [], 0
        for fan_in, fan_out in self.shapes:
            stop = start + (fan_in + 1) * fan_out
            views.append(Affine(theta[:, start:stop].reshape(len(theta), fan_in + 1, fan_out)))
            start = stop
        return views

    def blocks(self) -> dict[str, slice]:
        """Where in theta the parameter blocks W1, b1, W2, b2 and so on are."""
        blocks, start = {}, 0
        for number, (fan_in, fan_out) in enumerate(self.shapes, 1):
            middle = start + fan_in * fan_out
            blocks[f"W{number}"] = slice(start, middle)
            start = middle + fan_out
            blocks[f"b{number}"] = slice(middle, start)
        return blocks

    def streams(self, theta: Array, x: Array, order: int = 0) -> Array:
        """Evaluate the network and its derivatives in x.

        Parameters
        ----------
        theta : (P,), or (B, P) for an ensemble.
        x : (N,), points.
        order : 0, 1 or 2, the highest derivative.

        Returns
        -------
        (S, N), or (S, B, N) for an ensemble, with S = order + 1: the streams u, u_x, u_xx.

        Raises
        ------
        SettingError : an argument is no array of finite numbers or has the wrong shape, the order is another
            number, or a stream overflows.

        Cost
        ----
        A forward sweep, and its buffers; see `Sweep`.
        """
        theta = real_array("theta", theta, kinds="fiuc")
        if theta.ndim not in (1, 2) or theta.shape[-1] != self.n_parameters:
            raise SettingError("theta", theta.shape, f"an array (P,) or (B, P) with P = {self.n_parameters}")
        x = real_array("x", x, ("N",), kinds="fiuc")
        order = whole_number("order", order, 0, 2)
        dtype = np.result_type(theta, x, np.float32)
        members = np.atleast_2d(theta).astype(dtype)
        sweep = Sweep(self, x, order, len(members), dtype, forward_only=True)
        with np.errstate(all="ignore"):
            streams = sweep.forward(self.layers(members))
        if not np.isfinite(streams).all():
            raise SettingError("theta and x", theta, "numbers for which the streams are finite")
        return streams.reshape(order + 1, *theta.shape[:-1], x.size)


class Sweep:
    """Forward and backward through an Mlp at fixed points, with all its buffers.

    Parameters
    ----------
    network : see `Network`.
    x : (N,), points.
    order : 0, 1 or 2, the highest derivative stream.
    members : B, size of the ensemble axis.
    dtype : of all buffers; complex for the complex-step check.
    rules : the backward rules.
    forward_only : leave out what only `backward` needs.

    Attributes
    ----------
    u : (S, B, N), streams of the network, from the last `forward`.
    du : (S, B, N), gradient of the loss in `u`, which the caller fills for `backward`.

    Cost
    ----
    A hidden layer of m features takes about 2 S N m^2 operations forward and twice that backward for every
    member, and 2 S N m numbers of memory; 2 S N m more are shared by all layers of equal width.
    """

    def __init__(
        self,
        network: Network,
        x: Array,
        order: int,
        members: int,
        dtype: np.dtype,
        rules: BackwardRules = RULES,
        forward_only: bool = False,
    ) -> None:
        def buffer(width: int) -> Jet:
            return Jet(np.empty((order + 1, members, x.size, width), dtype))

        hidden = network.widths[1:-1]
        self.rules = rules
        self.line = jets.input_jet(x.astype(dtype), order)
        self.h = [buffer(width) for width in hidden]
        self.s = [None if forward_only and order == 0 else buffer(width) for width in hidden]
        # One layer at a time is on its way, and never needs its z and its dz together: they share a buffer.
        shared = {width: buffer(width) for width in set(hidden)}
        first = shared[hidden[0]].streams
        self.z = [Jet(first[:1]), *(shared[width] for width in hidden[1:])]
        self.output = buffer(1)
        self.u = self.output.streams[..., 0]
        if not forward_only:
            self.dz = [Jet(first[:2]), *self.z[1:]]
            shared = {width: buffer(width) for width in set(hidden)}
            self.dh = [shared[width] for width in hidden]
            self.d_output = buffer(1)
            self.du = self.d_output.streams[..., 0]

    def forward(self, layers: list[Affine]) -> Array:
        """Streams of the network, (S, B, N), at the parameters `layers`; keeps what `backward` needs."""
        for i, (z, h, s) in enumerate(zip(self.z, self.h, self.s, strict=True)):
            if i == 0:
                jets.input_forward(self.line, layers[0], z)
            else:
                jets.affine_forward(self.h[i - 1], layers[i], z)
            jets.tanh_forward(z, h, s)
        jets.affine_forward(self.h[-1], layers[-1], self.output)
        return self.u

    def backward(self, layers: list[Affine], d_layers: list[Affine], visit: Visitor | None = None) -> None:
        """Gradient of the loss in all parameters, from its gradient `du` in the streams of the network.

        Uses what the last `forward` kept and leaves it in place: several backward sweeps may follow a forward
        sweep. Overwrites `d_layers`. `visit`, if given, is called on the way with every affine layer: its
        index, the jet that entered it, and the gradient in the jet that left it, where points are still kept
        apart. These jets are the sweep's own and must be neither changed nor kept.
        """
        dz = self.d_output
        for i in reversed(range(len(self.h))):
            if visit is not None:
                visit(i + 1, self.h[i], dz)
            self.rules.affine(self.h[i], layers[i + 1], dz, self.dh[i], d_layers[i + 1])
            dz = self.dz[i]
            self.rules.tanh(self.s[i], self.dh[i], dz)
        if visit is not None:
            visit(0, self.line, dz)
        self.rules.input(self.line, dz, d_layers[0])
