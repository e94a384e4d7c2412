"""Numbers about the cost of the trace, of section 3.3 and appendix B, from the recorded runs.

Times are those of the machine that built the book. No claim rests on them.
"""

from typing import Any

import numpy as np

from ..build.prose import grouped, rounded
from .recipe import TOLERANCE


def numbers(recording: dict[str, Any]) -> dict[str, str]:
    """Every number of the prose, as text, by key."""
    ensemble = recording["ensembles"]["default"]
    small, wide, many = (run["result"] for run in recording["runs"])

    def steps(result: dict[str, Any], what: str) -> str:
        return rounded(result[f"milliseconds_{what}"] / result["milliseconds_step"])

    return {
        "cost_closed": steps(small, "closed"),
        "cost_closed_alone": steps(small, "closed_alone"),
        "cost_loop": steps(small, "loop"),
        "cost_ratio": rounded(small["ratio"]),
        "cost_ratio_wide": rounded(wide["ratio"]),
        "cost_ratio_many": rounded(many["ratio"]),
        "cost_residuals": grouped(small["residuals"]),
        "cost_parameters": grouped(small["parameters"]),
        "cost_jacobian": grouped(small["residuals"] * small["parameters"]),
        "cost_shapes": grouped(len(ensemble["depth"])),
        "cost_seeds": grouped(len(ensemble["seeds"])),
        "cost_difference": rounded(np.max(ensemble["difference"]), 1),
        "cost_tolerance": rounded(TOLERANCE, 1),
    }
