"""The engine in the reader's browser computes what it computes here.

The real Pyodide of the built site, with the wheels that its lock file lists, runs the weight tuner and a
race under Node. Both sides do the same operations in float64, but their matrix products, exp and tanh round
differently in the last digit, and training amplifies that. The largest differences measured, each
relative to its own curve's largest value: 5e-14 for everything up to epoch 200. After that Adam at this
learning rate is chaotic, rounding errors grow to the size of the oscillations of the loss, and the last epoch
is a matter of luck. What a reader concludes stays the same: the error as it is reported, the median over the
last quarter. From 24 starts that differ by 1e-15 the largest was at most 1.34 times the smallest, at any of
these weights; in the last epoch it was 15 times.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import recipe_curves

from pinn_widgets.runs.jobs import late

HERE = Path(__file__).parent

ROUNDING = 1e-10
CHAOS = 1.5  # factor between two reported errors

SHORT: dict[str, dict[str, Any]] = {
    "equal weights": {"epochs": 200, "lam_ic": 1.0},
    "good weight": {"epochs": 200, "lam_ic": 100.0, "seed": 3},
    "hard constraint": {"epochs": 200, "constraint": "hard", "points": 30},
    "gradient descent": {"epochs": 200, "optimizer": "gradient_descent", "learning_rate": 1e-4},
}
LONG: dict[str, dict[str, Any]] = {
    f"weight {lam_ic:g}": {"epochs": 2000, "lam_ic": lam_ic} for lam_ic in (1.0, 100.0, 1e5)
}

RACES: dict[str, dict[str, Any]] = {
    "race": {"epochs": 200, "annealing": True, "hard": True, "annealing_weight": "inside"},
    "race of ensembles": {"epochs": 100, "n_seeds": 10, "seed": 3},
}
REQUESTS = {name: ("weight_tuner", changes) for name, changes in (SHORT | LONG).items()}
REQUESTS |= {name: ("ntk_race", changes) for name, changes in RACES.items()}

Curves = dict[str, Any]


@pytest.fixture(scope="module")
def in_pyodide(built_site: Path) -> dict[str, Curves]:
    """The curves of every setting, computed in Pyodide."""
    node = shutil.which("node")
    assert node, "Node is missing"
    script, recipe = HERE / "pyodide_run.mjs", HERE / "recipe_curves.py"
    done = subprocess.run(
        [node, script, built_site / "rt", recipe, json.dumps(list(REQUESTS.values()))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(zip(REQUESTS, json.loads(done.stdout), strict=True))


def difference(there: Curves, here: Curves, name: str) -> float:
    """Largest difference of a series or curve, relative to its largest value."""
    return float(np.max(np.abs(np.subtract(there[name], here[name]))) / np.max(np.abs(here[name])))


@pytest.mark.parametrize("name", SHORT | RACES)
def test_every_curve_is_that_of_cpython(in_pyodide: dict[str, Curves], name: str) -> None:
    there, here = in_pyodide[name], recipe_curves.curves(*REQUESTS[name])
    assert set(there) == set(here)
    assert there.pop("verdict") == here.pop("verdict")
    assert max(difference(there, here, key) for key in here) < ROUNDING


@pytest.mark.parametrize("name", LONG)
def test_error_and_verdict_of_the_whole_run_are_those_of_cpython(
    in_pyodide: dict[str, Curves], name: str
) -> None:
    there, here = in_pyodide[name], recipe_curves.curves(*REQUESTS[name])
    errors = [float(late(curves["weight_tuner rel_l2"])) for curves in (there, here)]
    assert max(errors) < CHAOS * min(errors)
    assert there["verdict"] == here["verdict"]
