"""Weighting schemes: what each of them does, that it does something, and what happens when it cannot."""

import dataclasses
import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snapshots_of import arrays, last

from pinn_core import (
    Adam,
    AnnealingWeights,
    DivergenceError,
    FixedWeights,
    FunctionFit,
    GradientDescent,
    GradientNormWeights,
    HarmonicOscillator,
    Mlp,
    NtkTraceWeights,
    PointGradientNormWeights,
    ResidualAttention,
    SelfAdaptiveWeights,
    SettingError,
    TangentKernel,
    ensembles,
    train,
)
from pinn_core.objective import Objective
from pinn_core.point_norms import PointNorms
from pinn_core.weighting import WEIGHTINGS

NETWORK = Mlp((1, 6, 5, 1))
PROBLEM = HarmonicOscillator(n_points=8)
FIT = FunctionFit(n_points=6)
SEEDS = st.integers(0, 10_000)

# Every variant of every scheme that moves, with short intervals.
MOVING = [
    *[NtkTraceWeights(refresh=3, definition=name) for name in ("loss_consistent", "mean", "sum")],
    NtkTraceWeights(refresh=4, keep=0.0, anchor=None),
    NtkTraceWeights(refresh=1, sample=3, low=2.0, high=500.0),
    AnnealingWeights(refresh=3),
    AnnealingWeights(refresh=2, inside=True, keep=0.1),
    GradientNormWeights(refresh=3),
    PointGradientNormWeights(refresh=2),
    PointGradientNormWeights(keep=0.5, denominator="loss_gradient"),
    SelfAdaptiveWeights(),
    SelfAdaptiveWeights(gamma0=-2.0, ascent="adam", rate=0.02),
    SelfAdaptiveWeights(mask="square", gamma0=1.0, rate=1e-4),
    SelfAdaptiveWeights(mask="square", gamma0=1.0, ascent="adam", rate=5e-3, refresh=2),
    ResidualAttention(),
    ResidualAttention(keep=0.9, rate=0.1, start=1.0),
]
POINTS = [scheme for scheme in MOVING if scheme.init({"pde": 3}, None).points is not None]


def runs(weighting, problem=PROBLEM, network=NETWORK, optimizer=Adam(1e-2), **more):  # noqa: B008
    return train(problem, network, optimizer, weighting, **{"epochs": 12, "every": 1, **more})


def share_of_change(weighting, problem=PROBLEM):
    """The largest relative change of a weight of a term or of a point in a short race."""
    first, *_, end = runs(weighting, problem)
    pairs = [(first.weights[term][-1], end.weights[term][-1]) for term in problem.sizes]
    pairs += [(first.point_weights[term], end.point_weights[term]) for term in end.point_weights or ()]
    return max(np.max(np.abs(new - old)) / np.max(np.abs(old)) for old, new in pairs)


def test_every_scheme_is_tested():
    assert {type(scheme) for scheme in MOVING} == set(WEIGHTINGS.values()) - {FixedWeights}


@pytest.mark.parametrize("weighting", MOVING, ids=str)
def test_every_scheme_moves_its_weights_in_a_race_and_changes_the_run(weighting):
    assert share_of_change(weighting) > 1e-4
    moved, fixed = last(runs(weighting)), last(runs(FixedWeights()))
    assert not np.allclose(moved.theta, fixed.theta, rtol=1e-4)


def test_a_scheme_that_stands_still_is_noticed():
    assert share_of_change(FixedWeights(ic=10.0)) == 0


@pytest.mark.parametrize("weighting", POINTS, ids=str)
def test_schemes_for_points_move_in_a_fit(weighting):
    assert share_of_change(weighting, FIT) > 1e-4


@pytest.mark.parametrize("weighting", MOVING, ids=str)
def test_the_race_starts_from_the_same_parameters(weighting):
    start, fixed = next(runs(weighting)), next(runs(FixedWeights()))
    np.testing.assert_array_equal(start.theta, fixed.theta)
    for term in PROBLEM.sizes:
        np.testing.assert_array_equal(start.losses[term], fixed.losses[term])


# What each scheme computes, replayed from the parameters of every epoch.


def replay(shots, weighting, raw):
    """The weights of a smoothed scheme at every epoch, from raw(theta, weights in force) by term."""
    weights = dict.fromkeys(PROBLEM.sizes, 1.0)
    low, high = weighting.low or 0, weighting.high or np.inf
    for shot in shots:
        if shot.epoch % weighting.refresh == 0:
            new = raw(shot, weights)
            weights = {
                term: weighting.keep * weights[term] + (1 - weighting.keep) * np.clip(new[term], low, high)
                if term in new
                else weights[term]
                for term in weights
            }
        yield dict(weights)


def term_gradients(theta):
    """Gradient (P,) of every unweighted term."""
    objective = Objective(PROBLEM, NETWORK, 1, theta.dtype)
    gradient = np.empty((1, theta.size))
    layers, d_layers = NETWORK.layers(theta[None].copy()), NETWORK.layers(gradient)
    objective.forward(layers)
    found = {}
    for term in PROBLEM.sizes:
        only = {other: np.array([float(other == term)]) for other in PROBLEM.sizes}
        objective.backward(objective.factors(only), layers, d_layers)
        found[term] = gradient[0].copy()
    return found


def assert_replayed(weighting, raw):
    shots = list(runs(weighting))
    for shot, expected in zip(shots, replay(shots, weighting, raw), strict=True):
        for term in PROBLEM.sizes:
            assert shot.weights[term][-1] == pytest.approx(expected[term], rel=1e-10), (shot.epoch, term)


NTK = {
    "loss_consistent": lambda pde, ic: (pde / 8, ic),
    "mean": lambda pde, ic: (pde / 8, ic / 2),
    "sum": lambda pde, ic: (pde, ic),
}


@pytest.mark.parametrize("definition", NTK)
@pytest.mark.parametrize(
    "more",
    [{}, {"keep": 0.0, "refresh": 1}, {"high": 50.0}, {"low": 1e3}, {"anchor": None}, {"anchor": "ic"}],
    ids=str,
)
def test_ntk_weights_are_ratios_of_traces(definition, more):
    weighting = NtkTraceWeights(**{"refresh": 3, "keep": 0.6, **more, "definition": definition})

    def raw(shot, _):
        norms = TangentKernel(PROBLEM, NETWORK, shot.theta).point_norms_by_loop()
        pde, ic = NTK[definition](norms["pde"].sum(), norms["ic"].sum())
        if weighting.anchor is None:
            return {"pde": (pde + ic) / pde, "ic": (pde + ic) / ic}
        return {"ic": pde / ic} if weighting.anchor == "first" else {"pde": ic / pde}

    assert_replayed(weighting, raw)


def test_the_traces_of_a_run_are_those_of_the_kernel():
    shots = list(runs(NtkTraceWeights(refresh=4)))
    kernels = [TangentKernel(PROBLEM, NETWORK, shots[4 * (k // 4)].theta) for k in range(len(shots))]
    for term in PROBLEM.sizes:
        expected = [kernel.point_norms_by_loop()[term].sum() for kernel in kernels]
        np.testing.assert_allclose(shots[-1].traces[term], expected, rtol=1e-10)


def test_a_sample_estimates_the_traces():
    whole, part = (
        next(runs(NtkTraceWeights(sample=sample), HarmonicOscillator(), Mlp())) for sample in (None, 10)
    )
    assert whole.traces["pde"][0] != part.traces["pde"][0] == pytest.approx(whole.traces["pde"][0], rel=0.05)
    assert part.traces["ic"][0] == pytest.approx(whole.traces["ic"][0], rel=1e-12)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("reference", ["pde", "ic"])
def test_annealing_weights_are_largest_by_mean_entries(inside, reference):
    def raw(shot, weights):
        gradients = term_gradients(shot.theta)
        (other,) = set(gradients) - {reference}
        mean = np.mean(np.abs(gradients[other])) * (weights[other] if inside else 1)
        return {other: np.max(np.abs(gradients[reference])) / mean}

    assert_replayed(AnnealingWeights(refresh=3, inside=inside, reference=reference), raw)


def test_the_fixed_point_of_annealing_inside_is_a_square_root():
    """lam = max / (lam mean) gives lam^2 = max / mean; a large share of the old weight gets there."""
    weighting = AnnealingWeights(refresh=1, keep=0.5, inside=True)
    end = last(runs(weighting, optimizer=GradientDescent(1e-12), epochs=60))
    gradients = term_gradients(end.theta)
    ratio = np.abs(gradients["pde"]).max() / np.abs(gradients["ic"]).mean()
    assert end.weights["ic"][-1] == pytest.approx(np.sqrt(ratio), rel=1e-4)


def test_gradient_norm_weights_make_gradients_equal():
    def raw(shot, _):
        norms = {term: norm[-1] for term, norm in shot.gradient_norms.items()}
        return {term: np.mean(list(norms.values())) / norm for term, norm in norms.items()}

    assert_replayed(GradientNormWeights(refresh=3), raw)
    start = next(runs(GradientNormWeights(keep=0.0)))
    pde, ic = (start.weights[term][0] * start.gradient_norms[term][0] for term in ("pde", "ic"))
    assert pde == pytest.approx(ic, rel=1e-12)


@pytest.mark.parametrize("denominator", ["gradient", "loss_gradient"])
def test_point_gradient_norm_weights_are_inverse_norms_with_mean_one(denominator):
    for problem in (PROBLEM, FIT):
        weighting = PointGradientNormWeights(refresh=3, denominator=denominator)
        for shot in itertools.islice(runs(weighting, problem), 0, None, 3):
            norms = TangentKernel(problem, NETWORK, shot.theta).point_norms_by_loop()
            for term, weight in shot.point_weights.items():
                norm = np.sqrt(norms[term])
                if denominator == "loss_gradient":
                    norm *= np.abs(residuals(problem, shot.theta)[term])
                product = weight * np.maximum(norm, 1e-6 * norm.mean())
                np.testing.assert_allclose(product, product[0], rtol=1e-9)
                assert weight.mean() == pytest.approx(1, rel=1e-12)


def test_a_residual_of_zero_does_not_stop_inverse_norms():
    """Without biases the network is odd, so that u'' + omega^2 u is zero at t = 0."""
    assert residuals(PROBLEM, NETWORK.init(0))["pde"][0] == 0
    start = next(runs(PointGradientNormWeights(denominator="loss_gradient", floor=0.01)))
    weight = start.point_weights["pde"]
    assert weight[0] == weight.max() < 8
    assert weight.mean() == pytest.approx(1)


def residuals(problem, theta):
    """The residuals (N,) of every term."""
    objective = Objective(problem, NETWORK, 1, theta.dtype)
    objective.forward(NETWORK.layers(theta[None].copy()))
    return {term: r[0].copy() for term, r in objective.r_of_term.items()}


def mask_and_slope(kind, gamma):
    if kind == "square":
        return gamma**2, 2 * gamma
    m = 1 / (1 + np.exp(-gamma))
    return m, m * (1 - m)


@pytest.mark.parametrize("problem", [PROBLEM, FIT], ids=str)
@pytest.mark.parametrize("mask", ["sigmoid", "square"])
@pytest.mark.parametrize("ascent", ["plain", "adam"])
def test_masks_climb_the_loss_while_the_network_descends(problem, mask, ascent):
    weighting = SelfAdaptiveWeights(mask=mask, gamma0=0.7, ascent=ascent, rate=0.3)
    gamma = {term: np.full(size, 0.7) for term, size in problem.sizes.items()}
    m, v = ({term: np.zeros(size) for term, size in problem.sizes.items()} for _ in range(2))
    for shot in runs(weighting, problem):
        r = residuals(problem, shot.theta)
        for term, value in gamma.items():
            masks, slope = mask_and_slope(mask, value)
            np.testing.assert_allclose(shot.point_weights[term], masks, rtol=1e-9)
            gradient = slope * r[term] ** 2 * problem.scales[term]
            if ascent == "adam":
                step = shot.epoch + 1
                m[term] = 0.9 * m[term] + 0.1 * gradient
                v[term] = 0.999 * v[term] + 0.001 * gradient**2
                gradient = m[term] / (1 - 0.9**step) / (np.sqrt(v[term] / (1 - 0.999**step)) + 1e-8)
            gamma[term] = value + 0.3 * gradient


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([PROBLEM, FIT]),
    SEEDS,
    st.floats(-4, 4),
    st.sampled_from(["plain", "adam"]),
    st.floats(1e-3, 50),
    st.sampled_from(["sigmoid", "square"]),
)
def test_masks_only_rise(problem, seed, gamma0, ascent, rate, mask):
    weighting = SelfAdaptiveWeights(
        mask=mask, gamma0=abs(gamma0) + 0.1 if mask == "square" else gamma0, ascent=ascent, rate=rate
    )
    shots = list(runs(weighting, problem, seeds=seed, epochs=30))
    for term in problem.sizes:
        masks = np.stack([shot.point_weights[term] for shot in shots])
        assert np.all(np.diff(masks, axis=0) >= 0)
        assert np.any(masks[-1] > masks[0]) or masks[0].min() > 0.999
        if mask == "sigmoid":
            assert masks.max() <= 1


def test_residual_attention_follows_the_residuals():
    weighting = ResidualAttention(keep=0.9, rate=0.1, start=0.3)
    lam = {term: np.full(size, 0.3) for term, size in PROBLEM.sizes.items()}
    for shot in runs(weighting):
        for term, r in residuals(PROBLEM, shot.theta).items():
            lam[term] = 0.9 * lam[term] + 0.1 * np.abs(r) / np.abs(r).max()
            np.testing.assert_allclose(shot.point_weights[term], lam[term] ** 2, rtol=1e-9)
    longer = last(runs(ResidualAttention(keep=0.9, rate=0.05), epochs=200))
    for weight in longer.point_weights.values():
        assert weight.max() < (0.05 / 0.1) ** 2 * (1 + 1e-12)


@pytest.mark.parametrize("weighting", MOVING, ids=str)
def test_a_step_goes_down_the_weighted_loss(weighting):
    """theta moves by -rate times the sum over residuals of 2 weight scale point r grad r."""
    rate = 1e-6
    before, after = itertools.islice(runs(weighting, optimizer=GradientDescent(rate)), 2)
    kernel = TangentKernel(PROBLEM, NETWORK, before.theta)
    r = residuals(PROBLEM, before.theta)
    points = before.point_weights or {term: np.ones(size) for term, size in PROBLEM.sizes.items()}
    factors = np.concatenate(
        [
            2 * before.weights[term][0] * PROBLEM.scales[term] * points[term] * r[term]
            for term in PROBLEM.sizes
        ]
    )
    # ||sum_i f_i grad r_i||^2 = f^T K f
    norm = np.sqrt(factors @ kernel.kernel_by_loop() @ factors)
    assert np.linalg.norm(after.theta - before.theta) == pytest.approx(rate * norm, rel=1e-6)


# Training with a scheme.


@pytest.mark.parametrize("weighting", MOVING, ids=str)
@settings(max_examples=3, deadline=None)
@given(st.sampled_from([PROBLEM, HarmonicOscillator(n_points=5, constraint="hard"), FIT]), st.data())
def test_a_member_equals_the_single_run(weighting, problem, data):
    seeds = data.draw(st.lists(SEEDS, min_size=2, max_size=4))
    # Adam would turn the rounding of a gradient that is zero by symmetry into a step.
    optimizer = GradientDescent(1e-6)
    together = last(runs(weighting, problem, optimizer=optimizer, seeds=seeds))
    for b, seed in enumerate(seeds):
        alone = last(runs(weighting, problem, optimizer=optimizer, seeds=seed))
        assert together.evaluations[b] == alone.evaluations
        for name, array in arrays(alone).items():
            member = arrays(together)[name]
            member = member if name in ("epochs", "grid", "exact") else member[b]
            np.testing.assert_allclose(member, array, rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("weighting", MOVING, ids=str)
@settings(max_examples=3, deadline=None)
@given(every=st.integers(1, 15), epochs=st.integers(1, 14), seeds=st.sampled_from([5, [3, 4, 5]]))
def test_every_changes_no_number(weighting, every, epochs, seeds):
    often = list(runs(weighting, epochs=epochs, seeds=seeds))
    for snapshot in runs(weighting, epochs=epochs, every=every, seeds=seeds):
        same = often[snapshot.epoch]
        np.testing.assert_array_equal(snapshot.theta, same.theta)
        for series in ("losses", "gradient_norms", "weights", "traces"):
            for term, values in (getattr(snapshot, series) or {}).items():
                np.testing.assert_array_equal(values[..., -1], getattr(same, series)[term][..., -1])
        for term, points in (snapshot.point_weights or {}).items():
            np.testing.assert_array_equal(points, same.point_weights[term])


@pytest.mark.parametrize("weighting", MOVING, ids=str)
def test_blocks_do_not_change_the_numbers(monkeypatch, weighting):
    seeds = [5, 1, 5, 9, 2, 3, 4]
    optimizer = GradientDescent(1e-4)
    one_block = last(runs(weighting, optimizer=optimizer, seeds=seeds))
    monkeypatch.setattr(ensembles, "BLOCK_BYTES", 40_000)
    assert 1 < ensembles.block_size(PROBLEM, NETWORK, np.dtype(float)) < len(seeds)
    blocks = arrays(last(runs(weighting, optimizer=optimizer, seeds=seeds)))
    for name, array in arrays(one_block).items():
        np.testing.assert_allclose(array, blocks[name], rtol=1e-7, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("weighting", MOVING, ids=str)
def test_the_same_settings_give_the_same_numbers_and_snapshots_keep_theirs(weighting):
    kept = []
    for shot, again in zip(runs(weighting), runs(weighting), strict=True):
        kept.append((shot, {name: array.copy() for name, array in arrays(shot).items()}))
        for name, array in arrays(shot).items():
            np.testing.assert_array_equal(array, arrays(again)[name])
            assert name == "epochs" or not array.flags.writeable, name
    for shot, copies in kept:
        for name, array in arrays(shot).items():
            np.testing.assert_array_equal(array, copies[name])


@pytest.mark.parametrize("weighting", MOVING, ids=str)
def test_float32_is_close_to_float64(weighting):
    optimizer = GradientDescent(1e-5)
    fine, rough = (
        last(runs(weighting, optimizer=optimizer, dtype=dtype)) for dtype in ("float64", "float32")
    )
    assert rough.theta.dtype == np.float32
    for term in PROBLEM.sizes:
        np.testing.assert_allclose(rough.weights[term], fine.weights[term], rtol=2e-3)


@pytest.mark.parametrize("weighting", MOVING, ids=str)
def test_weights_stay_between_updates_and_after_the_last(weighting):
    weighting = dataclasses.replace(weighting, refresh=4, until=8)
    shots = list(runs(weighting, epochs=20))
    kinds = [
        np.concatenate([
            *[shot.weights[term][-1:] for term in PROBLEM.sizes],
            *(shot.point_weights or {}).values(),
        ])
        for shot in shots
    ]  # fmt: skip
    changed = [k for k in range(1, 21) if not np.array_equal(kinds[k], kinds[k - 1])]
    assert set(changed) <= {4, 8}
    assert 8 in changed


def test_weights_are_refreshed_when_a_scheme_takes_over():
    run = runs(FixedWeights(ic=3.0))
    for _ in range(3):
        shot = next(run)
    shot = run.send({"weighting": NtkTraceWeights(refresh=5, keep=0.0)})
    kernel = TangentKernel(PROBLEM, NETWORK, np.asarray(list(runs(FixedWeights(ic=3.0)))[2].theta))
    traces = kernel.traces()
    assert shot.weights["ic"].tolist()[:3] == [3.0] * 3
    assert shot.weights["ic"][3] == pytest.approx(traces["pde"] / 8 / traces["ic"], rel=1e-10)
    assert np.isnan(shot.traces["pde"]).tolist() == [True, True, True, False]
    rest = last(run)
    assert len(set(rest.weights["ic"][3:7])) == 1  # refreshed at the epochs 2, 7 and 12
    assert rest.weights["ic"][7] != rest.weights["ic"][6]
    assert rest.weights["ic"][12] != rest.weights["ic"][11]


def test_a_single_term_keeps_its_weight():
    for weighting in (NtkTraceWeights(), AnnealingWeights(), GradientNormWeights()):
        for problem in (FIT, HarmonicOscillator(n_points=5, constraint="hard")):
            end = last(runs(weighting, problem))
            assert all(np.all(weight == 1) for weight in end.weights.values())


# Nothing is computed twice or in vain.


@pytest.fixture
def calls(monkeypatch):
    """How often gradient norms of points and backward sweeps are computed."""
    counted = {"norms": 0, "backward": 0}

    def count(owner, method, name):
        plain = getattr(owner, method)

        def counting(*arguments):
            counted[name] += 1
            return plain(*arguments)

        monkeypatch.setattr(owner, method, counting)

    count(PointNorms, "update", "norms")
    count(Objective, "backward", "backward")
    return counted


@pytest.mark.parametrize(
    ("weighting", "norms", "backward"),
    [
        (FixedWeights(), 0, 12 + 2 * 5),
        (NtkTraceWeights(refresh=3), 5, 12 + 2 * 5),
        (NtkTraceWeights(refresh=3, until=6), 3, 12 + 2 * 5),
        (AnnealingWeights(refresh=3), 0, 12 + 2 * 5),  # the snapshots take the gradients that are there
        (AnnealingWeights(refresh=2), 0, 12 + 2 * 9),
        (GradientNormWeights(refresh=3), 0, 12 + 2 * 5),
        (PointGradientNormWeights(refresh=4), 4, 12 + 2 * 5),
        (SelfAdaptiveWeights(), 0, 12 + 2 * 5),
        (ResidualAttention(), 0, 12 + 2 * 5),
    ],
    ids=str,
)
def test_nothing_is_computed_twice_or_in_vain(calls, weighting, norms, backward):
    list(runs(weighting, every=3))
    assert calls == {"norms": norms, "backward": backward}


def test_the_cost_of_weighting_is_accounted_for():
    fixed, moving = last(runs(FixedWeights())), last(runs(NtkTraceWeights(refresh=1)))
    assert fixed.seconds["weighting"] == 0
    assert moving.seconds["weighting"] > 0
    assert min(fixed.seconds["training"], moving.seconds["training"]) > 0
    assert set(moving.seconds) == {"training", "weighting"}
    shots = list(runs(NtkTraceWeights(refresh=1)))
    for name in ("training", "weighting"):
        assert np.all(np.diff([shot.seconds[name] for shot in shots]) > 0)


def test_snapshots_show_traces_and_points_if_there_are_any():
    fixed, ntk, points = (last(runs(w)) for w in (FixedWeights(), NtkTraceWeights(), SelfAdaptiveWeights()))
    assert fixed.traces is fixed.point_weights is points.traces is ntk.point_weights is None
    assert {term: trace.shape for term, trace in ntk.traces.items()} == {"pde": (13,), "ic": (13,)}
    assert {term: weight.shape for term, weight in points.point_weights.items()} == {"pde": (8,), "ic": (2,)}
    several = last(runs(SelfAdaptiveWeights(), seeds=[1, 2, 3]))
    assert several.point_weights["pde"].shape == (3, 8)
    assert fixed.evaluations == 12
    assert several.evaluations.tolist() == [12, 12, 12]


# Faults.


class Deaf(HarmonicOscillator):
    """The initial condition does not depend on the parameters."""

    def residuals_backward(self, t, u, dr, du):
        super().residuals_backward(t, u, {**dr, "ic": 0 * dr["ic"]}, du)


@pytest.mark.parametrize(
    ("weighting", "cause"),
    [
        (NtkTraceWeights(), "its trace is zero"),
        (NtkTraceWeights(high=100.0), "its trace is zero"),
        (AnnealingWeights(), "its gradient is zero"),
        (GradientNormWeights(), "its gradient is zero"),
        (PointGradientNormWeights(), "its gradients are zero"),
    ],
    ids=str,
)
def test_a_term_without_gradient_is_named(weighting, cause):
    with pytest.raises(DivergenceError) as caught:
        next(runs(weighting, Deaf(n_points=5)))
    error = caught.value
    assert (error.epoch, error.term, error.cause) == (0, "ic", cause)
    assert "'ic'" in str(error)
    assert "epoch 0" in str(error)
    assert cause in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), vars(again)) == (str(error), vars(error))


@pytest.mark.parametrize(("value", "cause"), [(0.0, "zero"), (np.nan, "not finite"), (np.inf, "not finite")])
def test_a_member_with_a_bad_trace_is_marked_and_leaves_the_others_alone(monkeypatch, value, cause):
    weighting = NtkTraceWeights(refresh=3)
    healthy = last(runs(weighting, seeds=[1, 2, 3]))
    plain, updates = PointNorms.update, itertools.count()

    def spoilt(self, layers):
        norms = plain(self, layers)
        if next(updates) == 2:  # at epoch 6
            norms["ic"][1] = value
        return norms

    monkeypatch.setattr(PointNorms, "update", spoilt)
    shots = list(runs(weighting, seeds=[1, 2, 3]))
    assert shots[5].diverged is shots[5].causes is None
    end = shots[-1]
    assert end.diverged.tolist() == [-1, 6, -1]
    assert end.causes == ("", f"ic: its trace is {cause}", "")
    for b in (0, 2):
        np.testing.assert_allclose(end.theta[b], healthy.theta[b], rtol=1e-12)
        np.testing.assert_array_equal(end.weights["ic"][b], healthy.weights["ic"][b])


@dataclasses.dataclass(frozen=True)
class Explosive(NtkTraceWeights):
    """A scheme whose weight of some members runs away."""

    def update(self, state, measures, epoch):
        super().update(state, measures, epoch)
        state.terms["ic"][len(state.terms["ic"]) // 2] = np.float64(1e35) ** (epoch + 1)


@pytest.mark.parametrize(("dtype", "epoch"), [("float32", 1), ("float64", 8)])
def test_a_weight_that_overflows_is_named(dtype, epoch):
    settings = {"weighting": Explosive(refresh=1), "optimizer": GradientDescent(1e-300), "dtype": dtype}
    with pytest.raises(DivergenceError, match=f"'ic' has no usable weight at epoch {epoch}") as caught:
        list(runs(**settings))
    cause = "its weight overflows float32" if dtype == "float32" else "its weight is not finite"
    assert caught.value.cause == cause
    end = last(runs(**settings, seeds=[0, 1, 2]))
    assert end.diverged.tolist() == [-1, epoch, -1]
    assert end.causes[1] == f"ic: {cause}"


def test_a_mask_that_overflows_at_a_single_point_is_named():
    weighting = SelfAdaptiveWeights(mask="square", gamma0=1.0, rate=100.0)
    with pytest.raises(DivergenceError, match="'pde' has no usable weight") as caught:
        list(runs(weighting, optimizer=GradientDescent(1e-300), epochs=3000, every=3000))
    assert caught.value.cause == "its weight is not finite"
    before = last(runs(weighting, optimizer=GradientDescent(1e-300), epochs=caught.value.epoch - 1))
    assert np.isfinite(before.point_weights["pde"]).all()
    assert before.point_weights["pde"].max() > 1e100


def test_a_loss_that_diverges_first_is_the_cause():
    shots = runs(NtkTraceWeights(refresh=1), optimizer=GradientDescent(1e4), epochs=300, every=300)
    with pytest.raises(DivergenceError, match="smaller learning rate") as caught:
        list(shots)
    assert caught.value.cause == "its loss is not finite"


@pytest.mark.parametrize("weighting", MOVING, ids=str)
def test_the_epoch_of_divergence_does_not_depend_on_every(weighting):
    found = set()
    for every in (1, 7, 300):
        with pytest.raises(DivergenceError) as caught:
            list(runs(weighting, optimizer=GradientDescent(1e4), epochs=300, every=every))
        found.add((caught.value.epoch, caught.value.term, caught.value.cause))
    assert len(found) == 1


NAN, INF = float("nan"), float("inf")
BAD = [
    *[("weighting.refresh", {"refresh": v}, MOVING) for v in (0, -1, 1.5, NAN, "3", None, True)],
    *[("weighting.until", {"until": v}, MOVING) for v in (-1, 0.5, "3")],
    *[("weighting.keep", {"keep": v}, [NtkTraceWeights(), AnnealingWeights(), GradientNormWeights(),
        PointGradientNormWeights(), ResidualAttention()]) for v in (1.0, -0.1, NAN, 2, "0.9", None)],
    *[("weighting.low", {"low": v}, [NtkTraceWeights(high=5.0), AnnealingWeights(high=5.0)]) for v in
        (-1.0, NAN, INF, 6.0, "1")],
    *[("weighting.high", {"high": v}, [NtkTraceWeights(), AnnealingWeights()]) for v in (0.0, NAN, INF, "1")],
    *[("weighting.definition", {"definition": v}, [NtkTraceWeights()]) for v in ("median", "", None, 1)],
    *[("weighting.anchor", {"anchor": v}, [NtkTraceWeights()]) for v in (1, [])],
    *[("weighting.sample", {"sample": v}, [NtkTraceWeights()]) for v in (0, -1, 1.5)],
    *[("weighting.inside", {"inside": v}, [AnnealingWeights()]) for v in (1, "yes", None)],
    *[("weighting.reference", {"reference": v}, [AnnealingWeights()]) for v in (1, None)],
    *[("weighting.denominator", {"denominator": v}, [PointGradientNormWeights()]) for v in ("loss", None)],
    *[("weighting.floor", {"floor": v}, [PointGradientNormWeights()]) for v in (0, -1.0, 2.0, NAN)],
    *[("weighting.mask", {"mask": v}, [SelfAdaptiveWeights()]) for v in ("cubic", None, 3)],
    *[("weighting.gamma0", {"gamma0": v}, [SelfAdaptiveWeights()]) for v in (NAN, INF, "0", None)],
    *[("weighting.gamma0", {"mask": "square", "gamma0": v}, [SelfAdaptiveWeights()]) for v in (0.0, -1.0)],
    *[("weighting.ascent", {"ascent": v}, [SelfAdaptiveWeights()]) for v in ("sgd", None)],
    *[("weighting.rate", {"rate": v}, [SelfAdaptiveWeights(), ResidualAttention()]) for v in (0, -1.0, NAN)],
    *[("weighting.start", {"start": v}, [ResidualAttention()]) for v in (-1.0, NAN, INF)],
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "schemes"), BAD, ids=lambda part: str(part)[:30])
def test_a_bad_setting_is_named(name, change, schemes):
    for scheme in schemes:
        with pytest.raises(SettingError) as caught:
            dataclasses.replace(scheme, **change)
        assert caught.value.name == name
        assert name in str(caught.value)


def test_schemes_can_be_compared_and_hashed():
    assert len(set(MOVING)) == len(MOVING)
    for scheme in MOVING:
        assert dataclasses.replace(scheme) == scheme
