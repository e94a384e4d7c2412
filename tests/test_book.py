"""The built book: complete, self-contained, linked without a gap, and what its manifest and policies say."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
import yaml

from course.hashing import file_hash
from course.policy import InlineScripts, script_hash

ROOT = Path(__file__).parents[1]

# attributes whose address a browser fetches by itself
FETCHED = {
    ("audio", "src"),
    ("embed", "src"),
    ("iframe", "src"),
    ("image", "href"),
    ("image", "xlink:href"),
    ("img", "src"),
    ("img", "srcset"),
    ("link", "href"),
    ("object", "data"),
    ("script", "src"),
    ("source", "src"),
    ("source", "srcset"),
    ("use", "href"),
    ("use", "xlink:href"),
    ("video", "poster"),
    ("video", "src"),
}
NOT_FETCHED_LINKS = {"author", "canonical", "index", "next", "prev", "search"}


class Page(HTMLParser):
    """What the tests ask of one page of the site."""

    def __init__(self, site: Path, path: Path) -> None:
        super().__init__()
        self.path = path
        self.name = path.relative_to(site).as_posix()
        self.text = path.read_text(encoding="utf-8")
        self.ids: list[str] = []
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.metas: dict[str, str] = {}
        self.language: str | None = None
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "html":
            self.language = given.get("lang")
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "meta":
            self.metas[given.get("name") or given.get("http-equiv", "")] = given.get("content", "")
        if tag == "link" and set(given.get("rel", "").split()) & NOT_FETCHED_LINKS:
            return
        self.fetched += [value for name, value in given.items() if (tag, name) in FETCHED]


@pytest.fixture(scope="module")
def pages(built_site: Path) -> list[Page]:
    """Every page of the site."""
    found = (path.relative_to(built_site) for path in sorted(built_site.rglob("*.html")))
    # the pages of JupyterLite are not ours; tests/browser/test_notebooks.py watches what they ask for
    return [Page(built_site, built_site / name) for name in found if name.parts[0] not in ("_static", "lite")]


def is_external(address: str) -> bool:
    return bool(re.match(r"(?:[a-z][a-z0-9+.-]*:)?//", address, re.IGNORECASE))


def target_of(site: Path, page: Path, address: str) -> Path:
    """The file of the site that an address on a page leads to."""
    path = unquote(urlsplit(address).path)
    target = (page.parent / path).resolve() if path else page
    assert target.is_relative_to(site.resolve()), f"{page}: {address} leads out of the site"
    return target / "index.html" if target.is_dir() else target


def test_every_page_of_the_contents_is_built(pages: list[Page]) -> None:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    files = {toc["root"], *(entry["file"] for part in toc["parts"] for entry in part["chapters"])}
    assert {page.name for page in pages} == {f"{name}.html" for name in (*files, "index", "search")}


def test_entry_page_leads_to_the_landing_page(pages: list[Page]) -> None:
    entry = next(page for page in pages if page.name == "index.html")
    assert entry.metas["refresh"] == "0; url=book/index.html"
    assert entry.links == ["book/index.html"]


def test_pages_fetch_nothing_from_outside(pages: list[Page]) -> None:
    for page in pages:
        assert page.fetched or page.name == "index.html", page.name
        assert [address for address in page.fetched if is_external(address)] == [], page.name


def test_everything_that_pages_fetch_is_there(built_site: Path, pages: list[Page]) -> None:
    for page in pages:
        for address in page.fetched:
            if not address.startswith("data:"):
                assert target_of(built_site, page.path, address).is_file(), f"{page.name}: {address}"


def test_style_sheets_fetch_nothing_from_outside(built_site: Path) -> None:
    sheets = list(built_site.rglob("*.css"))
    assert len(sheets) > 5
    for sheet in sheets:
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
        addresses = re.findall(r"url\(\s*['\"]?([^'\")]+)", text) + re.findall(
            r"@import\s+['\"]([^'\"]+)", text
        )
        for address in addresses:
            assert not is_external(address), f"{sheet.name}: {address}"
            if not address.startswith(("data:", "#")):
                assert target_of(built_site, sheet, address).is_file(), f"{sheet.name}: {address}"


def test_our_scripts_import_nothing_from_outside(built_site: Path) -> None:
    scripts = list((built_site / "rt/widgets").glob("*.js"))
    assert scripts
    for script in scripts:
        assert not re.search(
            r"(?:from|import)\s*\(?\s*[`'\"](?:https?:)?//", script.read_text(encoding="utf-8")
        ), script


def test_no_script_of_an_outside_service_is_left(pages: list[Page]) -> None:
    for page in pages:
        for word in ("thebe", "unpkg", "jsdelivr", "cdnjs", "googleapis", "readthedocs"):
            assert word not in page.text, f"{page.name}: {word}"


def test_internal_links_resolve(built_site: Path, pages: list[Page]) -> None:
    ids = {page.path.resolve(): set(page.ids) for page in pages}
    for page in pages:
        for link in page.links:
            if is_external(link) or link.startswith("mailto:"):
                continue
            address, anchor = urldefrag(link)
            target = target_of(built_site, page.path, address)
            assert target.is_file(), f"{page.name}: {link}"
            # a fragment such as #weight-tuner?lam_ic=100 carries the state of the widget with that id
            anchor = unquote(anchor).partition("?")[0]
            if anchor and target.suffix == ".html":
                assert anchor in ids[target.resolve()], f"{page.name}: {link}"


def test_ids_are_unique_on_each_page(pages: list[Page]) -> None:
    for page in pages:
        assert sorted(page.ids) == sorted(set(page.ids)), page.name


def test_pages_have_language_and_description(pages: list[Page]) -> None:
    for page in pages:
        assert page.language == "en", page.name
        assert len(page.metas["description"]) > 10, page.name
        assert '<link rel="icon" href="' in page.text, (
            f"{page.name}: the browser would ask the host for an icon"
        )


def test_equations_are_typeset_without_scripts(pages: list[Page]) -> None:
    text = "".join(page.text for page in pages)
    assert text.count("<mjx-container") > 20
    assert text.count("<mjx-assistive-mml") == text.count("<mjx-container")
    assert "MathJax = " not in text


def test_pages_have_colours_before_and_without_scripts(pages: list[Page]) -> None:
    for page in pages:
        assert 'data-theme="auto"' not in page.text, page.name
        if page.name != "index.html":
            assert 'data-theme="light"' in page.text, page.name
            assert "prefers-color-scheme: dark" in page.text, page.name


def test_each_page_has_one_policy_that_covers_its_scripts(pages: list[Page]) -> None:
    for page in pages:
        assert page.text.count('http-equiv="Content-Security-Policy"') == 1, page.name
        policy = page.metas["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "'unsafe-eval'" not in policy
        script_sources = next(part for part in policy.split("; ") if part.startswith("script-src"))
        assert "'unsafe-inline'" not in script_sources
        found = InlineScripts(page.text)
        assert found.handlers == []
        assert {script_hash(script) for script in found.scripts if script} == set(
            re.findall(r"'sha256-[^']+'", script_sources)
        )


def test_policy_stands_before_every_script(pages: list[Page]) -> None:
    for page in pages:
        first_script = page.text.find("<script")
        assert first_script == -1 or page.text.index("Content-Security-Policy") < first_script


def test_manifest_lists_every_runtime_file(built_site: Path) -> None:
    rt = built_site / "rt"
    listed = {entry["path"]: entry for entry in json.loads((rt / "manifest.json").read_text())["files"]}
    present = {path.relative_to(rt).as_posix() for path in rt.rglob("*") if path.is_file()}
    assert set(listed) == present - {"manifest.json"}
    for name, entry in listed.items():
        assert (rt / name).stat().st_size == entry["bytes"], name
        assert file_hash(rt / name) == entry["sha256"], name


def test_page_lock_lists_numpy_and_the_course(built_site: Path) -> None:
    pyodide = built_site / "rt/pyodide"
    lock = json.loads((pyodide / "page-lock.json").read_text())
    assert set(lock["packages"]) == {"numpy", "pinn-course"}
    for entry in lock["packages"].values():
        assert file_hash(pyodide / entry["file_name"]) == entry["sha256"]


def test_scripts_are_loaded_only_where_a_widget_is(pages: list[Page]) -> None:
    with_widget = {page.name for page in pages if 'class="course-widget"' in page.text}
    assert with_widget
    assert {page.name for page in pages if "rt/widgets/page.js" in page.text} == with_widget


def test_widgets_keep_the_contract(built_site: Path, pages: list[Page]) -> None:
    section = re.compile(
        r'<section class="course-widget" id="(?P<id>[^"]+)" data-widget="[^"]+" data-phase="recorded" '
        r'data-result="[^"]+" aria-label="[^"]+"(?: data-only="train")?>(?P<content>.*?)</section>',
        re.DOTALL,
    )
    definition = re.compile(
        r'<script type="application/json" class="widget-definition">(.*?)</script>', re.DOTALL
    )
    found = 0
    for page in pages:
        for match in section.finditer(page.text):
            found += 1
            content = match["content"]
            assert content.count("<svg") >= 1, match["id"]
            assert "<figcaption>" in content
            assert '<th scope="col">' in content
            data = json.loads(definition.search(content)[1])
            assert set(data["start"]) == {spec["name"] for spec in data["settings"]}
            assert target_of(built_site, page.path, data["recorded"] + "index.run").is_file()
            assert (target_of(built_site, page.path, data["runtime"]).parent / "manifest.json").is_file()
    assert found == sum(page.text.count('class="course-widget"') for page in pages) > 2


def test_unchanged_rebuild_touches_no_page(built_site: Path, rebuild: Callable[[], Path]) -> None:
    before = {
        path: path.stat().st_mtime_ns for path in built_site.rglob("*.html") if path.name != "index.html"
    }
    rebuild()
    assert {path: path.stat().st_mtime_ns for path in before} == before
