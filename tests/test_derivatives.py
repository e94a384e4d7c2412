"""Derivative streams and backward rules against complex steps and against a plain network."""

import numpy as np
import oracle
import pytest
from snapshots_of import fixed

from pinn_core import FixedWeights, FunctionFit, HarmonicOscillator, Mlp, SettingError, gradient_check
from pinn_core.gradcheck import BENDS, bends
from pinn_core.objective import Objective
from pinn_core.problems import PROBLEMS as REGISTERED

WIDTHS = [(1, 1, 1), (1, 6, 1), (1, 5, 7, 1), (1, 8, 8, 1), (1, 1, 4, 1), (1, 4, 6, 5, 1), (1, 6, 6, 6, 6, 1)]
PROBLEMS = [
    HarmonicOscillator(n_points=7),
    HarmonicOscillator(omega=1.5, t_end=2.0, n_points=6, constraint="hard"),
    FunctionFit(steepness=5.0, n_points=8),
]


def some_theta(network, seed=0, members=None):
    """Parameters with non-zero biases, (P,) or (members, P)."""
    shape = (members or 1, network.n_parameters)
    theta = network.init(seed) + 0.3 * np.random.default_rng(seed).standard_normal(shape)
    return theta if members else theta[0]


def gradients_of(problem, network, theta, weights, dtype="float64", visit=None):
    """Losses (B, terms) and the gradient (B, P) of the weighted loss at theta (B, P)."""
    theta = theta.astype(dtype)
    objective = Objective(problem, network, len(theta), theta.dtype)
    gradient = np.empty_like(theta)
    layers, d_layers = network.layers(theta), network.layers(gradient)
    objective.forward(layers)
    objective.backward(objective.factors(weights), layers, d_layers)
    if visit is not None:
        objective.sweep.backward(layers, d_layers, visit)
    return objective.losses, gradient


def test_every_problem_is_tested():
    assert {type(problem) for problem in PROBLEMS} == set(REGISTERED.values())


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
@pytest.mark.parametrize("seed", [0, 1])
def test_every_gradient_and_stream_agrees_with_the_complex_step(problem, widths, seed):
    check = gradient_check(problem, Mlp(widths), fixed(problem, pde=0.7, ic=30.0, data=2.0), seed=seed)
    assert check.passed
    assert check.worst < 2e-13
    assert set(check.errors) == {"total", *problem.sizes}
    assert list(check.streams) == ["u_x", "u_xx"][: problem.order]


def test_the_network_of_the_course_agrees_with_the_complex_step():
    assert gradient_check(HarmonicOscillator(), Mlp(), FixedWeights(ic=100.0)).worst < 1e-13


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
@pytest.mark.parametrize("order", [0, 1, 2])
def test_streams_agree_with_a_plain_network(widths, order):
    network = Mlp(widths)
    theta, x = some_theta(network, seed=3), np.linspace(-0.5, 0.8, 9)
    expected = oracle.derivatives(lambda z: oracle.plain_network(widths, theta, z), x)[: order + 1]
    np.testing.assert_allclose(network.streams(theta, x, order), expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("constraint", ["soft", "hard"])
@pytest.mark.parametrize("widths", [(1, 5, 1), (1, 6, 4, 1)], ids=str)
def test_losses_agree_with_their_definition(constraint, widths):
    problem, network = HarmonicOscillator(omega=2.0, n_points=9, constraint=constraint), Mlp(widths)
    theta = some_theta(network, seed=5)
    losses, _ = gradients_of(problem, network, theta[None], {"pde": np.ones(1), "ic": np.ones(1)})
    expected = oracle.harmonic_losses(problem, widths, theta)
    assert list(expected) == list(problem.sizes)
    np.testing.assert_allclose(losses[0], list(expected.values()), rtol=1e-10)


def test_the_exact_solution_has_no_residual():
    problem = HarmonicOscillator(omega=3.0, n_points=11)
    t, w = problem.points(), problem.omega
    u = np.stack([np.cos(w * t), -w * np.sin(w * t), -(w**2) * np.cos(w * t)])[:, None]
    residuals = {term: np.full((1, size), np.nan) for term, size in problem.sizes.items()}
    problem.residuals(t, u, residuals)
    assert max(np.abs(r).max() for r in residuals.values()) < 1e-14


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
@pytest.mark.parametrize("widths", [(1, 6, 1), (1, 5, 7, 1), (1, 4, 6, 5, 1)], ids=str)
def test_members_of_an_ensemble_have_the_gradients_of_single_runs(problem, widths):
    network = Mlp(widths)
    theta = some_theta(network, seed=2, members=4)
    weights = {term: np.array([1.0, 0.1, 50.0, 3.0]) for term in problem.sizes}
    losses, gradient = gradients_of(problem, network, theta, weights)
    for b in range(4):
        own_weights = {term: weight[b : b + 1] for term, weight in weights.items()}
        own_losses, own_gradient = gradients_of(problem, network, theta[b : b + 1], own_weights)
        np.testing.assert_allclose(losses[b], own_losses[0], rtol=1e-13)
        np.testing.assert_allclose(
            gradient[b], own_gradient[0], rtol=1e-11, atol=1e-13 * np.abs(gradient).max()
        )


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_float32_gradients_are_close_to_float64(problem):
    network = Mlp((1, 16, 16, 1))
    theta = some_theta(network, members=2)
    weights = {term: np.ones(2) for term in problem.sizes}
    losses, gradient = gradients_of(problem, network, theta, weights)
    rough_losses, rough_gradient = gradients_of(problem, network, theta, weights, "float32")
    assert rough_losses.dtype == rough_gradient.dtype == np.float32
    np.testing.assert_allclose(rough_losses, losses, rtol=1e-4)
    np.testing.assert_allclose(rough_gradient, gradient, rtol=0, atol=2e-5 * np.abs(gradient).max())


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
@pytest.mark.parametrize("widths", [(1, 6, 1), (1, 5, 7, 1), (1, 4, 6, 5, 1)], ids=str)
def test_a_rule_bent_by_a_thousandth_is_caught(problem, widths):
    network = Mlp(widths)
    names = bends(problem, network)
    assert {"input_dw", "input_db", "affine_dW", "affine_db", "affine_dh", "tanh_dz", "residuals_du"} <= set(
        names
    )
    for name in names:
        check = gradient_check(problem, network, fixed(problem, ic=100.0), bend=name, bend_by=1e-3)
        assert not check.passed, name
        assert "FAILED" in str(check)


def test_all_rules_that_can_be_bent_are_bent_somewhere():
    tried = {name for problem in PROBLEMS for widths in WIDTHS for name in bends(problem, Mlp(widths))}
    assert tried == set(BENDS)


def test_the_place_of_the_errors_points_to_the_bent_rule():
    check = gradient_check(HarmonicOscillator(n_points=7), Mlp((1, 5, 4, 1)), bend="affine_dh", bend_by=0.01)
    errors = check.errors["total"]
    assert max(errors["W3"], errors["b3"]) < 1e-13
    assert errors["W2"] == pytest.approx(0.01, rel=1e-6)
    assert errors["W1"] == pytest.approx(0.01 * 2.01, rel=1e-6)


@pytest.mark.parametrize("bend_by", [1e-9, 1e-6, 1e-3])
def test_the_error_is_as_large_as_the_bend(bend_by):
    check = gradient_check(FunctionFit(n_points=5), Mlp((1, 4, 1)), bend="residuals_du", bend_by=bend_by)
    assert check.worst == pytest.approx(bend_by, rel=1e-4)


def test_a_gradient_that_is_not_a_number_does_not_pass():
    check = gradient_check(FunctionFit(n_points=5), Mlp((1, 4, 1)))
    check.errors["total"]["W1"] = float("nan")
    assert not check.passed


def test_only_rules_in_use_can_be_bent():
    with pytest.raises(SettingError, match="bend = 'tanh_dz_xx'"):
        gradient_check(HarmonicOscillator(n_points=5), Mlp((1, 4, 1)), bend="tanh_dz_xx")


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
@pytest.mark.parametrize("members", [1, 3])
def test_a_visitor_sees_what_the_gradient_of_every_point_is_made_of(problem, members):
    """The gradient is the sum over streams and points of (stream that entered) times (gradient that left)."""
    network = Mlp((1, 5, 4, 1))
    theta = some_theta(network, members=members)
    seen = {}

    def visit(layer, h, dz):
        by_point = np.einsum(
            "sbnm,sbnk->bnmk",
            np.broadcast_to(h.streams, (*dz.streams.shape[:3], h.streams.shape[3])),
            dz.streams,
        )
        bias = dz.streams[0][:, :, None]
        by_point = by_point if layer == 0 else np.concatenate([by_point, bias], axis=2)
        seen[layer] = by_point.sum(axis=1).reshape(members, -1)

    weights = {term: np.ones(members) for term in problem.sizes}
    _, gradient = gradients_of(problem, network, theta, weights, visit=visit)
    np.testing.assert_allclose(
        np.concatenate([seen[k] for k in sorted(seen)], axis=1), gradient, rtol=1e-10, atol=1e-12
    )
