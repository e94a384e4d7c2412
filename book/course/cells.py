"""Runs the cells of several pages at the same time, before the pages are read.

MyST-NB, which reads them, then finds what came out in its cache. Pages whose cells fail are run by it again,
one after the other, so that each error is reported where it belongs.
"""

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from jupyter_cache import get_cache
from myst_nb.core.execute import create_client
from myst_nb.core.execute.base import ExecutionError
from myst_nb.core.read import create_nb_reader
from sphinx.application import Sphinx


class Silent:
    """A logger that says nothing."""

    def __getattr__(self, level: str) -> Any:
        return lambda *_, **__: None


def run_cells(env: Any, docname: str) -> None:
    """Have the outputs of a page's cells in the cache, unless one of them fails."""
    path = env.doc2path(docname)
    text = Path(path).read_text(encoding="utf-8")
    reader = create_nb_reader(path, env.myst_config, env.mystnb_config, text)
    if reader is None:
        return
    with (
        contextlib.suppress(ExecutionError),
        create_client(reader.read(text), path, env.mystnb_config, Silent(), reader.read_fmt),
    ):
        pass


def run_ahead(app: Sphinx, env: Any, docnames: list[str]) -> None:
    """Run the cells of all pages that are about to be read: each page has a process of its own."""
    get_cache(env.mystnb_config.execution_cache_path).list_cache_records()  # makes its tables, once
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(lambda docname: run_cells(env, docname), docnames))


def setup(app: Sphinx) -> None:
    """Connect to the last event before pages are read."""
    app.connect("env-before-read-docs", run_ahead)
