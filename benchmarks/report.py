"""Targets and tables: results.json and results.md from what was measured."""

import json
import os
import platform
import statistics
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import environment

JSON_FILE = environment.HERE / "results.json"
TABLE_FILE = environment.HERE / "results.md"


@dataclass(frozen=True)
class Ratio:
    """The time of one contestant over that of another, and how great or small it should be."""

    name: str
    top: str
    bottom: str
    at_least: float | None = None
    at_most: float | None = None


TARGETS = (
    Ratio("DeepXDE / ours alone", "deepxde", "ours_alone_float64", at_least=7.0),
    Ratio("ours alone / JAX scan, float64", "ours_alone_float64", "jax_scan_float64", at_most=2.5),
    Ratio("ours alone / JAX scan, float32", "ours_alone_float32", "jax_scan_float32", at_most=2.5),
    Ratio(
        "ours batched / JAX vmap and scan, float64", "ours_batched_float64", "jax_vmap_float64", at_most=1.5
    ),
    Ratio(
        "ours batched / JAX vmap and scan, float32", "ours_batched_float32", "jax_vmap_float32", at_most=1.5
    ),
    Ratio("DeepXDE native / ours alone in Chromium", "deepxde", "chromium_alone_float64", at_least=2.0),
)

# No limit is set on these.
MORE_RATIOS = (
    Ratio("PyTorch eager / ours alone", "torch_eager", "ours_alone_float64"),
    Ratio("ours alone / JAX jit per step", "ours_alone_float64", "jax_jit_float64"),
    Ratio(
        "ours alone / JAX scan, streams by hand, float64", "ours_alone_float64", "jax_scan_streams_float64"
    ),
    Ratio(
        "ours alone / JAX scan, streams by hand, float32", "ours_alone_float32", "jax_scan_streams_float32"
    ),
    Ratio(
        "ours batched / JAX vmap, streams by hand, float64",
        "ours_batched_float64",
        "jax_vmap_streams_float64",
    ),
    Ratio(
        "ours batched / JAX vmap, streams by hand, float32",
        "ours_batched_float32",
        "jax_vmap_streams_float32",
    ),
    Ratio("ours in Chromium / in CPython, alone", "chromium_alone_float64", "ours_alone_float64"),
    Ratio("ours in Chromium / in CPython, batched", "chromium_batched_float64", "ours_batched_float64"),
)

HOW = """\
## How

Harmonic initial value problem, network 1-32-32-1 with tanh (1 153 parameters), 50 collocation points and
the initial point, mean squared residual plus 100 times the squared initial errors (in a batch: 17 weights
from 1e-3 to 1e5), Adam. A step is loss, gradient and update; batched figures are per step and run. Every
contestant starts from the same parameters and is first checked: loss, gradient and the loss after three
Adam steps agree with a complex-step reference (deviations in results.json). Rounds are interleaved in
random order, and a ratio is taken within a round: the figure is the median over the rounds; beside it the
ratio of the least times, which noise reaches less.

DeepXDE runs through its own interface, PyTorch with fused Adam. JAX takes each derivative as the jvp of the
one before, as a PINN is usually written; "streams by hand" is our own forward derivation compiled by JAX,
the fastest way we know. In Chromium, the built wheel runs in the Pyodide of the built site.

Bytes are those of one cold visit, gzip level 6 file by file (pictures and archives as they are). "Ours" is
the HTML document, scripts, styles and recorded runs; MathJax and the theme are listed apart in
results.json. Click to first epoch: the click on Train is the first touch of the page; cold is a new browser
profile, warm the second visit in it; the server is on the same machine.
"""


def collect(machine: dict, steps: dict, page: dict | None) -> dict:
    """Everything that goes into results.json."""
    rows = steps["contestants"]
    return {
        "date": date.today().isoformat(),
        "machine": machine,
        "versions": steps["versions"],
        "targets": _ratios(rows, TARGETS) + (_page_figures(page) if page else []),
        "more_ratios": _ratios(rows, MORE_RATIOS),
        "contestants": rows,
        "page": page,
    }


def _ratios(contestants: dict, wanted: tuple[Ratio, ...]) -> list[dict]:
    """Ratios of two contestants in the same round: median, quartiles; `of_least` of the least times."""
    out = []
    for ratio in wanted:
        if not {ratio.top, ratio.bottom} <= set(contestants):
            continue
        top, bottom = contestants[ratio.top]["ms"], contestants[ratio.bottom]["ms"]
        ratios = [a / b for a, b in zip(top, bottom, strict=True)]
        q1, median, q3 = statistics.quantiles(ratios, n=4, method="inclusive")
        row = _figure(ratio.name, median, "", (q1, q3), at_least=ratio.at_least, at_most=ratio.at_most)
        out.append({**row, "top": ratio.top, "bottom": ratio.bottom, "of_least": min(top) / min(bottom)})
    return out


def _page_figures(page: dict) -> list[dict]:
    """Bytes and seconds of the weight tuner's page."""
    before, after = page["bytes"]["before_first_touch"], page["bytes"]["after_click_on_train"]
    early = sum(row["gzip"] for kind, row in before.items() if kind in ("plotly", "python"))
    train = sum(row["gzip"] for kind, row in after.items() if kind != "plotly")

    def timed(name: str, key: str, at_most: float | None = None) -> dict:
        s = page["seconds"][key]
        row = _figure(name, s["median"], "s", (s["q1"], s["q3"]), at_most=at_most)
        return {**row, "of_least": s["min"]}

    return [
        _figure("ours before first touch, gzip", before["ours"]["gzip"] / 1e3, "KB", at_most=300.0),
        _figure("Plotly and Python before first touch, gzip", early / 1e3, "KB", at_most=0.0),
        _figure("more for Train, gzip, without Plotly", train / 1e6, "MB", at_most=8.5),
        _figure("Plotly, gzip", after["plotly"]["gzip"] / 1e6, "MB"),
        timed("click to first epoch, cold", "cold_first", 4.0),
        timed("click to first epoch, warm", "warm_first", 2.5),
        timed("2 000 epochs on the page, training", "warm_training"),
        timed("2 000 epochs on the page, warm, from the click on", "warm_done"),
    ]


def _figure(
    name: str,
    value: float,
    unit: str,
    spread: tuple[float, float] | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
) -> dict:
    """One row of the tables; `met` is None where there is no limit, `spread` the quartiles."""
    met = None
    if at_least is not None:
        met = value >= at_least
    elif at_most is not None:
        met = value <= at_most
    limits = {"at_least": at_least, "at_most": at_most}
    return {"name": name, "value": value, "unit": unit, "spread": spread, **limits, "met": met}


def machine() -> dict:
    """Processor, memory, system and load now, without names or paths of the host."""
    processor, memory = platform.processor() or platform.machine(), None
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        processor = next((row.split(": ", 1)[1] for row in lines if row.startswith("model name")), processor)
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", ()):
        memory = round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30)
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "memory_gib": memory,
        "system": f"{platform.system()} {platform.machine()}",
        "threads": 1,
        "pinned_to_one_core": hasattr(os, "sched_setaffinity"),
        "load_at_start": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def write(results: dict) -> None:
    """results.json and results.md."""
    JSON_FILE.write_text(json.dumps(_rounded(results), indent=1) + "\n", encoding="utf-8")
    TABLE_FILE.write_text(table(results), encoding="utf-8")


def _rounded(value):
    """Five digits are more than the noise leaves."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    return [_rounded(v) for v in value] if isinstance(value, list | tuple) else value


def table(results: dict) -> str:
    """The figures as Markdown, ratios first."""
    where = results["machine"]
    quantities = dict.fromkeys(c["quantity"] for c in results["contestants"].values())
    load = where["load_at_start"]
    lines = [
        "# Benchmark",
        "",
        f"{results['date']}: {where['processor']}, {where['cores']} cores, {where['memory_gib']} GiB, "
        f"{where['system']}, one thread" + (" on one core." if where["pinned_to_one_core"] else "."),
        *(
            []
            if load is None
            else [f"Load of the machine before the run: {load:.1f} (0 is a quiet machine)."]
        ),
        "Compare ratios, not milliseconds: other machines have others. Written by `./build.sh bench`.",
        "",
        "## Targets",
        "",
        "| figure | median | quartiles | of the least times | target | met |",
        "|---|---|---|---|---|---|",
        *[_target_line(row) for row in results["targets"]],
        "",
        "## More ratios",
        "",
        "| figure | median | quartiles | of the least times |",
        "|---|---|---|---|",
        *[f"| {_measured(r)} |" for r in results["more_ratios"]],
        "",
        *[line for q in quantities for line in _milliseconds(q, results["contestants"])],
        HOW,
        *_versions(results["versions"]),
        "",
    ]
    return "\n".join(lines)


def _versions(groups: dict) -> list[str]:
    """What ran natively and what in the browser: both have a Python and a numpy of their own."""
    inside = groups.get("chromium", {})
    native = {k: v for name, group in groups.items() if name != "chromium" for k, v in group.items()}
    rows = {"Native": native, "In Chromium": inside}
    return [
        f"{k}: {', '.join(f'{n} {v}' for n, v in sorted(row.items()))}." for k, row in rows.items() if row
    ]


def _milliseconds(quantity: str, contestants: dict) -> list[str]:
    rows = [c for c in contestants.values() if c["quantity"] == quantity]
    lines = [f"## One {quantity}, milliseconds", ""]
    lines += ["| contestant | precision | median | quartiles | least |", "|---|---|---|---|---|"]
    for row in sorted(rows, key=lambda c: -c["summary"]["median"]):
        s = row["summary"]
        figures = f"{s['median']:.4f} | {s['q1']:.4f} to {s['q3']:.4f} | {s['min']:.4f}"
        lines.append(f"| {row['label']} | {row['precision']} | {figures} |")
    return [*lines, ""]


def _target_line(row: dict) -> str:
    words = {"at_least": "at least", "at_most": "at most"}
    limit = next((f"{words[k]} {row[k]:g}" for k in words if row[k] is not None), "")
    met = {True: "yes", False: "**no**", None: ""}[row["met"]]
    return f"| {_measured(row)} | {limit} | {met} |"


def _measured(row: dict) -> str:
    """Name, value, quartiles and the same from the least times, as cells."""
    spread = "" if row["spread"] is None else " to ".join(f"{v:.2f}" for v in row["spread"])
    least = f"{row['of_least']:.2f}" if "of_least" in row else ""
    return f"{row['name']} | {row['value']:.2f} {row['unit']}".rstrip() + f" | {spread} | {least}"
