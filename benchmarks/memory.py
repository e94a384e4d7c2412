"""How the memory of our trace grows: the arrays it allocates, by tracemalloc, to which numpy reports them."""

import tracemalloc

import task
from contestants import ours_trace


def measure() -> dict[str, float]:
    """MiB at the large size, with twice the points and with twice the width: all buffers and parameters."""
    large = task.TRACES["large"]
    sizes = {
        "large": large,
        "twice_the_points": task.Trace(large.width, 2 * large.n_points),
        "twice_the_width": task.Trace(2 * large.width, large.n_points),
    }
    return {name: _peak(trace) for name, trace in sizes.items()}


def _peak(trace: task.Trace) -> float:
    tracemalloc.start()
    ours_trace.kernel(trace).traces()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20
