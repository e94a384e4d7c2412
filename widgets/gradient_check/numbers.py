"""Numbers of appendix A, from the recorded checks."""

from typing import Any

import numpy as np

from ..build.prose import grouped, of, percent, rounded
from .claims import claims


def numbers(recording: dict[str, Any]) -> dict[str, str]:
    """Every number of the prose, as text, by key."""
    ensemble, said = recording["ensembles"]["default"], claims(recording)
    result = recording["runs"][0]["result"]
    return {
        "check_seeds": grouped(len(ensemble["seeds"])),
        "check_depths": grouped(len(ensemble["depth"])),
        "check_worst": rounded(np.max(ensemble["worst"])),
        "check_tolerance": rounded(result["tolerance"], 1),
        "check_bend": percent(ensemble["settings"]["bend_by"], 1),
        "check_caught": of(said["caught"]),
    }
