"""Builds again and reloads while an author writes: `python -m course.watch --port 8000`.

sphinx-autobuild watches, serves and reloads. Its own build command knows nothing of `_config.yml`, so that
ours takes its place; and its reload script becomes a file, which the pages' policy allows.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn
from sphinx_autobuild.filter import IgnoreFilter
from sphinx_autobuild.middleware import JavascriptInjectorMiddleware
from sphinx_autobuild.server import RebuildServer
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from .serve import ADDRESS

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build/html"
WATCHED = ("book", "chapters", "pinn_core", "widgets", "_config.yml", "_toc.yml")
SCRIPT = """\
const socket = new WebSocket(`ws://${location.host}/watch`);
socket.onmessage = () => location.reload();
"""


class Injector(JavascriptInjectorMiddleware):
    """Adds the address of the reload script to every page."""

    def __init__(self, app: Any) -> None:
        super().__init__(app, "")
        self.script = b'<script src="/watch.js"></script>'


def build(*, changed_paths: Sequence[Path]) -> None:
    """Build the book; what is wrong with it is shown."""
    names = sorted({path.relative_to(ROOT).as_posix() for path in changed_paths if path.is_relative_to(ROOT)})
    print(f"Changed: {', '.join(names)}", flush=True)
    done = subprocess.run([sys.executable, "-m", "course.build"], check=False)
    print("Built." if done.returncode == 0 else "Not built; see above.", flush=True)


def make_app() -> Starlette:
    """The site, with a socket on which pages hear that they have been built again."""
    ignored = IgnoreFilter([], [r"/__pycache__/", r"/\.[^/]*$", r"~$", r"\.tmp$"])
    watcher = RebuildServer([ROOT / name for name in WATCHED], ignored, change_callback=build)
    return Starlette(
        routes=[
            WebSocketRoute("/watch", watcher),
            Route("/watch.js", lambda _: Response(SCRIPT, media_type="text/javascript")),
            Mount("/", app=StaticFiles(directory=SITE, html=True)),
        ],
        middleware=[Middleware(Injector)],
        lifespan=watcher.lifespan,
    )


def main() -> None:
    """Serve and watch until interrupted."""
    parser = argparse.ArgumentParser(description="Build again and reload while an author writes.")
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    print(
        f"The course is open at http://{ADDRESS}:{port} and follows your files (Ctrl+C ends it)", flush=True
    )
    uvicorn.run(make_app(), host=ADDRESS, port=port, log_level="warning")


if __name__ == "__main__":
    main()
