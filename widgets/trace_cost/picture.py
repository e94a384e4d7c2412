"""First picture of the cost of the trace, from its recorded measurements."""

from typing import Any

from ..build.archive import matching_run
from ..build.drawing import BLUE, MUTED, ORANGE, Picture, panel, to_svg
from ..build.prose import rounded
from .recipe import Settings

BARS = {"step": "training step", "closed": "closed form", "closed_alone": "with its sweep", "loop": "loop"}
COLOURS = (MUTED, BLUE, BLUE, ORANGE)


def draw(recording: dict[str, Any], settings: Settings, short: bool, name: str) -> Picture:  # noqa: ARG001
    """Milliseconds of a training step, of the closed form, and of the loop.

    Parameters
    ----------
    recording : recorded measurements.
    settings : settings with which the widget starts.
    short : whether the widget is the short form; both forms start with the same picture.
    name : id of the widget, unique on the page.
    """
    run = matching_run(recording, settings.as_dict())
    result = run["result"]
    figure, axes = panel("Time for all traces", "milliseconds", "")
    spent = [result[f"milliseconds_{what}"] for what in BARS]
    axes.barh(list(BARS.values()), spent, color=COLOURS, height=0.6)
    axes.set_xscale("log")
    axes.invert_yaxis()
    axes.set_axisbelow(True)
    description = (
        f"Measured when this page was built: the loop takes {rounded(result['ratio'])} times as long as the "
        f"closed form; the traces differ by {result['difference']:.0e} of the largest."
    )
    return Picture(
        svgs=[to_svg(figure, f"{name}-times", description)],
        caption=description,
        header=run["table"]["columns"],
        rows=[[what, *(rounded(number, 3) for number in spent)] for what, *spent in run["table"]["rows"]],
    )
