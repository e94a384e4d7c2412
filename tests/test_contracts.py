"""What a reader writes needs no registration: own classes train, and their mistakes are named."""

import dataclasses

import numpy as np
import pytest

from pinn_core import (
    Adam,
    AnnealingWeights,
    FixedWeights,
    FunctionFit,
    HarmonicOscillator,
    Mlp,
    NtkTraceWeights,
    SettingError,
    TangentKernel,
    gradient_check,
    train,
)
from pinn_core.weighting import WeightState

PROBLEM, NETWORK = HarmonicOscillator(n_points=8), Mlp((1, 5, 1))


class Decay:
    """u' + rate u = 0 with u(0) = 1: a problem that is in no registry."""

    order, linear = 1, True
    sizes = {"pde": 6, "ic": 1}
    scales = {"pde": 1 / 6, "ic": 1.0}
    places = {"pde": np.arange(6), "ic": np.zeros(1, int)}
    rate = 2.0

    def points(self):
        return np.linspace(0.0, 1.0, 6)

    def grid(self):
        return np.linspace(0.0, 1.0, 11)

    def exact(self, t):
        return np.exp(-self.rate * t)

    def ansatz(self, t):
        return None

    def residuals(self, t, u, r):
        r["pde"][:] = u[1] + self.rate * u[0]
        r["ic"][:, 0] = u[0, :, 0] - 1

    def residuals_backward(self, t, u, dr, du):
        du[0], du[1] = self.rate * dr["pde"], dr["pde"]
        du[0, :, 0] += dr["ic"][:, 0]


class Sines:
    """A network that draws its parameters in a way of its own."""

    def __init__(self, inner):
        self.inner = inner
        self.widths, self.n_parameters = inner.widths, inner.n_parameters
        self.layers, self.blocks = inner.layers, inner.blocks

    def init(self, seed):
        return np.sin(1.0 + seed + np.arange(self.n_parameters))


class SignDescent:
    """An optimiser of a few lines."""

    def init(self, theta):
        return None

    def step(self, theta, gradient, state, evaluate):
        theta -= 1e-3 * np.sign(gradient)
        return False


@dataclasses.dataclass
class Ramp:
    """A scheme of a few lines: the weight of the first term stays 1, the others climb."""

    refresh: object = 5
    until: object = None

    def init(self, sizes, members):
        return WeightState({term: np.ones(members or 1) for term in sizes})

    def update(self, state, measures, epoch):
        for term in list(state.terms)[1:]:
            state.terms[term][:] = 1 + epoch


def test_own_objects_of_every_kind_train_together() -> None:
    first, *_, end = train(Decay(), Sines(NETWORK), SignDescent(), Ramp(), seeds=[0, 1], epochs=40, every=5)
    assert (end.rel_l2[:, -1] < first.rel_l2[:, 0]).all()
    np.testing.assert_array_equal(end.weights["ic"][0], [1, 6, 11, 16, 21, 26, 31, 36, 41])
    assert gradient_check(Decay(), Sines(NETWORK), Ramp()).worst < 1e-13
    kernel = TangentKernel(Decay(), Sines(NETWORK), Sines(NETWORK).init(3))
    for term, norms in kernel.point_norms_by_loop().items():
        np.testing.assert_allclose(kernel.point_norms()[term], norms, rtol=1e-12)


def with_members(thing, **members):
    """The same object with some members changed, or without those that are None."""
    changed = type(
        "Changed", (type(thing),), {name: value for name, value in members.items() if value is not None}
    )
    made = changed.__new__(changed)
    made.__dict__.update(getattr(thing, "__dict__", {}))
    return made


def training(problem=PROBLEM, network=NETWORK, optimizer=Adam(), weighting=FixedWeights()):  # noqa: B008
    return train(problem, network, optimizer, weighting, epochs=10)


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("problem", lambda: training(problem=Decay)),
        ("problem", lambda: training(problem=3)),
        ("problem.order", lambda: training(with_members(Decay(), order=3))),
        ("problem.linear", lambda: training(with_members(Decay(), linear="yes"))),
        ("problem.points()", lambda: training(with_members(Decay(), points=lambda self: ["a"]))),
        ("problem.grid()", lambda: training(with_members(Decay(), grid=lambda self: np.array([])))),
        ("problem.exact(grid)", lambda: training(with_members(Decay(), exact=lambda self, t: 0 * t))),
        ("problem.sizes", lambda: training(with_members(Decay(), sizes={}))),
        ("problem.sizes['pde']", lambda: training(with_members(Decay(), sizes={"pde": 0.5, "ic": 1}))),
        ("problem.scales", lambda: training(with_members(Decay(), scales={"pde": 1.0}))),
        ("problem.scales['ic']", lambda: training(with_members(Decay(), scales={"pde": 1.0, "ic": -1.0}))),
        ("problem.places['ic']", lambda: training(with_members(Decay(), places=Decay.places | {"ic": [0]}))),
        (
            "problem.places['ic']",
            lambda: training(with_members(Decay(), places=Decay.places | {"ic": np.array([6])})),
        ),
        ("problem.ansatz(x)", lambda: training(with_members(Decay(), ansatz=lambda self, t: t))),
        ("problem.residuals", lambda: training(with_members(Decay(), residuals=lambda self, t, u, r: None))),
        (
            "problem.residuals_backward",
            lambda: training(with_members(Decay(), residuals_backward=lambda self, t, u, dr, du: None)),
        ),
        ("problem.residuals", lambda: training(with_members(Decay(), residuals=3))),
        ("network", lambda: training(network="mlp")),
        ("network", lambda: training(network=Mlp)),
        (
            "network.init(seed)",
            lambda: training(network=with_members(Sines(NETWORK), init=lambda self, s: 1j)),
        ),
        ("network.n_parameters", lambda: training(network=changed_network(n_parameters=2.5))),
        ("network.widths", lambda: training(network=changed_network(widths=[1, 5, 1]))),
        ("network.layers(theta)", lambda: training(network=changed_network(layers=lambda theta: [theta]))),
        ("optimizer", lambda: training(optimizer=0.1)),
        ("optimizer", lambda: training(optimizer=Adam)),
        ("weighting", lambda: training(weighting=Ramp)),
        ("weighting.refresh", lambda: training(weighting=Ramp(refresh=0))),
        ("weighting.refresh", lambda: training(weighting=Ramp(refresh=10.5))),
        ("weighting.until", lambda: training(weighting=Ramp(until=-1))),
        ("weighting.bc", lambda: training(weighting=FixedWeights(bc=100))),
        ("weighting.reference", lambda: training(weighting=AnnealingWeights(reference="ode"))),
        ("weighting.anchor", lambda: training(weighting=NtkTraceWeights(anchor="pdes"))),
    ],
)
def test_what_an_object_lacks_is_named(name, start) -> None:
    with pytest.raises(SettingError) as caught:
        start()
    assert caught.value.name == name


def changed_network(**members):
    """The network of the tests with other members."""
    network = Sines(NETWORK)
    vars(network).update(members)
    return network


def scheme(init=None, update=None):
    """The ramp with an init or an update that makes a mistake."""
    made = Ramp(refresh=1)
    if init:
        made.init = init
    if update:
        made.update = update
    return made


def state_with(**terms):
    return lambda sizes, members: WeightState(terms)


def returns_a_state(state, measures, epoch):
    return WeightState({term: weight + 1 for term, weight in state.terms.items()})


def adds_a_term(state, measures, epoch):
    state.terms["bc"] = np.ones(1)


def rebinds(state, measures, epoch):
    state.terms["ic"] = state.terms["ic"] * 2


def goes_negative(state, measures, epoch):
    state.terms["ic"][:] = -1


def goes_to_zero(state, measures, epoch):
    for weight in state.terms.values():
        weight[:] = 0


ONES = {"pde": np.ones(1), "ic": np.ones(1)}


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        (scheme(init=lambda sizes, members: {"ic": 1.0}), "returns a WeightState"),
        (scheme(init=state_with(pde=np.ones(1))), "arrays for the terms pde, ic"),
        (scheme(init=state_with(**ONES | {"ic": np.ones(1, int)})), "float64 array|array of float64"),
        (scheme(init=state_with(**ONES | {"ic": np.ones(2)})), r"shape \(1,\)"),
        (scheme(init=state_with(**ONES | {"ic": 1.0})), r"shape \(1,\)"),
        (scheme(update=returns_a_state), "changed in place|changes the state"),
        (scheme(update=adds_a_term), r"state\.terms\['bc'\].*no other terms"),
        (scheme(update=rebinds), r"state\.terms\['ic'\].*changed in place"),
        (scheme(update=goes_negative), "a weight of at least 0"),
        (scheme(update=goes_to_zero), "at least one weight above 0"),
    ],
)
def test_a_mistake_of_a_scheme_is_an_error_that_names_it(mistake, said) -> None:
    with pytest.raises(SettingError, match=said):
        list(training(weighting=mistake))


@pytest.mark.parametrize(
    "what", ["residuals", "losses", "gradients", "gradient_norms", "traces", "point_norms"]
)
def test_what_is_measured_cannot_be_written_to(what) -> None:
    def writes(state, measures, epoch):
        found = getattr(measures, what)
        array = (found() if callable(found) else found)["pde"]
        if what in ("gradient_norms", "traces"):  # computed for this caller alone
            raise ValueError("read-only")
        array[:] = 0

    with pytest.raises(ValueError, match="read-only"):
        list(training(weighting=scheme(update=writes)))


def test_a_snapshot_reports_what_the_steps_used() -> None:
    kept = {}

    def remembers(state, measures, epoch):
        kept.update(state.terms)
        state.terms["ic"][:] = 5.0

    run = train(PROBLEM, NETWORK, Adam(), scheme(update=remembers), epochs=20, every=10)
    next(run)
    honest = next(run)
    kept["ic"][:] = 1e9  # behind the back of the training
    kept_weighting = train(PROBLEM, NETWORK, Adam(), FixedWeights(ic=5.0), epochs=20, every=10)
    *_, expected = kept_weighting
    assert honest.weights["ic"].tolist() == [5.0, 5.0]
    np.testing.assert_array_equal(next(run).theta, expected.theta)


def test_an_optimizer_that_does_not_say_whether_it_evaluated_is_named() -> None:
    optimizer = SignDescent()
    optimizer.step = lambda theta, gradient, state, evaluate: None
    with pytest.raises(SettingError, match=r"optimizer\.step"):
        list(training(optimizer=optimizer))


def test_nothing_can_be_changed_before_the_first_snapshot() -> None:
    with pytest.raises(SettingError, match="before the first snapshot"):
        training().send({"weighting": FixedWeights()})


def test_a_weight_too_large_for_float32_is_named() -> None:
    with pytest.raises(SettingError, match=r"weighting\.ic = 1e\+200.*float32"):
        train(PROBLEM, NETWORK, Adam(), FixedWeights(ic=1e200), epochs=10, dtype="float32")


def test_fixed_weights_take_any_terms_of_any_problem() -> None:
    *_, end = train(FunctionFit(n_points=5), NETWORK, Adam(), FixedWeights(data=2.0), epochs=5)
    assert end.weights["data"][-1] == 2.0
    assert FixedWeights(pde=1.0, ic=2) == FixedWeights(ic=2.0, pde=1)
    assert repr(FixedWeights(ic=2, pde=[1, 2])) == "FixedWeights(ic=2.0, pde=(1.0, 2.0))"
    with pytest.raises(SettingError, match="its terms are pde, ic"):
        training(weighting=FixedWeights(bc=100))


def test_members_of_an_ensemble_may_have_weights_of_their_own() -> None:
    def by_member(state, measures, epoch):
        state.terms["ic"][:] = [1.0, 100.0]

    *_, both = train(PROBLEM, NETWORK, Adam(), scheme(update=by_member), seeds=[3, 3], epochs=20)
    for member, weight in enumerate((1.0, 100.0)):
        *_, alone = train(PROBLEM, NETWORK, Adam(), FixedWeights(ic=weight), seeds=3, epochs=20)
        np.testing.assert_array_equal(both.theta[member], alone.theta)
