"""Keeps pages from going stale: when the code changes, cells run again and pages are read again.

Sphinx re-reads every page when a configuration value of kind "env" changes. Two such values carry hashes:
the path of the cache of executed cells (hash of engine, widgets, recorded runs and pins) and `course_sources`
(these and the extension itself). An unchanged checkout has unchanged hashes, and nothing is done twice.
"""

import pickle
import platform
import shutil
from pathlib import Path

from sphinx.application import ENV_PICKLE_FILENAME, Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

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


class LastRead:
    """The pages that a build has read. After one with warnings they are read again: only that gives them."""

    def __init__(self) -> None:
        self.docnames: list[str] = []

    def remember(self, _: Sphinx, __: BuildEnvironment, docnames: list[str]) -> None:
        """Note what is about to be read."""
        self.docnames = list(docnames)

    def forget(self, app: Sphinx, exception: Exception | None) -> None:
        """Date the pages back if something is wrong with the book."""
        if exception is None and app.keep_going and app._warncount:
            app.env.all_docs.update(dict.fromkeys(self.docnames, 0))
            with (Path(app.doctreedir) / ENV_PICKLE_FILENAME).open("wb") as kept:
                pickle.dump(app.env, kept, pickle.HIGHEST_PROTOCOL)


def setup(app: Sphinx) -> None:
    """Set the hashes before anything reads the configuration."""
    app.add_config_value("course_sources", "", "env", [str])
    app.connect("config-inited", set_hashes)
    last = LastRead()
    app.connect("env-before-read-docs", last.remember)
    app.connect("build-finished", last.forget, priority=1)  # handlers after it may end the build
