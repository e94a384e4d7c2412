"""What training asks of a weighting scheme, and what the schemes share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ..errors import SettingError, non_negative_number, one_of, positive_number, whole_number
from ..jets import Array
from ..measures import Measures

FIRST = "first"  # stands for the first term of a problem

Held = dict[tuple[str, str], Array]  # arrays of a state by attribute and term


@dataclass
class WeightState:
    """What a scheme has decided so far, and what it remembers. Arrays change in place.

    Attributes
    ----------
    terms : the weight of every loss term, (B,).
    points : None, or for every term a factor of each of its squared residuals, (B, N).
    traces : None, or for every term the trace of its kernel when it was last computed, (B,); NaN before that.
    memory : whatever else the scheme keeps, by name and by term, (B, ...).
    updates : number of updates so far.
    """

    terms: dict[str, Array]
    points: dict[str, Array] | None = None
    traces: dict[str, Array] | None = None
    memory: dict[str, dict[str, Array]] = field(default_factory=dict)
    updates: int = 0

    def part(self, members: slice) -> WeightState:
        """The state of some members, as views: an update of the part updates the whole."""

        def cut(arrays: Mapping[str, Array]) -> dict[str, Array]:
            return {term: array[members] for term, array in arrays.items()}

        return WeightState(
            cut(self.terms),
            None if self.points is None else cut(self.points),
            None if self.traces is None else cut(self.traces),
            {name: cut(arrays) for name, arrays in self.memory.items()},
            self.updates,
        )


def check_state(state: object, sizes: Mapping[str, int], members: int | None) -> None:
    """Raise SettingError unless a scheme's first state has what `WeightState` says.

    Parameters
    ----------
    sizes, members : as for `Weighting.init`.
    """
    if not isinstance(state, WeightState):
        raise SettingError("weighting.init", state, "a method that returns a WeightState")
    shape = (members or 1,)
    _check_arrays("state.terms", state.terms, sizes, dict.fromkeys(sizes, shape))
    if state.points is not None:
        _check_arrays("state.points", state.points, sizes, {term: (*shape, n) for term, n in sizes.items()})
    if state.traces is not None:
        _check_arrays("state.traces", state.traces, sizes, dict.fromkeys(sizes, shape))
    if not isinstance(state.memory, dict) or not all(
        isinstance(kept, dict) for kept in state.memory.values()
    ):
        raise SettingError("state.memory", state.memory, "a dict of names to dicts of arrays")


def check_update(state: WeightState, held: Held, returned: object) -> None:
    """Raise SettingError if an update did something else than to change the arrays of its state.

    Cost
    ----
    A comparison for every array.
    """
    if returned is not None:
        raise SettingError(
            "weighting.update", returned, "a method that changes the state and returns nothing"
        )
    now = held_by(state)
    if len(now) != len(held):
        names = ", ".join(f"{name}[{term!r}]" for name, term in sorted(now.keys() ^ held.keys()))
        raise SettingError("weighting.update", names, "no other terms and arrays than those of init")
    for (name, term), array in held.items():
        if now.get((name, term)) is not array:
            allowed = f"changed in place: {name}[{term!r}][:] = ..."
            raise SettingError(f"{name}[{term!r}]", now.get((name, term)), allowed)


def held_by(state: WeightState) -> Held:
    """The arrays of a state that make up the loss, by attribute and term."""
    held = {("state.terms", term): array for term, array in state.terms.items()}
    if state.points is not None:
        held |= {("state.points", term): array for term, array in state.points.items()}
    return held


def _check_arrays(
    name: str, given: object, sizes: Mapping[str, int], shapes: Mapping[str, tuple[int, ...]]
) -> None:
    """Raise SettingError unless `given` has a float array of the right shape for every term, and no other."""
    terms = ", ".join(sizes)
    if not isinstance(given, dict):
        raise SettingError(name, given, f"a dict of arrays for the terms {terms}")
    if given.keys() != sizes.keys():
        raise SettingError(name, ", ".join(map(str, given)) or "nothing", f"arrays for the terms {terms}")
    for term, array in given.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind != "f" or array.shape != shapes[term]:
            shown = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else array
            raise SettingError(
                f"{name}[{term!r}]", shown, f"an array of float64 with the shape {shapes[term]}"
            )
        if not array.flags.writeable:
            raise SettingError(f"{name}[{term!r}]", "read-only", "an array that can be changed")


class Weighting(Protocol):
    """A frozen dataclass of settings that turns residuals into one loss.

    The loss is the sum over terms of weight * scale * sum_i point_i r_i^2, where the points of most schemes
    are 1.
    """

    @property
    def refresh(self) -> int | None:
        """Steps between updates, the first of which comes before the first step; None for no updates."""

    @property
    def until(self) -> int | None:
        """The last epoch with an update; None for no such limit."""

    def init(self, sizes: Mapping[str, int], members: int | None) -> WeightState:
        """State before the first update.

        `sizes` has the number of residuals of every term. `members` is B; None stands for a single run, which
        has B = 1.
        """

    def update(self, state: WeightState, measures: Measures, epoch: int) -> None:
        """Change `state` in place after `epoch` steps, by what the scheme asks of `measures`."""


def equal_weights(sizes: Mapping[str, int], members: int | None) -> dict[str, Array]:
    """The weight 1 for every term, (B,)."""
    return {term: np.ones(members or 1) for term in sizes}


def equal_points(sizes: Mapping[str, int], members: int | None, value: float = 1.0) -> dict[str, Array]:
    """The same factor for every residual of every term, (B, N)."""
    return {term: np.full((members or 1, size), value) for term, size in sizes.items()}


@dataclass(frozen=True)
class Refreshed:
    """A scheme that updates its weights in fixed intervals.

    Parameters
    ----------
    refresh : steps between updates.
    until : the last epoch with an update; None for no such limit.
    """

    refresh: int = 100
    until: int | None = None

    def __post_init__(self) -> None:
        _set(self, "refresh", whole_number("weighting.refresh", self.refresh, 1, 10**7))
        if self.until is not None:
            _set(self, "until", whole_number("weighting.until", self.until, 0, 10**7))


@dataclass(frozen=True)
class Smoothed(Refreshed):
    """A scheme whose new weights are clamped and then mixed with the old ones: w <- keep w + (1 - keep) new.

    Parameters
    ----------
    refresh, until : see `Refreshed`.
    keep : share of the old weight that an update keeps, from 0 to below 1. The weights before the first
        update are 1.
    low, high : the new weight is not let below or above these, before it is mixed; None for no limit.
    """

    keep: float = 0.9
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _set(self, "keep", share("weighting.keep", self.keep))
        if self.low is not None:
            _set(self, "low", non_negative_number("weighting.low", self.low))
        if self.high is not None:
            _set(self, "high", positive_number("weighting.high", self.high, 1e300))
            if self.low is not None and self.low > self.high:
                raise SettingError(
                    "weighting.low", self.low, f"a number up to weighting.high = {self.high:g}"
                )

    def mix(self, weight: Array, new: Array) -> None:
        """Move `weight` towards `new` in place."""
        if self.low is not None or self.high is not None:
            new = np.clip(new, self.low, self.high)
        weight[:] = self.keep * weight + (1 - self.keep) * new if self.keep else new


def share(name: str, value: object) -> float:
    """`value` as a float; SettingError unless it is a number from 0 to below 1."""
    number = non_negative_number(name, value)
    if number >= 1:
        raise SettingError(name, value, "a number from 0 to below 1")
    return number


def term_named(name: str, wanted: str, terms: Mapping[str, object]) -> str:
    """The term called `wanted`, or the first one for `FIRST`; SettingError about `name` if there is none."""
    if wanted == FIRST:
        return next(iter(terms))
    return one_of(name, wanted, tuple(terms))


def _set(settings: object, name: str, value: object) -> None:
    """Replace a setting of a frozen dataclass by its checked value."""
    object.__setattr__(settings, name, value)
