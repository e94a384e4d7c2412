"""Equations, typeset when the book is built.

They need no script, appear with the text, and are read out as MathML. MathJax runs in Node (typeset.mjs)
while pages are written; the site carries its fonts and one style sheet.
"""

import functools
import html
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from .errors import CourseError

logger = logging.getLogger(__name__)

SCRIPT = Path(__file__).with_name("typeset.mjs")
STYLE_SHEET = "rt/mathjax/mathjax.css"
FONTS = "fonts"  # as seen from the style sheet


class Typesetter:
    """MathJax in a process of its own, which answers one formula after the other.

    Parameters
    ----------
    node_modules : folder with the package mathjax.

    Attributes
    ----------
    style_sheet : the CSS that every typeset formula needs.
    """

    def __init__(self, node_modules: Path) -> None:
        node = shutil.which("node")
        if node is None:
            raise CourseError("Node is missing, which typesets the equations; install Node 20 or newer.")
        self._process = subprocess.Popen(
            [node, str(SCRIPT), str(node_modules), FONTS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.style_sheet: str = self._answer()["css"]

    def typeset(self, tex: str, display: bool) -> str:
        """The HTML of a formula.

        Raises
        ------
        ValueError : MathJax does not understand the formula.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"tex": tex, "display": display}) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["html"]

    def _answer(self) -> dict[str, str]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise CourseError("MathJax has stopped, see above; if a file of it is missing, run `npm ci`.")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


@functools.cache
def typesetter(node_modules: Path) -> Typesetter:
    """The one typesetter of a build, started when the first formula comes."""
    return Typesetter(node_modules)


def formula(translator: HTML5Translator, node: nodes.Node, tex: str, display: bool) -> str:
    """Typeset a formula, or warn where it stands and show its source."""
    try:
        return typesetter(Path(translator.builder.srcdir) / "node_modules").typeset(tex, display)
    except ValueError as error:
        logger.warning("equation: %s: %s", error, tex, location=node)
        return f"<code>{html.escape(tex)}</code>"


def visit_inline(translator: HTML5Translator, node: nodes.math) -> None:
    """Write a formula that stands in a line."""
    translator.body.append(translator.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    translator.body.append(formula(translator, node, node.astext(), display=False) + "</span>")
    raise nodes.SkipNode


def visit_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write a displayed formula with its number."""
    translator.body.append(translator.starttag(node, "div", CLASS="math notranslate nohighlight"))
    if node["number"]:
        translator.body.append(f'<span class="eqno">({get_node_equation_number(translator, node)})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    tex = node.astext()
    if r"\\" in tex and not node["nowrap"]:
        tex = rf"\begin{{split}}{tex}\end{{split}}"
    translator.body.append(formula(translator, node, tex, display=True) + "</div>\n")
    raise nodes.SkipNode


def use_renderer(app: Sphinx, config: Config) -> None:
    """Typeset here instead of in the browser."""
    config.html_math_renderer = "typeset"


def link_style_sheet(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Load the style sheet on pages with equations."""
    if doctree is not None and any(
        doctree.findall(lambda node: isinstance(node, nodes.math | nodes.math_block))
    ):
        address = context["pathto"](STYLE_SHEET, resource=True)
        context["metatags"] = context.get("metatags", "") + f'<link rel="stylesheet" href="{address}">\n'


def close(app: Sphinx, exception: Exception | None) -> None:
    """End the typesetter if there was one."""
    if typesetter.cache_info().currsize:
        typesetter(Path(app.srcdir) / "node_modules").close()
        typesetter.cache_clear()


def setup(app: Sphinx) -> None:
    """Register the renderer."""
    app.add_html_math_renderer("typeset", (visit_inline, None), (visit_block, None))
    app.connect("config-inited", use_renderer)
    app.connect("html-page-context", link_style_sheet)
    app.connect("build-finished", close)
