"""Gradient check: hand-written gradients against the complex step, also with one rule bent on purpose."""

import dataclasses
from collections.abc import Generator
from typing import Any

from pinn_core import FixedWeights, HarmonicOscillator, Mlp, gradient_check

from ..runs.following import Wire
from ..runs.settings import WidgetSettings, setting

TITLE = "Gradient check"

N_POINTS = 10
LAM_IC = 100.0


@dataclasses.dataclass(frozen=True)
class Settings(WidgetSettings):
    """Settings of the gradient check."""

    bend: str = setting(
        "none",
        label="Bent rule",
        choices=(
            ("none", "none: every rule as derived"),
            ("input_dw", "first layer: gradient of its weights"),
            ("input_db", "first layer: gradient of its biases"),
            ("affine_dW", "affine layer: gradient of its weights"),
            ("affine_db", "affine layer: gradient of its biases"),
            ("affine_dh", "affine layer: gradient of its input"),
            ("tanh_dz", "tanh: gradient of z"),
            ("tanh_dz_x", "tanh: gradient of z_x"),
            ("tanh_dz_xx", "tanh: gradient of z_xx"),
            ("product_df", "hard constraint: gradient of the network's output"),
            ("residuals_du", "residuals: gradient of the streams of u"),
        ),
        help="The chosen output of a backward rule is multiplied by 1 + bend.",
    )
    bend_by: float = setting(
        1e-3,
        label="log10 bend",
        minimum=1e-14,
        maximum=1.0,
        scale="log10",
        step=1.0,
        help="Size of the bend.",
    )
    depth: int = setting(2, label="Hidden layers", minimum=1, maximum=3, step=1)
    width: int = setting(
        8, label="Width", minimum=1, maximum=16, step=1, help="Neurons in each hidden layer."
    )
    constraint: str = setting(
        "soft",
        label="Initial condition",
        choices=(("soft", "soft: a weighted loss term"), ("hard", "hard: u = 1 + t² N(t)")),
    )
    seed: int = setting(0, label="Seed", minimum=0, maximum=9999, step=1, help="Draws the parameters.")


PRESETS: dict[str, dict[str, Any]] = {
    "as derived": {"bend": "none"},
    "bent by 0.1 %": {"bend": "tanh_dz_xx", "bend_by": 1e-3},
    "bent by 1e-9": {"bend": "affine_dW", "bend_by": 1e-9},
}

CODE = """\
import numpy as np
from pinn_core import FixedWeights, HarmonicOscillator, Mlp, gradient_check

bend = "{bend}"
check = gradient_check(
    HarmonicOscillator(omega=2 * np.pi, n_points=10, constraint="{constraint}"),
    Mlp(widths=(1, *[{width}] * {depth}, 1)),
    {{"soft": FixedWeights(pde=1.0, ic=100.0), "hard": FixedWeights()}}["{constraint}"],
    seed={seed},
    bend=None if bend == "none" else bend,
    bend_by={bend_by},
)
print(check)
"""


def run(settings: Settings) -> Generator[Wire, Settings | None, None]:
    """Check once and give the table of errors."""
    check = gradient_check(
        HarmonicOscillator(n_points=N_POINTS, constraint=settings.constraint),
        Mlp(widths=(1, *[settings.width] * settings.depth, 1)),
        FixedWeights() if settings.constraint == "hard" else FixedWeights(pde=1.0, ic=LAM_IC),
        seed=settings.seed,
        bend=None if settings.bend == "none" else settings.bend,
        bend_by=settings.bend_by,
    )
    blocks = list(check.errors["total"])
    yield {
        "epoch": 1,
        "epochs": 1,
        "series": {},
        "curve": {},
        "table": {
            "columns": ["gradient of", *blocks],
            "rows": [[term, *errors.values()] for term, errors in check.errors.items()],
            "streams": check.streams,
        },
        "result": {"worst": check.worst, "passed": check.passed, "tolerance": check.tolerance},
    }
