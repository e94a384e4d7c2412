"""First picture of the NTK race, from its recorded runs."""

from typing import Any

from ..build.archive import matching_run
from ..build.drawing import MUTED, Picture, legend, looks_of, panel, to_svg
from ..build.prose import percent, rounded
from ..runs.oscillator import VERDICTS
from .recipe import Settings

LOOKS = looks_of(Settings)


def draw(recording: dict[str, Any], settings: Settings, short: bool, name: str) -> Picture:  # noqa: ARG001
    """Solutions of the schemes that are switched on, and the weight that each gives the initial condition.

    Parameters
    ----------
    recording : recorded runs of the race, each with all schemes.
    settings : settings with which the widget starts.
    short : whether the widget is the short form; both forms start with the same picture.
    name : id of the widget, unique on the page.
    """
    race = matching_run(recording, settings.as_dict())
    runs = race["runs"]

    figure, axes = panel("Solution after training", "t", "u")
    exact = next(iter(runs.values()))["curve"]
    axes.plot(exact["t"], exact["exact"], color=MUTED, linewidth=5, alpha=0.35, label="exact")
    for scheme, run in runs.items():
        look = LOOKS[scheme]
        curve = run["curve"]
        axes.plot(curve["t"], curve["u"], linestyle=look.dash, color=look.colour, label=look.label)
    legend(axes, loc="lower left")
    errors = ", ".join(
        f"{LOOKS[scheme].label} {percent(run['result']['rel_l2_late'])}" for scheme, run in runs.items()
    )
    solutions = to_svg(figure, f"{name}-solutions", f"Solutions of the schemes. Relative L2 error: {errors}.")

    figure, axes = panel("Weight of the initial condition", "epoch", "λ")
    weighted = {scheme: run["series"] for scheme, run in runs.items() if "lam_ic" in run["series"]}
    for scheme, series in weighted.items():
        look = LOOKS[scheme]
        axes.semilogy(
            series["epoch"], series["lam_ic"], linestyle=look.dash, color=look.colour, label=look.label
        )
    legend(axes)
    ends = ", ".join(f"{LOOKS[scheme].label} {rounded(s['lam_ic'][-1])}" for scheme, s in weighted.items())
    weights = to_svg(figure, f"{name}-weights", f"Weights over the epochs; at the end: {ends}.")

    return Picture(
        svgs=[solutions, weights],
        caption=f"{len(runs)} schemes from the same start, after {race['epoch']} epochs each.",
        header=["scheme", "relative L2", "residual loss", "initial-condition loss", "weight", "verdict"],
        rows=[row(LOOKS[scheme].label, run["result"]) for scheme, run in runs.items()],
    )


def row(label: str, result: dict[str, Any]) -> list[str]:
    """One row of the data table."""
    losses, weights = result["losses"], result["weights"]
    return [
        label,
        percent(result["rel_l2_late"]),
        f"{losses['pde']:.2g}",
        f"{losses['ic']:.2g}" if "ic" in losses else "none",
        rounded(weights["ic"]) if "ic" in weights else "none",
        VERDICTS[result["verdict"]],
    ]
