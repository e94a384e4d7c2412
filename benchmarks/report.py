"""results.json and results.md from what was measured."""

import json
import os
import platform
from datetime import date
from pathlib import Path

import environment
import figures
import task

JSON_FILE = environment.HERE / "results.json"
TABLE_FILE = environment.HERE / "results.md"


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

The NTK trace is the sum of the squared gradient norms of all residuals, for each of the two loss terms,
in float64. In training it follows a step, whose forward sweep it uses. So the targets are held against
our closed form after a forward sweep; the same with a forward sweep of its own is listed beside it, and
"update of the weights in training" is the time that a run reports for an update of its NTK weights after
every step. JAX compiles vmap of grad of the residual at a point, squares and sums in one function, with
the parameters as a list of arrays; each target is given against both usual ways to the derivatives.
torch.func runs eagerly. Our loop over points takes a backward sweep for every residual, which is the
reference in the engine; it and jacrev are left out at the large size. At the small size all agree with
complex steps, at the large size with JAX. What is slow has a third of the rounds.

Memory is the greatest resident memory (VmHWM on Linux, ru_maxrss elsewhere) of a process that does
nothing but one trace, compiling included. How that of ours grows is taken from the arrays that it
allocates (tracemalloc), all buffers and parameters: twice as much with twice the points or twice the
width, where the gradients of all points would take four times as much with twice the width.

Bytes are those of one cold visit, gzip level 6 file by file (pictures and archives as they are). "Ours" is
the HTML document, scripts, styles and recorded runs; MathJax and the theme are listed apart in
results.json. Click to first epoch: the click on Train is the first touch of the page; cold is a new browser
profile, warm the second visit in it; the server is on the same machine. The race runs with the settings that
its page opens with: plain, fixed and NTK weights.
"""


def collect(machine: dict, steps: dict, arrays: dict[str, float], page: dict | None) -> dict:
    """Everything that goes into results.json."""
    rows = steps["contestants"]
    growth, more = figures.memory(arrays, steps["memory"])
    return {
        "date": date.today().isoformat(),
        "machine": machine,
        "versions": steps["versions"],
        "targets": figures.ratios(rows, figures.TARGETS) + growth + (figures.page(page) if page else []),
        "more_ratios": figures.ratios(rows, figures.MORE_RATIOS) + more,
        "contestants": rows,
        "memory": {"processes": steps["memory"], "our_arrays": arrays},
        "page": page,
    }


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
        *_memory(results),
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


def _memory(results: dict) -> list[str]:
    rows = results["memory"]["processes"]
    lines = [f"## {task.SLOW}: peak memory of a process, MiB", ""]
    lines += ["| contestant | with libraries loaded | with one trace | difference |", "|---|---|---|---|"]
    for key, row in sorted(rows.items(), key=lambda item: item[1]["before"] - item[1]["peak"]):
        before, peak = row["before"], row["peak"]
        lines.append(
            f"| {results['contestants'][key]['label']} | {before:.0f} | {peak:.0f} | {peak - before:.0f} |"
        )
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
