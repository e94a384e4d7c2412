"""The class of a widget in a notebook, made from its recipe.

    from pinn_widgets import WeightTuner

    tuner = WeightTuner(lam_ic=100, seed=3)
    tuner                      # shows controls and charts
    tuner.run()                # trains to the end, then the next line runs
    tuner.result["rel_l2"]

Settings are traits: `tuner.lam_ic = 1` moves the slider, and moving the slider changes `tuner.lam_ic`.
Training is done by this kernel, in slices, so that Pause is heard.
"""

import asyncio
import dataclasses
import functools
import importlib
import json
import re
import sys
import time
import types
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import anywidget
import numpy as np
import traitlets

from pinn_core import DivergenceError, SettingError

from ...runs.definition import definition
from ...runs.settings import WidgetSettings, setting
from ...runs.slices import Run, guarded, told
from .names import class_name

HERE = Path(__file__).parent
BUNDLES = (HERE / "static", HERE.parents[2] / "_build/extra/notebook")  # in a wheel, in a checkout

RECORDED = HERE.parents[2] / "_build/extra/rt/recorded"  # of a checkout

SLICE_SECONDS = 0.04
LEAST_BETWEEN_MESSAGES = 0.15  # seconds; a Jupyter server drops what comes faster than a megabyte a second
TO_THE_END = float("inf")

TRAITS = {"float": traitlets.Float, "int": traitlets.Int, "flag": traitlets.Bool, "choice": traitlets.Any}


@dataclasses.dataclass(frozen=True)
class SchemeRun:
    """What one scheme of a race has done so far: arrays by name, and plain values as `result`."""

    series: dict[str, np.ndarray]
    curve: dict[str, np.ndarray]
    result: dict[str, Any]


@dataclasses.dataclass
class Live:
    """A run under way.

    Parameters
    ----------
    key : its number; the view numbers its own runs upwards from one, this side downwards.
    run : the run itself, as on a page.
    settings : settings with which it began.
    left : snapshots to train before it waits.
    pace : least time between two snapshots in seconds.
    """

    key: int
    run: Run
    settings: dict[str, Any]
    left: float = TO_THE_END
    pace: float = 0.0
    elapsed: float = 0.0
    sent: float = 0.0
    task: asyncio.Task | None = None


class NotebookWidget(anywidget.AnyWidget):
    """Base of all widgets in notebooks. Subclasses are made by `widget_class`."""

    recipe: Any
    widget_name: str

    _key = traitlets.Unicode().tag(sync=True)
    _definition = traitlets.Dict().tag(sync=True)
    _settings = traitlets.Dict().tag(sync=True)
    _recorded = traitlets.Unicode().tag(sync=True)

    def __init__(self, only: str | None = None, own: Any = None, **settings: Any) -> None:
        """Make the widget.

        Parameters
        ----------
        only : "train" for the short form, with Train, Pause and Reset alone.
        own : in a race, a weighting scheme of the reader's own, which races too under the name "own".
        settings : settings by name; the others keep their default.

        Raises
        ------
        SettingError : an unknown setting, or a value that it does not take.
        """
        if only not in (None, "train"):
            raise SettingError("only", only, "None or 'train'")
        if own is not None:
            self.recipe = with_own_scheme(self.recipe, own)
        checked = self.recipe.Settings.from_mapping(settings)
        traits = {name: value for name, value in checked.as_dict().items() if self.has_trait(name)}
        self._live: Live | None = None
        self._snapshot: dict[str, Any] | None = None
        self._last_message: tuple[dict[str, Any], bytes] | None = None
        self._next_key = -1
        super().__init__(
            _key=uuid.uuid4().hex,
            _definition=definition(self.widget_name, self.recipe, checked, only),
            _settings=checked.as_dict(),
            _recorded=f"rt/recorded/{self.widget_name}/" if sys.platform == "emscripten" else "",
            **traits,
        )
        self.on_msg(self._receive)
        self.observe(self._take_settings, "_settings")
        self.observe(self._give_settings, list(traits))

    def __repr__(self) -> str:
        defaults = self.recipe.Settings().as_dict()
        given = ", ".join(f"{k}={v!r}" for k, v in self._settings.items() if v != defaults[k])
        return f"{type(self).__name__}({given})"

    # ---- what a notebook reads ----

    @property
    def settings(self) -> WidgetSettings:
        """The settings as the recipe takes them."""
        return self.recipe.Settings.from_mapping(self._settings)

    @property
    def snapshot(self) -> dict[str, Any]:
        """The state of the last run, as the recipe gave it.

        Raises
        ------
        RuntimeError : nothing has been trained.
        """
        if self._snapshot is None:
            raise RuntimeError("Nothing has been trained yet: press Train, or call run().")
        return self._snapshot

    @property
    def result(self) -> dict[str, Any]:
        """What came out of the last run: errors, losses, weights, verdict."""
        return self.snapshot["result"]

    @property
    def series(self) -> dict[str, np.ndarray]:
        """The last run's history: arrays over its snapshots, by name."""
        return arrays(self.snapshot.get("series", {}))

    @property
    def curve(self) -> dict[str, np.ndarray]:
        """The last run's solution: arrays over the grid, by name."""
        return arrays(self.snapshot.get("curve", {}))

    @property
    def runs(self) -> dict[str, SchemeRun]:
        """The last race, scheme by scheme; empty if this widget is no race."""
        return {
            scheme: SchemeRun(arrays(run["series"]), arrays(run["curve"]), run["result"])
            for scheme, run in self.snapshot.get("runs", {}).items()
        }

    @property
    def is_training(self) -> bool:
        """Whether a run is under way and does not wait."""
        return self._live is not None and self._live.left > 0

    # ---- what a notebook does ----

    def run(self) -> Self:
        """Train to the end, and only then go on with the cell.

        Raises
        ------
        DivergenceError : the loss became infinite or not a number; the message says where.
        """
        live = self._begin()
        while self._live is live:
            self._advance(live, raising=True)
        return self

    def train(self) -> asyncio.Task | None:
        """Train in the background; the next cell runs at once. `await widget.train()` waits for the end.

        In a plain script, where nothing runs in the background, this is the same as `run()`.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self.run()
            return None
        live = self._begin()
        self._go(live)
        return live.task

    def pause(self) -> None:
        """Let the run wait; `resume()` lets it go on."""
        if self._live is not None:
            self._live.left = 0
            self.send({"type": "command", "command": "pause"})

    def resume(self) -> None:
        """Let a run go on that waits."""
        if self._live is not None:
            self.send({"type": "command", "command": "train"})
            self._live.left = TO_THE_END
            self._go(self._live)

    def cancel(self) -> None:
        """End the run; what it has reached so far can still be read."""
        if self._live is not None:
            self._live = None
            self.send({"type": "command", "command": "reset"})

    # ---- settings: one trait each here, all in one there ----

    def _take_settings(self, change: Mapping[str, Any]) -> None:
        with self.hold_trait_notifications():
            for name, value in change["new"].items():
                if self.has_trait(name) and getattr(self, name) != value:
                    setattr(self, name, value)

    def _give_settings(self, change: Mapping[str, Any]) -> None:
        settings = self._settings | {change["name"]: change["new"]}
        if settings != self._settings:
            self._settings = settings

    # ---- runs ----

    def _begin(self) -> Live:
        """Begin a run from code, and have the view, if there is one, show it."""
        live = self._live = Live(self._next_key, Run(self.recipe, self._settings), self._settings)
        self._next_key -= 1
        self.send({"type": "adopt", "id": live.key, "settings": live.settings})
        return live

    def _go(self, live: Live) -> None:
        """See to it that the run is advanced in the background."""
        if live.task is None or live.task.done():
            live.task = asyncio.get_running_loop().create_task(self._loop(live))

    async def _loop(self, live: Live) -> None:
        while self._live is live and live.left > 0:
            self._advance(live)
            await asyncio.sleep(live.pace)

    def _advance(self, live: Live, raising: bool = False) -> None:
        """Train for a moment and tell the view."""
        start = time.perf_counter()
        try:
            snapshot = live.run.advance(SLICE_SECONDS, 1 if live.pace else live.left)
        except (SettingError, DivergenceError) as error:
            self._fail(live, error)
            if raising:
                raise
            return
        except BaseException as error:  # an interrupted cell, too, ends the run
            self._fail(live, error)
            raise
        now = time.perf_counter()
        live.elapsed += now - start
        if live.left != TO_THE_END and snapshot is not None:
            live.left = 0
        if snapshot is not None:
            self._snapshot = snapshot
        finished = live.run.finished
        if finished:
            self._live = None
        if snapshot is not None and (finished or live.left == 0 or now - live.sent > LEAST_BETWEEN_MESSAGES):
            live.sent = now
            self._tell(live, told({"snapshot": snapshot, "finished": finished}))

    def _fail(self, live: Live, error: BaseException) -> None:
        self._live = None

        def fail() -> Any:
            if isinstance(error, Exception):
                raise error
            raise RuntimeError("the cell was interrupted")

        self._tell(live, guarded(fail))

    def _tell(self, live: Live, message: bytes) -> None:
        content = {"type": "run", "id": live.key, "elapsed": 1000 * live.elapsed}
        self._last_message = content | {"settings": live.settings}, message
        self.send(content, [message])

    def _receive(self, _: Any, content: dict[str, Any], buffers: Any) -> None:  # noqa: ARG002
        """Do what the view asks for."""
        live = self._live if self._live is not None and self._live.key == content.get("id") else None
        kind = content.get("type")
        if kind == "start":
            self._start(content)
        elif kind == "hello":
            self._answer_hello()
        elif kind == "recorded":
            self._send_recorded(str(content.get("file")))
        elif live is None:
            return
        elif kind in ("resume", "step"):
            live.left = TO_THE_END if kind == "resume" else 1
            self._go(live)
        elif kind == "pause":
            live.left = 0
        elif kind == "change":
            live.run.change(content["settings"])
        elif kind == "pace":
            live.pace = content["pace"] / 1000
        elif kind == "stop":
            self._live = None

    def _start(self, request: dict[str, Any]) -> None:
        """Begin a run for which the view asks."""
        settings = request["settings"]
        left = TO_THE_END if request["left"] < 0 else request["left"]
        live = self._live = Live(
            request["id"], Run(self.recipe, settings), settings, left, request["pace"] / 1000
        )
        live.left = max(live.left, 1)  # the state before the first step, at least
        waits = left == 0
        self._advance_once(live)
        live.left = 0 if waits else left
        if self._live is live and live.left > 0:
            self._go(live)

    def _advance_once(self, live: Live) -> None:
        """Give the state before the first step."""
        left, live.left = live.left, 1
        self._advance(live)
        if live.left == 0:
            live.left = left

    def _answer_hello(self) -> None:
        """Bring a view up to date that has only just been made."""
        if self._last_message is not None:
            content, message = self._last_message
            self.send({"type": "adopt", "id": content["id"], "settings": content["settings"]})
            self.send(content, [message])

    def _send_recorded(self, file: str) -> None:
        """Send a file of the recorded runs; an empty answer if it is not at hand."""
        known = re.fullmatch(r"[0-9a-f]+\.run|index\.run", file)
        path = RECORDED / self.widget_name / file
        self.send({"type": "recorded", "file": file}, [path.read_bytes()] if known and path.exists() else [])


def with_own_scheme(recipe: Any, scheme: Any) -> Any:
    """A race's recipe with one more lane, "own", in which the reader's weighting scheme trains.

    Raises
    ------
    SettingError : the widget is no race.
    """
    if not hasattr(recipe, "RACE"):
        raise SettingError("own", type(scheme).__name__, "nothing: this widget is no race")
    own_settings = dataclasses.make_dataclass(
        "Settings",
        [("own", bool, setting(True, label="your scheme", help="The scheme that this notebook has made."))],
        bases=(recipe.Settings,),
        frozen=True,
    )

    def lanes(settings: Any) -> dict[str, Any]:
        made = recipe.RACE.lanes(settings)
        return {
            name: dataclasses.replace(lane, weighting=scheme) if name == "own" else lane
            for name, lane in made.items()
        }

    race = dataclasses.replace(recipe.RACE, lanes=lanes)

    parts = {name: getattr(recipe, name) for name in dir(recipe) if not name.startswith("__")}
    return types.SimpleNamespace(**parts | {"Settings": own_settings, "RACE": race, "run": race.run})


def arrays(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Every entry as an array."""
    return {name: np.asarray(value) for name, value in values.items()}


def bundle() -> Path:
    """Folder of the bundled front end.

    Raises
    ------
    FileNotFoundError : it has not been built.
    """
    for folder in BUNDLES:
        if (folder / "widget.js").exists():
            return folder
    raise FileNotFoundError(
        "The front end of the widgets is missing; run `./build.sh build` in the checkout."
    )


@functools.cache
def widget_class(folder: str) -> type[NotebookWidget]:
    """The class of the widget in a folder such as "weight_tuner"."""
    recipe = importlib.import_module(f"pinn_widgets.{folder}.recipe")
    schema = recipe.Settings.schema()
    names = [spec["name"] for spec in schema]
    if taken := [name for name in names if hasattr(NotebookWidget, name)]:
        raise AttributeError(f"a setting of {folder} has the name of a part of every widget: {taken[0]}")

    def check(self: NotebookWidget, proposal: Any) -> Any:
        name = proposal["trait"].name
        return getattr(self.recipe.Settings.from_mapping(self._settings | {name: proposal["value"]}), name)

    front_end = bundle()
    members: dict[str, Any] = {
        spec["name"]: TRAITS[spec["kind"]](spec["default"], help=spec["help"]) for spec in schema
    }
    members |= {
        "recipe": recipe,
        "widget_name": folder.replace("_", "-"),
        "_check": traitlets.validate(*names)(check),
        "_esm": front_end / "widget.js",
        "_css": front_end / "style.css",
        "__module__": "pinn_widgets",
        "__doc__": doc_of(recipe, schema),
    }
    return type(class_name(folder), (NotebookWidget,), members)


def doc_of(recipe: Any, schema: list[dict[str, Any]]) -> str:
    """The docstring of a widget's class: what its settings are."""
    lines = [f"{recipe.TITLE}.", "", "Settings", "--------"]
    for spec in schema:
        choices = f" one of {json.dumps([value for value, _ in spec['choices']])}." if spec["choices"] else ""
        lines.append(
            f"{spec['name']} = {spec['default']!r} : {spec['label']}.{choices} {spec['help']}".rstrip()
        )
    return "\n".join(lines)
