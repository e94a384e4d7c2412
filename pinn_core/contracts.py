"""What training asks of a network, problem, optimiser and weighting, checked before it begins.

Any object that has the members of the documented protocols works, `networks.Network`, `problems.Problem`,
`optimizers.Optimizer` and `weighting.Weighting`; nothing has to be registered. What is missing, or has the
wrong type or shape, is named in a SettingError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .errors import SettingError, positive_number, real_array, whole_number
from .jets import Affine, Array

NETWORK = ("widths", "n_parameters", "init", "layers", "blocks")
PROBLEM = (
    "order",
    "linear",
    "sizes",
    "scales",
    "places",
    "points",
    "grid",
    "exact",
    "ansatz",
    "residuals",
    "residuals_backward",
)
OPTIMIZER = ("init", "step")
WEIGHTING = ("refresh", "until", "init", "update")
PROPERTIES = {"widths", "n_parameters", "order", "linear", "sizes", "scales", "places", "refresh", "until"}


def require(name: str, value: object, members: tuple[str, ...]) -> None:
    """Raise SettingError unless `value` is an object with these members.

    Parameters
    ----------
    name : of the setting, as in the error.
    members : what it needs; those that are not in `PROPERTIES` are methods.
    """
    needs = ", ".join(members)
    if isinstance(value, type):
        raise SettingError(name, value, f"an object, {value.__name__}(...), and not the class itself")
    for member in members:
        if not hasattr(value, member):
            raise SettingError(name, value, f"an object with {needs}; {member} is missing")
        if member not in PROPERTIES and not callable(getattr(value, member)):
            raise SettingError(f"{name}.{member}", getattr(value, member), "a method")


def check_network(network: Any) -> None:
    """Raise SettingError unless a network has what `networks.Network` says.

    Cost
    ----
    A draw of its parameters.
    """
    require("network", network, NETWORK)
    n_parameters = whole_number("network.n_parameters", network.n_parameters, 1, 2**40)
    if not isinstance(network.widths, tuple) or len(network.widths) < 3:
        raise SettingError("network.widths", network.widths, "a tuple of at least three whole numbers")
    if (network.widths[0], network.widths[-1]) != (1, 1):
        raise SettingError("network.widths", network.widths, "one input and one output for this problem")
    theta = real_array("network.init(seed)", network.init(0), (n_parameters,))
    layers = network.layers(theta[None])
    shapes = list(zip(network.widths[:-1], network.widths[1:], strict=True))
    if not isinstance(layers, list) or [_shape_of(layer) for layer in layers] != shapes:
        raise SettingError("network.layers(theta)", layers, f"a list of Affine with the shapes {shapes}")
    if not isinstance(network.blocks(), Mapping):
        raise SettingError("network.blocks()", network.blocks(), "a mapping of names to slices of theta")


def check_problem(problem: Any) -> None:
    """Raise SettingError unless a problem has what `problems.Problem` says.

    Cost
    ----
    Its residuals and their backward rule, once, for a single member.
    """
    require("problem", problem, PROBLEM)
    n_streams = whole_number("problem.order", problem.order, 0, 2) + 1
    if not isinstance(problem.linear, bool):
        raise SettingError("problem.linear", problem.linear, "True or False")
    x = _array("problem.points()", problem.points(), ("N",))
    grid = _array("problem.grid()", problem.grid(), ("G",))
    exact = _array("problem.exact(grid)", problem.exact(grid), grid.shape)
    if not (exact * exact).sum() > 0:
        raise SettingError("problem.exact(grid)", exact, "a solution that is not zero everywhere")
    sizes = _sizes(problem.sizes)
    _scales_and_places(problem, sizes, x.size)
    _ansatz(problem, x, n_streams)
    _residuals(problem, x, sizes, n_streams)


def check_optimizer(optimizer: Any) -> None:
    """Raise SettingError unless an optimizer has what `optimizers.Optimizer` says."""
    require("optimizer", optimizer, OPTIMIZER)


def check_weighting(weighting: Any) -> None:
    """Raise SettingError unless a scheme has what `weighting.Weighting` says; its state is checked in use."""
    require("weighting", weighting, WEIGHTING)
    if weighting.refresh is not None:
        whole_number("weighting.refresh", weighting.refresh, 1, 10**7)
    if weighting.until is not None:
        whole_number("weighting.until", weighting.until, 0, 10**7)


def _array(name: str, value: object, shape: Sequence[int | str]) -> Array:
    """The array; SettingError unless it is one of numpy's, with finite numbers and this shape."""
    if not isinstance(value, np.ndarray):
        raise SettingError(name, value, "an array of numpy")
    return real_array(name, value, shape)


def _call(name: str, method: Callable[..., None], *arguments: Any) -> None:
    """Call a method of the reader's own; SettingError about `name`, caused by what it raised, if it fails."""
    try:
        method(*arguments)
    except Exception as error:
        raise SettingError(name, f"{type(error).__name__}: {error}", "a method without an error") from error


def _shape_of(layer: object) -> tuple[int, ...]:
    """Features in and out of an affine layer; nothing for anything else."""
    return tuple(layer.weight.shape[1:]) if isinstance(layer, Affine) else ()


def _sizes(sizes: Any) -> dict[str, int]:
    """The number of residuals by term; SettingError if that is not what it is."""
    if not isinstance(sizes, Mapping) or not sizes or not all(isinstance(term, str) for term in sizes):
        raise SettingError("problem.sizes", sizes, "a mapping of loss terms to their number of residuals")
    return {term: whole_number(f"problem.sizes[{term!r}]", size, 1, 10**7) for term, size in sizes.items()}


def _scales_and_places(problem: Any, sizes: Mapping[str, int], n_points: int) -> None:
    """Check `scales` and `places` of a problem."""
    for name in ("scales", "places"):
        given = getattr(problem, name)
        if not isinstance(given, Mapping) or not sizes.keys() <= given.keys():
            raise SettingError(f"problem.{name}", given, f"a mapping with the terms {', '.join(sizes)}")
    for term, size in sizes.items():
        scale = problem.scales[term]
        positive_number(f"problem.scales[{term!r}]", scale, 1e300)
        places = problem.places[term]
        if not isinstance(places, np.ndarray) or places.dtype.kind not in "iu" or places.shape != (size,):
            raise SettingError(f"problem.places[{term!r}]", places, f"an array of {size} whole numbers")
        if places.min() < 0 or places.max() >= n_points:
            raise SettingError(f"problem.places[{term!r}]", places, f"numbers of points, 0 to {n_points - 1}")


def _ansatz(problem: Any, x: Array, n_streams: int) -> None:
    """Check the hard constraint of a problem."""
    ansatz = problem.ansatz(x)
    if ansatz is None:
        return
    if not isinstance(ansatz, tuple) or len(ansatz) != 2:
        raise SettingError("problem.ansatz(x)", ansatz, "None, or the streams of g and of p")
    for name, streams in zip("gp", ansatz, strict=True):
        real_array(f"problem.ansatz(x), streams of {name}", streams, (n_streams, x.size))


def _residuals(problem: Any, x: Array, sizes: Mapping[str, int], n_streams: int) -> None:
    """Check that the residuals and their backward rule fill what they are given."""
    u = np.random.default_rng(0).standard_normal((n_streams, 1, x.size))
    r = {term: np.full((1, size), np.nan) for term, size in sizes.items()}
    given, du = u.copy(), np.full_like(u, np.nan)
    name, put = "problem.residuals", dict(r)
    _call(name, problem.residuals, x, u, put)
    if any(np.isnan(values).any() or put.get(term) is not values for term, values in r.items()):
        raise SettingError(
            name, put, "a method that fills r[term] in place, r[term][:] = ..., for every term"
        )
    name += "_backward"
    _call(name, problem.residuals_backward, x, u, {term: np.ones_like(r[term]) for term in r}, du)
    if np.isnan(du).any():
        raise SettingError(name, du, "a method that fills all of du in place")
    if not np.array_equal(u, given):
        raise SettingError(name, "u changed", "methods that leave the streams u as they are")
