"""Closed sets of operators: the table against the product rule itself, and what is refused."""

import itertools
from fractions import Fraction
from math import factorial, prod

import pytest
from closed_sets import HEAT, NAMED, ONE, PAIR, WAVE, T, X, closure, random_closed_sets
from hypothesis import given, settings
from hypothesis import strategies as st

from pinn_core import SettingError
from pinn_core.operators import NotClosedError, Operators, derivatives, up_to

# Polynomials in the inputs as {exponents: coefficient}, with the differentiation of school.


def applied(operator, f):
    """P f."""
    result = {}
    for orders, c in operator.parts:
        for powers, a in f.items():
            if all(n >= k for n, k in zip(powers, orders, strict=True)):
                falling = prod(factorial(n) // factorial(n - k) for n, k in zip(powers, orders, strict=True))
                left = tuple(n - k for n, k in zip(powers, orders, strict=True))
                result[left] = result.get(left, 0) + c * a * falling
    return {powers: a for powers, a in result.items() if a}


def times(f, g):
    result = {}
    for (n, a), (m, b) in itertools.product(f.items(), g.items()):
        powers = tuple(map(sum, zip(n, m, strict=True)))
        result[powers] = result.get(powers, 0) + a * b
    return {powers: a for powers, a in result.items() if a}


def by_table(rows, operators, number, f, g):
    """sum c (Q f)(R g) over the rows of one operator."""
    total = {}
    for p, q, r, c in rows:
        if p == number:
            for powers, a in times(
                applied(operators.members[q], f), applied(operators.members[r], g)
            ).items():
                total[powers] = total.get(powers, 0) + c * a
    return {powers: a for powers, a in total.items() if a}


def polynomials(n_inputs):
    """Random polynomials with powers up to 3, or 2 in three inputs."""
    powers = list(itertools.product(range(4 if n_inputs < 3 else 3), repeat=n_inputs))
    return st.fixed_dictionaries({k: st.integers(-5, 5).map(Fraction) for k in powers})


def agree(rows, operators, f, g):
    return all(
        applied(member, times(f, g)) == by_table(rows, operators, number, f, g)
        for number, member in enumerate(operators.members)
    )


@pytest.mark.parametrize("name", NAMED)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_the_table_is_the_product_rule(name, data):
    operators = NAMED[name]
    f, g = (data.draw(polynomials(len(operators.inputs))) for _ in range(2))
    assert agree(operators.table, operators, f, g)


@settings(max_examples=30, deadline=None)
@given(operators=random_closed_sets(), data=st.data())
def test_the_table_of_a_random_closed_set_is_the_product_rule(operators, data):
    f, g = (data.draw(polynomials(len(operators.inputs))) for _ in range(2))
    assert agree(operators.table, operators, f, g)


@pytest.mark.parametrize("name", [name for name in NAMED if name != "value"])
def test_every_row_that_is_changed_or_left_out_is_noticed(name):
    """With f = sum of all monomials and g likewise, no row can hide."""
    operators = NAMED[name]
    powers = list(itertools.product(range(4), repeat=len(operators.inputs)))
    f = {k: Fraction(i + 1) for i, k in enumerate(powers)}
    g = {k: Fraction((i * i) % 7 + 1) for i, k in enumerate(powers)}
    assert agree(operators.table, operators, f, g)
    for number, row in enumerate(operators.table):
        without = operators.table[:number] + operators.table[number + 1 :]
        assert not agree(without, operators, f, g), row
        assert not agree([*without, row._replace(factor=row.factor * 2)], operators, f, g), row


def test_the_derivation_of_a_row_by_hand():
    """(f g)_tt - 4 (f g)_xx = f (g_tt - 4 g_xx) + g (f_tt - 4 f_xx) + 2 f_t g_t - 8 f_x g_x."""
    names = WAVE.names
    rows = {(names[q], names[r]): c for p, q, r, c in WAVE.table if names[p] == "wave"}
    assert rows == {("u", "wave"): 1, ("wave", "u"): 1, ("u_t", "u_t"): 2, ("u_x", "u_x"): -8}


def test_the_table_of_the_appendix():
    """(f g)_xx = f g_xx + 2 f_x g_x + f_xx g, and the rows of f g and (f g)_x."""
    assert [tuple(row) for row in up_to(2).table] == [
        (0, 0, 0, 1), (1, 0, 1, 1), (1, 1, 0, 1), (2, 0, 2, 1), (2, 1, 1, 2), (2, 2, 0, 1)
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "rows"), [("wave", 9), ("cavity", 31), ("all to order 3", 35)])
def test_the_number_of_rows(name, rows):
    assert len(NAMED[name].table) == rows


def test_members_come_in_ascending_degree():
    operators = Operators({"u": ONE, "u_xx": X * X, "u_x": X}, PAIR)
    assert operators.names == ("u", "u_x", "u_xx")
    assert operators.degrees == (0, 1, 2)


def test_a_derivative_may_count_more_in_one_input_than_in_another():
    assert HEAT.degrees == (0, 1, 2)
    assert HEAT.of_input(0) == (0, 0, 1)
    assert HEAT.of_input(1) == (0, 1, 0)


@pytest.mark.parametrize(
    ("members", "missing"),
    [
        ({"u": ONE, "u_t": T, "wave": T * T - 4 * X * X}, "x"),
        ({"u": ONE, "wave": T * T - 4 * X * X}, "t, x"),
        ({"u": ONE, "u_xxx": X * X * X}, "xx, x"),
        ({"u": ONE, "t_laplace": T * (T * T + X * X)}, "tt + 1/3 xx, tx, t, x"),
    ],
)
def test_a_set_that_is_not_closed_is_refused_with_what_is_missing(members, missing):
    with pytest.raises(NotClosedError, match="closed under the product rule") as caught:
        Operators(members, PAIR)
    assert {part.text(PAIR) for part in caught.value.missing} == set(missing.split(", "))
    assert all(part.text(PAIR) in str(caught.value) for part in caught.value.missing)
    assert len(closure(members, PAIR)) == len(members) + len(caught.value.missing)


@settings(max_examples=40, deadline=None)
@given(operators=random_closed_sets(), data=st.data())
def test_a_closed_set_that_loses_a_member_is_closed_only_if_none_needs_it(operators, data):
    lost = data.draw(st.integers(1, len(operators) - 1))
    rest = dict(zip(operators.names, operators.members, strict=True))
    del rest[operators.names[lost]]
    needed = any(lost in (q, r) for p, q, r, _ in operators.table if p != lost)
    if needed:
        with pytest.raises(NotClosedError):
            Operators(rest, operators.inputs)
    else:
        assert len(Operators(rest, operators.inputs)) == len(operators) - 1


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({}, "first is 1"),
        ({"u_t": T, "u": ONE}, "first is 1"),
        ({"u": ONE, "u_t": T, "again": 2 * T}, "again follows from others"),
        ({"u": ONE, "u_t": T, "u_x": X, "helmholtz": T * T + X * X + ONE}, "of one degree"),
    ],
)
def test_other_sets_are_refused(members, words):
    with pytest.raises(SettingError, match=words):
        Operators(members, PAIR)


def test_every_input_has_a_name():
    with pytest.raises(SettingError, match="a name for every input"):
        Operators({"u": ONE, "u_t": T})


def test_operators_add_and_multiply_like_polynomials():
    one, x = derivatives(1)
    assert (x + one) * (x - one) == x * x - one
    assert 0.5 * (x + x) == x
    assert (T * T - 4 * X * X).text(PAIR) == "tt - 4 xx"
    assert (x - x).text(("x",)) == "0"
