"""Numbers of sections 3.1 and 3.4 about the steep fit, from the recorded runs."""

from typing import Any

import numpy as np

from pinn_core.weighting.self_adaptive import sigmoid

from ..build.prose import Claim, between, grouped, measured, of, quartiles, rounded, table
from .claims import centre_share, drop, elsewhere, mask_claims, spread, weight_claims
from .recipe import CENTRE_BELOW, EPOCHS_PER_SNAPSHOT, FAST_ASCENT, problem_of
from .recipe import Settings as Race

# label in the tables, name of the ensemble
SCHEMES = (
    ("uniform", "default"),
    ("gradient norm", "gradient_norm"),
    ("the same, with the residual in it", "loss_gradient"),
    ("masks from $\\gamma_0 = 0$", "masks_zero"),
    ("masks from $\\gamma_0 = -2$", "masks_low"),
    ("square masks", "square"),
    ("residual attention", "attention"),
)
FADING = (
    ("uniform", "default"),
    ("masks, $\\gamma_0 = 0$", "masks_zero"),
    ("masks, $\\gamma_0 = -2$", "masks_low"),
    ("residual attention", "attention"),
)
LATER = ("", "_1000", "_2000", "_5000")


def numbers(recording: dict[str, Any]) -> dict[str, str]:
    """Every number of the prose, as text, by key."""
    return opening_numbers(recording) | weight_numbers(recording) | mask_numbers(recording)


def opening_numbers(recording: dict[str, Any]) -> dict[str, str]:
    """Section 3.1."""
    names = ("default", "dense", "patient", "sparse")
    settings = {name: recording["ensembles"][name]["settings"] for name in names}
    ratio = measured(recording, "default", "ratio")
    return {
        "race_seeds": grouped(len(ratio)),
        "race_points": grouped(settings["default"]["points"]),
        "race_epochs": grouped(settings["default"]["epochs"]),
        "race_ratio": median_range(ratio),
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


def weight_numbers(recording: dict[str, Any]) -> dict[str, str]:
    """Section 3.4: the measure, gradient norms and residual attention."""
    sets, said = recording["ensembles"], weight_claims(recording)
    problem = problem_of(Race())
    in_centre = int(np.count_nonzero(np.abs(problem.points()) < CENTRE_BELOW))
    return {
        "point_in_centre": grouped(in_centre),
        "point_outer": grouped(problem.n_points - in_centre),
        "point_grid": grouped(len(problem.grid())),
        "point_ensemble": grouped(max(one["settings"]["n_seeds"] for one in recording["runs"])),
        "gradient_norm_ratio": median_range(measured(recording, "gradient_norm", "ratio")),
        "gradient_norm_centre": median_range(centre_share(recording, "gradient_norm")),
        "gradient_norm_no_smaller": of(said["gradient_norm_ratio"]),
        "gradient_norm_same": of(said["gradient_norm_centre_same"]),
        "gradient_norm_spread": rounded(np.median(spread(sets["gradient_norm"]))),
        "gradient_norm_middle": rounded(np.median(sets["gradient_norm"]["weight_climb"])),
        "gradient_norm_least": of(said["gradient_norm_middle"]),
        "gradient_norm_torch": rounded(np.median(elsewhere(recording, "gradient_norm", "torch"))),
        "gradient_norm_torch_better": of(said["gradient_norm_torch"]),
        "gradient_norm_lecun": rounded(np.median(elsewhere(recording, "gradient_norm", "lecun"))),
        "gradient_norm_lecun_better": of(said["gradient_norm_lecun"]),
        "gradient_norm_deep": rounded(np.median(elsewhere(recording, "gradient_norm", "deep"))),
        "gradient_norm_deep_worse": of(said["gradient_norm_deep"]),
        "elsewhere_rate": f"{sets['default_rate']['settings']['learning_rate']:g}",
        "attention_best": of(said["attention_best"]),
        "loss_gradient_centre": rounded(np.median(centre_share(recording, "loss_gradient"))),
        "loss_gradient_worse": of(said["loss_gradient_worse"]),
        "loss_gradient_weight": rounded(np.median(sets["loss_gradient"]["weight_centre"]), 1),
        "attention_centre": median_range(centre_share(recording, "attention")),
        "attention_drop": rounded(np.median(drop(recording, "attention"))),
        "attention_ratio": of(said["attention_ratio"]),
        "attention_ratio_later": of(said["attention_ratio_later"]),
        "attention_better_later": of(said["attention_better_later"]),
    }


def mask_numbers(recording: dict[str, Any]) -> dict[str, str]:
    """Section 3.4: self-adaptive masks."""
    sets, said = recording["ensembles"], mask_claims(recording)
    low, fast = drop(recording, "masks_low"), drop(recording, "fast", "wide")
    at_start = float(sigmoid(np.array(float(Race().gamma0)))[0])
    return {
        "mask_rate": f"{Race().ascent_rate:g}",
        "mask_start": rounded(at_start),
        "mask_growth": rounded(1 / at_start),
        "mask_every": grouped(EPOCHS_PER_SNAPSHOT),
        "masks_rise": of(said["masks_rise"]),
        "masks_low_centre": median_range(centre_share(recording, "masks_low")),
        "masks_low_drop": median_range(low),
        "masks_low_ratio": of(said["masks_low_ratio"]),
        "masks_low_halved": of(Claim("", low >= 2)),
        "masks_low_climb": rounded(np.median(sets["masks_low"]["weight_climb"])),
        "masks_low_beside": rounded(np.median(sets["masks_low"]["weight_beside"])),
        "masks_shaped_like_m": of(said["masks_shaped_like_m"]),
        "masks_low_smallest_drop": rounded(low.min()),
        "masks_low_largest_drop": rounded(low.max()),
        "masks_low_inside": rounded(np.median(sets["masks_low"]["weight_centre"])),
        "masks_low_outside": rounded(np.median(sets["masks_low"]["weight_outer"])),
        "masks_zero_centre": median_range(centre_share(recording, "masks_zero")),
        "masks_zero_drop": median_range(drop(recording, "masks_zero")),
        "masks_zero_ratio": of(said["masks_zero_ratio"]),
        "masks_zero_inside": rounded(np.median(sets["masks_zero"]["weight_centre"])),
        "masks_zero_outside": rounded(np.median(sets["masks_zero"]["weight_outer"])),
        "masks_zero_inside_later": rounded(np.median(sets["masks_zero_5000"]["weight_centre"])),
        "masks_zero_outside_later": rounded(np.median(sets["masks_zero_5000"]["weight_outer"])),
        "masks_later_epochs": grouped(sets["masks_zero_5000"]["settings"]["epochs"]),
        "masks_low_late_drop": median_range(drop(recording, "masks_low_5000", "default_5000")),
        "masks_low_fade": of(said["masks_low_fade"]),
        "square_centre": median_range(centre_share(recording, "square")),
        "square_better": of(said["square_centre"]),
        "ascent_width": grouped(FAST_ASCENT["width"]),
        "ascent_rate": f"{FAST_ASCENT['ascent_rate']:g}",
        "ascent_epochs": grouped(sets["fast"]["settings"]["epochs"]),
        "ascent_drop": median_range(fast),
        "ascent_ratio": of(said["fast_ratio"]),
        "ascent_later_epochs": grouped(sets["fast_later"]["settings"]["epochs"]),
        "ascent_later_drop": median_range(drop(recording, "fast_later", "wide_later")),
        "ascent_later_centre": rounded(np.median(centre_share(recording, "fast_later", "wide_later"))),
        "patience_epochs": grouped(sets["default_1000"]["settings"]["epochs"]),
        "patience_wins": of(said["patience_wins"]),
    }


def tables(recording: dict[str, Any]) -> dict[str, str]:
    """Every table of the prose, in Markdown, by key."""
    return {"point_table": scheme_table(recording), "fading_table": fading_table(recording)}


def scheme_table(recording: dict[str, Any]) -> str:
    """What every scheme does to the centre, to the ratio, and to its weights, with the default settings."""
    n_seeds = len(measured(recording, "default", "ratio"))
    rows = []
    for label, name in SCHEMES:
        ensemble, share = recording["ensembles"][name], centre_share(recording, name)
        row = [label, median_range(measured(recording, name, "ratio"))]
        row += ["", ""] if name == "default" else [rounded(np.median(share)), f"{np.sum(share < 1)}"]
        means = (np.median(ensemble[key]) for key in ("weight_centre", "weight_outer") if key in ensemble)
        rows.append([*row, " and ".join(rounded(mean) for mean in means)])
    header = ["weights", "ratio", "centre, relative to uniform", f"seeds better, of {n_seeds}", "mean weight"]
    return table(header, rows)


def fading_table(recording: dict[str, Any]) -> str:
    """Centre residual and ratio of some schemes after more and more epochs."""
    rows = []
    for suffix in LATER:
        epochs = recording["ensembles"][f"default{suffix}"]["settings"]["epochs"]
        cells = [
            f"{rounded(np.median(measured(recording, name + suffix, 'centre')))}"
            f" ({rounded(np.median(measured(recording, name + suffix, 'ratio')))})"
            for _, name in FADING
        ]
        rows.append([grouped(epochs), *cells])
    return table(["epochs", *(label for label, _ in FADING)], rows)


def median_range(values: np.ndarray) -> str:
    """Median and quartiles."""
    low, median, high = quartiles(values)
    return f"{rounded(median)} ({between(rounded(low), rounded(high))})"
