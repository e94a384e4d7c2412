"""Fixtures of the browser tests: pages of the built site with every outside request refused."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from widget_page import TUNER, Pages, Widget


@pytest.fixture
def pages(browser: Browser, site_url: str) -> Iterator[Pages]:
    """Pages of the site; in the end nothing outside was asked for, and the console shows no error."""
    opened = Pages(browser, site_url)
    yield opened
    for context in opened.contexts:
        context.close()
    assert opened.outside == []
    if not opened.errors_expected:
        assert opened.errors == []


@pytest.fixture
def tuner(pages: Pages) -> Widget:
    """The weight tuner of section 3.2."""
    return Widget(pages.open(TUNER), "weight-tuner")
