"""Keeps pages from going stale: when the code changes, cells run again and pages are read again.

Sphinx re-reads every page when a configuration value of kind "env" changes. Two such values carry hashes:
the path of the cache of executed cells (hash of engine, widgets, recorded runs and pins) and `course_sources`
(these and the extension itself). An unchanged checkout has unchanged hashes, and nothing is done twice.
"""

import platform
import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

from .hashing import sources, tree_hash

CODE = ("pinn_core", "widgets")
EXTENSION_FILES = (".py", ".mjs", ".css", ".html", ".json")


def set_hashes(app: Sphinx, config: Config) -> None:
    """Put the hashes into the configuration, and drop the executed cells of other states of the code."""
    root = Path(app.srcdir)
    code = [*sources(root, *CODE, suffixes=(".py", ".run")), root / "requirements.lock"]
    code_hash = tree_hash(root, code, platform.python_version())[:16]
    extension = sources(root, "book/course", suffixes=EXTENSION_FILES)
    cells = Path(app.outdir).parent / "cells"
    config.nb_execution_cache_path = str(cells / code_hash)
    config.course_sources = tree_hash(root, extension, code_hash)
    for other in cells.glob("*"):
        if other.name != code_hash:
            shutil.rmtree(other)


def setup(app: Sphinx) -> None:
    """Set the hashes before anything reads the configuration."""
    app.add_config_value("course_sources", "", "env", [str])
    app.connect("config-inited", set_hashes)
