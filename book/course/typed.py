"""No number of the prose is typed: the build warns of every digit that no role has made."""

import html
import re
from collections.abc import Iterator

from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.mdit_to_docutils.base import DocutilsRenderer
from myst_parser.parsers.mdit import create_md_parser
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

# as in _config.yml
EXTENSIONS = {"amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath", "fieldlist"}
PARSER = create_md_parser(MdParserConfig(enable_extensions=EXTENSIONS), DocutilsRenderer)

# Directives without prose: code, mathematics, lists that are made from elsewhere.
WITHOUT_PROSE = {
    "bibliography",
    "code-block",
    "code-cell",
    "eval-rst",
    "glue:md",
    "literalinclude",
    "math",
    "toctree",
    "widget",
}
# Directives whose text, and whose title if they have one, is prose.
WITH_PROSE = {
    "admonition",
    "exercise",
    "solution",
    "figure",
    "important",
    "notebook",
    "note",
    "tip",
    "warning",
}
# The same, with the prose not inside but between a start and an end.
GATES = {"exercise-start", "exercise-end", "solution-start", "solution-end"}
# Directives whose argument is a label or a file and not a title.
WITHOUT_TITLE = {"solution", "figure", "exercise-start", "exercise-end", "solution-start", "solution-end"}
# Roles that make a number, a link or a formula instead of typing one.
ROLES = {"glue:text", "doc", "ref", "eq", "numref", "prf:ref", "cite", "cite:t", "cite:p", "math", "state"}

# Code may contain digits (`u_xx2`, `float64`), but a bare number in code is a typed number all the same.
BARE_NUMBER = re.compile(r"[-+\s]*[\d.,_]*\d[\d.,_]*(e[-+]?\d+)?\s*%?", re.IGNORECASE)
HAS_DIGIT = re.compile(r"\d")


def typed_numbers(markdown: str) -> list[str]:
    """Every piece of prose in a MyST source that contains a digit which no role has made.

    Raises
    ------
    LookupError : a directive of which this module does not know whether it contains prose.
    """
    return [text for text in prose_of(markdown) if HAS_DIGIT.search(text)]


def prose_of(markdown: str) -> Iterator[str]:
    """The pieces of text of a MyST source that a reader reads as prose."""
    tokens = iter(PARSER.parse(markdown))
    for token in tokens:
        if token.type == "heading_open":
            while token.type != "heading_close":
                token = next(tokens)
        elif token.type == "inline":
            yield from inline_prose(token.children or [])
        elif token.type in ("fence", "colon_fence"):
            yield from directive_prose(token)
        elif token.type in ("html_block", "code_block"):
            yield without_tags(token.content)


def inline_prose(children: list[Token]) -> Iterator[str]:
    """Prose of a paragraph: not its links, formulas, citations and other roles."""
    links = 0
    for child in children:
        if child.type == "html_inline":
            links += len(re.findall(r"<a\b", child.content)) - len(re.findall(r"</a\b", child.content))
        links += (child.type == "link_open") - (child.type == "link_close")
        if links:
            continue
        if is_prose(child):
            yield child.content


def is_prose(child: Token) -> bool:
    """Whether a reader reads the content of this token as text that somebody typed."""
    if child.type == "code_inline":
        return BARE_NUMBER.fullmatch(child.content) is not None
    if child.type == "myst_role":
        return child.meta["name"] not in ROLES
    return child.type in ("text", "image")


def directive_prose(token: Token) -> Iterator[str]:
    """Prose inside a fence: that of a directive with text; a listing has none."""
    match = re.fullmatch(r"\{([^}]+)\}\s*(.*)", token.info.strip())
    if match is None:
        return
    name, title = match.groups()
    if name in WITHOUT_PROSE:
        return
    if name not in WITH_PROSE | GATES:
        raise LookupError(f"course/typed.py does not say whether the directive {name!r} contains prose")
    if name not in WITHOUT_TITLE:
        yield from prose_of(title)
    yield from prose_of(without_options(token.content))


def without_options(content: str) -> str:
    """The text of a directive after its options."""
    lines = content.splitlines()
    if lines and lines[0].strip() == "---":
        return "\n".join(lines[lines.index("---", 1) + 1 :])
    first = next((k for k, line in enumerate(lines) if not re.match(r":[\w-]+:", line)), len(lines))
    return "\n".join(lines[first:])


def without_tags(markup: str) -> str:
    """The text between the tags of raw HTML."""
    return html.unescape(re.sub(r"<[^>]*>", " ", markup))


def without_front_matter(source: str) -> str:
    """The source of a page after its YAML header."""
    return re.sub(r"\A---\n.*?\n---\n", "", source, flags=re.DOTALL)


def check(app: Sphinx, docname: str, source: list[str]) -> None:
    """Warn of every typed number on a page that is about to be read."""
    try:
        found = typed_numbers(without_front_matter(source[0]))
    except LookupError as error:
        logger.warning("%s", error, location=docname)
        return
    for text in found:
        logger.warning("a number is typed, not made from runs: %s", text.strip(), location=docname)


def setup(app: Sphinx) -> None:
    """Connect the check to the reading of pages."""
    app.connect("source-read", check)
