"""Benchmark of the course's engine and page: `python benchmarks/run.py`, run by `./build.sh bench`.

Needs the built site (`./build.sh build`) and the course's environment; makes an environment of its own for
the others' libraries. Takes about ten minutes, writes results.json and results.md beside this file.
"""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import browser  # noqa: E402
import contestants  # noqa: E402
import environment  # noqa: E402
import memory  # noqa: E402
import report  # noqa: E402
import steps  # noqa: E402


def main() -> int:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="timed rounds of every contestant (15)")
    parser.add_argument("--visits", type=int, default=5, help="cold and warm visits of the page (5)")
    parser.add_argument(
        "--engine-only", action="store_true", help="leave the browser out; print, write nothing"
    )
    options = parser.parse_args()
    if min(options.rounds, options.visits) < 2:
        parser.error("--rounds and --visits must be at least 2")
    try:
        if not options.engine_only:
            browser.site()
            browser.executable()
        return _run(options)
    except (browser.MissingError, steps.GroupError, AssertionError) as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    bench_python = environment.python()
    machine, page = report.machine(), None
    if options.engine_only:
        del contestants.GROUPS["chromium"]
    else:
        import notebook  # needs playwright
        import page as page_module

        print("pages", flush=True)
        page = page_module.measure(options.visits) | {"notebook": notebook.measure(options.visits)}
    print("training steps and traces", flush=True)
    measured = steps.measure(str(bench_python), options.rounds)
    results = report.collect(machine, measured, memory.measure(), page)
    if not options.engine_only:
        report.write(results)
    print(report.table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
