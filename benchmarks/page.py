"""Pages as a reader has them: bytes, time from click to first epoch, whole runs."""

import gzip
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import browser
import environment
from playwright.sync_api import BrowserContext, Page, sync_playwright
from steps import summary
from webserver import WebServer

EPOCHS = 2000
GZIP_LEVEL = 6


@dataclass(frozen=True)
class Widget:
    """A widget whose run is timed with the settings that its page opens with.

    Attributes
    ----------
    page : its page in the built site
    root : selector of its element
    runs : keys of the runs side by side that it must report; none if it has a single run
    """

    page: str
    root: str
    runs: tuple[str, ...] = ()


TUNER = Widget("chapters/weight-tuner.html", 'section[data-widget="weight-tuner"]')
RACE = Widget("chapters/ntk-weights.html", "#ntk-race", ("fixed", "ntk", "plain"))

# Resolves to {first, done, training, epoch, runs}: milliseconds from the click to the first live epoch and to
# the end of the run, the training time that the widget itself reports, its epoch and the keys of its runs.
WATCH = """root => {
  const seen = {};
  window.benchmark = new Promise((resolve, reject) => {
    root.addEventListener("click", (event) => (seen.click ??= event.timeStamp), { capture: true });
    new MutationObserver(() => {
      if (root.dataset.phase === "failed") reject(new Error(root.innerText));
      const result = JSON.parse(root.dataset.result ?? "{}");
      if (seen.click === undefined || result.source !== "live" || result.epoch < 1) return;
      seen.first ??= performance.now() - seen.click;
      if (root.dataset.phase !== "done") return;
      const { elapsed_ms: training, epoch, runs } = result;
      const done = performance.now() - seen.click;
      resolve({ first: seen.first, done, training, epoch, runs: Object.keys(runs ?? {}).sort() });
    }).observe(root, { attributes: true, attributeFilter: ["data-result", "data-phase"] });
  });
}"""


def measure(repeats: int) -> dict:
    """Bytes of one cold visit to the tuner, and times of `repeats` cold and warm visits to every widget."""
    site = browser.site()
    for widget in (TUNER, RACE):
        if not (site / widget.page).exists():
            raise browser.MissingError(f"{widget.page} is not in the built site; run ./build.sh build")
    with WebServer({"/course/": site}) as server, sync_playwright() as playwright:
        launch = playwright.chromium.launch_persistent_context
        tuner, sent = _visits(TUNER, repeats, launch, server)
        race, _ = _visits(RACE, repeats, launch, server)
    return {
        "bytes": {
            "before_first_touch": _sizes(sent["before"], site),
            "after_click_on_train": _sizes(sent["after"], site),
        },
        "visits": tuner,
        "seconds": _seconds(tuner),
        "race": {"visits": race, "seconds": _seconds(race)},
    }


def _visits(widget: Widget, repeats: int, launch: Callable[..., BrowserContext], server: WebServer) -> tuple:
    """What was seen in cold and warm visits, each pair in a new profile; and the files of the first visit."""
    visits: dict[str, list[dict]] = {"cold": [], "warm": []}
    sent: dict[str, list[Path]] = {}
    for number in range(repeats):
        with _new_profile(launch) as context:
            for kind in visits:
                before = len(server.requests)
                page = _visit(context, f"{server.origin}/course/{widget.page}", widget)
                touched = len(server.requests)
                visits[kind].append(_train(page, widget))
                sent.setdefault("before", server.requests[before:touched])
                sent.setdefault("after", server.requests[touched:])
                page.close()
        print(f"\r  {widget.page}: visit {number + 1} of {repeats}", end="", flush=True)
    print()
    return visits, sent


def _seconds(visits: dict[str, list[dict]]) -> dict:
    return {
        f"{kind}_{what}": summary([visit[what] / 1e3 for visit in rows])
        for kind, rows in visits.items()
        for what in ("first", "done", "training")
    }


@contextmanager
def _new_profile(launch: Callable[..., BrowserContext]) -> Iterator[BrowserContext]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        context = launch(folder, **browser.launch_options())
        try:
            yield context
        finally:
            context.close()


def _visit(context: BrowserContext, address: str, widget: Widget) -> Page:
    """Open the page and let it come to rest, nothing touched."""
    page = context.new_page()
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.locator(widget.root).get_by_role("button", name="Train", exact=True).wait_for()
    page.wait_for_timeout(500)
    return page


def _train(page: Page, widget: Widget) -> dict:
    """Click on Train as the first touch of the page, and wait for the end of the run."""
    root = page.locator(widget.root)
    root.evaluate(WATCH)
    root.get_by_role("button", name="Train", exact=True).click()
    seen = page.evaluate("() => window.benchmark")
    if seen["epoch"] != EPOCHS or seen["runs"] != list(widget.runs):
        raise AssertionError(f"{widget.page} ran {seen['runs']} for {seen['epoch']} epochs")
    return seen


def _sizes(files: list[Path], site: Path) -> dict:
    """Bytes by kind, {kind: {raw, gzip, files: {path: gzip}}}; what gzip does not shrink counts as it is."""
    kinds: dict[str, dict] = {}
    for file in sorted(set(files)):
        raw = file.read_bytes()
        small = min(len(raw), len(gzip.compress(raw, GZIP_LEVEL)))
        path = file.relative_to(site).as_posix()
        row = kinds.setdefault(_kind(path), {"raw": 0, "gzip": 0, "files": {}})
        row["raw"] += len(raw)
        row["gzip"] += small
        row["files"][path] = small
    return kinds


def _kind(path: str) -> str:
    """Whose file it is."""
    for prefix, kind in (("rt/plotly/", "plotly"), ("rt/mathjax/", "mathjax"), ("rt/pyodide/", "python")):
        if path.startswith(prefix):
            return kind
    ours = {p.name for p in (environment.ROOT / "book" / "course" / "static").glob("*")}
    return "theme" if path.startswith("_static/") and path.rsplit("/", 1)[-1] not in ours else "ours"
