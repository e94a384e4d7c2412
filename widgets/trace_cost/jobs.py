"""What is recorded of the cost of a trace: the presets, and how far two ways differ over many networks."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..runs.following import Wire
from ..runs.jobs import Job, joined, over_seeds
from .recipe import PRESETS, ROWS, Settings, difference_of, run

N_SEEDS = 24
SHAPES = ((1, 8), (1, 32), (2, 16), (2, 32), (3, 16), (3, 24))  # depth and width

UNSTEADY = frozenset(
    {"table", "ratio", "difference", *(f"milliseconds_{name}" for name in ("forward", *ROWS))}
)


def jobs(first_seed: int = 0) -> list[Job]:
    """All jobs. Every preset is measured in the same one, so that none disturbs another."""
    shown = Job("runs/presets", measure, {"presets": list(PRESETS.values())}, unsteady=UNSTEADY)
    return [shown, *(job for shape in SHAPES for job in difference_jobs(*shape, first_seed))]


def difference_jobs(depth: int, width: int, first_seed: int) -> list[Job]:
    """The jobs that compare the two ways for networks of one shape."""
    arguments = {"depth": depth, "width": width}
    name = f"default/{depth}x{width}"
    return over_seeds(name, compare, arguments, N_SEEDS, first_seed, unsteady=UNSTEADY)


def recording(results: Mapping[str, Wire], first_seed: int = 0) -> dict[str, Any]:
    """What the jobs have found, put together.

    Returns
    -------
    dict with "runs", each a measurement in wire form with its "settings", and "ensembles" by name:
    "settings", "depth" and "width" (D,), "seeds" (S,) and "difference" (D, S).
    """
    ensemble = {
        "settings": Settings().as_dict(),
        "depth": [depth for depth, _ in SHAPES],
        "width": [width for _, width in SHAPES],
        "seeds": list(range(first_seed, first_seed + N_SEEDS)),
        "difference": np.stack(
            [joined(difference_jobs(*shape, first_seed), results)["difference"] for shape in SHAPES]
        ),
    }
    return {"runs": results["runs/presets"]["runs"], "ensembles": {"default": ensemble}}


def measure(*, presets: list[dict[str, Any]], stop: int | None = None) -> Wire:  # noqa: ARG001 (no epochs)
    """The measurements of some presets in wire form with their settings."""
    runs = []
    for preset in presets:
        settings = Settings(**preset)
        wire = next(state for state in run(settings) if state is not None)
        runs.append({"settings": settings.as_dict(), **wire})
    return {"runs": runs}


def compare(*, depth: int, width: int, seeds: list[int], stop: int | None = None) -> Wire:  # noqa: ARG001
    """The difference of the two ways for every seed."""
    differences = [difference_of(Settings(depth=depth, width=width, seed=seed)) for seed in seeds]
    return {"difference": np.array(differences)}
