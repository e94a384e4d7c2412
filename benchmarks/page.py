"""The page of the weight tuner as a reader has it: bytes, time from click to first epoch, a whole run."""

import gzip
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import browser
import environment
from playwright.sync_api import BrowserContext, Page, sync_playwright
from steps import summary
from webserver import WebServer

ADDRESS = "/course/chapters/weight-tuner.html"
ROOT = 'section[data-widget="weight-tuner"]'
EPOCHS = 2000
GZIP_LEVEL = 6

# Resolves to {first, done, training}: milliseconds from the click to the first live epoch and to the end of
# the run, and the training time that the widget itself reports.
WATCH = """root => {
  const seen = {};
  window.benchmark = new Promise((resolve, reject) => {
    root.addEventListener("click", (event) => (seen.click ??= event.timeStamp), { capture: true });
    new MutationObserver(() => {
      const result = JSON.parse(root.dataset.result);
      if (root.dataset.phase === "failed") reject(new Error(root.innerText));
      if (seen.click === undefined || result.source !== "live" || result.epoch < 1) return;
      seen.first ??= performance.now() - seen.click;
      if (root.dataset.phase !== "done") return;
      resolve({ first: seen.first, done: performance.now() - seen.click, training: result.elapsed_ms });
    }).observe(root, { attributes: true, attributeFilter: ["data-result", "data-phase"] });
  });
}"""


def measure(repeats: int) -> dict:
    """Bytes of one cold visit, and times of `repeats` cold and warm visits, each pair in a new profile."""
    site = browser.site()
    visits: dict[str, list[dict]] = {"cold": [], "warm": []}
    sent: dict[str, list[Path]] = {}
    with WebServer({"/course/": site}) as server, sync_playwright() as playwright:
        for number in range(repeats):
            with _new_profile(playwright.chromium.launch_persistent_context) as context:
                for kind in visits:
                    before = len(server.requests)
                    page = _visit(context, server.origin + ADDRESS)
                    touched = len(server.requests)
                    visits[kind].append(_train(page))
                    sent.setdefault("before", server.requests[before:touched])
                    sent.setdefault("after", server.requests[touched:])
                    page.close()
            print(f"\r  visit {number + 1} of {repeats}", end="", flush=True)
    print()
    return {
        "bytes": {
            "before_first_touch": _sizes(sent["before"], site),
            "after_click_on_train": _sizes(sent["after"], site),
        },
        "visits": visits,
        "seconds": {
            f"{kind}_{what}": summary([visit[what] / 1e3 for visit in rows])
            for kind, rows in visits.items()
            for what in ("first", "done", "training")
        },
    }


@contextmanager
def _new_profile(launch: Callable[..., BrowserContext]) -> Iterator[BrowserContext]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        context = launch(folder, **browser.launch_options())
        try:
            yield context
        finally:
            context.close()


def _visit(context: BrowserContext, address: str) -> Page:
    """Open the page and let it come to rest, nothing touched."""
    page = context.new_page()
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.locator(ROOT).get_by_role("button", name="Train", exact=True).wait_for()
    page.wait_for_timeout(500)
    return page


def _train(page: Page) -> dict:
    """Click on Train as the first touch of the page, and wait for the end of the run."""
    root = page.locator(ROOT)
    root.evaluate(WATCH)
    root.get_by_role("button", name="Train", exact=True).click()
    return page.evaluate("() => window.benchmark")


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
