"""Sets of differential operators that are closed under the product rule, in exact arithmetic.

An operator with constant coefficients is a polynomial in the derivatives: d_tt - 4 d_xx is the polynomial
t^2 - 4 x^2. Its product rule is the polynomial of a sum,

    P(f g) = P(a + b) f g,    where a differentiates f, and b differentiates g,

and Taylor's formula, P(a + b) = sum_k a^k / k! (d^k P)(b), shows which operators meet f and g: those that
formal differentiation makes of P. A set of operators is *closed* if it holds these for all of its members,
up to linear combination. Then one table (P, Q, R, c), "P(f g) contains c (Q f)(R g)", says all about it.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from math import factorial, prod
from typing import NamedTuple

from .errors import SettingError

Exponents = tuple[int, ...]
Number = int | float | Fraction
Row = tuple[int, int, int, float]


@dataclass(frozen=True)
class Operator:
    """A linear differential operator with constant coefficients.

    Made by `derivatives`, and by sums, differences, products and multiples of what that gives.

    Parameters
    ----------
    parts : pairs of the exponents of a derivative, one for every input, and its coefficient; sorted.
    """

    parts: tuple[tuple[Exponents, Fraction], ...]

    @staticmethod
    def of(parts: Mapping[Exponents, Number]) -> Operator:
        """The operator with these coefficients; zeros are left out."""
        return Operator(tuple(sorted((k, Fraction(c)) for k, c in parts.items() if c)))

    def __add__(self, other: Operator) -> Operator:
        parts = dict(self.parts)
        for exponents, c in other.parts:
            parts[exponents] = parts.get(exponents, Fraction(0)) + c
        return Operator.of(parts)

    def __sub__(self, other: Operator) -> Operator:
        return self + -1 * other

    def __mul__(self, other: Operator | Number) -> Operator:
        if not isinstance(other, Operator):
            return Operator.of({k: c * Fraction(other) for k, c in self.parts})
        parts: Counter[Exponents] = Counter()
        for (k, c), (m, d) in itertools.product(self.parts, other.parts):
            parts[tuple(map(sum, zip(k, m, strict=True)))] += c * d  # type: ignore[assignment]
        return Operator.of(parts)

    __rmul__ = __mul__

    def formal_derivative(self, exponents: Exponents) -> Operator:
        """The derivative of the polynomial, `exponents` times in its variables."""
        parts = {}
        for k, c in self.parts:
            if all(have >= take for have, take in zip(k, exponents, strict=True)):
                left = tuple(have - take for have, take in zip(k, exponents, strict=True))
                falling = (factorial(have) // factorial(rest) for have, rest in zip(k, left, strict=True))
                parts[left] = c * prod(falling)
        return Operator.of(parts)

    def degree(self, weights: Sequence[int]) -> int | None:
        """Degree of all parts if derivatives in the inputs count `weights`; None if the parts differ."""
        degrees = {sum(map(int.__mul__, k, weights)) for k, _ in self.parts}
        return degrees.pop() if len(degrees) == 1 else None

    def text(self, inputs: Sequence[str]) -> str:
        """For example "tt - 4 xx", for inputs named t and x."""
        words = []
        for k, c in reversed(self.parts):
            symbols = "".join(name * times for name, times in zip(inputs, k, strict=True)) or "1"
            words.append(f"{'- ' if c < 0 else '+ '}{'' if abs(c) == 1 else f'{abs(c)} '}{symbols}")
        return " ".join(words).removeprefix("+ ") or "0"


def derivatives(inputs: int) -> tuple[Operator, ...]:
    """The identity, and the first derivative in every one of so many inputs."""
    axes = [tuple(int(i == axis) for i in range(inputs)) for axis in range(-1, inputs)]
    return tuple(Operator.of({axis: 1}) for axis in axes)


class NotClosedError(SettingError):
    """A set of operators lacks some that its product rule needs: `missing`."""

    def __init__(self, value: object, missing: list[Operator], inputs: Sequence[str]) -> None:
        names = ", ".join(operator.text(inputs) for operator in missing)
        super().__init__("operators", value, f"a set that is closed under the product rule; missing: {names}")
        self.missing = missing


class Term(NamedTuple):
    """One row of the table: `operator` (f g) contains `factor` (`left` f)(`right` g); numbers of members."""

    operator: int
    left: int
    right: int
    factor: Fraction


class Operators:
    """A set of operators that is closed under the product rule, with its table.

    Parameters
    ----------
    members : named operators, the identity first. All derivatives in a member are of one degree, where a
        derivative in one input may count more than in another: d_t - d_xx is of degree 2.
    inputs : names of the inputs, for messages.

    Attributes
    ----------
    names, members : in ascending degree, otherwise in the order given.
    degrees : of the members.
    table : the rows of the product rule.

    Raises
    ------
    NotClosedError : members are missing.
    SettingError : the first member is not the identity, or members are dependent or of no single degree.
    """

    def __init__(self, members: Mapping[str, Operator], inputs: Sequence[str] = ("x",)) -> None:
        self.inputs = tuple(inputs)
        if any(len(k) != len(self.inputs) for member in members.values() for k, _ in member.parts):
            raise SettingError("inputs", self.inputs, "a name for every input of the operators")
        texts = [member.text(self.inputs) for member in members.values()]
        if not members or next(iter(members.values())) != derivatives(len(self.inputs))[0]:
            raise SettingError("operators", texts, "operators of which the first is 1")
        degrees = _degrees(list(members.values()), len(self.inputs))
        if degrees is None:
            raise SettingError("operators", texts, "operators each of which is of one degree")
        self.degrees = tuple(sorted(degrees))
        in_order = sorted(range(len(members)), key=degrees.__getitem__)
        self.names = tuple(list(members)[number] for number in in_order)
        self.members = tuple(members[name] for name in self.names)
        self._span = _Span()
        for name, member in zip(self.names, self.members, strict=True):
            if not self._span.extend(member):
                raise SettingError("operators", texts, f"independent operators; {name} follows from others")
        missing = self._missing()
        if missing:
            raise NotClosedError(texts, missing, self.inputs)

    def __len__(self) -> int:
        return len(self.members)

    def __str__(self) -> str:
        return "{" + ", ".join(member.text(self.inputs) for member in self.members) + "}"

    @cached_property
    def table(self) -> tuple[Term, ...]:
        """The rows (P, Q, R, c) of the product rule."""
        terms = []
        for number, member in enumerate(self.members):
            lefts = [Operator(())] * len(self)
            for exponents in _exponents_below(member):
                power = Operator.of({exponents: Fraction(1, prod(map(factorial, exponents)))})
                part = self._span.coordinates(member.formal_derivative(exponents))
                lefts = [left + c * power for left, c in zip(lefts, part, strict=True)]
            for right, polynomial in enumerate(lefts):
                left = enumerate(self._span.coordinates(polynomial))
                terms += [Term(number, q, right, c) for q, c in left if c]
        return tuple(sorted(terms))

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The table with numbers as factors, which are quicker than fractions."""
        return tuple((p, q, r, float(c)) for p, q, r, c in self.table)

    def rows_of(self, operator: int) -> list[Row]:
        """The rows for one operator."""
        return [row for row in self.rows if row[0] == operator]

    def of_input(self, axis: int) -> tuple[Fraction, ...]:
        """Every member applied to the input x_axis, but for the identity, which gives x_axis: constants."""
        unit = tuple(int(i == axis) for i in range(len(self.inputs)))
        return (Fraction(0), *(dict(member.parts).get(unit, Fraction(0)) for member in self.members[1:]))

    def _missing(self) -> list[Operator]:
        """What formal differentiation gives that is no combination of members, nor of the missing before."""
        span, found = _Span(), []
        waiting = list(self.members)
        for member in self.members:
            span.extend(member)
        units = [unit.parts[0][0] for unit in derivatives(len(self.inputs))[1:]]
        while waiting:
            operator = waiting.pop(0)
            for part in (operator.formal_derivative(unit) for unit in units):
                if span.extend(part):
                    found.append(part * (1 / part.parts[-1][1]))
                    waiting.append(part)
        return found


def _degrees(members: Sequence[Operator], inputs: int) -> tuple[int, ...] | None:
    """Degrees of the members, with the smallest weights of inputs that make each of one degree, if any."""
    highest = max([1, *(sum(k) for member in members for k, _ in member.parts)])
    for weights in sorted(itertools.product(range(1, highest + 1), repeat=inputs), key=sum):
        degrees = [member.degree(weights) for member in members]
        if None not in degrees:
            return tuple(degrees)  # type: ignore[arg-type]
    return None


@cache
def up_to(order: int) -> Operators:
    """The derivatives in one input up to `order`: u, u_x, u_xx and so on."""
    one, x = derivatives(1)
    members = {"u": one}
    for k in range(1, order + 1):
        members["u_" + "x" * k] = list(members.values())[-1] * x
    return Operators(members)


class _Span:
    """The linear combinations of some operators, as reduced rows with what each is made of."""

    def __init__(self) -> None:
        self.size = 0
        self.rows: list[tuple[Exponents, Operator, dict[int, Fraction]]] = []

    def extend(self, operator: Operator) -> bool:
        """Add an operator; False if it is a combination already, and nothing is added."""
        rest, made_of = self._reduce(operator)
        if not rest.parts:
            return False
        pivot, c = rest.parts[0]
        made_of = {number: -a / c for number, a in made_of.items()} | {self.size: 1 / c}
        self.rows.append((pivot, rest * (1 / c), made_of))
        self.size += 1
        return True

    def coordinates(self, operator: Operator) -> list[Fraction]:
        """The factors of the operators in one that is a combination of them."""
        rest, made_of = self._reduce(operator)
        assert not rest.parts
        return [made_of.get(number, Fraction(0)) for number in range(self.size)]

    def _reduce(self, operator: Operator) -> tuple[Operator, dict[int, Fraction]]:
        """What is left of an operator without the rows, and the operators that were taken off."""
        taken: dict[int, Fraction] = {}
        for pivot, row, made_of in self.rows:
            c = dict(operator.parts).get(pivot)
            if c:
                operator = operator - c * row
                for number, a in made_of.items():
                    taken[number] = taken.get(number, Fraction(0)) + c * a
        return operator, taken


def _exponents_below(operator: Operator) -> list[Exponents]:
    """All exponents for which the formal derivative of the operator may not be zero."""
    highest = [max(k) for k in zip(*(k for k, _ in operator.parts), strict=True)]
    return list(itertools.product(*(range(k + 1) for k in highest)))
