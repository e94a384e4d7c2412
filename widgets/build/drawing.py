"""First pictures: SVG drawn at build time, with colours that follow the page's light or dark theme.

Drawn with matplotlib in marker colours, each of which is then replaced by a CSS variable.
"""

import dataclasses
import html
import io
import re
from typing import Any

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..runs.settings import WidgetSettings

# colour while drawing -> CSS variable with the colour of the light theme; the hues are those of Okabe and Ito
INK, MUTED, GRID = "#010101", "#020202", "#030303"
BLUE, ORANGE, GREEN, PURPLE, YELLOW = "#040404", "#050505", "#060606", "#070707", "#080808"
CSS_COLOURS = {
    INK: "var(--chart-ink, #1f2328)",
    MUTED: "var(--chart-muted, #59636e)",
    GRID: "var(--chart-grid, #d1d9e0)",
    BLUE: "var(--chart-1, #0067a5)",
    ORANGE: "var(--chart-2, #c44e00)",
    GREEN: "var(--chart-3, #007a5a)",
    PURPLE: "var(--chart-4, #9b4f8e)",
    YELLOW: "var(--chart-5, #857000)",
}

STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 12.0,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 13.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 2.0,
    "legend.frameon": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
}


def panel(title: str, x_label: str, y_label: str) -> tuple[Figure, Axes]:
    """An empty chart of the size at which text stays legible on a phone."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(4.6, 3.3), layout="constrained")
        axes.set(title=title, xlabel=x_label, ylabel=y_label)
    return figure, axes


def legend(axes: Axes, **options: Any) -> None:
    """A legend without a box, so that it suits light and dark pages."""
    axes.legend(fontsize=9, frameon=False, labelcolor=INK, **options)


def to_svg(figure: Figure, name: str, description: str) -> str:
    """The figure as an inline SVG element.

    Parameters
    ----------
    figure : the figure, which is closed.
    name : unique on the page; keeps the ids inside the SVG apart.
    description : text alternative for readers who do not see the picture.
    """
    file = io.StringIO()
    with plt.rc_context(STYLE | {"svg.hashsalt": name}):
        figure.savefig(
            file, format="svg", metadata={"Date": None, "Creator": None, "Type": None, "Format": None}
        )
    plt.close(figure)
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # ids of groups (figure_1, axes_1, ...) repeat from picture to picture; nothing refers to them
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(description)}"', 1)
    for drawn, css in CSS_COLOURS.items():
        svg = svg.replace(drawn, css)
    return svg.strip()


@dataclasses.dataclass(frozen=True)
class Picture:
    """What a page shows of a widget before any script runs: pictures, caption, and the data as a table."""

    svgs: list[str]
    caption: str
    header: list[str]
    rows: list[list[str]]


# Lines and bars of the schemes of a race, by the order of the flags, as in the live view.
LOOKS = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (PURPLE, ":"), (YELLOW, (0, (8, 3))))


@dataclasses.dataclass(frozen=True)
class Look:
    """How a scheme is named and drawn."""

    label: str
    colour: str
    dash: Any


def looks_of(settings: type[WidgetSettings]) -> dict[str, Look]:
    """How every scheme of a race is named and drawn."""
    labels = {spec["name"]: spec["label"] for spec in settings.schema()}
    return {name: Look(labels[name], *look) for name, look in zip(settings.flags(), LOOKS, strict=False)}
