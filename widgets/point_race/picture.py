"""First picture of the point race, from its recorded runs."""

from typing import Any

from matplotlib.axes import Axes

from ..build.archive import matching_run
from ..build.drawing import INK, MUTED, Picture, legend, looks_of, panel, to_svg
from .recipe import Settings

LOOKS = looks_of(Settings)


def draw(recording: dict[str, Any], settings: Settings, short: bool, name: str) -> Picture:
    """Fit and residual of the schemes that are on; in the full form also the weights of the points.

    Parameters
    ----------
    recording : recorded runs of the point race.
    settings : settings with which the widget starts.
    short : whether the widget is the short form, which has one scheme and no weights to show.
    name : id of the widget, unique on the page.
    """
    race = matching_run(recording, settings.as_dict())
    runs = race["runs"]
    ratios = ", ".join(f"{LOOKS[scheme].label} {run['result']['ratio']:.1f}" for scheme, run in runs.items())
    pictures = [fit(race, name), residual(race, name, ratios)]
    if not short:
        pictures.append(weights(race, name))
    return Picture(
        svgs=pictures,
        caption=caption(race, short, ratios),
        header=["weights", "mean residual, centre", "mean residual, outer", "ratio"],
        rows=[row(scheme, run["result"]) for scheme, run in runs.items()],
    )


def caption(race: dict[str, Any], short: bool, ratios: str) -> str:
    """What the pictures show, in a sentence."""
    if not short:
        return (
            f"The same network from the same start, trained for {race['epochs']} epochs with the points "
            f"weighted in {len(race['runs'])} ways. Mean residual in the centre over that outside: {ratios}."
        )
    (run,) = race["runs"].values()
    result = run["result"]
    return (
        f"After {race['epoch']} epochs: mean residual {result['centre']:.3f} in the centre and "
        f"{result['outer']:.3f} outside, a ratio of {result['ratio']:.1f}."
    )


def fit(race: dict[str, Any], name: str) -> str:
    """Every network over the exact transition and the points of the fit."""
    figure, axes = panel("Fit after training", "x", "u")
    exact = next(iter(race["runs"].values()))["curve"]
    axes.plot(exact["x"], exact["exact"], color=MUTED, linewidth=5, alpha=0.35, label="exact")
    lines(axes, race, "u")
    points = race["points"]
    axes.plot(
        points["x"], points["target"], "o", color=INK, markersize=4, markerfacecolor="none", label="points"
    )
    legend(axes)
    return to_svg(figure, f"{name}-fit", "Networks, exact transition and the points of the fit.")


def residual(race: dict[str, Any], name: str, ratios: str) -> str:
    """Absolute residual of every network over x."""
    figure, axes = panel("Residual", "x", "|residual|")
    axes.set_yscale("log")
    axes.set_ylim(1e-5, 2)
    lines(axes, race, "residual")
    if len(race["runs"]) > 1:
        legend(axes, loc="upper left")
    return to_svg(
        figure, f"{name}-residual", f"Absolute residual over x; ratio of centre to outer: {ratios}."
    )


def weights(race: dict[str, Any], name: str) -> str:
    """The weights of the points, as bars side by side."""
    figure, axes = panel("Weights of the points", "x", "weight")
    weighted = {scheme: run for scheme, run in race["runs"].items() if "point_weights" in run}
    x = race["points"]["x"]
    width = 0.8 * (x[1] - x[0]) / max(len(weighted), 1)
    for place, (scheme, run) in enumerate(weighted.items()):
        left = [at + (place - (len(weighted) - 1) / 2) * width for at in x]
        axes.bar(left, run["point_weights"], width, color=LOOKS[scheme].colour, label=LOOKS[scheme].label)
    legend(axes, loc="upper left", ncols=2)
    axes.margins(y=0.25)
    axes.set_axisbelow(True)
    means = "; ".join(
        f"{LOOKS[scheme].label} {run['result']['weight_centre']:.2f} in the centre and "
        f"{run['result']['weight_outer']:.2f} outside"
        for scheme, run in weighted.items()
    )
    return to_svg(figure, f"{name}-weights", f"Mean weight of the points: {means or 'one everywhere'}.")


def lines(axes: Axes, race: dict[str, Any], curve: str) -> None:
    """One line for each scheme."""
    for scheme, run in race["runs"].items():
        values = run["curve"]
        look = LOOKS[scheme]
        label = look.label if len(race["runs"]) > 1 else "network"
        axes.plot(values["x"], values[curve], linestyle=look.dash, color=look.colour, label=label)


def row(scheme: str, result: dict[str, Any]) -> list[str]:
    """One row of the data table."""
    return [
        LOOKS[scheme].label,
        f"{result['centre']:.4f}",
        f"{result['outer']:.4f}",
        f"{result['ratio']:.2f}",
    ]
