"""Networks: their parameters in one flat array, and the sweep forward and backward through their layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from . import jets
from .errors import Registry, SettingError, real_array, whole_number
from .jets import RULES, Affine, BackwardRules, Jet, Line
from .operators import Operators, up_to
from .streams import Array, tanh_forward

Generator = np.random.Generator
Visitor = Callable[[int, Jet | Line, Jet], None]


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
    """A multilayer perceptron from some inputs to some outputs with tanh between its affine layers.

    Parameters
    ----------
    widths : features from the inputs to the outputs, for example (1, 32, 32, 1): one input, one output, and
        at least one hidden layer between them. All from 1 to 4096.
    initializer : name of the rule that draws the weights, a key of `INITIALIZERS`. Biases start at zero.
    """

    widths: tuple[int, ...] = (1, 32, 32, 1)
    initializer: str = "xavier_normal"

    def __post_init__(self) -> None:
        allowed = "at least three whole numbers from 1 to 4096"
        if isinstance(self.widths, str) or not isinstance(self.widths, Sequence | np.ndarray):
            raise SettingError("widths", self.widths, allowed)
        if isinstance(self.widths, np.ndarray) and self.widths.ndim != 1:
            raise SettingError("widths", self.widths, allowed)
        try:
            widths = tuple(whole_number("widths", width, 1, 4096) for width in self.widths)
        except SettingError as error:
            raise SettingError("widths", self.widths, allowed) from error
        if len(widths) < 3:
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

    def streams(self, theta: Array, x: Array, order: int | Operators = 0) -> Array:
        """Evaluate the network and its derivatives in its inputs.

        Parameters
        ----------
        theta : (P,), or (B, P) for an ensemble.
        x : (N,), points; (N, d) for d inputs.
        order : the S derivatives that are wanted, as a closed set of operators. For a single input a number,
            0, 1 or 2, stands for those up to this order: u, u_x, u_xx.

        Returns
        -------
        (S, N), or (S, B, N) for an ensemble. With k > 1 outputs (k, S, N) or (k, S, B, N).

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
        inputs, outputs = self.widths[0], self.widths[-1]
        x = real_array("x", x, ("N",) if inputs == 1 else ("N", inputs), kinds="fiuc")
        operators = order if isinstance(order, Operators) else up_to(whole_number("order", order, 0, 2))
        if len(operators.inputs) != inputs:
            raise SettingError("order", str(operators), f"operators in {inputs} inputs")
        dtype = np.result_type(theta, x, np.float32)
        members = np.atleast_2d(theta).astype(dtype)
        sweep = Sweep(self, x, operators, len(members), dtype, forward_only=True)
        with np.errstate(all="ignore"):
            fields = sweep.forward(self.layers(members))
        if not np.isfinite(fields).all():
            raise SettingError("theta and x", theta, "numbers for which the streams are finite")
        shape = (len(operators), *theta.shape[:-1], len(x))
        return fields.reshape(shape if outputs == 1 else (outputs, *shape))


class Sweep:
    """Forward and backward through an Mlp at fixed points, with all its buffers and all its numpy calls.

    Parameters
    ----------
    network : see `Network`.
    x : (N,) or (N, d), points.
    operators : the S streams.
    members : B, size of the ensemble axis.
    dtype : of all buffers; complex for the complex-step check.
    rules : the backward rules.
    forward_only : leave out what only `backward` needs.

    Attributes
    ----------
    u : (k, S, B, N), streams of the k outputs, from the last `forward`.
    du : (k, S, B, N), gradient of the loss in `u`, which the caller fills for `backward`.

    Cost
    ----
    A hidden layer of m features takes about 2 S N m^2 operations forward and twice that backward for every
    member, and 2 S N m numbers of memory; 2 S N m more are shared by all layers of equal width.
    """

    def __init__(
        self,
        network: Network,
        x: Array,
        operators: Operators,
        members: int,
        dtype: np.dtype,
        rules: BackwardRules = RULES,
        forward_only: bool = False,
    ) -> None:
        x = x.reshape(len(x), -1).astype(dtype)
        hidden, n_streams = network.widths[1:-1], len(operators)
        self.operators, self.rules, self.line = operators, rules, Line(x, operators)

        def buffers(width: int, size: int = n_streams) -> Array:
            return np.empty((size, members, len(x), width), dtype)

        self.h, self.s = ([Jet(buffers(width)) for width in hidden] for _ in range(2))
        # One layer at a time is on its way, and never needs its z and its dz together: they share a buffer.
        shared, scratch = ({width: buffers(width, size) for width in set(hidden)} for size in (n_streams, 2))
        first = Jet(shared[hidden[0]][: len(self.line.present)])
        self.z = [first, *(Jet(shared[width]) for width in hidden[1:])]
        self.output = Jet(buffers(network.widths[-1]))
        self.u = np.moveaxis(self.output.streams, -1, 0)
        numbers = [self.line.present, *[range(n_streams)] * (len(hidden) - 1)]  # of the streams of z
        self.forward_calls = []
        for present, z, h, s in zip(numbers, self.z, self.h, self.s, strict=True):
            streams = dict(zip(present, z.streams, strict=True))
            slope = None if forward_only and n_streams == 1 else s.streams
            calls = tanh_forward(operators, streams, h.streams, slope, scratch[z.streams.shape[-1]])
            self.forward_calls.append(list(calls))
        if forward_only:
            return
        shared = {width: buffers(width) for width in set(hidden)}
        self.dh = [Jet(shared[width]) for width in hidden]
        self.d_output = Jet(buffers(network.widths[-1]))
        self.du = np.moveaxis(self.d_output.streams, -1, 0)
        self.backward_calls = []
        for present, dz, s, dh in zip(numbers, self.z, self.s, self.dh, strict=True):
            streams = dict(zip(present, dz.streams, strict=True))
            calls = rules.tanh(operators, s.streams, dh.streams, streams, scratch[dz.streams.shape[-1]])
            self.backward_calls.append(list(calls))

    def forward(self, layers: list[Affine]) -> Array:
        """Streams of the outputs, (k, S, B, N), at the parameters `layers`; keeps what `backward` needs."""
        for i, calls in enumerate(self.forward_calls):
            if i == 0:
                jets.input_forward(self.line, layers[0], self.z[0])
            else:
                jets.affine_forward(self.h[i - 1], layers[i], self.z[i])
            for function, arguments in calls:
                function(*arguments)
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
            for function, arguments in self.backward_calls[i]:
                function(*arguments)
            dz = self.z[i]
        if visit is not None:
            visit(0, self.line, dz)
        self.rules.input(self.line, dz, d_layers[0])
