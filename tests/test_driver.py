"""The driver that runs recipes in slices for the page: messages, slices, changed settings, failures."""

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from pinn_widgets.hosts.page import driver
from pinn_widgets.runs import wire
from pinn_widgets.runs.slices import ENDED
from pinn_widgets.weight_tuner import recipe

KEY = 1


def unpack(message: bytes) -> tuple[dict[str, Any], bool]:
    """The message, and whether the run has ended."""
    return wire.unpack(message), np.frombuffer(message, np.uint32, 2)[1] == ENDED


@pytest.fixture(autouse=True)
def forget_run() -> Iterator[None]:
    yield
    driver.stop(KEY)


def start(widget: str = "weight-tuner", **settings: Any) -> tuple[dict[str, Any], bool]:
    return unpack(driver.start(KEY, widget, json.dumps(settings)))


def test_run_in_slices_is_the_run() -> None:
    message, ended = start(epochs=60, lam_ic=100.0)
    assert message["snapshot"]["epoch"] == 0
    epochs = []
    while not ended:
        message, ended = unpack(driver.advance(KEY, 0.0, math.inf))
        epochs.append(message["snapshot"]["epoch"])
    assert epochs == [20, 40, 60]
    *_, last = recipe.run(recipe.Settings(epochs=60, lam_ic=100.0))
    for name, values in last["series"].items():
        assert message["snapshot"]["series"][name].tolist() == values.tolist()
    assert message["snapshot"]["result"] == last["result"]


def test_slice_gives_the_last_of_its_snapshots() -> None:
    start(epochs=200)
    message, _ = unpack(driver.advance(KEY, 60.0, 3))
    assert message["snapshot"]["epoch"] == 60
    message, ended = unpack(driver.advance(KEY, 60.0, math.inf))
    assert message["snapshot"]["epoch"] == 200
    assert ended


def test_changed_weight_holds_from_the_next_epoch_on() -> None:
    start(epochs=60)
    driver.advance(KEY, 60.0, 1)
    assert unpack(driver.change(KEY, json.dumps({"epochs": 60, "lam_ic": 50.0}))) == ({}, False)
    message, _ = unpack(driver.advance(KEY, 60.0, 1))
    assert message["snapshot"]["series"]["lam_ic"].tolist() == [1, 1, 50]


@pytest.mark.parametrize(
    ("widget", "settings", "said"),
    [
        ("weight-tuner", {"epochs": 0}, "epochs = 0 is not allowed"),
        ("weight-tuner", {"colour": 1}, "colour = 1 is not allowed"),
        ("../../etc", {}, "widget = '../../etc' is not allowed"),
    ],
)
def test_bad_settings_fail_with_their_name(widget: str, settings: dict[str, Any], said: str) -> None:
    message, ended = start(widget, **settings)
    assert ended
    assert message["failure"]["kind"] == "setting"
    assert message["failure"]["message"].startswith(said)


def test_setting_that_is_fixed_while_training_fails() -> None:
    start(epochs=60)
    driver.change(KEY, json.dumps({"epochs": 60, "seed": 3}))
    message, ended = unpack(driver.advance(KEY, 60.0, 1))
    assert ended
    assert "seed = 3 is not allowed" in message["failure"]["message"]


def test_divergence_names_epoch_and_term() -> None:
    start(optimizer="gradient_descent", learning_rate=1.0, lam_ic=1e5)
    message, ended = unpack(driver.advance(KEY, 60.0, math.inf))
    assert ended
    assert message["failure"]["kind"] == "divergence"
    assert message["failure"]["epoch"] > 0
    assert message["failure"]["term"] in ("pde", "ic")


def test_unknown_widget_is_a_fault_that_is_told() -> None:
    message, ended = start("no-such-widget")
    assert ended
    assert message["failure"]["kind"] == "fault"
    assert "no_such_widget" in message["failure"]["message"]
