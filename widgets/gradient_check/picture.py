"""First picture of the gradient check, from its recorded runs."""

from typing import Any

from ..build.archive import matching_run
from ..build.drawing import BLUE, MUTED, ORANGE, Picture, panel, to_svg
from .recipe import Settings


def draw(recording: dict[str, Any], settings: Settings, short: bool, name: str) -> Picture:  # noqa: ARG001
    """The worst error with every rule as derived, and with each rule bent.

    Parameters
    ----------
    recording : recorded runs of the gradient check.
    settings : settings with which the widget starts.
    short : whether the widget is the short form; both forms start with the same picture.
    name : id of the widget, unique on the page.
    """
    tolerance = matching_run(recording, settings.as_dict())["result"]["tolerance"]
    worst = {run["settings"]["bend"]: run["result"]["worst"] for run in recording["runs"]}
    labels, errors = list(worst), list(worst.values())
    figure, axes = panel("Worst error of the check", "largest relative error", "")
    axes.barh(labels, errors, color=[ORANGE if error > tolerance else BLUE for error in errors], height=0.6)
    axes.set_xscale("log")
    axes.invert_yaxis()
    axes.axvline(tolerance, color=MUTED, linestyle="--", linewidth=1.2)
    caught = sum(error > tolerance for error in errors)
    description = (
        f"Largest relative error of the check: {worst['none']:.1e} with every rule as derived; "
        f"{caught} of {len(errors) - 1} bent rules are above the tolerance of {tolerance:.0e}."
    )
    return Picture(
        svgs=[to_svg(figure, f"{name}-errors", description)],
        caption=description,
        header=["bent rule", "largest relative error", "check"],
        rows=[
            [label, f"{error:.1e}", "failed" if error > tolerance else "passed"]
            for label, error in worst.items()
        ],
    )
