"""The listed rules against complex steps, against their readable twins, and in a whole sweep."""

import closed_sets as plain
import numpy as np
import pytest
from closed_sets import NAMED, THIRD, closure, random_closed_sets
from hypothesis import given, settings
from hypothesis import strategies as st

from pinn_core import Mlp, SettingError
from pinn_core.networks import Sweep
from pinn_core.operators import derivatives, up_to
from pinn_core.streams import (
    HardConstraint,
    product_backward,
    product_in_place,
    run,
    tanh_backward,
    tanh_forward,
)

STEP = 1e-30
MEMBERS, POINTS, WIDTH = 2, 3, 4
SETS = pytest.mark.parametrize("name", NAMED)


def some_streams(operators, rng, n=1):
    """Random streams (S, B, N, m), n of them."""
    found = [0.7 * rng.standard_normal((len(operators), MEMBERS, POINTS, WIDTH)) for _ in range(n)]
    return found if n > 1 else found[0]


def listed_product(operators, f, g):
    g = g.astype(np.result_type(f, g))
    run(product_in_place(operators, f, g, np.empty_like(g, shape=(2, *g.shape[1:]))))
    return g


def listed_tanh(operators, z, present=None):
    present = range(len(operators)) if present is None else present
    h, s = np.full_like(z, np.nan), np.full_like(z, np.nan)
    given = {p: z[p] for p in present}
    run(tanh_forward(operators, given, h, s, np.empty_like(z, shape=(2, *z.shape[1:]))))
    return h, s


def listed_backward(rule, operators, f, dh, present=None):
    present = range(len(operators)) if present is None else present
    dg = np.full_like(dh, np.nan)
    run(
        rule(
            operators, f, dh.copy(), {p: dg[p] for p in present}, np.empty_like(dh, shape=(2, *dh.shape[1:]))
        )
    )
    return dg


def assert_close(a, b, tolerance=1e-13):
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * max(1.0, np.abs(b).max()))


def steps_in(streams, number, function, d_output):
    """Complex step of sum(d_output * function) in one stream at all entries at once, which do not mix."""
    moved = streams.astype(complex)
    moved[number] += 1j * STEP
    return (d_output * function(moved)).sum(axis=0).imag / STEP


def check_rules(operators, seed):
    rng = np.random.default_rng(seed)
    f, g, dh = some_streams(operators, rng, 3)
    assert_close(listed_product(operators, f, g), plain.product(operators, f, g))
    dg = listed_backward(product_backward, operators, f, dh)
    assert_close(dg, plain.transposed_product(operators, f, dh))
    h, s = listed_tanh(operators, f)
    for listed, read in zip((h, s), plain.tanh(operators, f), strict=True):
        assert_close(listed, read)
    dz = listed_backward(tanh_backward, operators, s, dh)
    for number in range(len(operators)):
        assert_close(dg[number], steps_in(g, number, lambda moved: listed_product(operators, f, moved), dh))
        assert_close(dz[number], steps_in(f, number, lambda moved: listed_tanh(operators, moved)[0], dh))


@SETS
@pytest.mark.parametrize("seed", [0, 1])
def test_every_rule_agrees_with_its_twin_and_with_the_complex_step(name, seed):
    check_rules(NAMED[name], seed)


@settings(max_examples=40, deadline=None)
@given(operators=random_closed_sets(), seed=st.integers(0, 1000))
def test_the_rules_of_a_random_closed_set_agree_with_twin_and_complex_step(operators, seed):
    check_rules(operators, seed)


@SETS
def test_streams_that_are_zero_may_be_left_out(name):
    operators = NAMED[name]
    rng = np.random.default_rng(3)
    z, dh = some_streams(operators, rng, 2)
    first = [
        0,
        *(
            p
            for p in range(1, len(operators))
            if any(operators.of_input(i)[p] for i in range(len(operators.inputs)))
        ),
    ]
    z[[p for p in range(len(operators)) if p not in first]] = 0
    for short, whole in zip(listed_tanh(operators, z, first), listed_tanh(operators, z), strict=True):
        assert_close(short, whole, 1e-15)
    s = listed_tanh(operators, z)[1]
    whole = listed_backward(tanh_backward, operators, s, dh)
    assert_close(listed_backward(tanh_backward, operators, s, dh, first)[first], whole[first], 1e-15)


@SETS
def test_a_rule_whose_table_is_wrong_is_noticed(name):
    """The checks above fail if a factor of the table is 1 % off."""
    operators = NAMED[name]
    if not any(q and r for _, q, r, _ in operators.rows):
        return
    bent = closure(dict(zip(operators.names, operators.members, strict=True)), operators.inputs)
    bent.rows = tuple((p, q, r, c * (1.01 if q and r else 1)) for p, q, r, c in operators.rows)
    rng = np.random.default_rng(0)
    f, g = some_streams(operators, rng, 2)
    with pytest.raises(AssertionError):
        assert_close(listed_product(bent, f, g), plain.product(operators, f, g))
    with pytest.raises(AssertionError):
        assert_close(listed_tanh(bent, f)[0], plain.tanh(operators, f)[0])


@SETS
def test_the_hard_constraint_is_the_product_plus_a_function(name):
    operators = NAMED[name]
    rng = np.random.default_rng(1)
    g, p = rng.standard_normal((2, len(operators), POINTS))
    f, du = rng.standard_normal((2, len(operators), MEMBERS, POINTS))
    u, df = np.empty_like(f), np.empty_like(f)
    constraint = HardConstraint(operators, g, p, f, u)
    constraint.forward()
    known = np.broadcast_to(p[:, None], f.shape)
    assert_close(u, g[:, None] + plain.product(operators, known, f))
    expected = plain.transposed_product(operators, known, du)
    run(constraint.backward_calls(product_backward, du, df))
    assert_close(df, expected)


def network_and_points(operators, outputs=2, seed=0, hidden=(5, 4)):
    network = Mlp((len(operators.inputs), *hidden, outputs))
    rng = np.random.default_rng(seed)
    theta = np.stack([network.init(b) for b in range(MEMBERS)])
    theta += 0.3 * rng.standard_normal(theta.shape)
    x = rng.uniform(-1, 1, (6, len(operators.inputs)))
    return network, theta, x


def streams_at(network, theta, x, operators):
    """(k, S, B, N)."""
    sweep = Sweep(network, x, operators, len(theta), np.result_type(theta, x), forward_only=True)
    return sweep.forward(network.layers(theta))


@pytest.mark.parametrize("name", ["third", "all to order 3"])
def test_every_stream_agrees_with_the_complex_step_in_the_inputs(name):
    """The derivative of a stream in an input is another stream of a set of all derivatives."""
    operators = NAMED[name]
    network, theta, x = network_and_points(operators)
    u = streams_at(network, theta, x, operators)
    checked = {0}
    for axis, first in enumerate(derivatives(len(operators.inputs))[1:]):
        moved = x.astype(complex)
        moved[:, axis] += 1j * STEP
        steps = streams_at(network, theta.astype(complex), moved, operators).imag / STEP
        for number, member in enumerate(operators.members):
            if member * first in operators.members:
                higher = operators.members.index(member * first)
                assert_close(u[:, higher], steps[:, number], 2e-14)
                checked.add(higher)
    assert checked == set(range(len(operators)))


@pytest.mark.parametrize("name", ["wave", "second", "heat", "cavity"])
def test_every_stream_is_the_sum_of_its_parts(name):
    """A collapsed stream against all derivatives to order 3, which agree with the complex step."""
    operators = NAMED[name]
    network, theta, x = network_and_points(operators)
    u, parts = streams_at(network, theta, x, operators), streams_at(network, theta, x, THIRD)
    number = {member.parts[0][0]: i for i, member in enumerate(THIRD.members)}
    for i, member in enumerate(operators.members):
        expected = sum(float(c) * parts[:, number[exponents]] for exponents, c in member.parts)
        assert_close(u[:, i], expected, 1e-14)


def loss_and_gradient(u):
    """A nonlinear loss of all streams of two outputs, (B,), and its gradient in them."""
    weight = np.cos(np.arange(u[:, :, 0].size)).reshape(u.shape[0], u.shape[1], 1, u.shape[3])
    squares = weight * u * u
    loss = (squares + u * np.roll(u, 1, axis=0) ** 2).sum(axis=(0, 1, 3))
    return loss, 2 * weight * u + np.roll(u, 1, axis=0) ** 2 + 2 * u * np.roll(u, -1, axis=0)


@SETS
@pytest.mark.parametrize("hidden", [(4,), (5, 4), (3, 3, 3)], ids=str)
def test_the_gradient_of_a_nonlinear_loss_agrees_with_the_complex_step(name, hidden):
    """Two members, two outputs, every parameter."""
    operators = NAMED[name]
    network, theta, x = network_and_points(operators, hidden=hidden)
    sweep, gradient = Sweep(network, x, operators, MEMBERS, theta.dtype), np.empty_like(theta)
    sweep.forward(network.layers(theta))
    sweep.du[:] = loss_and_gradient(sweep.u)[1]
    sweep.backward(network.layers(theta), network.layers(gradient))
    at_complex = Sweep(network, x, operators, MEMBERS, np.dtype(complex), forward_only=True)
    expected = np.empty_like(theta)
    for i in range(network.n_parameters):
        moved = theta.astype(complex)
        moved[:, i] += 1j * STEP
        expected[:, i] = loss_and_gradient(at_complex.forward(network.layers(moved)))[0].imag / STEP
    for block in network.blocks().values():
        assert_close(
            gradient[:, block] / np.abs(expected[:, block]).max(),
            expected[:, block] / np.abs(expected[:, block]).max(),
        )


@SETS
def test_a_member_of_an_ensemble_equals_the_single_run_bit_by_bit(name):
    operators = NAMED[name]
    network, theta, x = network_and_points(operators, hidden=(20, 20))
    both, alone = (np.empty_like(theta) for _ in range(2))
    for gradient, parts in ((both, [slice(0, 2)]), (alone, [slice(0, 1), slice(1, 2)])):
        for part in parts:
            sweep = Sweep(network, x, operators, part.stop - part.start, theta.dtype)
            sweep.du[:] = loss_and_gradient(sweep.forward(network.layers(theta[part])))[1]
            sweep.backward(network.layers(theta[part]), network.layers(gradient[part]))
    np.testing.assert_array_equal(both, alone)


def test_float32_stays_float32():
    operators = NAMED["cavity"]
    network, theta, x = network_and_points(operators)
    rough = streams_at(network, theta.astype("float32"), x.astype("float32"), operators)
    assert rough.dtype == np.float32
    assert_close(rough, streams_at(network, theta, x, operators), 1e-5)


@SETS
def test_the_network_evaluates_any_closed_set(name):
    operators = NAMED[name]
    network, theta, x = network_and_points(operators)
    at = x[:, 0] if len(operators.inputs) == 1 else x
    found = network.streams(theta, at, operators)
    np.testing.assert_array_equal(found, streams_at(network, theta, x, operators))
    np.testing.assert_array_equal(network.streams(theta[0], at, operators), found[:, :, 0])


def test_operators_in_other_inputs_are_refused():
    with pytest.raises(SettingError, match="operators in 2 inputs"):
        Mlp((2, 3, 1)).streams(np.zeros(13), np.zeros((4, 2)), up_to(1))
    with pytest.raises(SettingError, match=r"an array \(N, 2\)"):
        Mlp((2, 3, 1)).streams(np.zeros(13), np.zeros(4), NAMED["wave"])
