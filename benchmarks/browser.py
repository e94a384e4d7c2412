"""The browser and the built site that the browser figures are taken from."""

import os
import shutil
from pathlib import Path

import environment

SITE = environment.ROOT / "_build" / "html"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


class MissingError(RuntimeError):
    """Something that the browser figures need is not there."""


def executable() -> str:
    """The browser that CHROMIUM names, or an installed Chrome or Chromium."""
    names = (*filter(None, [os.environ.get("CHROMIUM")]), *NAMES, MAC)
    found = next(filter(None, map(shutil.which, names)), None)
    if not found:
        raise MissingError(
            "no Chrome or Chromium found; install one (Debian: chromium) or name it in CHROMIUM"
        )
    return found


def site() -> Path:
    """The built site."""
    if not (SITE / "rt" / "manifest.json").exists():
        raise MissingError("the course is not built; run ./build.sh build")
    return SITE


def launch_options() -> dict:
    """Options of playwright's launch: no sandbox for root, and no requests of the browser's own."""
    quiet = ["--disable-quic", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return {
        "executable_path": executable(),
        "args": quiet + (["--no-sandbox"] if root else []),
        "headless": True,
    }
