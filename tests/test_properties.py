"""Properties of training that hold for all settings."""

import dataclasses
import itertools

import numpy as np
import oracle
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from snapshots_of import arrays, fixed, last

from pinn_core import (
    Adam,
    FixedWeights,
    FunctionFit,
    GradientDescent,
    HarmonicOscillator,
    Mlp,
    ensembles,
    train,
)
from pinn_core.networks import INITIALIZERS
from pinn_core.objective import Objective

NETWORK = Mlp((1, 6, 5, 1))
PROBLEM = HarmonicOscillator(n_points=8)
PROBLEMS = st.sampled_from(
    [PROBLEM, HarmonicOscillator(n_points=5, constraint="hard"), FunctionFit(n_points=6)]
)
NETWORKS = st.sampled_from([Mlp((1, 4, 1)), NETWORK, Mlp((1, 5, 5, 5, 1), "lecun_normal")])
OPTIMIZERS = st.sampled_from([Adam(1e-2), GradientDescent(1e-4), Adam(1e-2, decay=0.5, decay_steps=5)])
SEEDS = st.integers(0, 10_000)
WEIGHTS = st.floats(1e-3, 1e3)


def runs(problem=PROBLEM, network=NETWORK, optimizer=Adam(1e-2), weighting=None, **more):  # noqa: B008
    weighting = weighting or fixed(problem, ic=10.0)
    return train(problem, network, optimizer, weighting, **{"epochs": 20, "every": 5, **more})


def assert_identical(a, b):
    assert a.epoch == b.epoch
    assert arrays(a).keys() == arrays(b).keys()
    for name, array in arrays(a).items():
        np.testing.assert_array_equal(array, arrays(b)[name], err_msg=name)


@settings(max_examples=25, deadline=None)
@given(PROBLEMS, NETWORKS, OPTIMIZERS, st.lists(st.tuples(SEEDS, WEIGHTS), min_size=1, max_size=5))
def test_a_member_equals_the_single_run(problem, network, optimizer, members):
    seeds, weights = zip(*members, strict=True)
    together = last(runs(problem, network, optimizer, fixed(problem, ic=weights, data=weights), seeds=seeds))
    for b, (seed, weight) in enumerate(members):
        alone = last(runs(problem, network, optimizer, fixed(problem, ic=weight, data=weight), seeds=seed))
        for name, array in arrays(alone).items():
            member = arrays(together)[name]
            member = member if name in ("epochs", "grid", "exact") else member[b]
            np.testing.assert_allclose(member, array, rtol=1e-10, atol=1e-12, err_msg=name)


def test_blocks_do_not_change_the_numbers(monkeypatch):
    seeds = [5, 1, 5, 9, 2, 3, 4]
    weighting = FixedWeights(ic=[1, 2, 3, 4, 5, 6, 7])
    one_block = list(runs(seeds=seeds, weighting=weighting))
    monkeypatch.setattr(ensembles, "BLOCK_BYTES", 40_000)
    assert 1 < ensembles.block_size(PROBLEM, NETWORK, np.dtype(float)) < len(seeds)
    for a, b in zip(one_block, runs(seeds=seeds, weighting=weighting), strict=True):
        for name, array in arrays(a).items():
            np.testing.assert_allclose(array, arrays(b)[name], rtol=1e-10, atol=1e-12, err_msg=name)


@dataclasses.dataclass(frozen=True)
class Shuffled:
    """Another problem at the same points in another order; the first, which carries the condition, stays."""

    problem: object
    order_of_points: tuple

    def points(self):
        return self.problem.points()[list(self.order_of_points)]

    def __getattr__(self, name):
        return getattr(self.problem, name)


@settings(max_examples=25, deadline=None)
@given(PROBLEMS, SEEDS, st.randoms(use_true_random=False))
def test_the_order_of_points_is_irrelevant(problem, seed, random):
    order = list(range(1, problem.n_points))
    random.shuffle(order)
    theta = NETWORK.init(seed)[None]
    results = []
    for version in (problem, Shuffled(problem, (0, *order))):
        objective = Objective(version, NETWORK, 1, theta.dtype)
        gradient = np.empty_like(theta)
        layers, d_layers = NETWORK.layers(theta), NETWORK.layers(gradient)
        objective.forward(layers)
        objective.backward(
            objective.factors({term: np.ones(1) for term in objective.terms}), layers, d_layers
        )
        results.append((objective.losses.copy(), gradient))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-12)
    np.testing.assert_allclose(results[0][1], results[1][1], rtol=0, atol=1e-12 * np.abs(results[0][1]).max())


@settings(max_examples=15, deadline=None)
@given(PROBLEMS, NETWORKS, SEEDS)
def test_float32_is_close_to_float64(problem, network, seed):
    fine = last(runs(problem, network, GradientDescent(1e-4), seeds=seed))
    rough = last(runs(problem, network, GradientDescent(1e-4), seeds=seed, dtype="float32"))
    assert rough.theta.dtype == rough.prediction.dtype == rough.rel_l2.dtype == np.float32
    for name, array in arrays(fine).items():
        np.testing.assert_allclose(arrays(rough)[name], array, rtol=1e-3, atol=1e-4, err_msg=name)


@settings(max_examples=15, deadline=None)
@given(PROBLEMS, OPTIMIZERS, st.integers(1, 25), st.integers(1, 30), st.one_of(SEEDS, st.just([3, 4, 5])))
def test_every_changes_no_number(problem, optimizer, epochs, every, seeds):
    often = list(runs(problem, optimizer=optimizer, seeds=seeds, epochs=epochs, every=1))
    seldom = list(runs(problem, optimizer=optimizer, seeds=seeds, epochs=epochs, every=every))
    assert [s.epoch for s in seldom] == sorted({*range(0, epochs, every), epochs})
    assert list(seldom[-1].epochs) == [s.epoch for s in seldom]
    for snapshot in seldom:
        same = often[snapshot.epoch]
        for name in ("theta", "prediction"):
            np.testing.assert_array_equal(getattr(snapshot, name), getattr(same, name))
        for term in snapshot.losses:
            for series in ("losses", "gradient_norms", "weights"):
                np.testing.assert_array_equal(
                    getattr(snapshot, series)[term][..., -1], getattr(same, series)[term][..., -1]
                )


@settings(max_examples=15, deadline=None)
@given(PROBLEMS, NETWORKS, OPTIMIZERS, SEEDS)
def test_the_same_settings_give_the_same_numbers(problem, network, optimizer, seed):
    first = runs(problem, network, optimizer, seeds=seed)
    again = runs(problem, network, optimizer, seeds=seed)
    other = runs(problem, network, optimizer, seeds=seed + 1)
    for a, b, c in zip(first, again, other, strict=True):  # side by side: runs share no state
        assert_identical(a, b)
        assert not np.array_equal(a.theta, c.theta)


def test_training_leaves_the_state_of_numpy_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    with np.errstate(all="raise"):
        outside = np.geterr()
        for _ in runs():
            assert np.geterr() == outside
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize(("seeds", "every"), [(0, 1), (0, 6), ([1, 2], 4)])
def test_a_snapshot_takes_no_forward_sweep_of_its_own(monkeypatch, seeds, every):
    calls = []
    forward = Objective.forward
    monkeypatch.setattr(Objective, "forward", lambda self, layers: calls.append(1) or forward(self, layers))
    list(runs(seeds=seeds, epochs=12, every=every))
    assert len(calls) == 12 + 1


@pytest.mark.parametrize("stop_after", [0, 1, 3])
def test_a_run_may_be_abandoned(stop_after):
    abandoned = runs(seeds=[1, 2])
    list(itertools.islice(abandoned, stop_after))
    abandoned.close()
    assert list(abandoned) == []
    assert_identical(last(runs(seeds=[1, 2])), last(runs(seeds=[1, 2])))


@settings(max_examples=15, deadline=None)
@given(WEIGHTS, WEIGHTS, st.integers(0, 3), st.sampled_from([7, [7, 8]]))
def test_a_changed_weight_acts_from_the_next_step_on(old, new, when, seeds):
    assume(old == new or not np.isclose(old, new))  # weights that differ in the last bit may train alike
    plain = list(runs(weighting=FixedWeights(ic=old), seeds=seeds))
    run = runs(weighting=FixedWeights(ic=old), seeds=seeds)
    seen = [next(run) for _ in range(when + 1)]
    kept = [{name: array.copy() for name, array in arrays(snapshot).items()} for snapshot in seen]
    seen.append(run.send({"weighting": FixedWeights(ic=new)}))
    seen += list(run)

    for snapshot, copy, untouched in zip(seen, kept, plain, strict=False):
        assert_identical(snapshot, untouched)
        for name, array in arrays(snapshot).items():  # not even later
            np.testing.assert_array_equal(array, copy[name])
    assert [s.epoch for s in seen] == [s.epoch for s in plain]
    expected = [old] * (when + 1) + [new] * (len(plain) - when - 1)
    np.testing.assert_array_equal(np.atleast_2d(seen[-1].weights["ic"])[0], expected)
    assert np.array_equal(seen[-1].theta, plain[-1].theta) == (old == new)


def test_a_weight_changed_at_the_start_is_as_good_as_chosen():
    run = runs(weighting=FixedWeights(ic=1.0))
    next(run)
    run.send({"weighting": FixedWeights(ic=50.0)})
    np.testing.assert_array_equal(last(run).theta, last(runs(weighting=FixedWeights(ic=50.0))).theta)


def test_an_optimizer_of_the_same_class_keeps_its_state():
    run = runs(optimizer=Adam(1e-2))
    next(run)
    next(run)
    run.send({"optimizer": Adam(1e-2)})
    np.testing.assert_array_equal(last(run).theta, last(runs(optimizer=Adam(1e-2))).theta)


def test_another_optimizer_takes_over_at_once():
    problem = HarmonicOscillator(n_points=8, constraint="hard")
    run = runs(problem, optimizer=Adam(1e-2), every=1)
    next(run)
    before = next(run)
    after = run.send({"optimizer": GradientDescent(1e-3)})
    moved = np.linalg.norm(after.theta - before.theta)
    assert moved == pytest.approx(1e-3 * before.gradient_norms["pde"][-1], rel=1e-12)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 8), st.floats(1e-4, 1e-1))
def test_adam_is_the_adam_of_the_paper(seed, steps, rate):
    rng = np.random.default_rng(seed)
    theta, gradients = rng.standard_normal((2, 5)), rng.standard_normal((steps, 2, 5))
    expected = oracle.textbook_adam(theta, gradients, rate)
    adam = Adam(rate)
    state = adam.init(theta)
    for gradient in gradients:
        adam.update(theta, gradient, state)
    np.testing.assert_allclose(theta, expected, rtol=0, atol=1e-14)


def test_the_learning_rate_decays_as_stated():
    optimizer = Adam(learning_rate=2e-3, decay=0.9, decay_steps=1000)
    assert optimizer.rate(0) == 2e-3
    assert optimizer.rate(1000) == pytest.approx(1.8e-3)
    assert optimizer.rate(2500) == pytest.approx(2e-3 * 0.9**2.5)
    assert GradientDescent(0.5).rate(10**6) == 0.5


@settings(max_examples=10, deadline=None)
@given(SEEDS, WEIGHTS)
def test_the_gradient_norms_are_those_of_unweighted_terms(seed, weight):
    """One gradient step moves by the norm of the weighted sum, so one term at a time shows its norm."""
    start = next(runs(seeds=seed, weighting=FixedWeights(pde=weight, ic=weight)))
    for term, norm in start.gradient_norms.items():
        only = FixedWeights(**{other: float(other == term) for other in start.losses})
        before, after = itertools.islice(
            runs(PROBLEM, NETWORK, GradientDescent(1e-6), only, seeds=seed, every=1), 2
        )
        assert np.linalg.norm(after.theta - before.theta) == pytest.approx(1e-6 * norm[0], rel=1e-5)


def test_the_error_is_measured_on_the_grid():
    snapshot = last(runs(seeds=[1, 2]))
    assert snapshot.grid.shape == snapshot.exact.shape == (201,)
    assert snapshot.prediction.shape == (2, 201)
    np.testing.assert_allclose(
        NETWORK.streams(snapshot.theta, snapshot.grid)[0], snapshot.prediction, atol=1e-13
    )
    expected = np.linalg.norm(snapshot.prediction - snapshot.exact, axis=1) / np.linalg.norm(snapshot.exact)
    np.testing.assert_allclose(snapshot.rel_l2[:, -1], expected, rtol=1e-12)


def test_the_hard_constraint_holds_exactly():
    snapshot = last(runs(HarmonicOscillator(n_points=8, constraint="hard")))
    assert list(snapshot.losses) == ["pde"]
    assert snapshot.prediction[0] == 1.0
    t = snapshot.grid[1]
    assert abs(snapshot.prediction[1] - 1) < 10 * t**2


def test_snapshots_are_read_only():
    for name, array in arrays(last(runs())).items():
        assert name == "epochs" or not array.flags.writeable, name


def test_shapes_of_snapshots():
    single, ensemble = last(runs(seeds=3)), last(runs(seeds=[3, 3, 4]))
    for name, array in arrays(single).items():
        shared = name in ("epochs", "grid", "exact")
        assert arrays(ensemble)[name].shape == (array.shape if shared else (3, *array.shape)), name
    assert single.theta.shape == (NETWORK.n_parameters,)
    assert single.losses["pde"].shape == single.rel_l2.shape == (5,)
    assert single.diverged is None


@pytest.mark.parametrize("rule", INITIALIZERS)
def test_initializers_draw_what_they_say(rule):
    fan_in, fan_out = 200, 400
    network = Mlp((1, fan_in, fan_out, 1), rule)
    layer = network.layers(network.init(0)[None])[1]
    variance = {"lecun_normal": 1 / fan_in, "torch_uniform": 1 / (3 * fan_in)}.get(
        rule, 2 / (fan_in + fan_out)
    )
    assert layer.weight.var() == pytest.approx(variance, rel=0.02)
    assert abs(layer.weight.mean()) < 5 * (variance / (fan_in * fan_out)) ** 0.5
    assert not layer.bias.any()
    if rule.endswith("uniform"):
        assert np.abs(layer.weight).max() <= (3 * variance) ** 0.5
    else:
        assert np.abs(layer.weight).max() > 3 * variance**0.5


def test_the_parameters_are_counted_and_placed():
    network = Mlp()
    assert network.n_parameters == 1153
    blocks = network.blocks()
    assert list(blocks) == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert [part.stop - part.start for part in blocks.values()] == [32, 32, 1024, 32, 32, 1]
    assert blocks["W1"].start == 0
    assert blocks["b3"].stop == 1153
