"""Values that nobody should give to a function, but for those that some function takes."""

import fractions
import itertools
import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np

from pinn_core import Adam, FixedWeights, FunctionFit, Mlp

N_PARAMETERS = Mlp((1, 4, 1)).n_parameters


class Hostile:
    """Fails in whatever it is asked."""

    def fail(self, *_: Any) -> Any:
        raise RuntimeError("hostile")

    __array__ = __bool__ = __eq__ = __float__ = __getitem__ = __index__ = __iter__ = __len__ = __repr__ = fail
    __hash__ = fail  # type: ignore[assignment]


def nested(depth: int) -> list[Any]:
    """A list in a list in a list, and so on."""
    return [nested(depth - 1)] if depth else []


def endless() -> Iterator[int]:
    yield from itertools.count()


# fresh for every call: what is taken from a generator is gone
POOL: list[Callable[[], Any]] = [
    *(lambda v=v: v for v in (None, True, False, 0, 1, -1, 2, 3, 2**31, 2**63, -(2**63), 10**400)),
    *(lambda v=v: v for v in (0.0, -0.0, 0.5, 1.5, -1.5, 5e-324, 1e-200, 1e200, 1e308)),
    *(lambda v=v: v for v in (math.nan, math.inf, -math.inf, 1j, 1 + 0j, Decimal("0.5"))),
    lambda: fractions.Fraction(1, 3),
    *(lambda v=v: v for v in (np.float32(0.5), np.float64("nan"), np.float16(3e4), np.longdouble(0.5))),
    *(
        lambda v=v: v
        for v in (np.int64(2), np.uint8(3), np.bool_(True), np.complex64(1), np.datetime64("2026"))
    ),
    *(lambda v=v: v for v in ("", "3", "nan", "first", "pde", "adam", "fixed", "x" * 10_000, b"\x01\x02")),
    *(
        lambda v=v: v
        for v in (bytearray(b"1"), memoryview(b"12"), (), (1, 2), (1, math.nan, 1), ("1",), {1, 2})
    ),
    *(
        lambda v=v: v
        for v in ({}, {"pde": 1.0}, {1: 2}, [], [0.5], ["1"], [[1, 2], [3, 4]], [[1], [2, 3]], [None])
    ),
    *(lambda v=v: v for v in (range(3), range(0), slice(None), ..., NotImplemented, int, Mlp, len, object())),
    *(lambda v=v: v for v in (np.array(3), np.array(0.5), np.array([]), np.array([1, 2]), np.zeros((2, 2)))),
    lambda: np.array([1.0, math.nan]),
    lambda: np.array([1, 2, 3, -4]),
    lambda: np.full((1, 1, 1), 0.5),
    lambda: np.array(["a", "b"]),
    lambda: np.array([1, "a", None], object),
    lambda: np.array([True, False]),
    lambda: np.array([1.0, 2.0], np.longdouble),
    lambda: np.ma.masked_array([1.0, 2.0], [True, False]),
    lambda: np.zeros(2, [("a", float), ("b", int)]),
    lambda: np.zeros(N_PARAMETERS),
    lambda: np.full(N_PARAMETERS, math.nan),
    lambda: np.ones(N_PARAMETERS, complex),
    lambda: np.ones((2, N_PARAMETERS), np.float32),
    lambda: np.full((1, N_PARAMETERS), 1e200),
    lambda: np.array([[1.0, 2.0], [0.0, 1.0]]),
    lambda: (i for i in range(3)),
    lambda: iter(()),
    endless,
    lambda: lambda *_: 1,
    lambda: nested(100),
    Hostile,
    lambda: [Hostile()],
    lambda: SimpleNamespace(init=3, step=lambda *_: False, update=4, refresh=1, until=None),
    lambda: ValueError("a value"),
    lambda: FixedWeights(ic=1.0),
    lambda: Adam(),
    lambda: FunctionFit(n_points=4),
]


def shown(value: object) -> str:
    """A value in the message of a failing test."""
    try:
        return f"{value!r:.60}"
    except Exception:
        return "an object that cannot be shown"
