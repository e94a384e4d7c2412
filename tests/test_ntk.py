"""Gradient norms, traces and kernels against the plain loop and against automatic differentiation."""

import dataclasses
import tracemalloc

import jax_oracle
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinn_core import (
    FunctionFit,
    HarmonicOscillator,
    Mlp,
    SettingError,
    TangentKernel,
    eigenvalues,
    stream_grams,
)
from pinn_core.objective import Objective
from pinn_core.point_norms import PointNorms
from pinn_core.stream_grams import stream_pairs

EXACT = 1e-10
WIDTHS = [(1, 1, 1), (1, 6, 1), (1, 5, 7, 1), (1, 8, 8, 1), (1, 4, 6, 5, 1), (1, 6, 6, 6, 6, 1)]
SOFT = HarmonicOscillator(n_points=7)
HARD = HarmonicOscillator(omega=1.5, t_end=2.0, n_points=6, constraint="hard")
FIT = FunctionFit(steepness=5.0, n_points=8)
PROBLEMS = [SOFT, HARD, FIT]
SEEDS = st.integers(0, 10_000)

SOME_PROBLEM = st.one_of(
    st.builds(
        HarmonicOscillator,
        omega=st.floats(0.1, 20),
        t_end=st.floats(0.2, 3),
        n_points=st.integers(2, 12),
        constraint=st.sampled_from(["soft", "hard"]),
    ),
    st.builds(FunctionFit, steepness=st.floats(0.5, 30), n_points=st.integers(2, 12)),
)
# With one number of points, automatic differentiation compiles once for every network.
PROBLEM_OF_SEVEN = st.one_of(
    st.builds(
        HarmonicOscillator,
        omega=st.floats(0.1, 20),
        t_end=st.floats(0.2, 3),
        n_points=st.just(7),
        constraint=st.sampled_from(["soft", "hard"]),
    ),
    st.builds(FunctionFit, steepness=st.floats(0.5, 30), n_points=st.just(7)),
)
SOME_WIDTHS = st.lists(st.integers(1, 9), min_size=1, max_size=4).map(lambda hidden: (1, *hidden, 1))


def some_theta(network, seed=0, members=None):
    """Parameters with non-zero biases, (P,) or (members, P)."""
    shape = (members or 1, network.n_parameters)
    theta = network.init(seed) + 0.3 * np.random.default_rng(seed).standard_normal(shape)
    return theta if members else theta[0]


def kernel_at(problem, widths, seed=0, members=None, **more):
    network = Mlp(widths)
    return TangentKernel(problem, network, some_theta(network, seed, members), **more)


def assert_close(a, b, tolerance=EXACT):
    """Every term agrees to the tolerance, relative to the largest entry of the term."""
    assert list(a) == list(b)
    for term in a:
        assert a[term].shape == b[term].shape
        np.testing.assert_allclose(a[term], b[term], rtol=0, atol=tolerance * np.abs(b[term]).max())


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
@pytest.mark.parametrize("members", [None, 3])
def test_norms_and_kernels_agree_with_the_loop(problem, widths, members):
    ntk = kernel_at(problem, widths, members=members)
    norms = ntk.point_norms()
    assert_close(norms, ntk.point_norms_by_loop(), 1e-12)
    kernel, by_loop = ntk.kernel(), ntk.kernel_by_loop()
    assert kernel.shape == by_loop.shape
    np.testing.assert_allclose(kernel, by_loop, rtol=0, atol=1e-12 * np.abs(by_loop).max())
    np.testing.assert_allclose(
        np.diagonal(kernel, axis1=-2, axis2=-1), np.concatenate(list(norms.values()), axis=-1), rtol=1e-10
    )


@settings(max_examples=60, deadline=None)
@given(PROBLEM_OF_SEVEN, st.sampled_from([(1, 9, 1), (1, 3, 8, 1), (1, 6, 5, 7, 1)]), SEEDS)
def test_norms_traces_and_kernels_agree_with_automatic_differentiation(problem, widths, seed):
    ntk = kernel_at(problem, widths, seed)
    jacobians = jax_oracle.jacobians(problem, widths, ntk.theta[0])
    norms = {term: (jacobian**2).sum(axis=1) for term, jacobian in jacobians.items()}
    assert_close(ntk.point_norms(), norms)
    assert_close(ntk.traces(), {term: norm.sum() for term, norm in norms.items()})
    expected = {
        (row, col): jacobians[row] @ jacobians[col].T for row in problem.sizes for col in problem.sizes
    }
    assert_close(ntk.kernels(), expected)


def test_the_network_of_the_course_agrees_with_automatic_differentiation():
    network, problem = Mlp(), HarmonicOscillator()
    ntk = TangentKernel(problem, network, network.init(0))
    jacobians = jax_oracle.jacobians(problem, network.widths, network.init(0))
    assert_close(ntk.point_norms(), {term: (j**2).sum(axis=1) for term, j in jacobians.items()}, 1e-13)
    jacobian = np.concatenate(list(jacobians.values()))
    expected = jacobian @ jacobian.T
    np.testing.assert_allclose(ntk.kernel(), expected, rtol=0, atol=1e-13 * expected.max())


def test_residuals_that_share_a_point_are_kept_apart():
    """u(0) - 1, u'(0) and the first residual of the equation are all at t = 0."""
    ntk = kernel_at(SOFT, (1, 3, 8, 1), seed=3)
    jacobian = jax_oracle.jacobians(SOFT, (1, 3, 8, 1), ntk.theta[0])
    ic = ntk.point_norms()["ic"]
    assert ic.shape == (2,)
    np.testing.assert_allclose(ic, (jacobian["ic"] ** 2).sum(axis=1), rtol=EXACT)
    assert ic[0] != pytest.approx(ic[1], rel=0.01)
    across = ntk.kernels()["pde", "ic"]
    np.testing.assert_allclose(across[0], jacobian["ic"] @ jacobian["pde"][0], rtol=1e-9)


class Duffing(HarmonicOscillator):
    """u'' + omega^2 u + u^3 = 0: the gradient of a residual depends on u, and differs between members."""

    linear = False

    def residuals(self, t, u, r):
        super().residuals(t, u, r)
        r["pde"] += u[0] ** 3

    def residuals_backward(self, t, u, dr, du):
        super().residuals_backward(t, u, dr, du)
        du[0] += 3 * u[0] ** 2 * dr["pde"]


@pytest.mark.parametrize("constraint", ["soft", "hard"])
@pytest.mark.parametrize("members", [None, 3])
def test_nonlinear_residuals_agree_with_the_loop(constraint, members):
    problem = Duffing(n_points=6, constraint=constraint)
    ntk = kernel_at(problem, (1, 5, 4, 1), members=members)
    before = ntk.point_norms()
    linear = kernel_at(
        dataclasses.replace(HARD, **dataclasses.asdict(problem)), (1, 5, 4, 1), members=members
    )
    assert not np.allclose(before["pde"], linear.point_norms()["pde"], rtol=1e-4)
    ntk.move(2 * ntk.theta if members else 2 * ntk.theta[0])
    assert_close(ntk.point_norms(), ntk.point_norms_by_loop(), 1e-12)
    expected = ntk.kernel_by_loop()
    np.testing.assert_allclose(ntk.kernel(), expected, rtol=0, atol=1e-12 * np.abs(expected).max())


@settings(max_examples=25, deadline=None)
@given(SOME_PROBLEM, SOME_WIDTHS, SEEDS)
def test_the_kernel_is_symmetric_and_positive_and_its_trace_is_the_sum_of_eigenvalues(problem, widths, seed):
    ntk = kernel_at(problem, widths, seed)
    kernel, traces = ntk.kernel(), ntk.traces()
    largest = np.abs(kernel).max()
    np.testing.assert_allclose(kernel, kernel.T, rtol=0, atol=1e-13 * largest)
    values = eigenvalues(kernel)
    assert np.all(np.diff(values) <= 0)
    assert values[-1] > -1e-12 * values[0]
    assert sum(traces.values()) == pytest.approx(values.sum(), rel=1e-10)
    blocks = ntk.kernels()
    for term, trace in traces.items():
        assert trace == pytest.approx(np.trace(blocks[term, term]), rel=1e-10)
        assert trace == pytest.approx(ntk.point_norms()[term].sum(), rel=1e-13)
        for other in traces:
            np.testing.assert_allclose(
                blocks[term, other], blocks[other, term].T, rtol=0, atol=1e-13 * largest
            )


@dataclasses.dataclass(frozen=True)
class Shuffled(HarmonicOscillator):
    """The same points in another order; the first, which carries the condition, stays."""

    order_of_points: tuple = ()

    def points(self):
        return super().points()[list(self.order_of_points)]


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from(["soft", "hard"]), st.randoms(use_true_random=False))
def test_the_order_of_points_is_irrelevant(seed, constraint, random):
    order = list(range(1, 9))
    random.shuffle(order)
    plain = kernel_at(HarmonicOscillator(n_points=9, constraint=constraint), (1, 5, 4, 1), seed)
    shuffled = Shuffled(n_points=9, constraint=constraint, order_of_points=(0, *order))
    shuffled = kernel_at(shuffled, (1, 5, 4, 1), seed)
    assert_close(plain.traces(), shuffled.traces(), 1e-13)
    np.testing.assert_allclose(
        plain.point_norms()["pde"][[0, *order]], shuffled.point_norms()["pde"], rtol=1e-12
    )
    np.testing.assert_allclose(eigenvalues(plain.kernel()), eigenvalues(shuffled.kernel()), atol=1e-8)


class Scaled(HarmonicOscillator):
    """All residuals times three."""

    def residuals(self, t, u, r):
        super().residuals(t, u, r)
        for part in r.values():
            part *= 3

    def residuals_backward(self, t, u, dr, du):
        super().residuals_backward(t, u, {term: 3 * part for term, part in dr.items()}, du)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_residuals_times_c_have_norms_times_c_squared(seed):
    plain, scaled = (kernel_at(kind(n_points=6), (1, 5, 4, 1), seed) for kind in (HarmonicOscillator, Scaled))
    assert_close(scaled.point_norms(), {term: 9 * norm for term, norm in plain.point_norms().items()}, 1e-13)
    np.testing.assert_allclose(scaled.kernel(), 9 * plain.kernel(), rtol=1e-12, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(SOME_PROBLEM, SOME_WIDTHS, st.lists(SEEDS, min_size=2, max_size=5))
def test_a_member_equals_the_single_network(problem, widths, seeds):
    network = Mlp(widths)
    theta = np.stack([some_theta(network, seed) for seed in seeds])
    together = TangentKernel(problem, network, theta)
    for b in range(len(seeds)):
        alone = TangentKernel(problem, network, theta[b])
        assert_close(
            {term: norm[b] for term, norm in together.point_norms().items()}, alone.point_norms(), 1e-12
        )
        assert_close({term: trace[b] for term, trace in together.traces().items()}, alone.traces(), 1e-12)
        assert_close({pair: k[b] for pair, k in together.kernels().items()}, alone.kernels(), 1e-12)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
@pytest.mark.parametrize("chunk", [1, 7, 30, 50])
def test_chunks_do_not_change_the_numbers(monkeypatch, problem, chunk):
    whole = kernel_at(problem, (1, 5, 3, 1), members=2).point_norms()
    monkeypatch.setattr(stream_grams, "CHUNK", chunk)
    cut = kernel_at(problem, (1, 5, 3, 1), members=2)
    assert len(cut.norms.stream_grams.chunks) > 1
    assert_close(cut.point_norms(), whole, 1e-13)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
@pytest.mark.parametrize("sample", [1, 3, 4, 6, 100])
def test_a_sample_has_the_norms_of_its_residuals(problem, sample):
    network = Mlp((1, 5, 4, 1))
    theta = some_theta(network, members=2)
    whole, part = (
        TangentKernel(problem, network, theta),
        TangentKernel(problem, network, theta, sample=sample),
    )
    norms, chosen = part.point_norms(), part.norms.residuals
    for term, size in problem.sizes.items():
        assert len(chosen[term]) == len(set(chosen[term])) == min(size, sample)
        np.testing.assert_allclose(norms[term], whole.point_norms()[term][:, chosen[term]], rtol=1e-12)
        expected = norms[term].mean(axis=1) * size
        np.testing.assert_allclose(part.traces()[term], expected, rtol=1e-13)
    assert_close(norms, part.point_norms_by_loop(), 1e-12)


def test_a_sample_of_a_smooth_problem_estimates_the_trace():
    network, problem = Mlp(), HarmonicOscillator()
    theta = np.stack([network.init(seed) for seed in range(5)])
    exact = TangentKernel(problem, network, theta).traces()["pde"]
    estimate = TangentKernel(problem, network, theta, sample=10).traces()["pde"]
    np.testing.assert_allclose(estimate, exact, rtol=0.05)
    assert not np.array_equal(estimate, exact)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_float32_is_close_to_float64(problem):
    network = Mlp((1, 16, 16, 1))
    theta = some_theta(network, members=2)
    fine, rough = (TangentKernel(problem, network, theta.astype(dtype)) for dtype in ("float64", "float32"))
    for method in ("point_norms", "traces", "kernels"):
        a, b = getattr(fine, method)(), getattr(rough, method)()
        assert all(array.dtype == np.float32 for array in b.values())
        assert_close({term: array.astype(float) for term, array in b.items()}, a, 1e-4)


def test_the_trace_uses_the_forward_sweep_that_is_there():
    """It neither changes what a backward sweep needs, nor depends on what a backward sweep leaves behind."""
    network = Mlp((1, 5, 4, 1))
    theta, gradient = some_theta(network, members=2), np.empty((2, network.n_parameters))
    objective = Objective(SOFT, network, 2, theta.dtype)
    layers, d_layers = network.layers(theta), network.layers(gradient)
    factors = objective.factors({term: np.ones(2) for term in objective.terms})
    norms = PointNorms(objective)
    objective.forward(layers)
    objective.backward(factors, layers, d_layers)
    expected = gradient.copy()
    first = {term: norm.copy() for term, norm in norms.update(layers).items()}
    objective.backward(factors, layers, d_layers)
    np.testing.assert_array_equal(gradient, expected)
    assert_close(norms.update(layers), first, 0)


def test_memory_grows_with_points_and_width_not_with_parameters():
    network, problem = Mlp((1, 128, 128, 1)), HarmonicOscillator(n_points=500)
    objective = Objective(problem, network, 1, np.dtype(float))
    layers = network.layers(network.init(0)[None])
    objective.forward(layers)
    tracemalloc.start()
    PointNorms(objective).update(layers)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.1 * 8 * problem.n_points * network.n_parameters
    assert peak < 20 * 8 * problem.n_points * 128


def test_the_initial_kernel_does_not_depend_on_what_is_fitted():
    """The target enters the residuals, never their gradients."""
    theta = Mlp((1, 8, 1)).init(0)
    kernels = [
        TangentKernel(FunctionFit(steepness, 9), Mlp((1, 8, 1)), theta).kernel() for steepness in (1, 30)
    ]
    np.testing.assert_array_equal(*kernels)


def test_the_numbers_of_products_are_those_of_the_derivation():
    assert stream_pairs(1) == [(0, 0)]
    assert stream_pairs(3) == [(0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (0, 2)]


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("problem", lambda: TangentKernel("harmonic", Mlp((1, 4, 1)), np.zeros(13))),
        ("network", lambda: TangentKernel(SOFT, (1, 4, 1), np.zeros(13))),
        ("theta", lambda: TangentKernel(SOFT, Mlp((1, 4, 1)), np.zeros(12))),
        ("theta", lambda: TangentKernel(SOFT, Mlp((1, 4, 1)), np.zeros((1, 1, 13)))),
        ("theta", lambda: TangentKernel(SOFT, Mlp((1, 4, 1)), np.zeros(13, complex))),
        ("theta", lambda: TangentKernel(SOFT, Mlp((1, 4, 1)), np.full(13, np.nan))),
        ("theta", lambda: TangentKernel(SOFT, Mlp((1, 4, 1)), "a text")),
        ("theta", lambda: TangentKernel(SOFT, Mlp((1, 4, 1)), np.zeros(13)).move("a text")),
        ("kernel", lambda: eigenvalues(np.array([[1.0, 2.0], [0.0, 1.0]]))),
        ("kernel", lambda: eigenvalues(np.eye(3)[:2])),
        ("theta", lambda: TangentKernel(SOFT, Mlp((1, 4, 1)), np.zeros(13)).move(np.zeros((2, 13)))),
        ("sample", lambda: TangentKernel(SOFT, Mlp((1, 4, 1)), np.zeros(13), sample=0)),
    ],
)
def test_a_bad_setting_is_named(name, make):
    with pytest.raises(SettingError) as caught:
        make()
    assert caught.value.name == name
