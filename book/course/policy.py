"""Content security policy: a page runs its own scripts and asks its own server, nothing else.

Each page gets a policy as a meta element that names the hash of every inline script on it. `site` adds
it when nothing else on the page changes any more.
"""

import base64
import hashlib
import re
from html.parser import HTMLParser

from .errors import CourseError

META = re.compile(r'\n?<meta http-equiv="Content-Security-Policy"[^>]*>')
CHARSET = re.compile(r'<meta charset="utf-8"[^>]*>', re.IGNORECASE)

# WebAssembly needs 'wasm-unsafe-eval'; MathJax and Plotly write style elements and attributes
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{hashes}; worker-src 'self'; "
    "connect-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' "
    "data:; frame-src 'self'; base-uri 'none'; form-action 'self'; object-src 'none'"
)

# types of script element that a browser executes; others, such as application/json, hold data
EXECUTED = {None, "", "module", "text/javascript", "application/javascript"}


class InlineScripts(HTMLParser):
    """Collects the inline scripts of a page, and any event handlers in attributes."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=False)
        self.scripts: list[str] = []
        self.handlers: list[str] = []
        self._inside = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.handlers += [f"{name}={value}" for name, value in attrs if name.startswith("on")]
        if tag == "script" and "src" not in given and given.get("type") in EXECUTED:
            self._inside = True
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = False


def script_hash(script: str) -> str:
    """The source expression that allows one inline script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def with_policy(page: str) -> str:
    """The page with a policy that fits its scripts, in place of one that it may have already.

    Raises
    ------
    CourseError : the page has event handlers in attributes, which no hash allows.
    """
    page = META.sub("", page)
    found = InlineScripts(page)
    if found.handlers:
        raise CourseError(
            f"an attribute runs a script, which the content security policy forbids: {found.handlers[0]}"
        )
    hashes = sorted({script_hash(script) for script in found.scripts if script})
    policy = POLICY.format(hashes="".join(f" {one}" for one in hashes))
    # after the declaration of the character set, which must stand in the first 1024 bytes
    return CHARSET.sub(
        lambda charset: f'{charset[0]}\n<meta http-equiv="Content-Security-Policy" content="{policy}">',
        page,
        count=1,
    )
