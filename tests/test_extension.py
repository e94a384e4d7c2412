"""The Sphinx extension on small books: what it refuses, what it mends, and when it does things again."""

import html
import io
import re
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from course import freshness
from course.equations import Typesetter
from course.errors import CourseError, ends_build
from course.offline import UNUSED_EXTENSIONS, silence_unused
from course.site import remove_stale
from course.theme import with_colour_mode
from pinn_widgets.weight_tuner.recipe import Settings

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def mathjax():
    """MathJax, ready to typeset."""
    typesetter = Typesetter(ROOT / "node_modules")
    yield typesetter
    typesetter.close()


def warnings_of(folder: Path, text: str) -> str:
    """What a build of a book with one page complains of."""
    (folder / "index.md").write_text(f"# Title\n\n{text}\n")
    warning = io.StringIO()
    with patch_docutils(), docutils_namespace():
        app = Sphinx(
            srcdir=folder,
            confdir=None,
            outdir=folder / "out",
            doctreedir=folder / "doctrees",
            buildername="html",
            confoverrides={"extensions": ["myst_parser", "course.widget"]},
            status=None,
            warning=warning,
        )
        app.build()
    return warning.getvalue()


def test_unknown_widget_is_refused(tmp_path: Path) -> None:
    assert "there is no widget 'wieght-tuner'" in warnings_of(tmp_path, "```{widget} wieght-tuner\n```")


def test_preset_that_the_widget_would_not_accept_is_refused(tmp_path: Path) -> None:
    found = warnings_of(tmp_path, "```{widget} weight-tuner\n:preset: lam_ic=-1\n```")
    assert "widget 'weight-tuner'" in found
    assert "lam_ic" in found


def test_two_widgets_with_one_id_are_refused(tmp_path: Path) -> None:
    twice = "```{widget} weight-tuner\n:preset: nothing\n```\n\n" * 2
    assert "two widgets of this page have the id 'weight-tuner'" in warnings_of(tmp_path, twice)


def test_unknown_short_form_is_refused(tmp_path: Path) -> None:
    assert '"tarin" unknown' in warnings_of(tmp_path, "```{widget} weight-tuner\n:only: tarin\n```")


def test_state_is_a_link_with_every_setting(tmp_path: Path) -> None:
    assert warnings_of(tmp_path, "{state}`longer <#weight-tuner?epochs=4000&constraint=hard>`") == ""
    page = (tmp_path / "out/index.html").read_text()
    (query,) = re.findall(r'href="#weight-tuner\?([^"]*)"', page)
    texts = dict(parse_qsl(html.unescape(query)))
    assert Settings.from_texts(texts) == Settings(epochs=4000, constraint="hard")
    assert list(texts) == [spec["name"] for spec in Settings.schema()]
    assert ">longer</a>" in page


@pytest.mark.parametrize(
    ("target", "cause"),
    [
        ("#weight-tuner?epochs=many", "epochs = 'many' is not allowed"),
        ("#weight-tuner?epoch=40", "no such setting"),
        ("#tuner", "there is no widget 'tuner'"),
        ("elsewhere#weight-tuner", "there is no page 'elsewhere'"),
        ("weight-tuner", "not of the form"),
    ],
)
def test_state_that_no_widget_could_take_is_refused(tmp_path: Path, target: str, cause: str) -> None:
    assert cause in warnings_of(tmp_path, f"{{state}}`text <{target}>`")


def hashes(root: Path) -> tuple[str, str]:
    """The hashes that decide whether cells run and pages are read again."""
    config = SimpleNamespace(nb_execution_cache_path="", course_sources="")
    app = SimpleNamespace(srcdir=root, outdir=root / "_build/html")
    freshness.set_hashes(app, config)
    return config.nb_execution_cache_path, config.course_sources


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that the hashes look at, in small."""
    for name in (
        "pinn_core/a.py",
        "widgets/b.py",
        "book/course/c.py",
        "book/course/d.css",
        "requirements.lock",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one")
    return tmp_path


@pytest.mark.parametrize("changed", ["pinn_core/a.py", "widgets/b.py", "requirements.lock"])
def test_changed_code_runs_cells_and_reads_pages_again(checkout: Path, changed: str) -> None:
    before = hashes(checkout)
    assert hashes(checkout) == before
    (checkout / changed).write_text("two")
    after = hashes(checkout)
    assert after[0] != before[0]
    assert after[1] != before[1]


@pytest.mark.parametrize("changed", ["book/course/c.py", "book/course/d.css"])
def test_changed_extension_reads_pages_again_but_keeps_cells(checkout: Path, changed: str) -> None:
    before = hashes(checkout)
    (checkout / changed).write_text("two")
    after = hashes(checkout)
    assert after[0] == before[0]
    assert after[1] != before[1]


def test_cells_of_other_states_of_the_code_are_dropped(checkout: Path) -> None:
    old = Path(hashes(checkout)[0])
    old.mkdir(parents=True)
    (checkout / "pinn_core/a.py").write_text("two")
    hashes(checkout)
    assert not old.exists()


def test_leftovers_are_removed(tmp_path: Path) -> None:
    for name in ("kept.html", "old.html", "_static/part.html", "_images/kept.png", "_images/old.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    app = SimpleNamespace(
        builder=SimpleNamespace(
            format="html", imagedir="_images", get_target_uri=lambda name: f"{name}.html"
        ),
        env=SimpleNamespace(found_docs={"kept"}, images={"kept.png": ({"kept"}, "kept.png")}),
        outdir=tmp_path,
    )
    remove_stale(app, None)
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"kept.html", "_static/part.html", "_images/kept.png"}


def test_unused_extensions_are_silenced() -> None:
    def handler() -> None: ...

    handler.__module__ = UNUSED_EXTENSIONS[0]
    ours = SimpleNamespace(handler=test_unused_extensions_are_silenced)
    app = SimpleNamespace(
        events=SimpleNamespace(listeners={"event": [SimpleNamespace(handler=handler), ours]}),
        registry=SimpleNamespace(css_files=[("sphinx-thebe.css", {}), ("course.css", {})]),
    )
    silence_unused(app, SimpleNamespace())
    assert app.events.listeners == {"event": [ours]}
    assert app.registry.css_files == [("course.css", {})]


def test_error_ends_a_build_with_its_sentence() -> None:
    @ends_build
    def handler() -> None:
        raise CourseError("this file is missing.")

    with pytest.raises(SystemExit, match="The book cannot be built: this file is missing"):
        handler()


def test_equations_carry_mathml_and_can_be_scrolled(mathjax: Typesetter) -> None:
    block = mathjax.typeset(r"\frac{1}{2}", display=True)
    assert "<mfrac>" in block
    assert 'tabindex="0"' in block
    assert "tabindex" not in mathjax.typeset("x", display=False)
    assert "MathJax_Main-Regular.woff" in mathjax.style_sheet


def test_mistake_in_an_equation_is_an_error(mathjax: Typesetter) -> None:
    with pytest.raises(ValueError, match="Undefined control sequence"):
        mathjax.typeset(r"\lamdba", display=False)
    assert mathjax.typeset("x", display=False)


def test_colour_mode_is_known_before_the_theme_s_script() -> None:
    page = '<html data-theme="auto"><script>theme = localStorage.getItem("theme") || "auto";</script>'
    assert with_colour_mode(page).startswith('<html data-theme="light">')
    assert '|| "auto"' not in with_colour_mode(page)
