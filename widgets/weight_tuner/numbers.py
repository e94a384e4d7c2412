"""Numbers of sections 3.1 and 3.2 about the harmonic problem, from the recorded runs."""

import math
from typing import Any

import numpy as np

from ..build.prose import Claim, between, error_range, grouped, of, percent, quartiles, rounded, table
from ..runs.oscillator import CLEAN_BELOW, WRONG_FROM
from .claims import EDGE, EQUAL, GOOD, HUGE, QUIET, RESCUES, RULE_RATIO, SHIFT, TINY, at, claims, crossing
from .jobs import EPOCHS_PER_SNAPSHOT

TABLE_WEIGHTS = (1e-3, 1.0, 10.0, 31.6228, 100.0, 316.228, 1e3, 3162.28, 1e4, 1e5)


def zone(recording: dict[str, Any]) -> tuple[float, float]:
    """Decimal logarithms of the weights between which the median error is not wrong."""
    ensemble = recording["ensembles"]["default"]
    return crossing(np.array(ensemble["lam_ic"]), np.median(ensemble["rel_l2_late"], axis=1), WRONG_FROM)


def weight_text(lam: float) -> str:
    """A weight as text: 0.001, 1, 32, 100 000."""
    return grouped(float(f"{lam:.2g}")) if lam >= 1 else f"{lam:g}"


def numbers(recording: dict[str, Any]) -> dict[str, str]:
    """Every number of the prose, as text, by key."""
    sets, openings, said = recording["ensembles"], recording["openings"], claims(recording)
    default, slow, patient = sets["default"], sets["slow"], sets["patient"]
    settings = default["settings"]
    start = np.array(openings["default"]["ratio_start"])
    start_low, start_median, start_high = quartiles(start)
    low, high = zone(recording)
    double_medians = np.median(sets["double_frequency"]["rel_l2_late"], axis=1)
    rescue_errors = np.concatenate([at(sets[name], EQUAL) for name in RESCUES])
    equal_fall = at(default, EQUAL, "loss_pde_start") / at(default, EQUAL, "loss_pde")
    n_weights, n_seeds = np.shape(default["rel_l2_late"])
    omega = settings["frequency"] * math.pi
    return {
        "tuner_epochs": grouped(settings["epochs"]),
        "tuner_seeds": grouped(n_seeds),
        "tuner_every": grouped(EPOCHS_PER_SNAPSHOT),
        "tuner_points": grouped(settings["points"]),
        "tuner_rate": f"{settings['learning_rate']:g}",
        "clean_below": percent(CLEAN_BELOW, 1),
        "wrong_from": percent(WRONG_FROM),
        "omega_squared": rounded(omega**2),
        "omega_fourth": rounded(omega**4, 4),
        # equal weights
        "equal_pde_fall": rounded(np.median(equal_fall)),
        "equal_loss_ic": rounded(np.median(at(default, EQUAL, "loss_ic"))),
        "equal_u_largest": rounded(at(default, EQUAL, "u_largest").max(), 1),
        "equal_error": percent(np.median(at(default, EQUAL)), 3),
        "equal_weight": weight_text(EQUAL),
        "equal_ratio_end": rounded(np.median(at(default, EQUAL, "gradient_ratio_end"))),
        # the opening
        "rule_ratio": grouped(RULE_RATIO),
        "opening_seeds": grouped(len(start)),
        "opening_epochs": grouped(openings["default"]["epochs"]),
        "opening_early_epochs": grouped(openings["default"]["early_epochs"]),
        "opening_above": of(said["opening_above"]),
        "opening_ratio_end": rounded(np.median(openings["default"]["ratio_end"])),
        "ratio_start": f"{rounded(start_median)} ({between(rounded(start_low), rounded(start_high))})",
        "ratio_start_median": rounded(start_median),
        "ratio_start_smallest": rounded(start.min(), 1),
        "ratio_start_largest": rounded(start.max()),
        "half_ratio_largest": rounded(max(openings["half_frequency"]["ratio_early"])),
        "quiet_weight": weight_text(QUIET),
        "quiet_below": of(said["quiet_ratio"]),
        "quiet_error": error_range(at(default, QUIET)),
        # the scan
        "slow_seeds": grouped(len(slow["seeds"])),
        "slow_rate": f"{slow['settings']['learning_rate']:g}",
        "zone_width": rounded(high - low),
        "zone_low": rounded(10**low),
        "zone_high": rounded(10**high),
        "edge_weight": weight_text(EDGE),
        "edge_best": percent(at(default, EDGE).min()),
        "edge_worst": percent(at(default, EDGE).max()),
        "tiny_weight": weight_text(TINY),
        "tiny_ratio_end": rounded(np.median(at(default, TINY, "gradient_ratio_end")) / TINY),
        "good_weight": weight_text(GOOD),
        "good_error": error_range(at(default, GOOD)),
        "good_clean": of(said["good_clean"]),
        "huge_weight": weight_text(HUGE),
        "huge_u_start": rounded(np.median(at(default, HUGE, "u_start")), 3),
        "huge_u_end": rounded(np.median(at(default, HUGE, "u_end"))),
        "huge_wrong": of(said["huge_wrong"]),
        # other settings
        "patient_epochs": grouped(patient["settings"]["epochs"]),
        "patient_weight": weight_text(QUIET),
        "patient_error": error_range(at(patient, QUIET)),
        "half_equal_error": error_range(at(sets["half_frequency"], EQUAL)),
        "double_weights": grouped(len(double_medians)),
        "double_best_error": percent(double_medians.min()),
        "fast_rate": f"{sets['fast']['settings']['learning_rate']:g}",
        "few_points": grouped(sets["few_points"]["settings"]["points"]),
        "many_points": grouped(sets["many_points"]["settings"]["points"]),
        "rescue_wrong": of(said["rescue_wrong"]),
        "second_order_epochs": grouped(sets["second_order"]["settings"]["epochs"]),
        "second_order_error": error_range(at(sets["second_order"], EQUAL)),
        "second_order_clean": of(said["second_order_clean"]),
        "rescue_best_error": percent(rescue_errors.min(), 3),
        "scan_weights": grouped(n_weights),
        "scan_seeds": grouped(n_seeds),
        "scan_runs": grouped(n_weights * n_seeds),
        "scan_combinations": grouped(n_weights**3),
        "shift_weight": weight_text(SHIFT),
        "shift_error": percent(np.median(at(default, SHIFT))),
        "shift_error_slow": percent(np.median(at(slow, SHIFT))),
        "target_moves": of(said["target_moves"]),
        "hard_seeds": grouped(len(sets["hard"]["seeds"])),
        "hard_error": error_range(at(sets["hard"], 1.0)),
        # claims, checked
        "tiny_wrong": of(said["tiny_wrong"]),
        "equal_wrong": of(said["equal_wrong"]),
        "good_below_percent": of(said["good_not_a_few_percent"]),
        "huge_negative": of(said["huge_not_constant"]),
        "ratio_start_popular": of(Claim("", (start >= 100) & (start <= 1000))),
        "patient_clean": of(said["patient_clean"]),
        "half_equal_clean": of(said["half_equal_clean"]),
        "double_wrong": of(said["double_none_clean"]),
    }


def tables(recording: dict[str, Any]) -> dict[str, str]:
    """Every table of the prose, in Markdown, by key."""
    return {"error_table": error_table(recording)}


def error_table(recording: dict[str, Any]) -> str:
    """Error against weight for two learning rates."""
    default, slow = recording["ensembles"]["default"], recording["ensembles"]["slow"]
    rates = [f"learning rate {ensemble['settings']['learning_rate']:g}" for ensemble in (default, slow)]
    rows = [
        [weight_text(lam), error_range(at(default, lam)), error_range(at(slow, lam))] for lam in TABLE_WEIGHTS
    ]
    return table(["weight $\\lambda$", *rates], rows)
