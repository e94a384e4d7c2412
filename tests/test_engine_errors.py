"""Bad settings and diverging runs say what is wrong."""

import math
import pickle

import numpy as np
import pytest

from pinn_core import (
    Adam,
    DivergenceError,
    FixedWeights,
    FunctionFit,
    GradientDescent,
    HarmonicOscillator,
    Mlp,
    SettingError,
    gradient_check,
    train,
)
from pinn_core.networks import INITIALIZERS
from pinn_core.optimizers import OPTIMIZERS
from pinn_core.problems import PROBLEMS
from pinn_core.weighting import WEIGHTINGS

NAN, INF = math.nan, math.inf
SMALL = Mlp((1, 4, 1))
FIT = FunctionFit(n_points=5)


def training(**changed):
    settings = {
        "problem": HarmonicOscillator(n_points=5),
        "network": SMALL,
        "optimizer": Adam(),
        "weighting": FixedWeights(),
        "seeds": 0,
        "epochs": 10,
        "every": 5,
    }
    return train(**{**settings, **changed})


# The setting, how to make something with it, and values that it must refuse.
REFUSED = [
    (
        "widths",
        lambda v: Mlp(widths=v),
        [(1, 0, 1), (1, -3, 1), (1, 2.5, 1), (1, NAN, 1), (1, "8", 1), (1, True, 1)],
    ),
    (
        "widths",
        lambda v: Mlp(widths=v),
        [(1, 1), (1,), (), (0, 8, 1), (1, 8, 0), (1, 5000, 1), 32, None, "181", {1: 8}],
    ),
    ("initializer", lambda v: Mlp(initializer=v), ["glorot", "", None, 3, []]),
    (
        "omega",
        lambda v: HarmonicOscillator(omega=v),
        [0, -1.0, NAN, INF, 1e99, 10**400, "6", None, True, 1j, [1.0]],
    ),
    ("t_end", lambda v: HarmonicOscillator(t_end=v), [0.0, -1.0, NAN, INF, "1"]),
    ("n_points", lambda v: HarmonicOscillator(n_points=v), [1, 0, -5, 2.0, NAN, "50", 10**9]),
    ("constraint", lambda v: HarmonicOscillator(constraint=v), ["firm", "", None, 1, ["soft"]]),
    ("steepness", lambda v: FunctionFit(steepness=v), [0, -20.0, NAN, INF]),
    ("n_points", lambda v: FunctionFit(n_points=v), [1, 30.0]),
    ("learning_rate", lambda v: Adam(learning_rate=v), [0, -1e-3, NAN, INF, "1e-3", None]),
    ("learning_rate", lambda v: GradientDescent(learning_rate=v), [0, -1.0, NAN, 1e7]),
    ("decay", lambda v: Adam(decay=v), [0, 1.1, -1, NAN]),
    ("decay_steps", lambda v: GradientDescent(decay_steps=v), [0, 1.5, -1]),
    ("keep_gradient", lambda v: Adam(keep_gradient=v), [1.0, -0.1, NAN, 2]),
    ("keep_square", lambda v: Adam(keep_square=v), [1, -0.1, INF]),
    ("epsilon", lambda v: Adam(epsilon=v), [0, -1e-8, NAN]),
    (
        "weighting.ic",
        lambda v: FixedWeights(ic=v),
        [-1.0, NAN, INF, "100", None, [1.0, -1.0], [NAN], [[1.0]], ["1"]],
    ),
    (
        "seeds",
        lambda v: training(seeds=v),
        [[], (), -1, 1.0, NAN, None, "3", [0, 1.5], [0, -1], [True], 2**63],
    ),
    (
        "seeds",
        lambda v: training(seeds=v),
        [np.array([0.5]), np.array([[1, 2]]), np.array([], int), np.array(3)],
    ),
    ("epochs", lambda v: training(epochs=v), [0, -1, 1.5, NAN, INF, "100", None, 10**8]),
    ("every", lambda v: training(every=v), [0, -1, 2.0, None]),
    ("dtype", lambda v: training(dtype=v), ["float16", "complex128", np.float64, None]),
    ("problem", lambda v: training(problem=v), ["harmonic", None, HarmonicOscillator]),
    ("network", lambda v: training(network=v), [(1, 8, 1), None, Mlp]),
    ("optimizer", lambda v: training(optimizer=v), ["adam", None, Adam]),
    ("weighting", lambda v: training(weighting=v), ["fixed", None, {"ic": 1.0}]),
    ("bend", lambda v: gradient_check(FIT, SMALL, bend=v), ["tanh", "", 3, "product_df"]),
    ("bend_by", lambda v: gradient_check(FIT, SMALL, bend="tanh_dz", bend_by=v), [0, -1, NAN]),
    ("tolerance", lambda v: gradient_check(FIT, SMALL, tolerance=v), [0, NAN]),
    ("seed", lambda v: gradient_check(FIT, SMALL, seed=v), [-1, 0.5]),
    ("network", lambda v: gradient_check(FIT, v), ["mlp"]),
    ("problem", lambda v: PROBLEMS[v], ["poisson", None, ["harmonic"]]),
    ("optimizer", lambda v: OPTIMIZERS[v], ["sgd", 1]),
    ("weighting", lambda v: WEIGHTINGS[v], ["ntk"]),
    ("order", lambda v: SMALL.streams(SMALL.init(0), np.zeros(3), v), [3, -1, 1.0]),
]
CASES = [(name, make, value) for name, make, values in REFUSED for value in values]


@pytest.mark.parametrize(
    ("name", "make", "value"), CASES, ids=[f"{name}-{value!r:.40}" for name, _, value in CASES]
)
def test_a_bad_setting_is_named(name, make, value):
    with pytest.raises(SettingError) as caught:
        make(value)
    error = caught.value
    assert error.name == name
    assert error.allowed
    assert name in str(error)
    assert error.allowed in str(error)
    assert repr(value)[:40] in str(error) or repr(error.value)[:40] in str(error)


@pytest.mark.parametrize("shape", [(12,), (14,), (2, 12), (1, 1, 13), (), (0, 13)])
def test_parameters_of_the_wrong_shape_are_named(shape):
    assert SMALL.n_parameters == 13
    with pytest.raises(SettingError, match=r"theta = .* (P = 13|not empty)"):
        SMALL.streams(np.zeros(shape), np.zeros(3))


@pytest.mark.parametrize("shape", [(), (0,), (3, 1)])
def test_points_of_the_wrong_shape_are_named(shape):
    with pytest.raises(SettingError, match="x = "):
        SMALL.streams(np.zeros(13), np.zeros(shape))


@pytest.mark.parametrize(("weights", "seeds"), [([1.0, 2.0], 0), ([1.0, 2.0], [0, 1, 2]), ([1.0], [0, 1])])
def test_weights_have_to_fit_the_seeds(weights, seeds):
    with pytest.raises(SettingError, match=r"weighting\.ic = .*one number"):
        training(weighting=FixedWeights(ic=weights), seeds=seeds)


@pytest.mark.parametrize(
    "changes", [{"weights": 1}, {"seeds": 3}, "weighting", 3, [("weighting", FixedWeights())]]
)
def test_only_weighting_and_optimizer_may_change(changes):
    run = training()
    next(run)
    with pytest.raises(SettingError, match="changes = "):
        run.send(changes)


@pytest.mark.parametrize(
    "changes", [{"weighting": "fixed"}, {"optimizer": 1e-3}, {"weighting": FixedWeights(ic=[1, 2])}]
)
def test_changes_are_checked(changes):
    run = training()
    next(run)
    with pytest.raises(SettingError, match=next(iter(changes))):
        run.send(changes)


@pytest.mark.parametrize("value", [np.float64(0.5), np.float32(0.5), np.int64(2), 3, np.array(0.25)])
def test_numpy_numbers_are_welcome(value):
    assert FixedWeights(ic=value).weights == (("ic", float(value)),)
    assert training(seeds=np.int64(4), epochs=np.int32(3)) is not None


def test_settings_can_be_compared_and_hashed():
    for make in (HarmonicOscillator, FunctionFit, Mlp, Adam, GradientDescent):
        assert make() == make()
        assert hash(make()) == hash(make())
    assert FixedWeights(ic=[1, 2]) == FixedWeights(ic=np.array([1.0, 2.0])) != FixedWeights()
    assert hash(FixedWeights(ic=[1, 2])) == hash(FixedWeights(ic=(1, 2)))
    assert Mlp([1, 8, 1]) == Mlp((1, 8, 1)) == Mlp(np.array([1, 8, 1]))


def test_registries_know_their_entries():
    assert PROBLEMS["harmonic"] is HarmonicOscillator
    assert OPTIMIZERS["gradient_descent"] is GradientDescent
    assert WEIGHTINGS["fixed"] is FixedWeights
    assert list(INITIALIZERS) == ["xavier_normal", "xavier_uniform", "lecun_normal", "torch_uniform"]


def test_a_long_value_is_cut_short():
    with pytest.raises(SettingError) as caught:
        Mlp(initializer="<script>" * 10_000)
    assert len(str(caught.value)) < 250


def test_errors_survive_pickling():
    for error in (SettingError("widths", (0,), "more"), DivergenceError(7, "pde")):
        again = pickle.loads(pickle.dumps(error))
        assert (str(again), vars(again)) == (str(error), vars(error))


def diverging(**changed):
    return training(optimizer=GradientDescent(1e4), epochs=500, **changed)


def test_divergence_names_epoch_and_term():
    with pytest.raises(DivergenceError, match="smaller learning rate") as caught:
        list(diverging())
    error = caught.value
    assert error.term in ("pde", "ic")
    assert error.term in str(error)
    assert f"epoch {error.epoch};" in str(error)
    *_, before = training(optimizer=GradientDescent(1e4), epochs=error.epoch - 1)
    assert all(np.isfinite(series).all() for series in before.losses.values())
    with pytest.raises(DivergenceError):
        list(training(optimizer=GradientDescent(1e4), epochs=error.epoch))


def test_divergence_names_the_term_that_overflowed():
    """One step to u of about 1e156: its square overflows, that of omega^2 u does not."""
    problem = HarmonicOscillator(omega=1e-3, n_points=5)
    run = training(problem=problem, optimizer=GradientDescent(1e6), weighting=FixedWeights(ic=1e150))
    with pytest.raises(DivergenceError) as caught:
        list(run)
    assert (caught.value.epoch, caught.value.term) == (1, "ic")


def test_a_run_may_diverge_before_its_first_step():
    """The residual is about omega^2 t^2, 1e24, whose square is too large for float32."""
    problem = HarmonicOscillator(omega=1e6, t_end=1e6, n_points=5, constraint="hard")
    with pytest.raises(DivergenceError) as caught:
        next(training(problem=problem, dtype="float32"))
    assert (caught.value.epoch, caught.value.term) == (0, "pde")


@pytest.mark.parametrize("every", [1, 3, 500])
def test_the_epoch_of_divergence_does_not_depend_on_every(every):
    with pytest.raises(DivergenceError) as expected:
        list(diverging())
    with pytest.raises(DivergenceError) as caught:
        list(diverging(every=every))
    assert (caught.value.epoch, caught.value.term) == (expected.value.epoch, expected.value.term)


def test_a_member_that_diverges_is_marked_and_leaves_the_others_alone():
    weighting = FixedWeights(ic=[1.0, 1e12, 2.0])
    settings = {"optimizer": GradientDescent(1e-5), "epochs": 200}
    *_, ensemble = training(weighting=weighting, seeds=[0, 1, 2], **settings)
    assert ensemble.diverged.tolist()[::2] == [-1, -1]
    assert 0 < ensemble.diverged[1] <= 200
    with pytest.raises(DivergenceError) as caught:
        list(training(weighting=FixedWeights(ic=1e12), seeds=1, **settings))
    assert caught.value.epoch == ensemble.diverged[1]
    for b, (seed, weight) in {0: (0, 1.0), 2: (2, 2.0)}.items():
        *_, single = training(weighting=FixedWeights(ic=weight), seeds=seed, **settings)
        np.testing.assert_allclose(ensemble.theta[b], single.theta, rtol=1e-10)


def test_an_ensemble_ends_when_no_member_is_left():
    with pytest.raises(DivergenceError) as caught:
        list(diverging(seeds=[0, 1, 2]))
    epochs = []
    for seed in (0, 1, 2):
        with pytest.raises(DivergenceError) as single:
            list(diverging(seeds=seed))
        epochs.append(single.value.epoch)
    assert caught.value.epoch == max(epochs)


def test_nothing_is_diverged_in_a_healthy_ensemble():
    assert all(snapshot.diverged is None for snapshot in training(seeds=[0, 1]))


def test_a_weight_of_zero_switches_a_term_off():
    *_, with_zero = training(weighting=FixedWeights(pde=0.0), epochs=50)
    assert with_zero.losses["ic"][-1] < with_zero.losses["ic"][0]
    assert with_zero.weights["pde"][-1] == 0
