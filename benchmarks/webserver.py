"""A static server on 127.0.0.1 that caches like a static host and keeps a log of what was asked for."""

import threading
from collections.abc import Mapping
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

TYPES = {
    ".mjs": "text/javascript",
    ".js": "text/javascript",
    ".wasm": "application/wasm",
    ".json": "application/json",
}


class WebServer:
    """Serve folders under prefixes such as "/course/" for as long as the `with` block lasts.

    `requests` lists the files that were sent, in order; what a browser has in its cache is not in it.
    """

    def __init__(self, mounts: Mapping[str, Path]) -> None:
        self.mounts = {prefix: folder.resolve() for prefix, folder in mounts.items()}
        self.requests: list[Path] = []
        outer = self

        class Handler(SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            extensions_map: ClassVar = {**SimpleHTTPRequestHandler.extensions_map, **TYPES}

            def translate_path(self, path: str) -> str:
                file = outer.file(path)
                return str(file) if file else str(Path(outer.mounts["/course/"]) / "missing" / "file")

            def end_headers(self) -> None:
                self.send_header("Cache-Control", "max-age=600")
                super().end_headers()

            def log_request(self, code="-", size="-") -> None:  # noqa: ARG002
                file = outer.file(self.path)
                if code == 200 and file and self.command == "GET":
                    outer.requests.append(file / "index.html" if file.is_dir() else file)

            def log_message(self, *_args) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def file(self, url: str) -> Path | None:
        """The file behind a URL path, or None outside of all mounts."""
        path = unquote(urlsplit(url).path)
        for prefix, folder in self.mounts.items():
            if path.startswith(prefix):
                file = (folder / path[len(prefix) :]).resolve()
                return file if file.is_relative_to(folder) else None
        return None

    def __enter__(self) -> "WebServer":
        self.thread.start()
        return self

    def __exit__(self, *_exc) -> None:
        self.server.shutdown()
        self.server.server_close()
