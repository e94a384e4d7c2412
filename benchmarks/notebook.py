"""A notebook as a reader has it: time until it is seen and until numpy answers, bytes, size on disk."""

import gzip
import json
import time
from pathlib import Path

import browser
from page import GZIP_LEVEL, _new_profile
from playwright.sync_api import BrowserContext, sync_playwright
from steps import summary
from webserver import WebServer

NOTEBOOK = "lite/notebooks/index.html?path=weight-tuner.ipynb"
CELL = ".jp-Notebook .jp-Cell"
LIMIT = 120_000  # ms

# Resolves when the kernel has printed what numpy computed; the code waits for the kernel like a cell that a
# reader runs as soon as it is seen.
FIRST_OUTPUT = """async () => {
  const wait = () => new Promise((resolve) => setTimeout(resolve, 20));
  while (!window.jupyterapp) await wait();
  const { sessions, kernels } = jupyterapp.serviceManager;
  while ([...sessions.running()].length === 0) await wait();
  const kernel = kernels.connectTo({ model: [...sessions.running()][0].kernel });
  const future = kernel.requestExecute({ code: "import numpy\\nprint(numpy.arange(4).sum())" });
  return new Promise((resolve) => {
    future.onIOPub = ({ header, content }) => header.msg_type === "stream" && resolve(content.text.trim());
  });
}"""


def measure(repeats: int) -> dict:
    """Seconds of `repeats` cold visits, bytes of the first, and the size of what only notebooks need."""
    site = browser.site()
    visits = []
    with WebServer({"/course/": site}) as server, sync_playwright() as playwright:
        for number in range(repeats):
            before = len(server.requests)
            with _new_profile(playwright.chromium.launch_persistent_context) as context:
                visits.append(_visit(context, f"{server.origin}/course/{NOTEBOOK}"))
            if number == 0:
                sent = _sizes(server.requests[before:])
            print(f"\r  notebook: visit {number + 1} of {repeats}", end="", flush=True)
    print()
    seconds = {what: summary([visit[what] for visit in visits]) for what in ("visible", "first_output")}
    return {"visits": visits, "seconds": seconds, "bytes": sent, "lite_bytes": _lite(site)}


def _visit(context: BrowserContext, address: str) -> dict[str, float]:
    page = context.new_page()
    page.set_default_timeout(LIMIT)
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.locator(CELL).first.wait_for()
    visible = time.perf_counter() - start
    answer = page.evaluate(FIRST_OUTPUT)
    if answer != "6":
        raise AssertionError(f"the notebook's kernel says {answer!r}")
    return {"visible": visible, "first_output": time.perf_counter() - start}


def _sizes(files: list[Path]) -> dict[str, int]:
    """Bytes of the files up to the first output, as they are, and as a host sends them that compresses."""
    content = [file.read_bytes() for file in sorted(set(files)) if file.is_file()]
    return {
        "raw": sum(map(len, content)),
        "gzip": sum(min(len(one), len(gzip.compress(one, GZIP_LEVEL))) for one in content),
    }


def _lite(site: Path) -> int:
    """Bytes of JupyterLite, and of the wheels that no page loads."""
    pyodide = site / "rt/pyodide"
    locks = [json.loads((pyodide / name).read_text()) for name in ("pyodide-lock.json", "page-lock.json")]
    all_wheels, shared = ({one["file_name"] for one in lock["packages"].values()} for lock in locks)
    wheels = [pyodide / name for name in all_wheels - shared]
    return sum(path.stat().st_size for path in (*wheels, *(site / "lite").rglob("*")) if path.is_file())


def figures(measured: dict, figure) -> list[dict]:
    """Rows for the table of targets, each made by `figure`."""
    rows = []
    for name, key, limit in (
        ("notebook visible, cold", "visible", 4.0),
        ("first output of numpy in it, cold", "first_output", 12.0),
    ):
        s = measured["seconds"][key]
        row = figure(name, s["median"], "s", (s["q1"], s["q3"]), at_most=limit)
        rows.append({**row, "of_least": s["min"]})
    return [
        *rows,
        figure("sent up to there, not compressed", measured["bytes"]["raw"] / 1e6, "MB", at_most=25.0),
        figure("sent up to there, gzip", measured["bytes"]["gzip"] / 1e6, "MB"),
        figure("size of what only notebooks need", measured["lite_bytes"] / 1e6, "MB", at_most=30.0),
    ]
