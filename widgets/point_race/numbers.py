"""Numbers and claims of section 3.1 about the steep fit, from the recorded runs."""

from typing import Any

import numpy as np

from ..prose import Claim, between, grouped, quartiles, rounded


def measured(recording: dict[str, Any], ensemble: str, key: str) -> np.ndarray:
    """What was measured under `key` in one ensemble, one entry for each seed."""
    return np.array(recording["ensembles"][ensemble][key])


def claims(recording: dict[str, Any]) -> dict[str, Claim]:
    """Every statement of the prose that a run could refute, with the runs that were asked."""
    centre = {name: measured(recording, name, "centre") for name in recording["ensembles"]}
    return {
        "centre_worse": Claim(
            "the mean error near the centre is at least twice that outside",
            measured(recording, "default", "ratio") > 2,
        ),
        "more_points_change_nothing": Claim(
            "ten times as many uniform points leave the centre within a quarter of its error",
            np.abs(centre["dense"] / centre["default"] - 1) < 0.25,
            needed=0.9,
        ),
        "learnt_late": Claim(
            "with four times the epochs the error near the centre is at least three times smaller",
            3 * centre["patient"] < centre["default"],
            needed=0.9,
        ),
        "sparse_misses": Claim(
            "with few points and as many epochs the error near the centre is at least five times larger",
            centre["sparse"] > 5 * centre["patient"],
        ),
    }


def numbers(recording: dict[str, Any]) -> dict[str, str]:
    """Every number of the prose, as text, by key."""
    settings = {name: ensemble["settings"] for name, ensemble in recording["ensembles"].items()}
    ratio = measured(recording, "default", "ratio")
    low, median, high = quartiles(ratio)
    return {
        "race_seeds": grouped(len(ratio)),
        "race_points": grouped(settings["default"]["points"]),
        "race_epochs": grouped(settings["default"]["epochs"]),
        "race_ratio": f"{rounded(median)} ({between(rounded(low), rounded(high))})",
        "race_ratio_smallest": rounded(ratio.min()),
        "race_ratio_largest": rounded(ratio.max()),
        "race_largest": median_range(measured(recording, "default", "largest")),
        "race_centre": median_range(measured(recording, "default", "centre")),
        "dense_points": grouped(settings["dense"]["points"]),
        "dense_centre": median_range(measured(recording, "dense", "centre")),
        "patient_fit_epochs": grouped(settings["patient"]["epochs"]),
        "patient_centre": median_range(measured(recording, "patient", "centre")),
        "sparse_points": grouped(settings["sparse"]["points"]),
        "sparse_epochs": grouped(settings["sparse"]["epochs"]),
        "sparse_centre": median_range(measured(recording, "sparse", "centre")),
    }


def median_range(values: np.ndarray) -> str:
    """Median and quartiles."""
    low, median, high = quartiles(values)
    return f"{rounded(median)} ({between(rounded(low), rounded(high))})"
