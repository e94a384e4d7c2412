"""The directive `widget`: puts a widget on a page, with a first picture that needs no script.

    ```{widget} weight-tuner
    :id: weight-tuner
    :preset: lam_ic=100, seed=3
    :only: train
    ```

`id` is the name by default and must be unique on its page; `preset` gives the settings with which the
widget starts; `only: train` is the short form with Train, Pause and Reset. The settings, recorded runs and
pictures come from the package `pinn_widgets`.

The role `state` links to a widget in a prepared state; settings that it does not name are the default ones:

    {state}`equal weights <weight-tuner#weight-tuner?lam_ic=1&seed=3>`

with the page, as {doc} takes it, before the "#"; nothing stands there for the page itself.
"""

import dataclasses
import functools
import html
import importlib
import json
import posixpath
import re
from types import ModuleType
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import ReferenceRole, SphinxDirective
from sphinx.writers.html5 import HTML5Translator

from pinn_core import SettingError
from pinn_widgets.build import archive
from pinn_widgets.build.archive import matching_run
from pinn_widgets.build.drawing import Picture
from pinn_widgets.runs.definition import definition

recording_of = functools.cache(archive.load)


class widget(nodes.General, nodes.Element):
    """A widget on a page; `html` is all of its HTML."""


class WidgetDirective(SphinxDirective):
    """Reads the directive and asks the widget's package for everything that the page shows of it."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {
        "id": directives.unchanged_required,
        "preset": directives.unchanged_required,
        "only": lambda argument: directives.choice(argument, ("train",)),
    }

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        element_id = self.options.get("id", name)
        self.claim(element_id)
        try:
            recipe = recipe_of(name)
            start = recipe.Settings.from_texts(parse_preset(self.options.get("preset", "")))
            instance = Instance(name, element_id, recipe, start, short="only" in self.options)
            content = instance.to_html(posixpath.relpath("rt", posixpath.dirname(self.env.docname)))
        except (SettingError, LookupError, ValueError) as error:
            raise self.error(f"widget {name!r}: {error}") from error
        return [widget("", html=content)]

    def claim(self, element_id: str) -> None:
        """Take an id on the page that is read, or fail if a widget has it already."""
        taken = self.env.temp_data.setdefault("course_widget_ids", set())
        if element_id in taken:
            raise self.error(
                f"two widgets of this page have the id {element_id!r}; give one of them another `:id:`"
            )
        taken.add(element_id)


class StateRole(ReferenceRole):
    """A link to a widget in a prepared state, which every setting is part of."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        try:
            page, element_id, query = parse_state(self.target)
            state = state_query(element_id, query)
            address = self.page_address(page)
        except (SettingError, LookupError, ValueError) as error:
            message = self.inliner.reporter.error(f"state {self.target!r}: {error}", line=self.lineno)
            return [], [message]
        link = nodes.reference(self.rawtext, self.title, refuri=f"{address}#{element_id}?{state}")
        return [link], []

    def page_address(self, page: str) -> str:
        """Address of a page as seen from this one."""
        if not page:
            return ""
        docname, _ = self.env.relfn2path(page, self.env.docname)
        if docname not in self.env.found_docs:
            raise LookupError(f"there is no page {page!r}")
        return posixpath.relpath(docname, posixpath.dirname(self.env.docname)) + ".html"


def parse_state(target: str) -> tuple[str, str, list[tuple[str, str]]]:
    """Page, id of the widget, and changed settings of a target such as "page#weight-tuner?seed=3"."""
    match = re.fullmatch(r"([^#?]*)#([\w-]+)(?:\?(.*))?", target)
    if not match:
        raise ValueError("not of the form page#widget?name=value&name=value")
    page, element_id, query = match.groups(default="")
    return page, element_id, parse_qsl(query, strict_parsing=bool(query))


def state_query(element_id: str, changes: list[tuple[str, str]]) -> str:
    """All settings of the widget with this id, which is its name, as the page's own links have them."""
    recipe = recipe_of(element_id)
    settings = recipe.Settings.from_texts(dict(changes)).as_texts()
    return urlencode(settings)


def recipe_of(name: str) -> ModuleType:
    """The module that holds the settings and the run of a widget."""
    try:
        return importlib.import_module(f"pinn_widgets.{name.replace('-', '_')}.recipe")
    except ModuleNotFoundError as error:
        raise LookupError(f"there is no widget {name!r}: {error}") from error


@dataclasses.dataclass(frozen=True)
class Instance:
    """One widget on one page.

    Parameters
    ----------
    name : name of the widget, such as "weight-tuner".
    element_id : id of its element, unique on the page.
    recipe : the widget's recipe module.
    start : settings with which it starts.
    short : whether it has only Train, Pause and Reset.
    """

    name: str
    element_id: str
    recipe: ModuleType
    start: Any
    short: bool

    def to_html(self, runtime: str) -> str:
        """The HTML of the widget.

        Parameters
        ----------
        runtime : address of the folder of runtime files, as seen from the page.
        """
        folder = self.name.replace("-", "_")
        recording = recording_of(folder)
        draw = importlib.import_module(f"pinn_widgets.{folder}.picture").draw
        picture = draw(recording, self.start, self.short, self.element_id)
        attributes = {
            "class": "course-widget",
            "id": self.element_id,
            "data-widget": self.name,
            "data-phase": "recorded",
            "data-result": json.dumps(self.result(recording)),
            "aria-label": self.recipe.TITLE,
        }
        if self.short:
            attributes["data-only"] = "train"
        opening = " ".join(f'{key}="{html.escape(value)}"' for key, value in attributes.items())
        definition = for_script(self.definition(runtime))
        return (
            f"<section {opening}>\n{first_picture(picture)}\n"
            f'<script type="application/json" class="widget-definition">{definition}</script>\n'
            "</section>\n"
        )

    def result(self, recording: dict[str, Any]) -> dict[str, Any]:
        """The result that stands beside the first picture, in the form in which live runs report theirs."""
        start = self.start.as_dict()
        run = matching_run(recording, start)
        return {
            "settings": start,
            "seed": start.get("seed"),
            "epoch": run["epoch"],
            "elapsed_ms": None,
            "source": "recorded",
            **run["result"],
        }

    def definition(self, runtime: str) -> dict[str, Any]:
        """What the page's script needs to know of the widget."""
        return {
            **definition(self.name, self.recipe, self.start, "train" if self.short else None),
            "recorded": f"{runtime}/recorded/{self.name}/",
            "runtime": f"{runtime}/",
        }


def first_picture(picture: Picture) -> str:
    """The pictures with their caption and the same data as a table."""
    head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in picture.header)
    rows = "\n".join(
        f'<tr><th scope="row">{html.escape(first)}</th>'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in picture.rows
    )
    return (
        '<figure class="widget-first-picture">\n<div class="widget-pictures">\n'
        + "\n".join(picture.svgs)
        + f"\n</div>\n<figcaption>{html.escape(picture.caption)}</figcaption>\n"
        '<details class="widget-data"><summary>Data table</summary>\n'
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>\n</details>\n</figure>"
    )


def for_script(value: Any) -> str:
    """JSON that may stand inside a script element: no "<" in it can end the element."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def parse_preset(text: str) -> dict[str, str]:
    """Settings written as `name=value, name=value`, values as texts.

    Raises
    ------
    ValueError : an entry without "=".
    """
    preset = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, separator, value = (part.strip() for part in entry.partition("="))
        if not separator:
            raise ValueError(f"preset: {entry!r} is not of the form name=value")
        preset[name] = value
    return preset


def visit_widget(translator: HTML5Translator, node: widget) -> None:
    """Write the widget's HTML as it is."""
    translator.body.append(node["html"])
    raise nodes.SkipNode


def skip_widget(translator: nodes.NodeVisitor, node: widget) -> None:
    """Other output formats have no widgets."""
    raise nodes.SkipNode


def load_script(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Load script and style sheet of the widgets on the pages that have one, and only there."""
    if doctree is not None and any(doctree.findall(widget)):
        page = context["pathto"]("rt/widgets/page", resource=True)
        context["metatags"] = context.get("metatags", "") + (
            f'<link rel="stylesheet" href="{page}.css">\n<script type="module" src="{page}.js"></script>\n'
        )


def setup(app: Sphinx) -> None:
    """Register the directive."""
    skip = (skip_widget, None)
    app.add_node(widget, html=(visit_widget, None), latex=skip, text=skip, man=skip, texinfo=skip)
    app.add_directive("widget", WidgetDirective)
    app.add_role("state", StateRole())
    app.connect("html-page-context", load_script)
