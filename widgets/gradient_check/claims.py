"""Claims of appendix A, asked on the recorded checks."""

from typing import Any

import numpy as np

from ..build.prose import Claim

EXACT = 1e-13  # "to rounding": about the size of the rounding errors of a sum of a few hundred numbers


def claims(recording: dict[str, Any]) -> dict[str, Claim]:
    """Every statement of the prose that a check could refute, with the checks that were asked."""
    worst = np.ravel(recording["ensembles"]["default"]["worst"])
    bent = [run["result"] for run in recording["runs"] if run["settings"]["bend"] != "none"]
    return {
        "exact": Claim("every rule as derived agrees with the complex step to rounding", worst < EXACT),
        "caught": Claim("a bent rule fails the check", [not result["passed"] for result in bent]),
        "far_apart": Claim(
            "a bent rule errs a million times more than the rules as derived",
            [result["worst"] > 1e6 * worst.max() for result in bent],
        ),
    }
