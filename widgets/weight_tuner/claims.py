"""Claims of sections 3.1 and 3.2 about the harmonic problem, asked on the recorded runs."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..build.prose import Claim
from ..runs.oscillator import CLEAN_BELOW, WRONG_FROM, verdict

RULE_RATIO = 100.0  # the rule of thumb of section 3.1
EQUAL, QUIET, EDGE, GOOD, SHIFT, HUGE = 1.0, 10.0, 31.6228, 100.0, 1e3, 1e5
TINY = 1e-3
SMALL_RATIO = 7  # a seed to which the prose links
RESCUES = ("slow", "fast", "few_points", "many_points", "wide", "deep")


def at(ensemble: dict[str, Any], lam_ic: float, key: str = "rel_l2_late") -> np.ndarray:
    """What was measured under `key` at one weight, one entry for each seed.

    Raises
    ------
    LookupError : the ensemble has no such weight.
    """
    for lam, values in zip(ensemble["lam_ic"], ensemble[key], strict=True):
        if math.isclose(lam, lam_ic, rel_tol=1e-3):
            return np.array(values, float)
    raise LookupError(f"no recorded weight {lam_ic}")


def crossing(lam: np.ndarray, error: np.ndarray, level: float) -> tuple[float, float]:
    """Where an error curve falls below `level` and where it rises above it again, as decimal logarithms.

    Parameters
    ----------
    lam : (W,), weights in rising order.
    error : (W,), below `level` in one stretch inside; interpolated on logarithmic axes.
    """
    x, y = np.log10(lam), np.log10(error / level)
    inside = np.flatnonzero(y < 0)
    if not inside.size or inside[0] == 0 or inside[-1] == len(y) - 1:
        raise LookupError(f"the error does not dip below {level} inside the weights")

    def zero(left: int) -> float:
        return float(x[left] - y[left] * (x[left + 1] - x[left]) / (y[left + 1] - y[left]))

    return zero(inside[0] - 1), zero(inside[-1])


def claims(recording: dict[str, Any]) -> dict[str, Claim]:
    """Every statement of the prose that a run could refute, with the runs that were asked.

    Shares below one leave room for what the prose says itself: late in training Adam leaps now and then, so
    that a run may happen to end on a leap, and rounding decides which.
    """
    return (
        opening_claims(recording) | scan_claims(recording) | ratio_claims(recording) | cure_claims(recording)
    )


def opening_claims(recording: dict[str, Any]) -> dict[str, Claim]:
    """Section 3.1: equal weights."""
    sets, openings = recording["ensembles"], recording["openings"]
    default = sets["default"]
    quiet_ratio = at(default, QUIET, "gradient_ratio_largest") / QUIET
    return {
        "residual_falls": Claim(
            "with equal weights the residual loss falls by a factor of a hundred or more",
            at(default, EQUAL, "loss_pde") * 100 <= at(default, EQUAL, "loss_pde_start"),
            needed=0.75,
        ),
        "residual_falls_thousand": Claim(
            "with equal weights it often falls by a factor of a thousand",
            at(default, EQUAL, "loss_pde") * 1000 <= at(default, EQUAL, "loss_pde_start"),
            needed=0.5,
        ),
        "start_unmet": Claim(
            "with equal weights the loss of the initial condition stays above 0.95",
            at(default, EQUAL, "loss_ic") > 0.95,
            needed=0.95,
        ),
        "equal_zero": Claim(
            "with equal weights u stays below 0.01", at(default, EQUAL, "u_largest") < 0.01, needed=0.95
        ),
        "equal_wrong": Claim(
            "with equal weights the error is at least 99 %", at(default, EQUAL) > 0.99, needed=0.95
        ),
        "opening_above": Claim(
            "with equal weights the gradient ratio is above the rule's at some early epoch",
            np.array(openings["default"]["ratio_early"]) > RULE_RATIO,
            needed=0.8,
        ),
        "opening_settles": Claim(
            "by the end of the opening the ratio is within 5 % of one",
            np.abs(np.array(openings["default"]["ratio_end"]) - 1) < 0.05,
            needed=0.9,
        ),
        "half_silent": Claim(
            "at half the frequency the early ratio stays below half of the rule's",
            np.array(openings["half_frequency"]["ratio_early"]) < RULE_RATIO / 2,
            needed=0.9,
        ),
        "half_equal_clean": Claim(
            "at half the frequency equal weights end clean",
            at(sets["half_frequency"], EQUAL) < CLEAN_BELOW,
            needed=0.8,
        ),
        "quiet_ratio": Claim(
            "at a weight of ten the weighted ratio stays below the rule's at every snapshot",
            quiet_ratio < RULE_RATIO,
            needed=0.95,
        ),
        "quiet_wrong": Claim("and the runs end wrong", at(default, QUIET) >= WRONG_FROM, needed=0.9),
    }


def scan_claims(recording: dict[str, Any]) -> dict[str, Claim]:
    """Section 3.2: the weights of the slider."""
    default, slow = recording["ensembles"]["default"], recording["ensembles"]["slow"]
    seed_zones = [
        crossing(np.array(default["lam_ic"]), np.array(column), WRONG_FROM)
        for column in np.transpose(default["rel_l2_late"])
    ]
    return {
        "typical_seed": Claim(
            "what the slider shows has the verdict of the median over the starts",
            [shown == said for shown, said in verdicts_on_show(recording)],
            needed=0.85,
        ),
        "tiny_wrong": Claim("a thousandth is wrong", at(default, TINY) > 0.99, needed=0.95),
        "good_clean": Claim("a hundred ends clean", at(default, GOOD) < CLEAN_BELOW, needed=0.85),
        "good_not_a_few_percent": Claim(
            "a hundred ends below one per cent", at(default, GOOD) < 0.01, needed=0.55
        ),
        "slow_good_clean": Claim(
            "a hundred ends clean with the smaller learning rate", at(slow, GOOD) < CLEAN_BELOW, needed=0.5
        ),
        "huge_wrong": Claim("a hundred thousand ends above 100 %", at(default, HUGE) > 1.0, needed=0.95),
        "huge_slow_wrong": Claim(
            "and with the smaller learning rate, too", at(slow, HUGE) > 1.0, needed=0.95
        ),
        "huge_starts_at_one": Claim(
            "at a hundred thousand u starts within 1 % of one",
            np.abs(at(default, HUGE, "u_start") - 1) < 0.01,
            needed=0.95,
        ),
        "huge_not_constant": Claim(
            "at a hundred thousand u is negative at the end", at(default, HUGE, "u_end") < 0, needed=0.95
        ),
        "huge_falls": Claim("and it falls steadily", at(default, HUGE, "u_rise") < 0, needed=0.95),
        "zone_two_decades": Claim(
            "the zone of one seed is between 1.3 and 2.8 decades wide",
            [1.3 < high - low < 2.8 for low, high in seed_zones],
            needed=0.8,
        ),
        "edge_is_rough": Claim(
            "at the edge, clean and wrong runs both occur",
            np.array([(at(default, EDGE) < CLEAN_BELOW).any(), (at(default, EDGE) >= WRONG_FROM).any()]),
        ),
    }


def ratio_claims(recording: dict[str, Any]) -> dict[str, Claim]:
    """Section 3.2: the ratio of the gradient norms."""
    default = recording["ensembles"]["default"]
    end_ratio_equal = at(default, EQUAL, "gradient_ratio_end")
    start = np.array(recording["openings"]["default"]["ratio_start"])
    return {
        "ratio_follows_equal": Claim(
            "with equal weights the ratio ends within 5 % of one",
            np.abs(end_ratio_equal - 1) < 0.05,
            needed=0.8,
        ),
        "ratio_follows_tiny": Claim(
            "at a thousandth the weighted ratio ends within a factor of two of one",
            np.abs(np.log2(at(default, TINY, "gradient_ratio_end") / TINY)) < 1,
            needed=0.65,
        ),
        "ratio_start_at_most_thousand": Claim(
            "the ratio before training is below a thousand", start < 1000, needed=0.95
        ),
        "ratio_start_small": Claim(
            "some ratios before training are below a hundred",
            np.array([(start < 100).any(), (start < 20).any()]),
        ),
        **linked_claims(default["seeds"], start),
    }


def cure_claims(recording: dict[str, Any]) -> dict[str, Claim]:
    """Section 3.2: other settings, and ways out."""
    sets = recording["ensembles"]
    default, slow = sets["default"], sets["slow"]
    rescue_errors = np.concatenate([at(sets[name], EQUAL) for name in RESCUES])
    double = np.array(sets["double_frequency"]["rel_l2_late"])
    return {
        "patient_clean": Claim(
            "at a weight of ten, patience ends clean", at(sets["patient"], QUIET) < CLEAN_BELOW, needed=0.8
        ),
        "stuck_is_no_minimum": Claim(
            "with equal weights, patience leaves zero",
            at(sets["patient"], EQUAL, "u_largest") > 10 * at(default, EQUAL, "u_largest").max(),
            needed=0.5,
        ),
        "stuck_loss_falls": Claim(
            "with equal weights the loss keeps falling",
            at(sets["patient"], EQUAL, "loss_pde") + at(sets["patient"], EQUAL, "loss_ic")
            < np.median(at(default, EQUAL, "loss_pde") + at(default, EQUAL, "loss_ic")),
            needed=0.8,
        ),
        "second_order_clean": Claim(
            "with equal weights, L-BFGS ends clean", at(sets["second_order"], EQUAL) < CLEAN_BELOW, needed=0.8
        ),
        "rescue_wrong": Claim(
            "with equal weights no usual rescue helps", rescue_errors >= WRONG_FROM, needed=0.95
        ),
        "double_none_clean": Claim(
            "at twice the frequency no weight brings a run below 30 %",
            double.ravel() >= WRONG_FROM,
            needed=0.95,
        ),
        "shift": Claim(
            "at a thousand the slower rate ends with more than the median error of the faster one",
            at(slow, SHIFT) > np.median(at(default, SHIFT)),
            needed=0.75,
        ),
        "target_moves": Claim(
            "at a hundred the quotient of the losses changes by a factor of ten or more",
            quotient_change(default, GOOD) > 10,
            needed=0.8,
        ),
        "hard_clean": Claim(
            "the hard constraint ends below one per cent", at(sets["hard"], 1.0) < 0.01, needed=0.9
        ),
        "hard_as_good": Claim(
            "the hard constraint ends below twice the median of a hundred",
            at(sets["hard"], 1.0) < 2 * np.median(at(default, GOOD)),
            needed=0.6,
        ),
    }


def linked_claims(seeds: list[int], start: np.ndarray) -> dict[str, Claim]:
    """Single seeds to which the prose links; nothing where other seeds were trained."""
    if SMALL_RATIO not in seeds:
        return {}
    small = start[seeds.index(SMALL_RATIO)] < 20
    return {"linked_ratio": Claim("on the linked seed the ratio before training is small", np.array([small]))}


def verdicts_on_show(recording: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """For every recorded weight the verdict of the run that the slider shows, and that of the median."""
    default = recording["ensembles"]["default"]
    for run in recording["runs"]:
        if run["settings"]["constraint"] == "soft":
            errors = at(default, run["settings"]["lam_ic"])
            yield run["result"]["verdict"], verdict(float(np.median(errors)))


def quotient_change(ensemble: dict[str, Any], lam_ic: float) -> np.ndarray:
    """Factor by which L_pde / L_ic differs between the first epoch and the last, above one, for each seed."""
    before = at(ensemble, lam_ic, "loss_pde_start") / at(ensemble, lam_ic, "loss_ic_start")
    after = at(ensemble, lam_ic, "loss_pde") / at(ensemble, lam_ic, "loss_ic")
    return np.exp(np.abs(np.log(after / before)))
