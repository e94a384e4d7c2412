"""The course's engine in Chromium: the built wheel in the built site's Pyodide, one worker, one core."""

from contextlib import ExitStack
from dataclasses import replace

import browser
import environment
from playwright.sync_api import Page, sync_playwright
from webserver import WebServer

from contestants import Contestant, ours, ours_trace

_open = ExitStack()
_page: Page | None = None


def _ask(**command):
    return _started().evaluate("command => window.ask(command)", command)


def _started() -> Page:
    """The page with the worker, opened on first use."""
    global _page
    if _page is None:
        site = browser.site()
        server = _open.enter_context(WebServer({"/course/": site, "/bench/": environment.HERE}))
        chromium = _open.enter_context(sync_playwright()).chromium.launch(**browser.launch_options())
        _open.callback(chromium.close)
        _page = chromium.new_page()
        _page.set_default_timeout(120_000)
        _page.goto(f"{server.origin}/bench/web/index.html")
    return _page


def contestants() -> list[Contestant]:
    """The rows of `ours` and `ours_trace`, with answers and seconds from inside the browser."""
    return [
        replace(
            row,
            answer=lambda key=row.key: _ask(do="answer", key=key),
            seconds=lambda steps, key=row.key: _ask(do="time", key=key, steps=steps),
        )
        for module in (ours, ours_trace)
        for row in module.contestants("chromium", "Chromium")
    ]


def versions() -> dict[str, str]:
    """Browser, Pyodide, and Python and numpy inside it."""
    inside = _ask(do="list")["versions"]
    return {"chromium": _started().context.browser.version, **inside}


def close() -> None:
    """Close browser and server."""
    _open.close()
