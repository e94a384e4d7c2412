"""L-BFGS: its line search, its direction, and training with it, alone or after Adam."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from snapshots_of import fixed

from pinn_core import (
    Adam,
    FixedWeights,
    FunctionFit,
    GradientDescent,
    HarmonicOscillator,
    Lbfgs,
    Mlp,
    NtkTraceWeights,
    SelfAdaptiveWeights,
    SettingError,
    Then,
    train,
)
from pinn_core.optimizers import OPTIMIZERS
from pinn_core.optimizers.lbfgs import Pair
from pinn_core.optimizers.wolfe import wolfe_search

NETWORK = Mlp((1, 6, 5, 1))
PROBLEM = HarmonicOscillator(n_points=8)
DECREASE, CURVATURE = 1e-4, 0.9


def runs(optimizer=Lbfgs(), weighting=None, problem=PROBLEM, **more):  # noqa: B008
    weighting = weighting or fixed(problem, ic=10.0)
    return train(problem, NETWORK, optimizer, weighting, **{"seeds": 0, "epochs": 15, "every": 1, **more})


def last(run):
    *_, snapshot = run
    return snapshot


# Line search.


def searched(function, slope, step=1.0, trials=30, curvature=CURVATURE):
    """The step that the line search finds on a function with this slope, and all steps that it tried."""
    search = wolfe_search(function(0.0), slope(0.0), step, DECREASE, curvature, trials)
    tried = [next(search)]
    while True:
        try:
            tried.append(search.send((function(tried[-1]), slope(tried[-1]))))
        except StopIteration as end:
            return end.value, tried


def assert_wolfe(function, slope, step, curvature=CURVATURE):
    assert function(step) <= function(0.0) + DECREASE * step * slope(0.0)
    assert abs(slope(step)) <= curvature * abs(slope(0.0))


@settings(max_examples=200, deadline=None)
@given(
    st.floats(0.01, 100),
    st.floats(0, 3),
    st.floats(0.5, 10),
    st.floats(1e-3, 1e3),
    st.sampled_from([0.1, 0.9]),
)
def test_the_step_meets_the_strong_wolfe_conditions(minimum, wiggle, frequency, step, curvature):
    """On a parabola with waves on it, for first steps from far too short to far too long."""

    def function(t):
        return (t - minimum) ** 2 + wiggle * math.cos(frequency * t)

    def slope(t):
        return 2 * (t - minimum) - wiggle * frequency * math.sin(frequency * t)

    assume(slope(0.0) < -1e-3)
    found, tried = searched(function, slope, step, curvature=curvature)
    assert found > 0
    assert found == tried[-1]
    assert_wolfe(function, slope, found, curvature)


def test_a_good_first_step_is_taken_at_once():
    found, tried = searched(lambda t: (t - 1) ** 2, lambda t: 2 * (t - 1))
    assert (found, tried) == (1.0, [1.0])


def test_a_loss_that_is_not_finite_is_stepped_back_from():
    def function(t):
        return -math.log(1 - t) - 3 * t if t < 1 else math.nan

    found, tried = searched(function, lambda t: 1 / (1 - t) - 3 if t < 1 else math.nan, step=50.0)
    assert 0 < found < 1
    assert len(tried) < 10
    assert_wolfe(function, lambda t: 1 / (1 - t) - 3, found)


def test_no_lower_loss_gives_the_step_zero():
    """The slope promises what the function does not keep."""
    found, tried = searched(lambda t: t, lambda _: -1.0, trials=7)
    assert found == 0
    assert tried[-1] == 0  # the last evaluation is where the search ends
    assert len(tried) == 8


def test_the_best_step_so_far_is_taken_when_trials_run_out():
    """The slope of -1 all the way meets no curvature condition."""
    found, tried = searched(lambda t: -t, lambda _: -1.0, trials=5)
    assert found == tried[-1] == 16.0


# Direction.


def dense_direction(gradient, pairs, scale):
    """The inverse Hessian as a matrix by the BFGS formula, from scale times identity, times the gradient."""
    inverse, identity = scale * np.eye(gradient.size), np.eye(gradient.size)
    for s, y in pairs:
        rho = 1 / (s @ y)
        left = identity - rho * np.outer(s, y)
        inverse = left @ inverse @ left.T + rho * np.outer(s, s)
    return inverse @ gradient


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 4))
def test_the_direction_is_that_of_the_bfgs_formula(seed, n_pairs, memory):
    rng = np.random.default_rng(seed)
    members, size = 3, 5
    optimizer = Lbfgs(memory=memory)
    state = optimizer.init(np.zeros((members, size)))
    hessian = rng.standard_normal((size, size))
    hessian = hessian @ hessian.T + np.eye(size)
    steps = rng.standard_normal((n_pairs, members, size))
    for s in steps:
        optimizer._remember(s, s @ hessian, state)
    gradient = rng.standard_normal((members, size))
    direction = optimizer._newton(gradient, state)
    for b in range(members):
        pairs = [(s[b], s[b] @ hessian) for s in steps[-memory:]]
        s, y = pairs[-1]
        expected = dense_direction(gradient[b], pairs, (s @ y) / (y @ y))
        np.testing.assert_allclose(direction[b], expected, rtol=1e-8, atol=1e-10)


def test_a_step_without_positive_curvature_is_left_out():
    optimizer = Lbfgs()
    state = optimizer.init(np.zeros((2, 3)))
    good, bad = np.array([1.0, 0.0, 0.0]), np.array([-1.0, 0.0, 0.0])
    optimizer._remember(np.tile(good, (2, 1)), np.stack([2 * good, bad]), state)
    (pair,) = state.pairs
    assert isinstance(pair, Pair)
    assert pair.rho.tolist() == [0.5, 0.0]
    assert state.scale.tolist() == [0.5, 0.0]
    gradient = np.ones((2, 3))
    np.testing.assert_allclose(optimizer._newton(gradient, state), [[0.5] * 3, [1.0] * 3])


# Minimisation of plain functions.


class Minimisation:
    """Members minimise a function of their own; counts what each of them asks for."""

    def __init__(self, optimizer, theta, function):
        self.optimizer, self.theta, self.function = optimizer, np.array(theta, float), function
        self.gradient = np.empty_like(self.theta)
        self.state = optimizer.init(self.theta)
        self.asked = np.zeros(len(self.theta), int)
        self.evaluate(np.array([], int))

    def evaluate(self, members):
        self.asked[members] += 1
        losses, self.gradient[:] = self.function(self.theta)
        return losses

    def step(self):
        done = self.optimizer.step(self.theta, self.gradient, self.state, self.evaluate)
        assert done
        np.testing.assert_array_equal(self.gradient, self.function(self.theta)[1])
        return self.function(self.theta)[0]


def rosenbrock(theta):
    x, y = theta.T
    loss = (1 - x) ** 2 + 100 * (y - x * x) ** 2
    return loss, np.stack([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)], axis=1)


def test_it_finds_the_minimum_of_rosenbrock_from_many_starts():
    starts = np.random.default_rng(0).uniform(-2, 2, (20, 2))
    task = Minimisation(Lbfgs(), starts, rosenbrock)
    before = rosenbrock(starts)[0]
    for _ in range(100):
        after = task.step()
        assert np.all(after <= before)
        before = after
    np.testing.assert_allclose(task.theta, 1, atol=1e-7)


def test_a_quadratic_takes_hardly_more_steps_than_it_has_dimensions():
    rng = np.random.default_rng(1)
    matrix = rng.standard_normal((8, 8))
    matrix = matrix @ matrix.T + np.eye(8)

    def quadratic(theta):
        gradient = theta @ matrix
        return np.vecdot(theta, gradient) / 2, gradient

    task = Minimisation(Lbfgs(curvature=0.1), rng.standard_normal((1, 8)), quadratic)
    losses = [task.step()[0] for _ in range(20)]
    assert losses[-1] < 1e-12 * losses[0]


def test_members_search_on_their_own():
    starts = np.random.default_rng(2).uniform(-2, 2, (5, 2))
    together = Minimisation(Lbfgs(), starts, rosenbrock)
    alone = [Minimisation(Lbfgs(), start[None], rosenbrock) for start in starts]
    for _ in range(12):
        together.step()
        for b, task in enumerate(alone):
            task.step()
            np.testing.assert_allclose(together.theta[b], task.theta[0], rtol=1e-6)
            assert together.asked[b] == task.asked[0]


def test_at_a_minimum_nothing_moves_and_nothing_is_asked():
    task = Minimisation(Lbfgs(), [[1.0, 1.0], [0.0, 0.5]], rosenbrock)
    task.step()
    asked = task.asked.copy()
    for _ in range(3):
        task.step()
    assert task.theta[0].tolist() == [1.0, 1.0]
    assert task.asked[0] == asked[0]
    assert task.asked[1] > asked[1]


def test_a_member_without_a_lower_loss_stays_and_stops_asking():
    def cheating(theta):
        return np.abs(theta).sum(axis=1), np.where(theta == 3, 1.0, -np.sign(theta))

    task = Minimisation(Lbfgs(trials=5), [[2.0]], cheating)
    for _ in range(3):
        task.step()
    assert task.theta.tolist() == [[2.0]]
    asked = task.asked[0]
    task.step()
    assert task.asked[0] == asked


# Training.


@settings(max_examples=10, deadline=None)
@given(
    st.sampled_from([PROBLEM, HarmonicOscillator(n_points=5, constraint="hard"), FunctionFit(n_points=6)]),
    st.integers(0, 10_000),
    st.floats(1e-2, 1e3),
)
def test_the_loss_never_rises(problem, seed, weight):
    end = last(runs(weighting=fixed(problem, ic=weight), problem=problem, seeds=seed, epochs=40))
    total = sum(end.losses[term] * end.weights[term] for term in end.losses)
    assert np.all(np.diff(total) <= 1e-12 * total[:-1])
    assert total[-1] < total[0]


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 15), st.integers(1, 16), st.sampled_from([3, [3, 4]]), st.booleans())
def test_every_changes_no_number(epochs, every, seeds, refreshed):
    settings = {
        "optimizer": Then(Adam(1e-2), 4, Lbfgs()),
        "weighting": NtkTraceWeights(refresh=5) if refreshed else FixedWeights(ic=10.0),
        "seeds": seeds,
        "epochs": epochs,
    }
    often = list(runs(**settings))
    for snapshot in runs(**settings, every=every):
        same = often[snapshot.epoch]
        np.testing.assert_array_equal(snapshot.theta, same.theta)
        np.testing.assert_array_equal(snapshot.evaluations, same.evaluations)


@pytest.mark.parametrize("optimizer", [Lbfgs(), Then(Adam(1e-2), 3, Lbfgs(memory=3))], ids=str)
def test_a_member_equals_the_single_run(optimizer):
    weighting = FixedWeights(ic=[1.0, 10.0, 100.0])
    together = last(runs(optimizer, weighting, seeds=[1, 2, 3], epochs=8))
    for b, weight in enumerate([1.0, 10.0, 100.0]):
        alone = last(runs(optimizer, FixedWeights(ic=weight), seeds=b + 1, epochs=8))
        np.testing.assert_allclose(together.theta[b], alone.theta, rtol=1e-6, atol=1e-8)
        assert together.evaluations[b] == alone.evaluations


def test_the_same_settings_give_the_same_numbers():
    for a, b in zip(runs(seeds=[1, 2]), runs(seeds=[1, 2]), strict=True):
        np.testing.assert_array_equal(a.theta, b.theta)


def test_float32_descends_too():
    end = last(runs(dtype="float32", epochs=300))
    total = end.losses["pde"] + 10 * end.losses["ic"]
    assert end.theta.dtype == np.float32
    assert np.all(np.diff(total) <= 1e-6 * total[:-1])
    assert total[-1] < 1e-6 * total[0]


def test_evaluations_are_counted():
    end = last(runs(epochs=30))
    assert 31 <= end.evaluations < 60
    assert last(runs(Adam(), epochs=30)).evaluations == 30
    assert last(runs(Then(Adam(), 10, Lbfgs()), epochs=10)).evaluations == 10


def test_it_leaves_adam_far_behind_on_equal_evaluations():
    lbfgs = last(runs(Lbfgs(), epochs=300))
    adam = last(runs(Adam(1e-2), epochs=lbfgs.evaluations))
    total = [end.losses["pde"][-1] + 10 * end.losses["ic"][-1] for end in (lbfgs, adam)]
    assert total[0] < 0.1 * total[1]


def test_then_takes_the_steps_of_its_parts():
    both, adam = (list(runs(o)) for o in (Then(Adam(1e-2), 6, Lbfgs()), Adam(1e-2)))
    for k in range(7):
        np.testing.assert_array_equal(both[k].theta, adam[k].theta)
    assert not np.array_equal(both[7].theta, adam[7].theta)
    run = runs(Adam(1e-2))
    for _ in range(7):
        next(run)
    np.testing.assert_array_equal(run.send({"optimizer": Lbfgs()}).theta, both[7].theta)
    np.testing.assert_array_equal(last(run).theta, both[-1].theta)


def test_then_may_be_nested():
    nested = Then(GradientDescent(1e-5), 3, Then(Adam(1e-2), 3, Lbfgs()))
    assert np.isfinite(last(runs(nested)).theta).all()


@pytest.mark.parametrize(
    "changed",
    [
        Then(Adam(1e-2), 3, Lbfgs()),
        Then(Adam(1e-2), 100, Lbfgs()),
        Then(GradientDescent(1e-5), 6, Adam()),
        Then(Lbfgs(), 2, GradientDescent(1e-5)),
        Then(Adam(1e-2), 6, Lbfgs(memory=2)),
    ],
    ids=str,
)
@pytest.mark.parametrize("when", [3, 9])
def test_then_may_change_on_the_way(changed, when):
    run = runs(Then(Adam(1e-2), 6, Lbfgs()))
    for _ in range(when):
        next(run)
    run.send({"optimizer": changed})
    assert np.isfinite(last(run).theta).all()


def test_a_shorter_memory_takes_over_at_once():
    run = runs(Lbfgs(memory=20), epochs=30)
    for _ in range(15):
        shot = next(run)
    changed = run.send({"optimizer": Lbfgs(memory=1)})
    same = list(runs(Lbfgs(memory=20), epochs=30))
    np.testing.assert_array_equal(shot.theta, same[14].theta)
    assert not np.array_equal(changed.theta, same[15].theta)


def test_changed_weights_start_it_over():
    """After a change it takes the steps that a new L-BFGS would take."""
    run = runs(Lbfgs())
    for _ in range(6):
        shot = next(run)
    changed = run.send({"weighting": FixedWeights(ic=500.0)})
    fresh = runs(Then(Lbfgs(), 5, Lbfgs()))
    for _ in range(6):
        same = next(fresh)
    np.testing.assert_array_equal(shot.theta, same.theta)
    np.testing.assert_array_equal(changed.theta, fresh.send({"weighting": FixedWeights(ic=500.0)}).theta)


def test_weights_may_stand_still_from_an_epoch_on():
    """As McClenny and Braga-Neto do with their masks before L-BFGS."""
    optimizer = Then(Adam(1e-2), 5, Lbfgs())
    shots = list(runs(optimizer, SelfAdaptiveWeights(until=5), epochs=30))
    np.testing.assert_array_equal(shots[5].point_weights["pde"], shots[-1].point_weights["pde"])
    total = [sum(shots[-1].losses[term][k] for term in PROBLEM.sizes) for k in (5, 30)]
    assert total[1] < total[0]


NAN = float("nan")
BAD = [
    *[("memory", lambda v: Lbfgs(memory=v), v) for v in (0, -1, 1.5, 1000, None)],
    *[("trials", lambda v: Lbfgs(trials=v), v) for v in (0, 2.5, "5")],
    *[("decrease", lambda v: Lbfgs(decrease=v), v) for v in (0, -1.0, NAN)],
    *[("curvature", lambda v: Lbfgs(curvature=v), v) for v in (0, 1.0, 1e-5, NAN, 2)],
    *[("epochs", lambda v: Then(epochs=v), v) for v in (0, -1, 1.5, None)],
    *[("first", lambda v: Then(first=v), v) for v in (None, "adam", Adam)],
    *[("second", lambda v: Then(second=v), v) for v in (3, Lbfgs)],
]


@pytest.mark.parametrize(("name", "make", "value"), BAD, ids=lambda part: repr(part)[:30])
def test_a_bad_setting_is_named(name, make, value):
    with pytest.raises(SettingError) as caught:
        make(value)
    assert caught.value.name == name


def test_settings_can_be_compared_and_hashed():
    assert Lbfgs() == Lbfgs() != Lbfgs(memory=5)
    assert len({Then(), Then(epochs=2000), Then(Adam(0.1))}) == 2
    assert OPTIMIZERS["lbfgs"] is Lbfgs
    assert OPTIMIZERS["then"] is Then
    assert dataclasses.replace(Then(), epochs=5).epochs == 5
