"""Claims of section 3.3 about the race, asked on the recorded runs."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..build.archive import matching_run
from ..build.prose import Claim, measured
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


# Called with the name of an ensemble, and a key: what was measured, (S,); without a key the late error.
Ask = Callable[..., np.ndarray]


def claims(recording: dict[str, Any]) -> dict[str, Claim]:
    """Every statement of the prose that a run could refute, with the runs that were asked."""

    def at(ensemble: str, key: str = "rel_l2_late") -> np.ndarray:
        return measured(recording, ensemble, key)

    return (
        typical_claims(recording)
        | race_claims(at)
        | reading_claims(at)
        | clamp_claims(at)
        | smoothing_claims(at)
        | annealing_claims(at)
        | other_claims(at)
        | kernel_claims(recording)
    )


def race_claims(at: Ask) -> dict[str, Claim]:
    """Equal weights, the weight set by hand, and the rule."""
    ratios = {name: at(name, "ratio_end") for name in ("ntk", "rough", "slow_rough", "every_epoch")}
    return {
        "plain_wrong": Claim(
            "with equal weights the error is at least 99 %", at("plain") > 0.99, needed=0.95
        ),
        "fixed_clean": Claim("the hand-tuned weight ends clean", at("fixed") < CLEAN_BELOW, needed=0.85),
        "ntk_clean": Claim("the trace ends below one per cent", at("ntk") < 0.01, needed=0.85),
        "ntk_gain": Claim(
            "the trace gains thirtyfold over equal weights", at("plain") / at("ntk") > GAIN, needed=0.9
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
            needed=0.9,
        ),
        "traces_grow": Claim(
            "both traces grow in training, that of the initial condition more than three times as much",
            (at("ntk", "growth_pde") > 1) & (at("ntk", "growth_ic") > 3 * at("ntk", "growth_pde")),
            needed=0.95,
        ),
        "smoothed_lags": Claim(
            "the smoothed weight is still above the raw one",
            at("ntk", "lam_end") > at("ntk", "ratio_end"),
            needed=0.85,
        ),
        "smoothed_settles": Claim(
            "given twice the epochs it ends closer to the raw one",
            np.abs(at("long", "lam_end") - at("long", "ratio_end"))
            < np.abs(at("ntk", "lam_end") - at("ntk", "ratio_end")),
            needed=0.8,
        ),
    }


def reading_claims(at: Ask) -> dict[str, Claim]:
    """How the trace is read, and how often."""
    return {
        "sum_wrong": Claim("the sum ends wrong", at("sum") >= WRONG_FROM, needed=0.95),
        "sum_large": Claim(
            "the weight of the sum stays above 3000", at("sum", "lam_end") > 3000, needed=0.95
        ),
        "mean_clean": Claim("the mean ends clean", at("mean") < CLEAN_BELOW, needed=0.95),
        "every_epoch_clean": Claim(
            "refreshed every epoch, it ends clean", at("every_epoch") < CLEAN_BELOW, needed=0.9
        ),
    }


def clamp_claims(at: Ask) -> dict[str, Claim]:
    """Clamps."""
    return {
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
    }


def smoothing_claims(at: Ask) -> dict[str, Claim]:
    """With and without smoothing."""
    return {
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
    }


def annealing_claims(at: Ask) -> dict[str, Claim]:
    """Annealing, and another frequency."""
    return {
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
        "faster_long_clean": Claim(
            "with three times the epochs it does", at("faster_long") < CLEAN_BELOW, needed=0.85
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
    }


def other_claims(at: Ask) -> dict[str, Claim]:
    """The hard constraint, gradient norms and L-BFGS."""
    return {
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
    }


def kernel_claims(recording: dict[str, Any]) -> dict[str, Claim]:
    """The kernel before training."""
    start = recording["start"]
    spectrum = np.array(start["spectrum_pde"])
    return {
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
