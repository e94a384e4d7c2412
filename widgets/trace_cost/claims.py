"""Claims about the cost of the trace, of section 3.3 and appendix B, asked on the recorded runs."""

from typing import Any

import numpy as np

from ..build.prose import Claim
from .recipe import TOLERANCE


def claims(recording: dict[str, Any]) -> dict[str, Claim]:
    """Every statement of the prose that a check could refute, with the checks that were asked."""
    differences = np.ravel(recording["ensembles"]["default"]["difference"])
    return {
        "same": Claim("closed form and loop agree to rounding", differences < 1e-13),
        "below_tolerance": Claim(
            "the checks on show pass", [run["result"]["difference"] <= TOLERANCE for run in recording["runs"]]
        ),
    }
