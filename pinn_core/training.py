"""The training loop: a generator of snapshots."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import Any

import numpy as np

from .ensembles import Block, Workshop, block_size
from .errors import DivergenceError, SettingError, whole_number
from .jets import Array
from .networks import Mlp
from .optimizers import OPTIMIZERS, Optimizer
from .problems import PROBLEMS, Problem
from .snapshots import History, Snapshot
from .weighting import WEIGHTINGS, Weighting

# Steps after which a run looks whether it diverged.
CHECK_EVERY = 1000

Run = Generator[Snapshot, "Mapping[str, Any] | None", None]


def train(
    problem: Problem,
    network: Mlp,
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
    problem : one of `pinn_core.problems`.
    network : the Mlp.
    optimizer : one of `pinn_core.optimizers`.
    weighting : one of `pinn_core.weighting`.
    seeds : one seed for a single run, or B seeds for an ensemble; a seed may occur more than once.
    epochs : optimizer steps to take, each on all points, from 1 to 10 million.
    every : steps between snapshots. It changes no number of the run.
    dtype : "float64" or "float32".

    Returns
    -------
    A generator of `Snapshot` at the epochs 0, every, 2 * every and so on, and at `epochs`. It may be
    abandoned at any time. ``run.send({"weighting": ..., "optimizer": ...})`` changes either or both from the
    next step on and returns the next snapshot; the state of the optimizer is kept when its class stays the
    same.

    Raises
    ------
    SettingError : a setting is not allowed; the message says which one, and what is.
    DivergenceError : no member with finite losses is left. The generator raises it.

    Cost
    ----
    A step is a forward and a backward sweep (see `Sweep`), a snapshot a backward sweep for every term.
    """
    PROBLEMS.check_instance(problem)
    OPTIMIZERS.check_instance(optimizer)
    WEIGHTINGS.check_instance(weighting)
    if not isinstance(network, Mlp):
        raise SettingError("network", network, "an instance of Mlp")
    chosen = _checked_seeds(seeds)
    epochs = whole_number("epochs", epochs, 1, 10**7)
    every = whole_number("every", every, 1, 10**7)
    if dtype not in ("float64", "float32"):
        raise SettingError("dtype", dtype, "one of float64, float32")
    theta = np.stack([network.init(seed) for seed in chosen]).astype(dtype)
    members = len(chosen) if np.iterable(seeds) else None
    return _Training(problem, network, optimizer, weighting, theta, members).run(epochs, every)


class _Training:
    """One run: all its members, their weights, and which of them diverged."""

    def __init__(
        self,
        problem: Problem,
        network: Mlp,
        optimizer: Optimizer,
        weighting: Weighting,
        theta: Array,
        members: int | None,
    ) -> None:
        self.members, self.theta = members, theta
        self.terms = tuple(problem.sizes)
        self.weights = weighting.init(self.terms, members)
        self.grid = problem.grid()
        self.exact = problem.exact(self.grid)
        self.grid.flags.writeable = self.exact.flags.writeable = False
        self.prediction = np.empty((len(theta), self.grid.size), theta.dtype)
        self.diverged = np.full(len(theta), -1)  # the epoch, or -1
        self.culprits = np.zeros(len(theta), int)  # the index of the term
        workshops: dict[int, Workshop] = {}
        self.blocks: list[tuple[slice, Block]] = []
        n_blocks = -(-len(theta) // block_size(problem, network, theta.dtype))
        for part in np.array_split(np.arange(len(theta)), n_blocks):
            if part.size not in workshops:
                workshops[part.size] = Workshop(problem, network, part.size, theta.dtype)
            where = slice(part[0], part[-1] + 1)
            self.blocks.append((where, Block(theta[where], network, optimizer, workshops[part.size])))

    def run(self, epochs: int, every: int) -> Run:
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
                last = self.diverged.argmax()
                raise DivergenceError(int(self.diverged[last]), self.terms[self.culprits[last]])
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
            WEIGHTINGS.check_instance(changes["weighting"])
            self.weights = changes["weighting"].init(self.terms, self.members)
        if "optimizer" in changes:
            OPTIMIZERS.check_instance(changes["optimizer"])
            for _, block in self.blocks:
                block.change_optimizer(changes["optimizer"])

    def advance(self, where: slice, block: Block, epoch: int, stop: int) -> None:
        """Take the steps from `epoch` to `stop` with one block, unless all of it has diverged."""
        weights = {term: weight[where] for term, weight in self.weights.items()}
        if epoch == stop:
            self.mark(where, block.losses()[None], epoch)
        while epoch < stop and (self.diverged[where] < 0).any():
            steps = min(stop - epoch, CHECK_EVERY)
            self.mark(where, block.advance(steps, weights), epoch + 1)
            epoch += steps

    def mark(self, where: slice, losses: Array, epoch: int) -> None:
        """Note the members that diverge in `losses` (steps, b, terms), which start at `epoch`."""
        bad = ~np.isfinite(losses)
        for member in np.flatnonzero(bad.any(axis=(0, 2)) & (self.diverged[where] < 0)):
            step = bad[:, member].any(axis=1).argmax()
            self.diverged[where][member] = epoch + step
            self.culprits[where][member] = bad[step, member].argmax()

    def record(self, where: slice, block: Block, history: History) -> None:
        """Enter the members of one block into the history."""
        k = history.length
        history.losses[where, :, k] = block.losses()
        history.norms[where, :, k] = block.gradient_norms()
        for row, term in enumerate(self.terms):
            history.weights[where, row, k] = self.weights[term][where]
        prediction = block.prediction()
        error = prediction - self.exact
        history.rel_l2[where, k] = np.sqrt((error * error).sum(axis=1) / (self.exact * self.exact).sum())
        self.prediction[where] = prediction

    def snapshot(self, epoch: int, history: History) -> Snapshot:
        """The run so far."""
        history.epochs[history.length] = epoch
        history.length += 1
        show = history.show
        return Snapshot(
            epoch=epoch,
            epochs=history.epochs[: history.length].copy(),
            losses=history.series(history.losses),
            weights=history.series(history.weights),
            gradient_norms=history.series(history.norms),
            rel_l2=show(history.rel_l2[:, : history.length]),
            grid=self.grid,
            prediction=show(self.prediction.copy()),
            exact=self.exact,
            theta=show(self.theta.copy()),
            diverged=show(self.diverged.copy()) if (self.diverged >= 0).any() else None,
        )


def _checked_seeds(seeds: int | Iterable[int]) -> list[int]:
    """The seeds as ints; SettingError if there is none or one is not a whole number."""
    several = list(seeds) if np.iterable(seeds) else [seeds]
    if not several:
        raise SettingError("seeds", seeds, "one whole number, or several")
    return [whole_number("seeds", seed, 0, 2**63 - 1) for seed in several]
