"""Numbers of section 3.3 about the race, from the recorded runs."""

from typing import Any

import numpy as np

from ..build.prose import Claim, between, error_range, grouped, measured, of, percent, rounded, table
from ..runs.oscillator import CLEAN_BELOW
from .claims import HAND_TUNED, TABLE, claims, race


def numbers(recording: dict[str, Any]) -> dict[str, str]:
    """Every number of the prose, as text, by key."""
    sets, said = recording["ensembles"], claims(recording)
    settings = sets["ntk"]["settings"]
    ratio, n_points = measured(recording, "ntk", "ratio_start"), settings["points"]
    spectrum = np.array(recording["start"]["spectrum_pde"])

    def share_of_time(**changes: Any) -> str:
        result = race(recording, **changes)["runs"]["ntk"]["result"]
        return percent(result["weighting_milliseconds"] / result["milliseconds"], 1)

    def error(ensemble: str) -> np.ndarray:
        return measured(recording, ensemble, "rel_l2_late")

    def errors(ensemble: str) -> str:
        return error_range(error(ensemble))

    def median(ensemble: str, key: str, digits: int = 2) -> str:
        return rounded(np.median(measured(recording, ensemble, key)), digits)

    return {
        "ntk_points": grouped(n_points),
        "ntk_seeds": grouped(len(ratio)),
        "ntk_epochs": grouped(settings["epochs"]),
        "ntk_refresh": grouped(settings["refresh"]),
        "ntk_keep": f"{settings['keep']:g}",
        "ntk_rate": f"{settings['learning_rate']:g}",
        "ntk_slow_rate": f"{sets['slow']['settings']['learning_rate']:g}",
        "ntk_fixed_weight": grouped(HAND_TUNED),
        # the kernel at the start
        "ntk_first_two": percent(np.median(spectrum[:, :2].sum(axis=1) / spectrum.sum(axis=1)), 5),
        "ntk_fifth": rounded(np.median(spectrum[:, 4]), 1),
        "ntk_raw_start": rounded(np.median(ratio), 3),
        "ntk_raw_start_range": between(rounded(ratio.min(), 3), rounded(ratio.max(), 3)),
        "ntk_raw_start_sum": rounded(np.median(ratio) * n_points),
        "ntk_raw_start_mean": rounded(np.median(ratio) * 2),
        # the race
        "ntk_error": errors("ntk"),
        "ntk_fixed_error": errors("fixed"),
        "ntk_gain": rounded(np.median(error("fixed")) / np.median(error("ntk"))),
        "ntk_better": of(said["ntk_better"]),
        "ntk_fixed_clean": clean(error("fixed")),
        "ntk_fixed_small": of(Claim("", error("fixed") < 0.01)),
        "ntk_gained": of(said["ntk_gain"]),
        "ntk_gain_plain": rounded(np.median(error("plain") / error("ntk"))),
        "ntk_not_small": of(said["no_small_error"]),
        "ntk_raw_near": of(said["raw_end"]),
        "ntk_raw_end": median("ntk", "ratio_end", 3),
        "ntk_growth_pde": median("ntk", "growth_pde"),
        "ntk_growth_ic": median("ntk", "growth_ic"),
        "ntk_raw_fall": rounded(np.median(ratio / measured(recording, "ntk", "ratio_end"))),
        "ntk_lam_end": median("ntk", "lam_end", 3),
        "ntk_lam_largest": median("ntk", "lam_largest", 3),
        "ntk_long_epochs": grouped(sets["long"]["settings"]["epochs"]),
        "ntk_long_lam_end": median("long", "lam_end", 3),
        "ntk_sum_error": errors("sum"),
        "ntk_sum_lam_end": median("sum", "lam_end"),
        "ntk_sum_wrong": of(said["sum_wrong"]),
        "ntk_mean_error": errors("mean"),
        "ntk_mean_lam_end": median("mean", "lam_end", 3),
        "ntk_clamp_error": errors("clamp_100"),
        "ntk_clamp_binds": of(said["clamp_binds"]),
        "ntk_clamp_ramp": of(said["clamp_is_ramp"]),
        "ntk_clamp_same": of(said["clamp_same_run"]),
        "ntk_clamp_ahead": of(Claim("", error("clamp_100") < error("fixed"))),
        "ntk_clamp_loose": grouped(float(sets["clamp_1000"]["settings"]["clamp"])),
        "ntk_rough_error": errors("rough"),
        "ntk_slow_rough_error": errors("slow_rough"),
        "ntk_slow_rough_clean": clean(error("slow_rough")),
        "ntk_slow_error": errors("slow"),
        "ntk_rough_worse": of(said["slow_rough_worse"]),
        "ntk_patient_epochs": grouped(sets["patient_rough"]["settings"]["epochs"]),
        "ntk_patient_rough_error": errors("patient_rough"),
        "ntk_outside_error": percent(np.median(error("outside")), 3),
        "ntk_outside_away": of(said["outside_runs_away"]),
        "ntk_outside_lam": median("outside", "lam_end", 1),
        "ntk_inside_clean": of(said["inside_clean"]),
        "ntk_published_refresh": grouped(sets["inside_published"]["settings"]["refresh"]),
        "ntk_published_error": errors("inside_published"),
        "ntk_published_clean": clean(error("inside_published")),
        "ntk_faster_frequency": f"{sets['faster']['settings']['frequency']:g}",
        "ntk_faster_clean": clean(error("faster")),
        "ntk_faster_lam": median("faster", "lam_end"),
        "ntk_faster_epochs": grouped(sets["faster_long"]["settings"]["epochs"]),
        "ntk_faster_long_clean": of(said["faster_long_clean"]),
        "ntk_faster_long_lam": median("faster_long", "lam_end"),
        "ntk_faster_fixed": grouped(sets["faster_fixed"]["settings"]["fixed_weight"]),
        "ntk_faster_fixed_clean": clean(error("faster_fixed")),
        "ntk_inside_falling": of(said["inside_unsettled"]),
        "ntk_inside_lam": median("inside", "lam_end", 3),
        "ntk_inside_long_lam": median("inside_long", "lam_end"),
        "ntk_hard_error": errors("hard"),
        "ntk_gradient_norm_error": errors("gradient_norm"),
        "ntk_gradient_norm_lam": median("gradient_norm", "lam_end", 1),
        "ntk_lbfgs": grouped(sets["then_lbfgs_ntk"]["settings"]["lbfgs"]),
        "ntk_then_lbfgs_error": error_range(measured(recording, "then_lbfgs_ntk", "rel_l2_end")),
        "ntk_then_lbfgs_fixed_error": error_range(measured(recording, "then_lbfgs_fixed", "rel_l2_end")),
        "ntk_then_lbfgs": of(said["then_lbfgs"]),
        "ntk_lbfgs_plain_error": error_range(measured(recording, "lbfgs_plain", "rel_l2_end")),
        # the cost
        "ntk_share_of_time": share_of_time(),
        "ntk_share_every_epoch": share_of_time(refresh=1),
        "ntk_every_epoch_error": errors("every_epoch"),
        "ntk_sample": grouped(recording["sample"]),
        "ntk_sample_error": errors("sample"),
    }


def clean(errors: np.ndarray) -> str:
    """How many errors are clean: "4 of 10"."""
    return f"{np.count_nonzero(errors < CLEAN_BELOW)} of {errors.size}"


def tables(recording: dict[str, Any]) -> dict[str, str]:
    """Every table of the prose, in Markdown, by key."""
    rows = []
    for name, label in TABLE.items():
        errors, lam = (measured(recording, name, key) for key in ("rel_l2_late", "lam_end"))
        weight = "none" if np.isnan(lam).any() else rounded(np.median(lam), 3)
        scheme = label.format(**recording["ensembles"][name]["settings"])
        rows.append([scheme, error_range(errors), clean(errors), weight])
    return {"ntk_table": table(["scheme", "relative error", "clean", "λ at the end"], rows)}
