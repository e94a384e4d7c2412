"""The figures that have targets, and more ratios, from what was measured."""

import statistics
from dataclasses import dataclass

import task


@dataclass(frozen=True)
class Ratio:
    """The time of one contestant over that of another, and how great or small it should be."""

    name: str
    top: str
    bottom: str
    at_least: float | None = None
    at_most: float | None = None


def _trace_ratios(size: str, at_least: float | None, ours: str, which: str) -> tuple[Ratio, ...]:
    """JAX over our trace, for both usual ways to the derivatives."""
    where = task.TRACES[size].quantity
    return tuple(
        Ratio(
            f"{where}: JAX, nested {way} / ours {which}",
            f"jax_trace_{size}_{way}",
            f"ours_trace_{size}_{ours}",
            at_least=at_least,
        )
        for way in ("jvp", "grad")
    )


def _more_trace_ratios(size: str) -> tuple[Ratio, ...]:
    where = task.TRACES[size].quantity
    rows = (
        ("JAX, streams by hand / ours after a forward sweep", "jax_trace_{}_streams", "ours_trace_{}_closed"),
        ("JAX, streams by hand / ours with its forward sweep", "jax_trace_{}_streams", "ours_trace_{}_sweep"),
        (
            "torch.func, vmap(grad) / ours after a forward sweep",
            "torch_trace_{}_point",
            "ours_trace_{}_closed",
        ),
        (
            "torch.func, vmap(grad) / ours with its forward sweep",
            "torch_trace_{}_point",
            "ours_trace_{}_sweep",
        ),
        ("JAX native, nested jvp / ours in Chromium", "jax_trace_{}_jvp", "chromium_trace_{}_closed"),
        ("ours in Chromium / in CPython", "chromium_trace_{}_closed", "ours_trace_{}_closed"),
    )
    return (
        *_trace_ratios(size, None, "sweep", "with its forward sweep"),
        *(Ratio(f"{where}: {name}", top.format(size), bottom.format(size)) for name, top, bottom in rows),
    )


def _field_ratios(field: str, ways: dict[str, tuple[str, float | None]]) -> tuple[Ratio, ...]:
    """Ours over JAX in both precisions and at both sizes."""
    return tuple(
        Ratio(
            f"{task.FIELDS[f'{field}_{size}'].quantity}: ours / JAX, {label}, {precision}",
            f"ours_{field}_{size}_{precision}",
            f"jax_{field}_{size}_{way}_{precision}",
            at_most=at_most,
        )
        for way, (label, at_most) in ways.items()
        for size in ("small", "large")
        for precision in ("float64", "float32")
    )


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
    *_trace_ratios("small", 4.0, "closed", "after a forward sweep"),
    Ratio(
        "NTK trace after a forward sweep / training step",
        "ours_trace_small_closed",
        "ours_alone_float64",
        at_most=0.5,
    ),
    *_trace_ratios("large", 50.0, "closed", "after a forward sweep"),
    *_field_ratios("wave", {"jvp": ("nested jvp", 1.0)}),
    *_field_ratios("cavity", {"jvp": ("nested jvp", 0.25)}),
)

# No limit is set on these.
MORE_RATIOS = (
    *_field_ratios("wave", {"streams": ("streams by hand", None)}),
    *_field_ratios("cavity", {"shared": ("nested jvp, shared", None), "streams": ("streams by hand", None)}),
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
    Ratio("NTK trace with its forward sweep / training step", "ours_trace_small_sweep", "ours_alone_float64"),
    Ratio(
        "update of NTK weights in training / training step", "ours_trace_small_update", "ours_alone_float64"
    ),
    Ratio(
        "NTK trace by our loop over points / closed form", "ours_trace_small_loop", "ours_trace_small_closed"
    ),
    Ratio(
        "NTK trace after a forward sweep / training step, both in Chromium",
        "chromium_trace_small_closed",
        "chromium_alone_float64",
    ),
    Ratio(
        "NTK trace by our loop over points / closed form, both in Chromium",
        "chromium_trace_small_loop",
        "chromium_trace_small_closed",
    ),
    *_more_trace_ratios("small"),
    *_more_trace_ratios("large"),
)


def ratios(contestants: dict, wanted: tuple[Ratio, ...]) -> list[dict]:
    """Ratios of two contestants in the same round: median, quartiles; `of_least` of the least times."""
    out = []
    for ratio in wanted:
        if not {ratio.top, ratio.bottom} <= set(contestants):
            continue
        top, bottom = contestants[ratio.top]["ms"], contestants[ratio.bottom]["ms"]
        found = [a / b for a, b in zip(top, bottom, strict=True)]
        q1, median, q3 = statistics.quantiles(found, n=4, method="inclusive")
        row = _figure(ratio.name, median, "", (q1, q3), at_least=ratio.at_least, at_most=ratio.at_most)
        out.append({**row, "top": ratio.top, "bottom": ratio.bottom, "of_least": min(top) / min(bottom)})
    return out


def memory(arrays: dict[str, float], processes: dict[str, dict]) -> tuple[list[dict], list[dict]]:
    """How the memory of our trace grows, which has limits, and that of others over ours."""
    growth = [
        _figure(
            f"memory of our trace with {name.replace('_', ' ')}",
            arrays[name] / arrays["large"],
            "",
            at_most=2.2,
        )
        for name in ("twice_the_points", "twice_the_width")
    ]
    rise = {key: row["peak"] - row["before"] for key, row in processes.items()}
    others = {
        "JAX, nested jvp": "jax_trace_large_jvp",
        "JAX, nested grad": "jax_trace_large_grad",
        "torch.func": "torch_trace_large_point",
    }
    more = [
        _figure(f"{task.SLOW}: memory, {name} / ours", rise[key] / rise["ours_trace_large_sweep"], "")
        for name, key in others.items()
    ]
    return growth, more


def page(page: dict) -> list[dict]:
    """Bytes and seconds of the weight tuner's page, and seconds of the race."""
    before, after = page["bytes"]["before_first_touch"], page["bytes"]["after_click_on_train"]
    early = sum(row["gzip"] for kind, row in before.items() if kind in ("plotly", "python"))
    train = sum(row["gzip"] for kind, row in after.items() if kind != "plotly")

    def timed(name: str, key: str, at_most: float | None = None, of: dict = page) -> dict:
        s = of["seconds"][key]
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
        timed("race of three schemes, 2 000 epochs, cold, training", "cold_training", 3.5, page["race"]),
        timed("race of three schemes, 2 000 epochs, warm, training", "warm_training", 3.5, page["race"]),
        timed("race of three schemes, warm, from the click on", "warm_done", of=page["race"]),
        *notebook_figures(page["notebook"]),
    ]


def notebook_figures(measured: dict) -> list[dict]:
    """Bytes and seconds of a notebook."""
    import notebook  # needs playwright

    return notebook.figures(measured, _figure)


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
