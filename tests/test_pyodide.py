"""The engine in the reader's browser computes what it computes here.

The real Pyodide of the built site, with the wheels that its lock file lists, runs the weight tuner under
Node. Both sides do the same operations in float64, but their matrix products, exp and tanh round
differently in the last digit, and training amplifies that. The largest differences measured, each
relative to its own curve's largest value: 5e-14 for everything up to epoch 200; after that Adam at this
learning rate is chaotic, rounding errors grow to the size of the oscillations of the loss, and only what
a reader concludes stays the same: after 2000 epochs the solutions differ by up to 9e-3 (they have
amplitude one), and the verdicts agree.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import recipe_curves

HERE = Path(__file__).parent

ROUNDING = 1e-10
CHAOS = 0.05

SHORT: dict[str, dict[str, Any]] = {
    "equal weights": {"epochs": 200, "lam_ic": 1.0},
    "good weight": {"epochs": 200, "lam_ic": 100.0, "seed": 3},
    "hard constraint": {"epochs": 200, "constraint": "hard", "points": 30},
    "gradient descent": {"epochs": 200, "optimizer": "gradient_descent", "learning_rate": 1e-4},
}
LONG: dict[str, dict[str, Any]] = {
    f"weight {lam_ic:g}": {"epochs": 2000, "lam_ic": lam_ic} for lam_ic in (1.0, 100.0, 1e5)
}

Curves = dict[str, Any]


@pytest.fixture(scope="module")
def in_pyodide(built_site: Path) -> dict[str, Curves]:
    """The curves of every setting, computed in Pyodide."""
    node = shutil.which("node")
    assert node, "Node is missing"
    script, recipe = HERE / "pyodide_run.mjs", HERE / "recipe_curves.py"
    settings = SHORT | LONG
    done = subprocess.run(
        [node, script, built_site / "rt", recipe, json.dumps(list(settings.values()))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(zip(settings, json.loads(done.stdout), strict=True))


def difference(there: Curves, here: Curves, name: str) -> float:
    """Largest difference of a series or curve, relative to its largest value."""
    return float(np.max(np.abs(np.subtract(there[name], here[name]))) / np.max(np.abs(here[name])))


@pytest.mark.parametrize("name", SHORT)
def test_every_curve_is_that_of_cpython(in_pyodide: dict[str, Curves], name: str) -> None:
    there, here = in_pyodide[name], recipe_curves.curves(SHORT[name])
    assert set(there) == set(here)
    assert there.pop("verdict") == here.pop("verdict")
    assert max(difference(there, here, key) for key in here) < ROUNDING


@pytest.mark.parametrize("name", LONG)
def test_solution_and_verdict_after_the_whole_run_are_those_of_cpython(
    in_pyodide: dict[str, Curves], name: str
) -> None:
    there, here = in_pyodide[name], recipe_curves.curves(LONG[name])
    assert difference(there, here, "u") < CHAOS
    assert there["verdict"] == here["verdict"]
