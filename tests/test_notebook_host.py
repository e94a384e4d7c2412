"""The class of a widget in a notebook: settings as traits, runs from code and view, results as arrays."""

import asyncio
import importlib
from pathlib import Path

import numpy as np
import pytest
import traitlets

import pinn_widgets
from pinn_core import DivergenceError, NtkTraceWeights, SettingError
from pinn_widgets.hosts.notebook import host
from pinn_widgets.hosts.notebook.names import class_name, folder_name
from pinn_widgets.weight_tuner import recipe

FOLDERS = sorted(path.parent.name for path in Path(pinn_widgets.__path__[0]).glob("*/recipe.py"))
SHORT = {"epochs": 60, "lam_ic": 100.0}


@pytest.fixture(autouse=True)
def front_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A front end of its own, so that these tests need no built site."""
    for name in ("widget.js", "style.css"):
        (tmp_path / name).write_text("/* nothing */")
    monkeypatch.setattr(host, "BUNDLES", (tmp_path,))
    host.widget_class.cache_clear()
    yield
    host.widget_class.cache_clear()


@pytest.fixture
def tuner():
    return pinn_widgets.WeightTuner(**SHORT)


@pytest.fixture
def sent(tuner, monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What the widget tells its view."""
    messages: list[dict] = []
    monkeypatch.setattr(type(tuner), "send", lambda _, content, *_rest: messages.append(content))
    return messages


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_widget_has_a_class(folder):
    made = getattr(pinn_widgets, class_name(folder))
    widget = made()
    settings = importlib.import_module(f"pinn_widgets.{folder}.recipe").Settings()
    assert widget.settings == settings
    for name, value in settings.as_dict().items():
        assert getattr(widget, name) == value
    assert folder_name(made.__name__) == folder
    assert "Settings" in made.__doc__


def test_what_is_no_widget_is_refused():
    with pytest.raises(AttributeError, match="WeightTuner"):
        _ = pinn_widgets.Nothing


def test_settings_are_traits(tuner):
    tuner.lam_ic = 10
    assert tuner.settings == recipe.Settings(epochs=60, lam_ic=10.0)
    tuner._settings = tuner._settings | {"lam_ic": 3.0}
    assert tuner.lam_ic == 3.0
    assert repr(tuner) == "WeightTuner(lam_ic=3.0, epochs=60)"


def test_bad_settings_are_refused_in_a_sentence(tuner):
    for change in ({"lam_ic": -1}, {"nothing": 1}):
        with pytest.raises(SettingError, match=r"is not allowed; allowed"):
            pinn_widgets.WeightTuner(**change)
    with pytest.raises(SettingError, match=r"from 0\.001"):
        tuner.lam_ic = -1
    with pytest.raises(traitlets.TraitError):
        tuner.epochs = "many"
    with pytest.raises(SettingError, match="only"):
        pinn_widgets.WeightTuner(only="half")


def test_results_are_those_of_the_recipe(tuner):
    with pytest.raises(RuntimeError, match="Nothing has been trained yet"):
        _ = tuner.result
    *_, last = recipe.run(recipe.Settings(**SHORT))
    tuner.run()
    assert tuner.result == last["result"]
    assert isinstance(tuner.series["loss_pde"], np.ndarray)
    np.testing.assert_array_equal(tuner.curve["u"], last["curve"]["u"])
    assert tuner.runs == {}


def test_divergence_is_raised():
    tuner = pinn_widgets.WeightTuner(lam_ic=1e5, learning_rate=1.0, optimizer="gradient_descent")
    with pytest.raises(DivergenceError, match="smaller learning rate"):
        tuner.run()
    assert not tuner.is_training


def test_race_gives_every_scheme_and_takes_one_more():
    race = pinn_widgets.NtkRace(own=NtkTraceWeights(), fixed=False, epochs=40)
    race.run()
    assert set(race.runs) == {"plain", "ntk", "own"}
    assert race.runs["own"].result["rel_l2"] == race.runs["ntk"].result["rel_l2"]
    assert race.runs["ntk"].series["lam_ic"].shape == race.runs["ntk"].series["epoch"].shape
    with pytest.raises(SettingError, match="no race"):
        pinn_widgets.WeightTuner(own=NtkTraceWeights())


def test_run_from_code_is_shown(tuner, sent):
    tuner.run()
    assert (sent[0]["type"], sent[-1]["type"]) == ("adopt", "run")
    tuner._receive(None, {"type": "hello"}, [])
    assert [message["type"] for message in sent[-2:]] == ["adopt", "run"]


def request(tuner, left: int = -1) -> dict:
    return {"type": "start", "id": 1, "settings": dict(tuner._settings), "left": left, "pace": 0}


def test_run_from_the_view(tuner, sent):
    async def main() -> None:
        tuner._receive(None, request(tuner), [])
        await tuner._live.task

    asyncio.run(main())
    assert tuner.snapshot["epoch"] == 60
    assert {message["type"] for message in sent} == {"run"}


def test_step_pause_change_and_stop(tuner):
    async def main() -> None:
        tuner._receive(None, request(tuner, left=1), [])
        await tuner._live.task
        assert tuner.snapshot["epoch"] == 20
        tuner._receive(None, {"type": "step", "id": 1}, [])
        tuner._receive(None, {"type": "change", "id": 1, "settings": tuner._settings | {"lam_ic": 5.0}}, [])
        await tuner._live.task
        assert tuner.snapshot["epoch"] == 40
        assert not tuner.is_training
        tuner._receive(None, {"type": "resume", "id": 7}, [])  # another run
        assert not tuner.is_training
        tuner._receive(None, {"type": "stop", "id": 1}, [])
        assert tuner._live is None

    asyncio.run(main())
    assert tuner.snapshot["epoch"] == 40


def test_train_in_the_background_and_cancel():
    tuner = pinn_widgets.WeightTuner(epochs=20000)

    async def main() -> None:
        task = tuner.train()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert tuner.is_training
        tuner.pause()
        await task
        reached = tuner.snapshot["epoch"]
        tuner.resume()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert tuner.snapshot["epoch"] > reached
        tuner.cancel()
        assert not tuner.is_training

    asyncio.run(main())
    assert tuner.snapshot["epoch"] < 20000


def test_train_without_an_event_loop_trains_to_the_end(tuner):
    assert tuner.train() is None
    assert tuner.snapshot["epoch"] == 60


def test_missing_front_end_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(host, "BUNDLES", (tmp_path / "nothing",))
    with pytest.raises(FileNotFoundError, match=r"build\.sh build"):
        host.bundle()
