"""Notebooks: what they are made of, and that every one runs to its end in an ordinary kernel."""

import importlib
import json
import re
from pathlib import Path

import nbformat
import pytest
import yaml
from nbclient import NotebookClient
from pybtex.database import parse_file

from course.errors import CourseError
from course.lite import build_config, run_config
from course.notebook import Converter, blocks, has_notebook, title_of
from course.numbering import section_of

ROOT = Path(__file__).parents[1]
BIBLIOGRAPHY = parse_file(ROOT / "book/references.bib", bib_format="bibtex")
PAGES = sorted(
    path.relative_to(ROOT).with_suffix("").as_posix()
    for folder in ("chapters", "book")
    for path in (ROOT / folder).glob("*.md")
)
NUMBERS = {"eq-one": "3.2.1"}
NAMES = [f"{Path(name).name}.ipynb" for name in PAGES if has_notebook((ROOT / f"{name}.md").read_text())]


@pytest.fixture(scope="module")
def notebooks(built_site: Path) -> dict[str, dict]:
    """Every notebook of the built book by the name of its file."""
    folder = built_site.parent / "notebooks"
    return {path.name: json.loads(path.read_text()) for path in folder.glob("*.ipynb")}


def converted(source: str) -> list[tuple[str, str]]:
    """Type and source of the cells of a small page."""
    page = Converter(
        "chapters/page", source, {"chapters/other": "Other"}, {"chapters/other"}, BIBLIOGRAPHY, NUMBERS
    )
    return [(cell["cell_type"], cell["source"]) for cell in page.convert()["cells"]][1:]


def test_every_section_has_a_notebook(notebooks):
    assert sorted(notebooks) == sorted(NAMES)
    assert {"two-pathologies.ipynb", "weight-tuner.ipynb", "appendix-backpropagation.ipynb"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_notebook_is_valid_and_speaks_no_myst(notebooks, name):
    notebook = nbformat.from_dict(notebooks[name])
    nbformat.validate(notebook)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert not re.search(r"\{[a-z:-]+\}`|^:::|^```\{", text, re.MULTILINE)
    assert "(exercise-" not in text


@pytest.mark.parametrize("page", [page for page in PAGES if has_notebook((ROOT / f"{page}.md").read_text())])
def test_numbers_are_those_of_the_page_and_of_its_section(notebooks, built_site, page):
    html = (built_site / f"{page}.html").read_text()
    notebook = notebooks[f"{Path(page).name}.ipynb"]
    text = "\n".join(cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    section = section_of(title_of((ROOT / f"{page}.md").read_text()))
    exercises = re.findall(r'<span class="caption-number">Exercise ([\w.]+)', html)
    equations = re.findall(r'class="eqno">\(([\w.]+)\)', html)
    assert exercises == re.findall(r"^### Exercise ([\w.]+)$", text, re.MULTILINE)
    assert equations == re.findall(r"\\tag\{([\w.]+)\}", text)
    for numbers in (exercises, equations):
        assert numbers == [f"{section}.{k}" for k in range(1, len(numbers) + 1)]


def test_appendices_have_letters_without_a_gap():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    files = [entry["file"] for entry in toc["parts"][-1]["chapters"]]
    titles = [title_of((ROOT / f"{file}.md").read_text()) for file in files if file != "book/references"]
    assert [section_of(title) for title in titles] == list("ABCDEFGH"[: len(titles)])


@pytest.mark.parametrize("name", NAMES)
def test_notebook_runs_to_its_end(notebooks, name, monkeypatch):
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(variable, "1")
    notebook = nbformat.from_dict(notebooks[name])
    NotebookClient(
        notebook, timeout=180, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}
    ).execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", output


@pytest.mark.parametrize("name", NAMES)
def test_notebook_has_a_slider_on_a_figure(notebooks, name):
    code = "\n".join(cell["source"] for cell in notebooks[name]["cells"] if cell["cell_type"] == "code")
    assert "go.FigureWidget" in code
    assert re.search(r"(Int|Float)(Log)?Slider\(", code)


def test_fences_are_paired():
    found = [(block.name, block.text) for block in blocks("a\n````{note}\n```{tip}\nb\n```\n````\nc")]
    assert found == [("", "a"), ("note", "```{tip}\nb\n```"), ("", "c")]


def test_widget_becomes_a_cell():
    ((kind, source),) = converted(
        "# T\n```{widget} weight-tuner\n:id: a-run\n:preset: lam_ic=100\n:only: train\n```"
    )
    assert kind == "code"
    assert source.endswith('a_run = WeightTuner(lam_ic=100.0, only="train")\na_run')


def test_widget_does_not_take_a_name_that_the_page_imports():
    source = "# T\n```{code-cell}\nfrom x import weight_tuner\n```\n```{widget} weight-tuner\n```"
    assert converted(source)[1][1].endswith("weight_tuner_widget")


def test_own_cells_of_the_page_are_left_out_and_those_of_the_notebook_are_not():
    cell = "```{{code-cell}}\n:tags: [{}]\n\n{}\n```\n"
    source = (
        "# T\n" + cell.format("remove-cell", "page = 1") + cell.format("remove-cell, notebook", "own = 1")
    )
    assert converted(source) == [("code", "own = 1")]


def test_solutions_fold():
    source = (
        "# T\n````{solution-start} x\n````\ntext\n```{code-cell}\na = 1\n```\n````{solution-end}\n````\nafter"
    )
    folded, code, after = converted(source)
    assert folded[1].startswith("<details>")
    assert code == ("code", "a = 1")
    assert after == ("markdown", "after")


def test_references_become_text():
    roles = "See {eq}`eq-one`, {doc}`other`, {cite}`wang2022ntk` and\n{state}`so <#weight-tuner?seed=3>`."
    text = f"# T\n## S\n\n$$\nx\n$$ (eq-one)\n\n{roles}"
    (_, shown), (_, references) = converted(text)
    assert "\\tag{3.2.1}" in shown
    assert "See (3.2.1), [Other](other.ipynb), (Wang et al. 2022)" in shown
    assert "so: `WeightTuner(seed=3)`" in shown
    assert "doi.org/10.1016" in references


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("```{surprise}\n```", "surprise"),
        ("{surprise}`x`", "surprise"),
        ("{glue:text}`nothing`", "nothing"),
        ("{cite}`nobody1900`", "nobody1900"),
        ("{doc}`nowhere`", "nowhere"),
        ("{state}`a <#weight-tuner?lam_ic=-1>`", "lam_ic"),
    ],
)
def test_what_has_no_form_is_refused(text, problem):
    with pytest.raises(CourseError, match=problem):
        converted(f"# T\n{text}")


def test_lite_asks_nothing_of_other_servers_and_keeps_no_stale_copy():
    data = run_config("Course", "abc")["jupyter-config-data"]
    kernel = data["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"]
    assert kernel["disablePyPIFallback"] is True
    assert kernel["pyodideUrl"].startswith("./../rt/")
    assert data["contentsStorageName"] == "Course abc"
    assert build_config()["LiteBuildConfig"]["no_sourcemaps"] is True


def test_widget_classes_are_made_for_every_recipe():
    widgets = importlib.import_module("pinn_widgets")
    assert len(widgets.__all__) == len(list(ROOT.glob("widgets/*/recipe.py")))


# ---- in the built site ----


def test_site_has_the_notebooks_and_the_ways_to_them(built_site):
    lite = built_site / "lite"
    for name in NAMES:
        assert json.loads((lite / "files" / name).read_text())["nbformat"] == 4
    pages = json.loads((lite / "pages.json").read_text())
    assert sorted(pages) == sorted(NAMES)
    for name, page in pages.items():
        text = (built_site / page["address"]).read_text()
        assert f'href="../lite/notebooks/index.html?path={name}"' in text
    for app in ("lab", "notebooks", "tree"):
        assert "guard.mjs" in (lite / app / "index.html").read_text()


def test_solutions_on_pages_pass_their_checks(built_site):
    pages = {page.stem: page.read_text() for page in built_site.glob("chapters/*.html")}
    checked = [
        name for name, text in pages.items() if "pinn_widgets.exercises" in re.sub("<[^>]*>", "", text)
    ]
    assert {"two-pathologies", "weight-tuner", "ntk-weights", "appendix-trace"} <= set(checked)
    for name in checked:
        assert "✓ Right" in pages[name], name
        assert "✗" not in pages[name], name


def test_lite_is_small(built_site):
    lite = sum(path.stat().st_size for path in (built_site / "lite").rglob("*") if path.is_file())
    own = json.loads((built_site / "rt/pyodide/pyodide-lock.json").read_text())["packages"]
    shared = json.loads((built_site / "rt/pyodide/page-lock.json").read_text())["packages"]
    wheels = {entry["file_name"] for entry in own.values()} - {
        entry["file_name"] for entry in shared.values()
    }
    lite += sum((built_site / "rt/pyodide" / name).stat().st_size for name in wheels)
    assert lite < 30_000_000
    assert not list((built_site / "lite").rglob("*.map"))


def test_locks_list_exactly_the_wheels(built_site):
    pyodide = built_site / "rt/pyodide"
    listed = set()
    for name in ("page-lock.json", "pyodide-lock.json"):
        packages = json.loads((pyodide / name).read_text())["packages"]
        listed |= {entry["file_name"] for entry in packages.values()}
        for entry in packages.values():
            assert set(entry["depends"]) <= set(packages)
    assert listed == {path.name for path in pyodide.glob("*.whl")}


def test_pages_get_no_files_of_jupyterlite(built_site):
    assert not list((built_site / "_static").glob("jupyterlite*"))
    for page in (*built_site.glob("chapters/*.html"), *built_site.glob("book/*.html")):
        assert "jupyterlite_sphinx" not in page.read_text()
