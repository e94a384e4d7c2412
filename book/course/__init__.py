"""Sphinx extension of the course; each module does one thing and says what."""

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata


def setup(app: Sphinx) -> ExtensionMetadata:
    """Set up every part of the extension."""
    from . import (
        api,
        cells,
        equations,
        freshness,
        lite,
        notebook,
        numbering,
        offline,
        runtime,
        site,
        theme,
        typed,
        widget,
    )

    parts = (
        api,
        freshness,
        offline,
        cells,
        runtime,
        equations,
        numbering,
        typed,
        widget,
        theme,
        site,
        notebook,
        lite,
    )
    for part in parts:
        part.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
