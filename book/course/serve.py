"""A small server for the built site, on this machine only: `python -m course.serve SITE --port 8000`.

The standard library's own, with three differences: media types that do not depend on the machine, answers
that a browser may keep but must ask about again, and an optional path in front, as on hosts of several
sites.
"""

import argparse
import functools
import http.server
import sys
from pathlib import Path
from typing import Any

ADDRESS = "127.0.0.1"


class SiteHandler(http.server.SimpleHTTPRequestHandler):
    """Serves the files of a site under a prefix such as "/course/"."""

    protocol_version = "HTTP/1.1"
    extensions_map = {  # noqa: RUF012
        "": "application/octet-stream",
        ".css": "text/css",
        ".html": "text/html",
        ".js": "text/javascript",
        ".json": "application/json",
        ".mjs": "text/javascript",
        ".png": "image/png",
        ".svg": "image/svg+xml",
        ".txt": "text/plain",
        ".wasm": "application/wasm",
        ".woff": "font/woff",
        ".woff2": "font/woff2",
        ".zip": "application/zip",
    }

    def __init__(self, *arguments: Any, prefix: str, quiet: bool, **keywords: Any) -> None:
        self.prefix, self.quiet = prefix, quiet
        super().__init__(*arguments, **keywords)

    def send_head(self) -> Any:
        """Answer only below the prefix."""
        if not self.path.startswith(self.prefix):
            self.send_error(404)
            return None
        self.path = "/" + self.path.removeprefix(self.prefix)
        return super().send_head()

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        if not self.quiet:
            super().log_message(format, *arguments)


class SiteServer(http.server.ThreadingHTTPServer):
    """Does not mind visitors who leave before they have got everything."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def make_server(site: Path, port: int = 0, prefix: str = "/", quiet: bool = True) -> SiteServer:
    """A server for a folder; port 0 takes a free one.

    Raises
    ------
    OSError : the port is taken.
    """
    handler = functools.partial(SiteHandler, directory=str(site), prefix=prefix, quiet=quiet)
    return SiteServer((ADDRESS, port), handler)


def main() -> None:
    """Serve a folder until interrupted."""
    parser = argparse.ArgumentParser(description="Serve the built site on this machine.")
    parser.add_argument("site", type=Path)
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args()
    with make_server(given.site, given.port) as server:
        print(f"The course is open at http://{ADDRESS}:{server.server_port} (Ctrl+C ends it)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
