"""Pages of the built site in a browser, and the widgets on them, by their DOM contract."""

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

LOAD_AND_TRAIN = 60_000  # ms; a generous bound, not a measure

TUNER = "chapters/weight-tuner.html"
SHORT_RUNS = "chapters/two-pathologies.html"
CHECK = "chapters/appendix-backpropagation.html"
NTK = "chapters/ntk-weights.html"
POINTS = "chapters/point-weights.html"
TRACE = "chapters/appendix-trace.html"
CLAIMS = "chapters/appendix-claims.html"
WIDGET_PAGES = [TUNER, SHORT_RUNS, CHECK, NTK, POINTS, TRACE]


class Widget:
    """A widget on an open page, by its DOM contract."""

    def __init__(self, page: Page, element_id: str) -> None:
        self.page = page
        self.root = page.locator(f"#{element_id}")
        expect(self.root).to_have_attribute("data-ready", "")

    @property
    def phase(self) -> str:
        return self.root.get_attribute("data-phase") or ""

    @property
    def result(self) -> dict[str, Any]:
        """The run on show; one that is on its way is waited for."""
        expect(self.root).not_to_have_attribute("aria-busy", "true")
        return json.loads(self.root.get_attribute("data-result") or "null")

    @property
    def status(self) -> Locator:
        return self.root.get_by_role("status")

    @property
    def slider(self) -> Locator:
        return self.root.get_by_role("slider", name="log10 lambda_IC")

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name, exact=True)

    def click(self, name: str) -> None:
        self.button(name).click()

    def field(self, label: str) -> Locator:
        return self.root.get_by_label(label, exact=True)

    def fill(self, label: str, value: object) -> None:
        self.field(label).fill(str(value))
        self.field(label).press("Tab")

    def choose(self, label: str, option: str) -> None:
        self.root.get_by_text("More settings").click()
        self.field(label).select_option(option)

    def unfold(self, title: str) -> None:
        """Open what is folded under a title, unless it is open."""
        box = self.root.locator("details", has=self.page.locator("summary", has_text=title)).first
        if box.get_attribute("open") is None:
            box.locator("summary").first.click()

    def plot(self, title: str) -> Locator:
        """The plot of the chart with this title."""
        return self.root.locator(".widget-chart", has_text=title).locator(".widget-plot")

    def row(self, scheme: str) -> Locator:
        """The row of a scheme in the table of a race."""
        header = self.page.get_by_role("rowheader", name=scheme, exact=True)
        return self.root.locator(".widget-standings tr", has=header)

    def outcome(self, case: str) -> Locator:
        """What stands beside a prediction, by its label."""
        label = self.page.get_by_label(case, exact=True)
        return self.root.locator(".widget-case").filter(has=label).locator(".widget-outcome")

    def wait_for(self, *phases: str, timeout: int = LOAD_AND_TRAIN) -> None:
        """Wait for one of the phases; a failure that was not waited for is reported with its cause."""
        self.page.wait_for_function(
            "([root, phases]) => [...phases, 'failed'].includes(root.dataset.phase)",
            arg=[self.root.element_handle(), list(phases)],
            timeout=timeout,
        )
        assert self.phase in phases, self.status.text_content()

    def wait_for_epoch(self, epoch: int) -> None:
        """Wait until a live run has reached an epoch."""
        self.page.wait_for_function(
            """([root, least]) => {
                const {source, epoch} = JSON.parse(root.dataset.result);
                return source === "live" && epoch >= least;
            }""",
            arg=[self.root.element_handle(), epoch],
            timeout=LOAD_AND_TRAIN,
        )

    def wait_for_recorded(self) -> None:
        """Wait until the first recorded run is there."""
        expect(self.root.locator(".widget-caption")).to_contain_text("ecorded")

    def wait_for_all_recorded(self, folder: str, number: int) -> None:
        """Wait until so many files of recorded runs have been fetched, as they are after the first touch."""
        self.page.wait_for_function(
            """([part, number]) => performance.getEntriesByType("resource")
                .filter(({name, responseEnd}) => name.includes(part) && responseEnd > 0).length >= number""",
            arg=[f"/rt/recorded/{folder}/", number],
        )
        self.page.wait_for_timeout(200)  # the last of them is unpacked and checked

    def train(self) -> dict[str, Any]:
        """Train to the end and give the result."""
        self.click("Train")
        self.wait_for("done")
        return self.result


class Pages:
    """Opens pages of the site and watches what they ask for and say."""

    def __init__(self, browser: Browser, site_url: str) -> None:
        self.browser = browser
        self.site_url = site_url.rstrip("/") + "/"
        self.contexts: list[BrowserContext] = []
        self.outside: list[str] = []
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.errors_expected = False

    def open(self, path: str, *, setup: Callable[[Page], None] | None = None, **options: Any) -> Page:
        """Open a page of the site in a context of its own; `setup` sees it before anything is loaded."""
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 720}} | options)
        self.contexts.append(context)
        context.set_default_timeout(20_000)
        context.route(lambda url: not url.startswith((self.site_url, "data:", "blob:")), self._refuse)
        page = context.new_page()
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._listen)
        if setup is not None:
            setup(page)
        page.goto(self.site_url + path)
        return page

    def asked_for(self, part: str) -> list[str]:
        """The addresses that were asked for and contain a text."""
        return [url for url in self.requests if part in url]

    def _refuse(self, route: Any) -> None:
        self.outside.append(route.request.url)
        route.abort()

    def _listen(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)
