"""What a page loads before the reader touches anything, and how it looks without its scripts."""

import gzip
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from widget_page import TUNER, WIDGET_PAGES, Pages

OURS = ("chapters/", "book/", "rt/widgets/", "rt/recorded/", "_static/course.css", "_static/icons.")
OURS_AT_MOST = 300_000
ALL_AT_MOST = 450_000


def loaded_files(pages: Pages, site: Path) -> dict[str, int]:
    """The files of the site that were asked for, and their sizes as sent compressed."""
    prefix = urlsplit(pages.site_url).path
    paths = {urlsplit(address).path for address in pages.requests if address.startswith(pages.site_url)}
    names = {path.removeprefix(prefix) for path in paths}
    return {name: len(gzip.compress((site / name).read_bytes(), 9)) for name in names}


@pytest.mark.parametrize("path", [*WIDGET_PAGES, "book/index.html"])
def test_page_is_light_before_the_first_touch(pages: Pages, built_site: Path, path: str) -> None:
    page = pages.open(path)
    page.wait_for_load_state("networkidle")
    files = loaded_files(pages, built_site)
    for heavy in ("rt/pyodide/", "rt/plotly/", "fontawesome"):
        assert [name for name in files if heavy in name] == []
    assert sum(size for name, size in files.items() if name.startswith(OURS)) < OURS_AT_MOST
    assert sum(files.values()) < ALL_AT_MOST


@pytest.mark.parametrize("scripts", [True, False])
def test_page_keeps_the_reader_s_colour_mode(pages: Pages, scripts: bool) -> None:
    page = pages.open(TUNER, color_scheme="dark", java_script_enabled=scripts)
    background = page.locator("body").evaluate("element => getComputedStyle(element).backgroundColor")
    brightness = sum(int(part) for part in background.removeprefix("rgb(").rstrip(")").split(",")[:3]) / 3
    # without scripts a page is light, and legible
    assert brightness < 60 if scripts else brightness > 200
