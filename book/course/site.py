"""The site as a whole: page descriptions, the entry page, finishing touches, and no leftovers."""

import html
import posixpath
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from .errors import CourseError, ends_build
from .policy import with_policy
from .theme import with_colour_mode

DESCRIPTION_LENGTH = 160

ENTRY = """\
<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="{title}">
<meta http-equiv="refresh" content="0; url={address}">
<link rel="canonical" href="{address}">
<link rel="icon" href="_static/favicon.svg">
</head>
<body><main><h1>{title}</h1><p><a href="{address}">Open the course</a></p></main></body>
</html>
"""


def add_description(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Describe the page by its first paragraph, unless its front matter does."""
    if 'name="description"' in context.get("metatags", ""):
        return
    paragraphs = (
        (node.astext() for node in doctree.findall(nodes.paragraph)) if doctree is not None else iter(())
    )
    text = next(paragraphs, app.config.html_title)
    content = html.escape(shortened(" ".join(text.split())))
    context["metatags"] = context.get("metatags", "") + f'<meta name="description" content="{content}">\n'


def shortened(text: str) -> str:
    """The text, cut between words to the length that search engines show."""
    if len(text) <= DESCRIPTION_LENGTH:
        return text
    return text[:DESCRIPTION_LENGTH].rsplit(" ", 1)[0].rstrip(",;:") + " …"


def write_entry(app: Sphinx, exception: Exception | None) -> None:
    """Write index.html, which leads to the first page."""
    root = app.config.master_doc
    if app.builder.format != "html" or exception is not None or root == "index":
        return
    address = app.builder.get_target_uri(root)
    entry = ENTRY.format(
        language=app.config.language, title=html.escape(app.config.html_title), address=html.escape(address)
    )
    (Path(app.outdir) / "index.html").write_text(entry, encoding="utf-8")


def start_clean(app: Sphinx) -> None:
    """Empty the site when everything is built anew, as after `--all`."""
    site = Path(app.outdir)
    if app.builder.format == "html" and app.fresh_env_used and (site / ".buildinfo").exists():
        shutil.rmtree(site)
        site.mkdir()


def remove_stale(app: Sphinx, exception: Exception | None) -> None:
    """Remove pages and images that belong to no page of this build."""
    if app.builder.format != "html" or exception is not None:
        return
    site = Path(app.outdir)
    pages = {app.builder.get_target_uri(name) for name in app.env.found_docs}
    pages |= {app.builder.get_target_uri(name) for name in ("index", "genindex", "search")}
    images = {posixpath.join(app.builder.imagedir, name) for _, name in app.env.images.values()}
    for path in pages_of(site):
        if path.relative_to(site).as_posix() not in pages:
            path.unlink()
    for path in (site / app.builder.imagedir).glob("*"):
        if path.relative_to(site).as_posix() not in images:
            path.unlink()


def pages_of(site: Path) -> list[Path]:
    """Every page of the site, not counting pages that static files may contain."""
    found = (path.relative_to(site) for path in site.rglob("*.html"))
    return sorted(site / name for name in found if name.parts[0] not in ("_static", "lite", "rt"))


@ends_build
def finish_pages(app: Sphinx, exception: Exception | None) -> None:
    """Give every page its colour mode and its content security policy."""
    if app.builder.format != "html" or exception is not None:
        return
    for path in pages_of(Path(app.outdir)):
        page = path.read_text(encoding="utf-8")
        try:
            finished = with_policy(with_colour_mode(page))
        except CourseError as error:
            raise CourseError(f"{path.relative_to(app.outdir)}: {error}") from error
        if finished != page:
            path.write_text(finished, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Connect everything that concerns the site as a whole."""
    app.connect("builder-inited", start_clean, priority=1)
    app.connect("html-page-context", add_description, priority=900)
    app.connect("build-finished", write_entry, priority=1)
    app.connect("build-finished", remove_stale)
    app.connect("build-finished", finish_pages, priority=900)
