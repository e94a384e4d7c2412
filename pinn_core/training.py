"""The training loop: a generator of snapshots."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from itertools import islice
from time import perf_counter
from types import MappingProxyType
from typing import Any

import numpy as np

from .contracts import check_network, check_optimizer, check_problem, check_weighting
from .ensembles import Block, Workshop, block_size
from .errors import LOSS_NOT_FINITE, DivergenceError, SettingError, one_of, whole_number
from .jets import Array
from .networks import Network
from .optimizers import Optimizer
from .problems import Problem
from .snapshots import History, Snapshot
from .weighting import Weighting, WeightState, check_state

# Steps after which a run looks whether it diverged.
CHECK_EVERY = 1000

MOST_SEEDS = 1_000_000  # what is endless ends there


class Run(Generator[Snapshot, Any, None]):
    """The snapshots of a training, one after the other; see `train`.

    Parameters
    ----------
    snapshots : the generator that trains.
    """

    def __init__(self, snapshots: Generator[Snapshot, Any, None]) -> None:
        self._snapshots, self._has_begun = snapshots, False

    def send(self, changes: Mapping[str, Any] | None) -> Snapshot:
        """Change weighting, optimizer or both, train to the next snapshot and return it.

        Raises
        ------
        SettingError : a change is not allowed, or there is no snapshot yet that it could follow.
        """
        if changes is not None and not self._has_begun:
            raise SettingError("changes", changes, "nothing before the first snapshot: call next(run) first")
        self._has_begun = True
        return self._snapshots.send(changes)

    def throw(self, *error: Any) -> Snapshot:
        """Raise an error where the training waits."""
        return self._snapshots.throw(*error)


def train(
    problem: Problem,
    network: Network,
    optimizer: Optimizer,
    weighting: Weighting,
    seeds: int | Iterable[int] = 0,
    epochs: int = 2000,
    every: int = 20,
    dtype: str = "float64",
) -> Run:
    """Train a network on a problem.

    Parameters
    ----------
    problem : one of `pinn_core.problems`, or any object with the members of `problems.Problem`.
    network : an Mlp, or any object with the members of `networks.Network`.
    optimizer : one of `pinn_core.optimizers`, or any object with the members of `optimizers.Optimizer`.
    weighting : one of `pinn_core.weighting`, or any object with the members of `weighting.Weighting`.
    seeds : one seed for a single run, or B seeds, at most a million, for an ensemble; a seed may occur twice.
    epochs : optimizer steps to take, each on all points, from 1 to 10 million.
    every : steps between snapshots. It changes no number of the run.
    dtype : "float64" or "float32".

    Returns
    -------
    A `Run`, a generator of `Snapshot` at the epochs 0, every, 2 * every and so on, and at `epochs`. It may be
    abandoned at any time. ``run.send({"weighting": ..., "optimizer": ...})`` changes either or both from the
    next step on and returns the next snapshot; the state of the optimizer is kept when its class stays the
    same.

    Raises
    ------
    SettingError : a setting is not allowed; the message says which one, and what is.
    DivergenceError : no member with finite losses and weights is left. The generator raises it.

    Cost
    ----
    A step is a forward and a backward sweep (see `Sweep`), a snapshot a backward sweep for every term.
    Updates of weights and evaluations of a searching optimizer come on top; snapshots count both.
    """
    check_problem(problem)
    check_network(network)
    check_optimizer(optimizer)
    check_weighting(weighting)
    chosen = checked_seeds(seeds)
    epochs = whole_number("epochs", epochs, 1, 10**7)
    every = whole_number("every", every, 1, 10**7)
    one_of("dtype", dtype, ("float64", "float32"))
    theta = np.stack([network.init(seed) for seed in chosen]).astype(dtype)
    members = len(chosen) if np.iterable(seeds) else None
    return Run(_Training(problem, network, optimizer, weighting, theta, members).run(epochs, every))


class _Training:
    """One run: all its members, their weights, and which of them diverged."""

    def __init__(
        self,
        problem: Problem,
        network: Network,
        optimizer: Optimizer,
        weighting: Weighting,
        theta: Array,
        members: int | None,
    ) -> None:
        self.members, self.theta = members, theta
        self.terms, self.sizes = tuple(problem.sizes), problem.sizes
        weights = self.first_weights(weighting)
        self.grid = problem.grid().copy()  # the problem may go on with its own
        self.exact = problem.exact(self.grid).copy()
        self.grid.flags.writeable = self.exact.flags.writeable = False
        self.prediction = np.empty((len(theta), self.grid.size), theta.dtype)
        self.diverged = np.full(len(theta), -1)  # the epoch, or -1
        self.causes: dict[int, tuple[str, str]] = {}  # term and cause of members that have diverged
        self.seconds = {"training": 0.0, "weighting": 0.0}
        workshops: dict[int, Workshop] = {}
        self.blocks: list[tuple[slice, Block]] = []
        n_blocks = -(-len(theta) // block_size(problem, network, theta.dtype))
        for part in np.array_split(np.arange(len(theta)), n_blocks):
            if part.size not in workshops:
                workshops[part.size] = Workshop(problem, network, part.size, theta.dtype)
            where = slice(part[0], part[-1] + 1)
            workshop = workshops[part.size]
            block = Block(theta[where], network, optimizer, weighting, weights.part(where), workshop)
            self.blocks.append((where, block))

    def first_weights(self, weighting: Weighting) -> WeightState:
        """The state with which a scheme begins, checked."""
        weights = weighting.init(self.sizes, self.members)
        check_state(weights, self.sizes, self.members)
        return weights

    def run(self, epochs: int, every: int) -> Generator[Snapshot, Any, None]:
        """Advance and record, show, take changes; until the last epoch."""
        history = History(self.terms, self.members, 1 - (-epochs // every), self.theta.dtype)
        epoch = stop = 0
        while True:
            # Every block is recorded right after its last step, while its forward sweep is still at hand.
            for where, block in self.blocks:
                with np.errstate(all="ignore"):
                    self.advance(where, block, epoch, stop)
                    self.record(where, block, history)
            if (self.diverged >= 0).all():
                last = int(self.diverged.argmax())
                raise DivergenceError(int(self.diverged[last]), *self.causes[last])
            changes = yield self.snapshot(stop, history)
            if stop == epochs:
                return
            if changes is not None:
                self.change(changes)
            epoch, stop = stop, min(stop + every, epochs)

    def change(self, changes: Mapping[str, Any]) -> None:
        """Take another weighting, another optimizer, or both."""
        if not isinstance(changes, Mapping) or not set(changes) <= {"weighting", "optimizer"}:
            raise SettingError("changes", changes, 'a mapping with keys "weighting" and "optimizer"')
        if "weighting" in changes:
            check_weighting(changes["weighting"])
            weights = self.first_weights(changes["weighting"])
            for where, block in self.blocks:
                block.change_weighting(changes["weighting"], weights.part(where))
        if "optimizer" in changes:
            check_optimizer(changes["optimizer"])
            for _, block in self.blocks:
                block.change_optimizer(changes["optimizer"])

    def advance(self, where: slice, block: Block, epoch: int, stop: int) -> None:
        """Take the steps from `epoch` to `stop` with one block, unless all of it has diverged."""
        start, on_weights = perf_counter(), block.seconds
        if epoch == stop:
            block.advance(epoch, 0)
            self.mark(where, block, block.losses()[None], epoch)
        while epoch < stop and (self.diverged[where] < 0).any():
            steps = min(stop - epoch, CHECK_EVERY)
            self.mark(where, block, block.advance(epoch, steps), epoch + 1)
            epoch += steps
        on_weights = block.seconds - on_weights
        self.seconds["weighting"] += on_weights
        self.seconds["training"] += perf_counter() - start - on_weights

    def mark(self, where: slice, block: Block, losses: Array, epoch: int) -> None:
        """Note members that diverge in `losses` (steps, b, terms), which start at `epoch`, or by a fault."""
        bad = ~np.isfinite(losses)
        for member in np.flatnonzero(bad.any(axis=(0, 2)) & (self.diverged[where] < 0)):
            step = bad[:, member].any(axis=1).argmax()
            self.diverged[where][member] = epoch + step
            self.causes[where.start + member] = self.terms[bad[step, member].argmax()], LOSS_NOT_FINITE
        for fault in block.faults:
            known = self.diverged[where][fault.member]
            if known < 0 or fault.epoch < known:
                self.diverged[where][fault.member] = fault.epoch
                self.causes[where.start + fault.member] = fault.term, fault.cause
        block.faults.clear()

    def record(self, where: slice, block: Block, history: History) -> None:
        """Enter the members of one block into the history."""
        k = history.length
        history.losses[where, :, k] = block.losses()
        norms, traces = block.measures().gradient_norms, block.weights.traces or {}
        history.has_traces |= bool(traces)
        for row, term in enumerate(self.terms):
            history.norms[where, row, k] = norms[term]
            history.weights[where, row, k] = block.weights_in_force[term]
            history.traces[where, row, k] = traces.get(term, np.nan)
        prediction = block.prediction()
        error = prediction - self.exact
        history.rel_l2[where, k] = np.sqrt((error * error).sum(axis=1) / (self.exact * self.exact).sum())
        self.prediction[where] = prediction

    def snapshot(self, epoch: int, history: History) -> Snapshot:
        """The run so far."""
        history.epochs[history.length] = epoch
        history.length += 1
        show = history.show
        evaluations = np.concatenate([block.evaluations for _, block in self.blocks])
        points = [block.points_in_force for _, block in self.blocks]
        return Snapshot(
            epoch=epoch,
            epochs=history.epochs[: history.length].copy(),
            losses=history.series(history.losses),
            weights=history.series(history.weights),
            traces=history.series(history.traces) if history.has_traces else None,
            gradient_norms=history.series(history.norms),
            rel_l2=show(history.rel_l2[:, : history.length]),
            grid=self.grid,
            prediction=show(self.prediction.copy()),
            exact=self.exact,
            theta=show(self.theta.copy()),
            diverged=show(self.diverged.copy()) if self.causes else None,
            causes=self.shown_causes() if self.causes else None,
            point_weights={term: show(np.concatenate([one[term] for one in points])) for term in points[0]}
            or None,
            evaluations=int(evaluations[0]) if self.members is None else show(evaluations),
            seconds=MappingProxyType(dict(self.seconds)),
        )

    def shown_causes(self) -> tuple[str, ...]:
        """Term and cause of every member, "" for those that are healthy."""
        return tuple(": ".join(self.causes.get(member, ())) for member in range(len(self.theta)))


def checked_seeds(seeds: int | Iterable[int]) -> list[int]:
    """The seeds as ints; SettingError if there is none or one is not a whole number."""
    allowed = f"one whole number, or several, up to {MOST_SEEDS}"
    if isinstance(seeds, str | bytes | bytearray | memoryview | Mapping):
        raise SettingError("seeds", seeds, allowed)
    try:
        several = list(islice(seeds, MOST_SEEDS + 1)) if np.iterable(seeds) else [seeds]
    except Exception as error:  # whatever the object does when it is asked for its members
        raise SettingError("seeds", seeds, allowed) from error
    if not 1 <= len(several) <= MOST_SEEDS:
        raise SettingError("seeds", seeds, allowed)
    return [whole_number("seeds", seed, 0, 2**63 - 1) for seed in several]
