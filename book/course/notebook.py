"""Every section as a notebook, made from the same source as its page.

A page with code cells becomes a notebook of the same name in `_build/notebooks`. Widgets become cells that
make them, glued numbers become text, references become links, exercises become headings and their solutions
fold.

What only the notebook has stands in the page's source: text in the directive `notebook`, code in a cell with
the tag `notebook` (and `remove-cell` and `skip-execution`, so that the page does without it). Cells with the
tag `remove-cell` alone are the page's own and are left out here.
"""

import dataclasses
import functools
import hashlib
import importlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from pybtex.database import BibliographyData, Entry, parse_file
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from pinn_core import SettingError
from pinn_widgets.build import archive
from pinn_widgets.hosts.notebook.names import class_name

from .errors import CourseError, ends_build
from .numbering import numbers_of
from .widget import parse_preset, parse_state, recipe_of

OPENING = re.compile(r"^(?P<fence>`{3,}|:{3,})(?:\{(?P<name>[^}]+)\})?[ \t]*(?P<argument>.*)$")
OPTION = re.compile(r"^:([\w-]+):[ \t]*(.*)$")
ROLE = re.compile(r"\{(?P<name>[a-z:]+)\}`(?P<content>[^`]+)`")
TITLED = re.compile(r"(?P<title>.*?)\s*<(?P<target>[^>]*)>", re.DOTALL)
EQUATION = re.compile(
    r"^\$\$\n(?P<tex>.*?)\n\$\$[ \t]*(?:\((?P<label>[\w-]+)\))?[ \t]*$", re.DOTALL | re.MULTILINE
)
HEADING = re.compile(r"^(?=#{1,6} )", re.MULTILINE)

BOXES = {
    "note",
    "tip",
    "hint",
    "important",
    "warning",
    "caution",
    "attention",
    "seealso",
    "admonition",
    "dropdown",
}
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

INTRODUCTION = """\
*The notebook of this section. Run a cell with Shift and Enter, or all of them from the menu Run. Your
changes stay in this browser; Download keeps them, and Reset brings back the original.*"""


@dataclasses.dataclass
class Block:
    """A directive, a code block, or text between them (then `name` is empty)."""

    name: str
    text: str
    argument: str = ""
    options: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def tags(self) -> list[str]:
        """Tags of a code cell."""
        return re.findall(r"[\w-]+", self.options.get("tags", ""))


def blocks(source: str) -> Iterator[Block]:
    """The text of a page, block by block, without its front matter."""
    lines = re.sub(r"\A---\n.*?\n---\n", "", source, flags=re.DOTALL).splitlines()
    text: list[str] = []
    at = 0
    while at < len(lines):
        opening = OPENING.match(lines[at])
        if opening is None:
            text.append(lines[at])
            at += 1
            continue
        fence = opening["fence"]
        closing = next(
            (
                k
                for k in range(at + 1, len(lines))
                if re.fullmatch(rf"{fence[0]}{{{len(fence)},}}\s*", lines[k])
            ),
            len(lines),
        )
        if opening["name"] is None:
            text += lines[at : closing + 1]
        else:
            yield Block("", "\n".join(text))
            text = []
            yield directive(opening["name"], opening["argument"].strip(), lines[at + 1 : closing])
        at = closing + 1
    yield Block("", "\n".join(text))


def directive(name: str, argument: str, lines: list[str]) -> Block:
    """A directive with its options taken out of its lines."""
    options = {}
    while lines and (option := OPTION.match(lines[0])):
        options[option[1]] = option[2].strip()
        lines = lines[1:]
    return Block(name, "\n".join(lines).strip("\n"), argument, options)


class Converter:
    """Makes the notebook of one page.

    Parameters
    ----------
    docname : name of the page, such as "chapters/weight-tuner".
    source : its text.
    titles : title of every page, by name.
    notebooks : names of the pages that have a notebook.
    bibliography : works that pages cite.
    numbers : of exercises and equations, by label, as the pages show them.
    """

    def __init__(
        self,
        docname: str,
        source: str,
        titles: dict[str, str],
        notebooks: set[str],
        bibliography: BibliographyData,
        numbers: Mapping[str, str],
    ) -> None:
        self.docname = docname
        self.source = source
        self.titles = titles
        self.notebooks = notebooks
        self.bibliography = bibliography
        self.cells: list[dict[str, Any]] = []
        self.cited: list[str] = []
        self.solving = False
        self.labels = numbers

    def convert(self) -> dict[str, Any]:
        """The notebook, as nbformat has it.

        Raises
        ------
        CourseError : the page uses a directive or a role for which notebooks have no form, or an unknown key.
        """
        for block in blocks(self.source):
            self.add(block)
        title, _, rest = self.cells[0]["source"].partition("\n")
        self.cells[0]["source"] = f"{title}\n\n{INTRODUCTION}\n\n{rest.strip()}".strip()
        if self.cited:
            self.markdown("## References\n\n" + "\n".join(map(self.reference, sorted(set(self.cited)))))
        return {"cells": self.cells, "metadata": KERNEL, "nbformat": 4, "nbformat_minor": 5}

    def fail(self, problem: str) -> CourseError:
        """The error that says where the problem is."""
        return CourseError(f"the notebook of {self.docname}: {problem}")

    # ---- blocks ----

    def add(self, block: Block) -> None:
        """Add the cells of a block."""
        forms: dict[str, Callable[[Block], None]] = {
            "": lambda text: self.text(text.text),
            "notebook": lambda text: self.text(text.text),
            "code-cell": self.code_cell,
            "widget": self.widget,
            "glue:md": lambda table: self.markdown(self.number(table.argument)),
            "math": lambda math: self.text(f"$$\n{math.text}\n$$"),
            "exercise": self.whole_exercise,
            "exercise-start": self.exercise,
            "exercise-end": lambda _: None,
            "solution": self.whole_solution,
            "solution-start": lambda _: self.solution(True),
            "solution-end": lambda _: self.solution(False),
        }
        if block.name in forms:
            forms[block.name](block)
        elif block.name in BOXES or block.name.startswith("prf:"):
            self.box(block)
        else:
            raise self.fail(f"say in {__name__} what becomes of the directive {block.name!r}")

    def text(self, text: str) -> None:
        """Text between directives: one cell for each heading and what follows it."""
        for part in HEADING.split(text):
            if part.strip():
                self.markdown(self.inline(part.strip()))

    def markdown(self, text: str) -> None:
        """A cell of text; folded inside a solution."""
        if self.solving:
            text = f"<details>\n<summary><b>Solution</b></summary>\n\n{text}\n\n</details>"
        self.cells.append({"cell_type": "markdown", "metadata": {}, "source": text, "id": self.cell_id(text)})

    def code(self, source: str, **metadata: Any) -> None:
        """A cell of code."""
        self.cells.append(
            {
                "cell_type": "code",
                "metadata": metadata,
                "source": source,
                "id": self.cell_id(source),
                "outputs": [],
                "execution_count": None,
            }
        )

    def cell_id(self, content: str) -> str:
        """An id that is the same whenever the cell is."""
        return hashlib.sha256(f"{len(self.cells)} {content}".encode()).hexdigest()[:12]

    def code_cell(self, block: Block) -> None:
        """A code cell, if it is not the page's own; folded inside a solution."""
        if "remove-cell" in block.tags and "notebook" not in block.tags:
            return
        tags = {"tags": [tag for tag in block.tags if tag == "raises-exception"]}
        if self.solving:
            self.code(block.text, jupyter={"source_hidden": True}, tags=[*tags["tags"], "solution"])
        else:
            self.code(block.text, **({} if not tags["tags"] else tags))

    def widget(self, block: Block) -> None:
        """A cell that makes the widget, named as its id unless the page imports that name, and shows it."""
        variable = block.options.get("id", block.argument).replace("-", "_")
        if re.search(rf"import [^\n]*\b{variable}\b", self.source):
            variable += "_widget"
        settings = self.settings(block.argument, list(parse_preset(block.options.get("preset", "")).items()))
        only = [f'only="{block.options["only"]}"'] if "only" in block.options else []
        name = class_name(block.argument.replace("-", "_"))
        call = f"{name}({', '.join([*settings, *only])})"
        self.code(f"from pinn_widgets import {name}\n\n{variable} = {call}\n{variable}")

    def settings(self, widget: str, changes: list[tuple[str, str]]) -> list[str]:
        """Settings as arguments of a widget's class."""
        try:
            settings = recipe_of(widget).Settings.from_texts(dict(changes)).as_dict()
        except (SettingError, LookupError) as error:
            raise self.fail(str(error)) from error
        return [f"{name}={settings[name]!r}" for name, _ in changes]

    def box(self, block: Block) -> None:
        """An admonition as a quotation with a title."""
        title = block.argument or block.name.removeprefix("prf:").capitalize()
        text = f"**{self.inline(title)}**\n\n{self.inline(block.text)}"
        self.markdown("\n".join(f"> {line}".rstrip() for line in text.splitlines()))

    def exercise(self, block: Block) -> None:
        """The heading of an exercise; what follows is its text."""
        self.markdown(f"### Exercise {self.number_at(block.options['label'])}")

    def whole_exercise(self, block: Block) -> None:
        """An exercise that is one directive."""
        self.exercise(block)
        self.text(block.text)

    def solution(self, begins: bool) -> None:
        """Fold from here on, or no longer."""
        self.solving = begins

    def whole_solution(self, block: Block) -> None:
        """A solution that is one directive."""
        self.solution(True)
        self.text(block.text)
        self.solution(False)

    # ---- within a line ----

    def inline(self, text: str) -> str:
        """Text with equations numbered and roles replaced."""
        text = EQUATION.sub(self.equation, text)
        return ROLE.sub(self.role, text)

    def equation(self, match: re.Match[str]) -> str:
        """A displayed equation with its number."""
        tex = match["tex"]
        if match["label"]:
            tex += f"\n\\tag{{{self.number_at(match['label'])}}}"
        return f"$$\n{tex}\n$$"

    def role(self, match: re.Match[str]) -> str:
        """What stands in place of a role."""
        name, content = match["name"], match["content"]
        titled = TITLED.fullmatch(content)
        title, target = (titled["title"], titled["target"]) if titled else ("", content)
        if name == "glue:text":
            return self.number(content)
        if name == "doc":
            return self.link(target, title)
        if name == "eq":
            return f"({self.number_at(content)})"
        if name == "state":
            return self.state(title, target)
        if name in ("cite", "cite:p", "cite:t"):
            return "(" + "; ".join(self.citation(key.strip()) for key in content.split(",")) + ")"
        if name in ("ref", "numref", "prf:ref"):
            return title or f"exercise {self.number_at(target)}"
        raise self.fail(f"say in {__name__} what becomes of the role {name!r}")

    def number_at(self, label: str) -> str:
        """The number of an exercise or equation."""
        if label not in self.labels:
            raise self.fail(f"nothing that has a number has the label {label!r}")
        return self.labels[label]

    def number(self, key: str) -> str:
        """A glued number or table."""
        key = key.split(":")[0]
        if key not in self.numbers:
            raise self.fail(f"no widget of this page gives the number {key!r}")
        return self.numbers[key]

    @functools.cached_property
    def numbers(self) -> dict[str, str]:
        """Numbers and tables of the widgets whose numbers the page glues."""
        found: dict[str, str] = {}
        calls = " ".join(re.findall(r"glue_numbers\(([^)]*)\)", self.source))
        for widget in re.findall(r'"(\w+)"', calls):
            module = importlib.import_module(f"pinn_widgets.{widget}.numbers")
            recording = archive.load(widget)
            found |= module.numbers(recording)
            found |= getattr(module, "tables", lambda _: {})(recording)
        return found

    def link(self, target: str, title: str) -> str:
        """A link to another notebook; the title alone where a page has none."""
        folder = Path(self.docname).parent
        docname = str((Path("/") / folder / target).resolve().relative_to("/")).removesuffix(".md")
        if docname not in self.titles:
            raise self.fail(f"there is no page {target!r}")
        title = title or self.titles[docname]
        return f"[{title}]({Path(docname).name}.ipynb)" if docname in self.notebooks else f"*{title}*"

    def state(self, title: str, target: str) -> str:
        """A prepared state as the call that makes it."""
        _, widget, changes = parse_state(target)
        name = class_name(widget.replace("-", "_"))
        return f"{title}: `{name}({', '.join(self.settings(widget, changes))})`"

    # ---- references ----

    def entry(self, key: str) -> Entry:
        """A work of the bibliography."""
        if key not in self.bibliography.entries:
            raise self.fail(f"there is no work {key!r} in the bibliography")
        return self.bibliography.entries[key]

    def citation(self, key: str) -> str:
        """Names and year."""
        entry = self.entry(key)
        self.cited.append(key)
        names = [plain(" ".join(person.last_names)) for person in entry.persons.get("author", [])]
        who = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
        return f"{who} {entry.fields.get('year', '')}".strip()

    def reference(self, key: str) -> str:
        """An entry of the list of references."""
        fields = self.entry(key).fields
        where = fields.get("journal") or fields.get("booktitle") or fields.get("publisher") or ""
        if "doi" in fields:
            where += f", [doi:{fields['doi']}](https://doi.org/{fields['doi']})"
        elif "url" in fields:
            where += f", <{fields['url']}>"
        return f"- {self.citation(key)}. *{plain(fields['title'])}.* {plain(where)}".rstrip(", ")


def plain(text: str) -> str:
    """Text of a bibliography without its braces."""
    return text.replace("{", "").replace("}", "").replace("--", "\N{EN DASH}")


def title_of(source: str) -> str:
    """The first heading of a page."""
    match = re.search(r"^# (.+)$", source, re.MULTILINE)
    return match[1].strip() if match else ""


def has_notebook(source: str) -> bool:
    """Whether a page has code, and so a notebook."""
    return "{code-cell}" in source


def notebooks_of(root: Path, docnames: list[str], numbers: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The notebook of every page that has one, by the name of its file.

    Parameters
    ----------
    root : folder of the checkout.
    docnames : pages of the book, such as "chapters/weight-tuner".
    numbers : see `Converter`.
    """
    sources = {name: (root / f"{name}.md").read_text(encoding="utf-8") for name in docnames}
    titles = {name: title_of(source) for name, source in sources.items()}
    with_notebook = {name for name, source in sources.items() if has_notebook(source)}
    bibliography = parse_file(root / "book/references.bib", bib_format="bibtex")
    return {
        f"{Path(name).name}.ipynb": Converter(
            name, sources[name], titles, with_notebook, bibliography, numbers
        ).convert()
        for name in sorted(with_notebook)
    }


class NotebookOnly(SphinxDirective):
    """Text that only the notebook has."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        return []


@ends_build
def write_notebooks(app: Sphinx, exception: Exception | None) -> None:
    """Write the notebooks into `_build/notebooks`, where JupyterLite takes them from."""
    if app.builder.format != "html" or exception is not None:
        return
    folder = Path(app.outdir).parent / "notebooks"
    folder.mkdir(parents=True, exist_ok=True)
    made = notebooks_of(Path(app.srcdir), sorted(app.env.found_docs), numbers_of(app.env))
    for path in folder.iterdir():
        if path.name not in made:
            path.unlink()
    for name, notebook in made.items():
        (folder / name).write_text(
            json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )


def setup(app: Sphinx) -> None:
    """Register the directive, and write the notebooks when the pages are there."""
    app.add_directive("notebook", NotebookOnly)
    app.connect("build-finished", write_notebooks, priority=940)
