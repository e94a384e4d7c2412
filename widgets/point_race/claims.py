"""Claims of sections 3.1 and 3.4 about the steep fit, asked on the recorded runs."""

from typing import Any

import numpy as np

from ..build.prose import Claim, measured, quartiles
from .jobs import ELSEWHERE
from .recipe import Settings as Race

# Seeds to which the prose links, because one of them alone would mislead.
NO_DROP, LARGE_DROP = 21, 0
FLATTERS_GRADIENT_NORM = 18
HIDES_ATTENTION = 8
TYPICAL = Race().seed


def drop(recording: dict[str, Any], ensemble: str, uniform: str = "default") -> np.ndarray:
    """How many times smaller the ratio is than with uniform weights, seed by seed."""
    return measured(recording, uniform, "ratio") / measured(recording, ensemble, "ratio")


def centre_share(recording: dict[str, Any], ensemble: str, uniform: str = "default") -> np.ndarray:
    """The centre residual as a share of that with uniform weights, seed by seed."""
    return measured(recording, ensemble, "centre") / measured(recording, uniform, "centre")


def elsewhere(recording: dict[str, Any], ensemble: str, place: str) -> np.ndarray:
    """The same with another network or another rate, a key of `ELSEWHERE`."""
    return centre_share(recording, f"{ensemble}_{place}", f"default_{place}")


def claims(recording: dict[str, Any]) -> dict[str, Claim]:
    """Every statement of the prose that a run could refute, with the runs that were asked."""
    return (
        opening_claims(recording)
        | weight_claims(recording)
        | mask_claims(recording)
        | linked_claims(recording)
    )


def opening_claims(recording: dict[str, Any]) -> dict[str, Claim]:
    """Section 3.1: uniform weights."""
    centre = {name: measured(recording, name, "centre") for name in ("default", "dense", "patient", "sparse")}
    return {
        "centre_worse": Claim(
            "the mean error near the centre is at least twice that outside",
            measured(recording, "default", "ratio") > 2,
            needed=0.95,
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
            "with few points and as many epochs the error near the centre is at least four times larger",
            centre["sparse"] > 4 * centre["patient"],
            needed=0.9,
        ),
    }


def weight_claims(recording: dict[str, Any]) -> dict[str, Claim]:
    """Section 3.4: gradient norms and residual attention."""
    weights = {name: recording["ensembles"][name] for name in ("gradient_norm", "loss_gradient")}
    gradient_share = centre_share(recording, "gradient_norm")
    return {
        "gradient_norm_ratio": Claim(
            "with gradient norms the ratio is no smaller than with uniform weights",
            drop(recording, "gradient_norm") <= 1,
            needed=0.5,
        ),
        "gradient_norm_centre_same": Claim(
            "with gradient norms the centre residual stays within a quarter of that with uniform weights",
            np.abs(np.log(gradient_share)) < np.log(5 / 4),
            needed=0.9,
        ),
        "gradient_norm_even": Claim(
            "the largest of these weights is less than twice the smallest",
            spread(weights["gradient_norm"]) < 2,
            needed=0.8,
        ),
        "gradient_norm_middle": Claim(
            "the two points in the middle of the climb weigh less than the average point",
            np.array(weights["gradient_norm"]["weight_climb"]) < 1,
            needed=0.95,
        ),
        "gradient_norm_torch": Claim(
            "with the initialiser of PyTorch gradient norms lower the centre residual",
            elsewhere(recording, "gradient_norm", "torch") < 1,
            needed=0.9,
        ),
        "gradient_norm_lecun": Claim(
            "with the initialiser of LeCun they lower it",
            elsewhere(recording, "gradient_norm", "lecun") < 1,
            needed=0.9,
        ),
        "gradient_norm_deep": Claim(
            "with a third hidden layer they raise it",
            elsewhere(recording, "gradient_norm", "deep") > 1,
            needed=0.9,
        ),
        "gradient_norm_rate": Claim(
            "with three times the learning rate it stays within a quarter",
            np.abs(np.log(elsewhere(recording, "gradient_norm", "rate"))) < np.log(5 / 4),
            needed=0.9,
        ),
        "attention_best": Claim(
            "elsewhere, too, residual attention leaves a smaller residual in the centre than the masks",
            np.concatenate(
                [
                    elsewhere(recording, "attention", place) < elsewhere(recording, "masks_low", place)
                    for place in ELSEWHERE
                ]
            ),
            needed=0.9,
        ),
        "loss_gradient_worse": Claim(
            "with the residual in the denominator the centre residual is at least twice as large",
            centre_share(recording, "loss_gradient") > 2,
            needed=0.85,
        ),
        "loss_gradient_upside_down": Claim(
            "with the residual in the denominator the centre has the smaller weights",
            np.less(weights["loss_gradient"]["weight_centre"], weights["loss_gradient"]["weight_outer"]),
            needed=0.95,
        ),
        "attention_centre": Claim(
            "residual attention brings the centre below a tenth of its residual with uniform weights",
            centre_share(recording, "attention") < 0.1,
            needed=0.95,
        ),
        "attention_ratio": Claim(
            "residual attention lowers the ratio", drop(recording, "attention") > 1, needed=0.75
        ),
        "attention_falls": Claim(
            "some weight of residual attention falls at some time",
            measured(recording, "attention", "weight_least_step") < 0,
            needed=0.8,
        ),
        "attention_ratio_later": Claim(
            "after ten times the epochs residual attention has the larger ratio",
            drop(recording, "attention_5000", "default_5000") < 1,
            needed=0.6,
        ),
        "attention_better_later": Claim(
            "and the smaller error all the same",
            measured(recording, "attention_5000", "rel_l2_late")
            < measured(recording, "default_5000", "rel_l2_late"),
            needed=0.75,
        ),
    }


def mask_claims(recording: dict[str, Any]) -> dict[str, Claim]:
    """Section 3.4: self-adaptive masks."""
    sets = recording["ensembles"]
    masks = [sets[name] for name in ("masks_low", "masks_zero", "square", "fast", "fast_later")]
    stalled = [
        np.subtract(sets[f"{name}_5000"][key], sets[name][key])
        for name in ("masks_low", "masks_zero")
        for key in ("weight_centre", "weight_outer")
    ]
    low, zero = drop(recording, "masks_low"), drop(recording, "masks_zero")
    fast, later = drop(recording, "fast", "wide"), drop(recording, "fast_later", "wide_later")
    late = drop(recording, "masks_low_5000", "default_5000")
    return {
        "masks_rise": Claim(
            "no mask ever falls from one snapshot to the next",
            np.concatenate([np.greater_equal(one["weight_least_step"], 0) for one in masks]),
        ),
        "masks_centre_above": Claim(
            "masks are larger in the centre",
            np.concatenate([np.greater(one["weight_centre"], one["weight_outer"]) for one in masks]),
            needed=0.95,
        ),
        "masks_shaped_like_m": Claim(
            "the two points on the climb have smaller masks than the two beside them",
            np.less(sets["masks_low"]["weight_climb"], sets["masks_low"]["weight_beside"]),
            needed=0.9,
        ),
        "masks_zero_above_half": Claim(
            "from gamma 0 no mask is below one half",
            np.greater_equal(sets["masks_zero_5000"]["weight_smallest"], 0.5),
        ),
        "masks_zero_not_equal": Claim(
            "from gamma 0 the masks do not end equal: the largest is at least 1.4 times the smallest",
            spread(sets["masks_zero_5000"]) > 1.4,
            needed=0.85,
        ),
        "masks_stall": Claim(
            "ten times the epochs raise no mean mask by as much as 0.02",
            np.ravel(stalled) < 0.02,
            needed=0.9,
        ),
        "masks_low_centre": Claim(
            "masks from gamma -2 bring the centre below half of its residual with uniform weights",
            centre_share(recording, "masks_low") < 0.5,
            needed=0.9,
        ),
        "masks_low_ratio": Claim("masks from gamma -2 lower the ratio", low > 1, needed=0.8),
        "masks_low_halve_some": Claim(
            "they halve it on some seeds and not on others", np.array([0.2 < np.mean(low >= 2) < 0.8])
        ),
        "masks_zero_centre": Claim(
            "masks from gamma 0 lower the centre residual",
            centre_share(recording, "masks_zero") < 1,
            needed=0.9,
        ),
        "masks_zero_ratio": Claim(
            "masks from gamma 0 change the ratio by less than a half",
            np.abs(np.log(zero)) < np.log(1.5),
            needed=0.8,
        ),
        "square_centre": Claim(
            "square masks lower the centre residual", centre_share(recording, "square") < 1, needed=0.9
        ),
        "fast_ratio": Claim("the fast ascent lowers the ratio at 500 epochs", fast > 1, needed=0.6),
        "fast_fades": Claim("at 1000 epochs the drop is smaller", later < fast, needed=0.5),
        "fast_gone": Claim("and on average it is gone", np.abs([np.median(later) - 1]) < 0.25),
        "fast_centre_stays": Claim(
            "the centre residual is still the smaller one",
            centre_share(recording, "fast_later", "wide_later") < 1,
            needed=0.8,
        ),
        "patience_wins": Claim(
            "uniform weights with twice the epochs have a smaller error than masks from gamma -2",
            measured(recording, "default_1000", "rel_l2_late")
            < measured(recording, "masks_low", "rel_l2_late"),
            needed=0.65,
        ),
        "masks_low_fade": Claim(
            "after ten times the epochs masks from gamma -2 lower the ratio by less",
            late < low,
            needed=0.55,
        ),
    }


def linked_claims(recording: dict[str, Any]) -> dict[str, Claim]:
    """Section 3.4: single seeds to which the prose links; nothing where other seeds were trained."""
    seeds = list(recording["ensembles"]["default"]["seeds"])
    if not {NO_DROP, LARGE_DROP, FLATTERS_GRADIENT_NORM, HIDES_ATTENTION, TYPICAL} <= set(seeds):
        return {}
    low, attention = drop(recording, "masks_low"), drop(recording, "attention")

    def near_median(values: np.ndarray) -> bool:
        lower, _, upper = quartiles(values)
        return lower <= values[seeds.index(TYPICAL)] <= upper

    return {
        "gradient_norm_flattered": Claim(
            "on the linked seed gradient norms leave the smaller residual in the centre",
            [centre_share(recording, "gradient_norm")[seeds.index(FLATTERS_GRADIENT_NORM)] < 1],
        ),
        "attention_hidden": Claim(
            "on the linked seed attention has the larger ratio, and a centre ten times better",
            [
                attention[seeds.index(HIDES_ATTENTION)] < 1,
                centre_share(recording, "attention")[seeds.index(HIDES_ATTENTION)] < 0.1,
            ],
        ),
        "masks_seeds_disagree": Claim(
            "of two linked seeds one has next to no drop and the other a large one",
            [low[seeds.index(NO_DROP)] < 1.1, low[seeds.index(LARGE_DROP)] > 2.5],
        ),
        "typical_seed": Claim(
            "what the widget shows first lies between the quartiles of all seeds",
            [
                near_median(measured(recording, "default", "ratio")),
                near_median(centre_share(recording, "gradient_norm")),
                near_median(low),
                near_median(attention),
            ],
        ),
    }


def spread(ensemble: dict[str, Any]) -> np.ndarray:
    """The largest weight of a point divided by the smallest, one entry for each seed."""
    return np.divide(ensemble["weight_largest"], ensemble["weight_smallest"])
