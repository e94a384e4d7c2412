"""First picture of the weight tuner, from its recorded runs."""

from typing import Any

import numpy as np

from ..build.archive import matching_run
from ..build.drawing import BLUE, GREEN, MUTED, ORANGE, PURPLE, Picture, legend, panel, to_svg
from ..build.prose import percent
from ..runs.oscillator import CLEAN_BELOW, VERDICTS, WRONG_FROM
from .recipe import PRESETS, Settings


def draw(recording: dict[str, Any], settings: Settings, short: bool, name: str) -> Picture:
    """The preset runs and the Goldilocks curve; in the short form the one run that the section is about.

    Parameters
    ----------
    recording : recorded runs of the weight tuner.
    settings : settings with which the widget starts.
    short : whether the widget is the short form without sliders.
    name : id of the widget, unique on the page.
    """
    return one_run(recording, settings, name) if short else overview(recording, settings, name)


def overview(recording: dict[str, Any], settings: Settings, name: str) -> Picture:
    """All preset weights in one chart, and the error of every weight over the seeds in the other."""
    runs = {
        label: matching_run(recording, (Settings(**preset)).as_dict()) for label, preset in PRESETS.items()
    }
    figure, axes = panel("Solution after training", "t", "u")
    exact = next(iter(runs.values()))["curve"]
    axes.plot(exact["t"], exact["exact"], color=MUTED, linewidth=5, alpha=0.35, label="exact: cos(2πt)")
    for (label, run), colour, dash in zip(
        runs.items(), (ORANGE, PURPLE, BLUE, GREEN), ("--", ":", "-", "-."), strict=True
    ):
        axes.plot(run["curve"]["t"], run["curve"]["u"], dash, color=colour, label=f"λ = {label}")
    legend(axes, loc="lower left", bbox_to_anchor=(0.0, 0.0))
    outcomes = ", ".join(f"{label}: {percent(run['result']['rel_l2_late'])}" for label, run in runs.items())
    solutions = to_svg(
        figure, f"{name}-solutions", f"Solutions for four weights. Relative L2 error at {outcomes}."
    )

    ensemble = recording["ensembles"]["default"]
    lam, errors = np.array(ensemble["lam_ic"]), np.array(ensemble["rel_l2_late"])
    low, median, high = np.quantile(errors, [0.25, 0.5, 0.75], axis=1)
    figure, axes = panel("Error against weight", "λ of the initial condition", "relative L2 error")
    axes.fill_between(lam, low, high, color=BLUE, alpha=0.25, linewidth=0, label="quartiles")
    axes.loglog(lam, median, color=BLUE, label=f"median of {errors.shape[1]} seeds")
    axes.axhline(CLEAN_BELOW, color=GREEN, linestyle="--", linewidth=1.2)
    axes.axhline(WRONG_FROM, color=ORANGE, linestyle="--", linewidth=1.2)
    axes.text(lam[0], CLEAN_BELOW * 0.9, "clean", color=GREEN, va="top", fontsize=10)
    axes.text(lam[0], WRONG_FROM * 0.9, "wrong above", color=ORANGE, va="top", fontsize=10)
    legend(axes, loc="lower left")
    best = int(np.argmin(median))
    goldilocks = to_svg(
        figure,
        f"{name}-goldilocks",
        f"Relative L2 error against the weight: {percent(median[0])} at {lam[0]:g}, lowest at "
        f"{lam[best]:.0f} with {percent(median[best])}, and {percent(median[-1])} at {lam[-1]:g}.",
    )
    return Picture(
        svgs=[solutions, goldilocks],
        caption=(
            f"The same network, trained for {settings.epochs} epochs from the same start with {len(runs)} "
            f"weights of the initial condition, and the error of {len(lam)} weights over "
            f"{errors.shape[1]} seeds."
        ),
        header=["weight", "relative L2", "residual loss", "initial-condition loss", "verdict"],
        rows=[run_row(f"{label}", run) for label, run in runs.items()],
    )


def one_run(recording: dict[str, Any], settings: Settings, name: str) -> Picture:
    """Solution and loss terms of a single run."""
    run = matching_run(recording, settings.as_dict())
    series, curve, error = run["series"], run["curve"], percent(run["result"]["rel_l2_late"])
    figure, axes = panel("Solution after training", "t", "u")
    axes.plot(curve["t"], curve["exact"], color=MUTED, linewidth=5, alpha=0.35, label="exact")
    axes.plot(curve["t"], curve["u"], color=BLUE, label="network")
    legend(axes)
    solution = to_svg(figure, f"{name}-solution", f"Network and exact solution; relative L2 error {error}.")
    figure, axes = panel("Loss terms", "epoch", "mean square")
    axes.semilogy(series["epoch"], series["loss_pde"], color=ORANGE, label="residual")
    if "loss_ic" in series:
        axes.semilogy(series["epoch"], series["loss_ic"], "--", color=BLUE, label="initial condition")
    legend(axes)
    fall = series["loss_pde"][0] / series["loss_pde"][-1]
    losses = to_svg(
        figure, f"{name}-losses", f"While training, the residual loss falls by a factor of {fall:.0f}."
    )
    return Picture(
        svgs=[solution, losses],
        caption=f"After {run['epoch']} epochs the relative L2 error is {error}.",
        header=["weight", "relative L2", "residual loss", "initial-condition loss", "verdict"],
        rows=[run_row(f"{settings.lam_ic:g}", run)],
    )


def run_row(label: str, run: dict[str, Any]) -> list[str]:
    """One row of the data table."""
    result = run["result"]
    losses = [
        f"{result['losses'][term]:.2g}" if term in result["losses"] else "none" for term in ("pde", "ic")
    ]
    return [label, percent(result["rel_l2_late"]), *losses, VERDICTS[result["verdict"]]]
