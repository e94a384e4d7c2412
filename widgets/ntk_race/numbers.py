"""Numbers and claims of section 3.3 about the race, from the recorded runs."""

from typing import Any

import numpy as np

from ..build.archive import matching_run
from ..build.prose import Claim, between, error_range, grouped, measured, of, percent, rounded, table
from ..runs.oscillator import CLEAN_BELOW, WRONG_FROM
from ..runs.races import with_every_scheme
from .recipe import PRESETS, Settings

HAND_TUNED = 100.0  # the weight that section 3.2 finds
GAIN = 30.0  # over equal weights
ONE_IN_TEN_THOUSAND = 1e-4

# Rows of the table: name of the ensemble, and what the prose calls it; braces name settings.
TABLE = {
    "plain": "plain, λ = 1",
    "fixed": "fixed weight",
    "ntk": "NTK, as in the loss",
    "mean": "NTK, mean",
    "sum": "NTK, sum",
    "every_epoch": "NTK, every epoch",
    "clamp_100": "NTK, clamp {clamp}, κ = {keep}",
    "outside": "annealing outside",
    "inside": "annealing inside",
    "annealing_1000": "annealing outside, clamp {clamp}",
    "hard": "hard constraint",
}


def race(recording: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The recorded race with the default settings but for these."""
    return matching_run(recording, with_every_scheme(Settings, changes).as_dict())


def claims(recording: dict[str, Any]) -> dict[str, Claim]:
    """Every statement of the prose that a run could refute, with the runs that were asked."""

    def at(ensemble: str, key: str = "rel_l2_late") -> np.ndarray:
        return measured(recording, ensemble, key)

    start = recording["start"]
    spectrum = np.array(start["spectrum_pde"])
    ratios = {name: at(name, "ratio_end") for name in ("ntk", "rough", "slow_rough", "every_epoch")}
    return typical_claims(recording) | {
        "plain_wrong": Claim(
            "with equal weights the error is at least 99 %", at("plain") > 0.99, needed=0.95
        ),
        "fixed_clean": Claim("the hand-tuned weight ends clean", at("fixed") < CLEAN_BELOW, needed=0.85),
        "ntk_clean": Claim("the trace ends below one per cent", at("ntk") < 0.01, needed=0.9),
        "ntk_gain": Claim(
            "the trace gains thirtyfold over equal weights", at("plain") / at("ntk") > GAIN, needed=0.95
        ),
        "ntk_better": Claim(
            "the trace ends with the smaller error than the hand-tuned weight from the same start",
            at("ntk") < at("fixed"),
            needed=0.65,
        ),
        "ntk_not_far_better": Claim(
            "its median error is less than three times smaller",
            [float(np.median(at("fixed")) / np.median(at("ntk"))) < 3],
        ),
        "no_small_error": Claim(
            "with Adam alone no weighting reaches one in ten thousand",
            np.concatenate([at(name) for name in TABLE]) > ONE_IN_TEN_THOUSAND,
            needed=0.98,
        ),
        "raw_start": Claim(
            "the raw weight at the start is between 650 and 1100",
            (at("ntk", "ratio_start") > 650) & (at("ntk", "ratio_start") < 1100),
            needed=0.95,
        ),
        "raw_end": Claim(
            "the raw weight after training is within a factor 1.6 of the hand-tuned one",
            np.abs(np.log(np.concatenate(list(ratios.values())) / HAND_TUNED)) < np.log(1.6),
            needed=0.95,
        ),
        "traces_grow": Claim(
            "both traces grow in training, that of the initial condition more than three times as much",
            (at("ntk", "growth_pde") > 1) & (at("ntk", "growth_ic") > 3 * at("ntk", "growth_pde")),
            needed=0.95,
        ),
        "smoothed_lags": Claim(
            "the smoothed weight is still above the raw one",
            at("ntk", "lam_end") > at("ntk", "ratio_end"),
            needed=0.95,
        ),
        "smoothed_settles": Claim(
            "given twice the epochs it ends closer to the raw one",
            np.abs(at("long", "lam_end") - at("long", "ratio_end"))
            < np.abs(at("ntk", "lam_end") - at("ntk", "ratio_end")),
            needed=0.8,
        ),
        "sum_wrong": Claim("the sum ends wrong", at("sum") >= WRONG_FROM, needed=0.95),
        "sum_large": Claim(
            "the weight of the sum stays above 3000", at("sum", "lam_end") > 3000, needed=0.95
        ),
        "mean_clean": Claim("the mean ends clean", at("mean") < CLEAN_BELOW, needed=0.95),
        "every_epoch_clean": Claim(
            "refreshed every epoch, it ends clean", at("every_epoch") < CLEAN_BELOW, needed=0.9
        ),
        "clamp_binds": Claim(
            "the raw weight never falls more than 3 % below the clamp",
            at("clamp_100", "ratio_smallest") > 97,
            needed=0.7,
        ),
        "clamp_is_ramp": Claim(
            "the clamped weight ends within 1 % of the clamp",
            np.abs(at("clamp_100", "lam_end") / HAND_TUNED - 1) < 0.01,
            needed=0.85,
        ),
        "clamp_is_a_coin": Claim(
            "clamped at a hundred, it is ahead of the fixed weight about as often as not",
            [0.2 < float(np.mean(at("clamp_100") < at("fixed"))) < 0.8],
        ),
        "clamp_same_run": Claim(
            "trace and annealing with that clamp are the same run",
            at("clamp_100") == at("annealing_100"),
            needed=0.5,
        ),
        "clamp_clean": Claim(
            "clamped at a hundred it ends clean", at("clamp_100") < CLEAN_BELOW, needed=0.85
        ),
        "clamp_1000_idle": Claim(
            "a clamp at a thousand changes nothing", at("clamp_1000") == at("ntk"), needed=0.85
        ),
        "rough_clean": Claim(
            "without smoothing it ends clean all the same", at("rough") < CLEAN_BELOW, needed=0.85
        ),
        "slow_rough_worse": Claim(
            "at the smaller learning rate, without smoothing is worse than with",
            at("slow_rough") > at("slow"),
            needed=0.9,
        ),
        "slow_rough_unclean": Claim(
            "at the smaller learning rate and without smoothing a run does not end clean",
            at("slow_rough") >= CLEAN_BELOW,
            needed=0.8,
        ),
        "slow_clean": Claim("with smoothing it ends clean", at("slow") < CLEAN_BELOW, needed=0.85),
        "patient_rough_clean": Claim(
            "without smoothing, patience ends clean", at("patient_rough") < CLEAN_BELOW, needed=0.9
        ),
        "sample_as_good": Claim(
            "a sample of the residuals ends below three times the median of all of them",
            at("sample") < 3 * np.median(at("ntk")),
            needed=0.75,
        ),
        "outside_wrong": Claim(
            "annealing with the weight outside ends above 100 %", at("outside") > 1, needed=0.95
        ),
        "outside_runs_away": Claim(
            "its weight exceeds a million", at("outside", "lam_largest") > 1e6, needed=0.95
        ),
        "inside_clean": Claim(
            "annealing with the weight inside ends clean", at("inside") < CLEAN_BELOW, needed=0.8
        ),
        "inside_bounded": Claim(
            "its weight stays below a few thousand", at("inside", "lam_largest") < 3000, needed=0.95
        ),
        "inside_published": Claim(
            "refreshed every ten epochs, as published, it ends clean on some starts only",
            [0.2 < float(np.mean(at("inside_published") < CLEAN_BELOW)) < 0.8],
        ),
        "faster_unclean": Claim(
            "at one and a half times the frequency a run of the trace does not end clean",
            at("faster") >= CLEAN_BELOW,
            needed=0.5,
        ),
        "inside_unsettled": Claim(
            "given twice the epochs its weight goes on falling",
            at("inside_long", "lam_end") < np.median(at("inside", "lam_end")),
            needed=0.9,
        ),
        "annealing_on_clamp": Claim(
            "clamped at a thousand, the weight of annealing is above 85 % of the clamp",
            at("annealing_1000", "lam_end") > 850,
            needed=0.85,
        ),
        "annealing_clamped_clean": Claim(
            "clamped at a thousand, annealing ends clean", at("annealing_1000") < CLEAN_BELOW, needed=0.85
        ),
        "hard_clean": Claim("the hard constraint ends below one per cent", at("hard") < 0.01, needed=0.9),
        "gradient_norm_wrong": Claim(
            "balancing by gradient norms ends wrong", at("gradient_norm") >= WRONG_FROM, needed=0.95
        ),
        "gradient_norm_small": Claim(
            "its weight stays below a third of the hand-tuned one",
            at("gradient_norm", "lam_largest") < HAND_TUNED / 3,
            needed=0.95,
        ),
        "then_lbfgs": Claim(
            "Adam and then L-BFGS reach one in ten thousand, with either weighting",
            np.concatenate([at(name, "rel_l2_end") for name in ("then_lbfgs_ntk", "then_lbfgs_fixed")])
            < ONE_IN_TEN_THOUSAND,
            needed=0.9,
        ),
        "lbfgs_plain": Claim(
            "L-BFGS with equal weights ends below one per cent",
            at("lbfgs_plain", "rel_l2_end") < 0.01,
            needed=0.9,
        ),
        "two_directions": Claim(
            "two eigenvalues of the equation hold 99.9 % of its trace",
            spectrum[:, :2].sum(axis=1) / spectrum.sum(axis=1) > 0.999,
            needed=0.95,
        ),
        "steep_spectrum": Claim(
            "the fifth eigenvalue of the equation is below a ten-millionth of the first",
            spectrum[:, 4] < 1e-7,
            needed=0.95,
        ),
        "both_count": Claim(
            "the two eigenvalues of the initial condition are within a factor of three",
            np.array(start["spectrum_ic"])[:, 1] > 1 / 3,
            needed=0.95,
        ),
    }


def typical_claims(recording: dict[str, Any]) -> dict[str, Claim]:
    """What the widget shows first is what the prose says in general."""
    first = {name: run["result"]["rel_l2_late"] for name, run in race(recording)["runs"].items()}
    pairs = [
        [race(recording, **preset | {"n_seeds": n_seeds})["result"]["runs"] for n_seeds in (1, 10)]
        for preset in PRESETS.values()
    ]
    return {
        "typical_seed": Claim(
            "what one start shows of a scheme, ten starts show as well",
            [one[scheme]["verdict"] == ten[scheme]["verdict"] for one, ten in pairs for scheme in one],
            needed=0.95,
        ),
        "typical_order": Claim("the trace is ahead of the fixed weight", [first["ntk"] < first["fixed"]]),
    }


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
