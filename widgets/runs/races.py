"""Races: several schemes trained from the same start, side by side, on equal epochs or on equal time.

A recipe gives the lanes of its race, by the name of the flag that switches each on, and says how a snapshot
is described. The race does the rest: which lane moves next, what happens to one that diverges, live changes,
and median and quartiles when every lane is an ensemble over seeds.
"""

import dataclasses
import math
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

import numpy as np

from pinn_core import DivergenceError, Mlp, SettingError, Snapshot, train

from .following import Wire
from .jobs import Job, JobFunction, late
from .settings import WidgetSettings

SomeSettings = TypeVar("SomeSettings", bound=WidgetSettings)

# Epochs of a lane before rounding parts two processors: residual attention amplifies it tenfold in thirty.
OPENING = 100

# Measured times in the wire form of a lane.
TIMES = frozenset({"milliseconds", "weighting_milliseconds"})

QUARTILES = {"_low": 0.25, "": 0.5, "_high": 0.75}


@dataclasses.dataclass(frozen=True)
class Lane:
    """What one scheme trains. Weighting and optimizer may change while it does."""

    problem: Any
    network: Mlp
    optimizer: Any
    weighting: Any

    def train(self, seeds: int | Iterable[int], epochs: int, every: int) -> Generator[Snapshot, Any, None]:
        """Train it; see `pinn_core.train`."""
        return train(
            self.problem, self.network, self.optimizer, self.weighting, seeds, epochs=epochs, every=every
        )


@dataclasses.dataclass(frozen=True)
class Race:
    """How a widget's schemes race.

    Parameters
    ----------
    lanes : the lanes that the settings switch on, by name.
    epochs : epochs of each lane, as the settings say.
    every : epochs between two snapshots.
    describe : wire form of one lane's snapshot ("series", "curve", "result", and whatever else the view
        draws), for one member of the ensemble, or for a single run when the member is None.
    judge : what follows from the numbers of a result, such as a verdict; of an ensemble, from the medians.
    whole : what the wire form of the race has beside its runs.
    observe : numbers of a snapshot whose history it does not hold, each (), or (B,) in an ensemble, by name.
        The race keeps them: as a series, and the last one in the result.
    """

    lanes: Callable[[Any], Mapping[str, Lane]]
    epochs: Callable[[Any], int]
    every: int
    describe: Callable[[Snapshot, Any, str, int | None], Wire]
    judge: Callable[[Wire], Wire] = lambda result: {}  # noqa: ARG005
    whole: Callable[[Any], Wire] = lambda settings: {}  # noqa: ARG005
    observe: Callable[[Snapshot], Mapping[str, Any]] = lambda snapshot: {}  # noqa: ARG005

    def run(self, settings: SomeSettings) -> Generator[Wire | None, SomeSettings | None, None]:
        """Train all lanes.

        Yields
        ------
        The state of the race after every round, see `wire`; None within a round, when a lane has moved and
        there is nothing to show yet. Settings that are sent take effect from the next epoch on.

        Raises
        ------
        SettingError : a setting is not allowed, or one is changed that must stay.
        DivergenceError : every lane has diverged.
        """
        runners = {name: Runner(name, lane, self, settings) for name, lane in self.lanes(settings).items()}
        moves = 0
        for runner in runners.values():  # epoch 0
            runner.move()
        changed = yield self.wire(runners, settings)
        while not self.is_over(runners, settings):
            if changed is not None and settings.changed_to(changed):
                settings = changed
                for name, lane in self.lanes(settings).items():
                    runners[name].change(lane, settings)
            healthy = [runner for runner in runners.values() if runner.diverged is None]
            if not healthy:
                raise_first(runners)
            min(healthy, key=Runner.spent if is_timed(settings) else Runner.epoch).move()
            moves += 1
            level = moves >= len(healthy) if is_timed(settings) else is_level(runners)
            if level or self.is_over(runners, settings):
                moves = 0
                changed = yield self.wire(runners, settings)
            else:
                changed = yield None

    def is_over(self, runners: Mapping[str, "Runner"], settings: Any) -> bool:
        """Whether every healthy lane has done its epochs; on equal time, whether one has."""
        done = [runner.epoch() >= self.epochs(settings) for runner in healthy_or_all(runners)]
        return any(done) if is_timed(settings) else all(done)

    def wire(self, runners: Mapping[str, "Runner"], settings: Any) -> Wire:
        """The race as plain data and arrays: "epoch", "epochs", "runs" by lane, and "result" with theirs."""
        runs = {name: runner.wire() for name, runner in runners.items()}
        reached = [runner.epoch() for runner in healthy_or_all(runners)]
        return {
            "epoch": max(reached) if is_timed(settings) else min(reached),
            "epochs": self.epochs(settings),
            "runs": runs,
            "result": {"runs": {name: run["result"] for name, run in runs.items()}},
            **self.whole(settings),
        }


class Runner:
    """One lane: its training, the last snapshot, and what became of it."""

    def __init__(self, name: str, lane: Lane, race: Race, settings: Any) -> None:
        self.name, self.lane, self.race, self.settings = name, lane, race, settings
        self.training = lane.train(seeds_of(settings), race.epochs(settings), race.every)
        self.snapshot: Snapshot | None = None
        self.diverged: DivergenceError | None = None
        self.milliseconds: list[float] = []
        self.observed: dict[str, list[Any]] = {}
        self._changes: dict[str, Any] | None = None
        self._wire: Wire | None = None

    def epoch(self) -> int:
        """Epochs done."""
        return self.snapshot.epoch if self.snapshot else 0

    def spent(self) -> float:
        """Milliseconds spent."""
        return self.milliseconds[-1] if self.milliseconds else 0.0

    def change(self, lane: Lane, settings: Any) -> None:
        """Take what differs in `lane` from the next epoch on."""
        changes = {
            part: getattr(lane, part)
            for part in ("weighting", "optimizer")
            if getattr(lane, part) != getattr(self.lane, part)
        }
        self.lane, self.settings = lane, settings
        self._changes = (self._changes or {}) | changes or None

    def move(self) -> None:
        """Train to the next snapshot."""
        changes, self._changes = self._changes, None
        try:
            self.snapshot = self.training.send(changes)
        except DivergenceError as error:
            self.diverged = error
        else:
            self.milliseconds.append(1000 * sum(self.snapshot.seconds.values()))
            for name, value in self.race.observe(self.snapshot).items():
                self.observed.setdefault(name, []).append(value)
        self._wire = None

    def wire(self) -> Wire:
        """The lane as plain data and arrays, made once for every state; empty if it diverged at once."""
        if self._wire is None:
            if self.snapshot is None:
                run: Wire = {"epoch": 0, "series": {}, "curve": {}, "result": {}}
            else:
                run = {"epoch": self.snapshot.epoch, **self.described(self.snapshot)}
                run["series"]["milliseconds"] = np.array(self.milliseconds)
                run["result"]["milliseconds"] = self.spent()
                run["result"]["weighting_milliseconds"] = 1000 * self.snapshot.seconds["weighting"]
            run["result"]["diverged"] = self.fault()
            self._wire = run
        return self._wire

    def described(self, snapshot: Snapshot) -> Wire:
        """A snapshot in wire form: of a single run, or median and quartiles of an ensemble.

        In the second case every name stands for the median, and `name_low` and `name_high` for the quartiles,
        of the members that have not diverged. Texts and what is the same in all members stand once.
        """
        if snapshot.rel_l2.ndim == 1:
            run = self.member(snapshot, None)
        else:
            diverged = np.full(len(snapshot.rel_l2), -1) if snapshot.diverged is None else snapshot.diverged
            run = summary([self.member(snapshot, int(member)) for member in np.flatnonzero(diverged < 0)])
        run["result"] |= self.race.judge(run["result"])
        return run

    def member(self, snapshot: Snapshot, member: int | None) -> Wire:
        """One member of a snapshot in wire form, with what was observed on the way, and late in it."""
        run = self.race.describe(snapshot, self.settings, self.name, member)
        for name, values in self.observed.items():
            series = np.array(values) if member is None else np.array(values)[:, member]
            run["series"][name] = series
            run["result"][name] = float(late(series))
        return run

    def fault(self) -> dict[str, Any] | None:
        """What went wrong first, and in how many members; None if nothing did."""
        if self.diverged is not None:
            error, n_seeds = self.diverged, self.settings.n_seeds
            cause = f"{error.term}: {error.cause}"
            return {"epoch": error.epoch, "cause": cause, "members": n_seeds, "of": n_seeds}
        if self.snapshot is None or self.snapshot.diverged is None or self.snapshot.causes is None:
            return None
        epochs = self.snapshot.diverged
        ill = np.flatnonzero(epochs >= 0)
        first = ill[np.argmin(epochs[ill])]
        cause = self.snapshot.causes[first]
        return {"epoch": int(epochs[first]), "cause": cause, "members": ill.size, "of": epochs.size}


def summary(runs: Sequence[Wire]) -> Wire:
    """Median and quartiles of the numbers and arrays of several runs in the same wire form."""
    result: Wire = {}
    for name, first in runs[0].items():
        values = [run[name] for run in runs]
        if isinstance(first, dict):
            result[name] = summary(values)
        elif isinstance(first, str) or all(np.array_equal(first, value) for value in values):
            result[name] = first
        else:
            for suffix, value in quartiles(np.array(values)).items():
                result[name + suffix] = value if np.ndim(value) else float(value)
    return result


def quartiles(values: np.ndarray) -> dict[str, np.ndarray]:
    """Quartiles and median along the first axis, by suffix: `np.quantile`, in a fifth of its time."""
    ordered = np.sort(values, axis=0)
    found = {}
    for suffix, share in QUARTILES.items():
        place = share * (len(ordered) - 1)
        below = math.floor(place)
        above = min(below + 1, len(ordered) - 1)
        found[suffix] = ordered[below] + (place - below) * (ordered[above] - ordered[below])
    return found


def seeds_of(settings: Any) -> int | range:
    """The seeds of a race: one, or as many in a row as its ensemble has members."""
    if settings.n_seeds == 1:
        return settings.seed
    return range(settings.seed, settings.seed + settings.n_seeds)


def is_timed(settings: Any) -> bool:
    """Whether the schemes are compared after equal time and not after equal epochs."""
    return getattr(settings, "compare", "epochs") == "time"


def raise_first(runners: Mapping[str, Runner]) -> NoReturn:
    """Raise the error of the lane that diverged first."""
    raise min((r.diverged for r in runners.values() if r.diverged is not None), key=lambda error: error.epoch)


def is_level(runners: Mapping[str, Runner]) -> bool:
    """Whether all healthy lanes have done the same number of epochs."""
    return len({runner.epoch() for runner in healthy_or_all(runners)}) == 1


def healthy_or_all(runners: Mapping[str, Runner]) -> list[Runner]:
    """The lanes that have not diverged; all of them when none is left."""
    return [runner for runner in runners.values() if runner.diverged is None] or list(runners.values())


def chosen(settings: WidgetSettings, least: int, most: int) -> list[str]:
    """The schemes that are switched on.

    Raises
    ------
    SettingError : fewer or more than a race can have.
    """
    names = [name for name in settings.flags() if getattr(settings, name)]
    if not least <= len(names) <= most:
        allowed = f"{least} to {most} of {', '.join(settings.flags())} switched on"
        raise SettingError("schemes", ", ".join(names) or "none", allowed)
    return names


def preset(settings: type[WidgetSettings], schemes: Sequence[str], **changes: Any) -> dict[str, Any]:
    """All settings but the seed, with these schemes switched on, so that no preset leaves anything behind."""
    flags: dict[str, Any] = {name: name in schemes for name in settings.flags()}
    made = settings(**flags, **changes).as_dict()
    return {name: value for name, value in made.items() if name != "seed"}


def with_every_scheme(settings: type[SomeSettings], changes: Mapping[str, Any]) -> SomeSettings:
    """Settings with every scheme switched on, as a recording has them."""
    return settings(**dict(changes) | dict.fromkeys(settings.flags(), True))


def trained_lane(
    race: Race, settings: WidgetSettings, scheme: str, every: int, stop: int | None = None
) -> Wire:
    """One lane of a race in wire form, trained alone to the end or to the first snapshot from `stop` on."""
    lane = race.lanes(settings)[scheme]
    runner = Runner(scheme, lane, dataclasses.replace(race, every=every), settings)
    last = race.epochs(settings) if stop is None else min(stop, race.epochs(settings))
    runner.move()
    while runner.diverged is None and runner.epoch() < last:
        runner.move()
    return runner.wire()


def assembled(race: Race, settings: WidgetSettings, runs: Mapping[str, Wire]) -> Wire:
    """The wire form of a finished race from that of its lanes, with its settings."""
    epochs = race.epochs(settings)
    results = {name: run["result"] for name, run in runs.items()}
    return {
        "settings": settings.as_dict(),
        "epoch": epochs,
        "epochs": epochs,
        "runs": dict(runs),
        "result": {"runs": results},
        **race.whole(settings),
    }


def shared_lanes(race: Race, races: Iterable[Any], function: JobFunction) -> dict[Any, dict[str, Job]]:
    """The jobs that train every lane of some races, each with all schemes.

    Lanes that are the same in two races share a job. `function` is given "changes", what differs from the
    default settings, and "scheme".
    """
    known: dict[tuple[str, Lane, int, int], Job] = {}
    found: dict[Any, dict[str, Job]] = {}
    for settings in races:
        found[settings] = {}
        defaults = with_every_scheme(type(settings), {}).as_dict()
        changes = {name: value for name, value in settings.as_dict().items() if value != defaults[name]}
        for scheme, lane in race.lanes(settings).items():
            key = scheme, lane, race.epochs(settings), settings.n_seeds
            name = ",".join([scheme, *(f"{name}={value}" for name, value in changes.items())])
            arguments = {"changes": changes, "scheme": scheme}
            found[settings][scheme] = known.setdefault(
                key, Job(f"runs/{name}", function, arguments, OPENING, TIMES)
            )
    return found
