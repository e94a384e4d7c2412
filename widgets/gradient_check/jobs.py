"""What is recorded of the gradient check: every rule as derived and bent, and the worst error over seeds."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..runs.following import Wire
from ..runs.jobs import Job, joined, over_seeds
from .recipe import Settings, run

N_SEEDS = 24
DEPTHS = (1, 2, 3)

UNSTEADY = frozenset({"table", "worst"})  # as derived, all errors are rounding
BENDS = [bend for bend, _ in next(spec for spec in Settings.schema() if spec["name"] == "bend")["choices"]]


def jobs(first_seed: int = 0) -> list[Job]:
    """All jobs."""
    shown = [Job(f"runs/{bend}", check, {"changes": changes_of(bend)}, unsteady=UNSTEADY) for bend in BENDS]
    return [*shown, *(job for depth in DEPTHS for job in worst_jobs(depth, first_seed))]


def changes_of(bend: str) -> dict[str, Any]:
    """The settings that show a bend: the product rule is only used by the hard constraint."""
    return {"bend": bend, "constraint": "hard" if bend == "product_df" else "soft"}


def worst_jobs(depth: int, first_seed: int) -> list[Job]:
    """The jobs that check every rule as derived over seeds, in networks of one depth."""
    arguments = {"depth": depth}
    return over_seeds(f"default/{depth}", check_seeds, arguments, N_SEEDS, first_seed, unsteady=UNSTEADY)


def recording(results: Mapping[str, Wire], first_seed: int = 0) -> dict[str, Any]:
    """What the jobs have found, put together.

    Returns
    -------
    dict with "runs", each a check in wire form with its "settings", and "ensembles" by name: "settings",
    "depth" (D,), "seeds" (S,) and "worst" (D, S).
    """
    ensemble = {
        "settings": Settings().as_dict(),
        "depth": list(DEPTHS),
        "seeds": list(range(first_seed, first_seed + N_SEEDS)),
        "worst": np.stack([joined(worst_jobs(depth, first_seed), results)["worst"] for depth in DEPTHS]),
    }
    runs = [{"settings": Settings(**changes_of(bend)).as_dict(), **results[f"runs/{bend}"]} for bend in BENDS]
    return {"runs": runs, "ensembles": {"default": ensemble}}


def check(*, changes: Mapping[str, Any], stop: int | None = None) -> Wire:  # noqa: ARG001 (no epochs)
    """One check in wire form."""
    return next(run(Settings(**changes)))


def check_seeds(*, depth: int, seeds: list[int], stop: int | None = None) -> Wire:  # noqa: ARG001
    """The worst error of every seed, with every rule as derived."""
    worst = [next(run(Settings(depth=depth, seed=seed)))["result"]["worst"] for seed in seeds]
    return {"worst": np.array(worst)}
