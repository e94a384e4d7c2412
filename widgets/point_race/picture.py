"""First picture of the point race, from its recorded runs."""

from typing import Any

from ..drawing import BLUE, MUTED, ORANGE, Picture, legend, matching_run, panel, to_svg
from .recipe import Settings


def draw(recording: dict[str, Any], settings: Settings, short: bool, name: str) -> Picture:  # noqa: ARG001
    """Fit and residual of the recorded run.

    Parameters
    ----------
    recording : recorded runs of the point race.
    settings : settings with which the widget starts.
    short : whether the widget is the short form; both forms start with the same picture.
    name : id of the widget, unique on the page.
    """
    run = matching_run(recording, settings.as_dict())
    curve, points, result = run["curve"], run["points"], run["result"]
    figure, axes = panel("Fit after training", "x", "u")
    axes.plot(curve["x"], curve["exact"], color=MUTED, linewidth=5, alpha=0.35, label="exact")
    axes.plot(curve["x"], curve["u"], color=BLUE, label="network")
    axes.plot(points["x"], points["target"], "o", color=ORANGE, markersize=4, label="points")
    legend(axes)
    fit = to_svg(figure, f"{name}-fit", "Network, exact transition and the points of the fit.")
    figure, axes = panel("Residual", "x", "|residual|")
    axes.semilogy(curve["x"], curve["residual"], color=BLUE)
    numbers = f"mean residual {result['centre']:.3f} in the centre and {result['outer']:.3f} outside"
    residual = to_svg(figure, f"{name}-residual", f"Absolute residual over x: {numbers}.")
    return Picture(
        svgs=[fit, residual],
        caption=f"After {run['epoch']} epochs: {numbers}, a ratio of {result['ratio']:.1f}.",
        header=["mean residual, centre", "mean residual, outer", "ratio"],
        rows=[[f"{result['centre']:.4f}", f"{result['outer']:.4f}", f"{result['ratio']:.2f}"]],
    )
