"""The look of the pages on top of the theme: one style sheet, and cures for the theme's faults.

Templates of the theme are replaced where readers of assistive technology, or everybody's download, suffer
from them; each says in its first line why. The rest is mended in the finished HTML of a page's body.
"""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

HERE = Path(__file__).parent

# what extensions write -> what can be read out
CURES = {
    ' aria-label="Toggle hidden content"': "",  # the summary has a visible text
    # ids that every exercise and every solution of a page would have
    '<section id="exercise-content">': "<section>",
    '<section id="solution-content">': "<section>",
    # its children are not list items
    '<div role="list" class="citation-list">': '<div class="citation-list">',
    ' role="doc-biblioentry"': "",  # deprecated
}

# Until the theme's script has run, and where no script runs, the theme knows no colours for "auto". So a
# page is light without scripts, and asks the system as soon as its first inline script runs.
COLOUR_MODES = {
    ' data-theme="auto"': ' data-theme="light"',
    'getItem("theme") || "auto"': (
        'getItem("theme") || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")'
    ),
}


def add_files(app: Sphinx, config: Config) -> None:
    """Let the theme find style sheets, icons and templates."""
    icons = Path(app.outdir).parent / "extra/static"  # written before static files are copied
    icons.mkdir(parents=True, exist_ok=True)
    config.html_static_path += [str(HERE / "static"), str(icons)]
    config.templates_path.append(str(HERE / "templates"))


def cure_body(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Mend the HTML of a page's body."""
    for fault, cure in CURES.items():
        context["body"] = context.get("body", "").replace(fault, cure)


def with_colour_mode(page: str) -> str:
    """The page with a colour mode at every moment."""
    for fault, cure in COLOUR_MODES.items():
        page = page.replace(fault, cure, 1)
    return page


def setup(app: Sphinx) -> None:
    """Add style sheets and templates."""
    app.add_css_file("icons.css", priority=900)
    app.add_css_file("course.css", priority=900)
    app.connect("config-inited", add_files)
    app.connect("html-page-context", cure_body)
