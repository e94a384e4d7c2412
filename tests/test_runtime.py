"""Runtime files: what is assembled, and what happens when an input is missing or corrupt."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from course.errors import CourseError
from course.hashing import file_hash
from course.locks import lock_entry
from course.policy import InlineScripts, script_hash, with_policy
from course.runtime import NUMPY_SHA256, NUMPY_WHEEL, Assembly, mirror
from course.site import shortened
from course.vendored import copy_vendored, wanted
from course.wheels import build_course_wheel, slim_numpy
from course.widget import for_script, parse_preset

ROOT = Path(__file__).parents[1]
NODE_MODULES = ROOT / "node_modules"


@pytest.fixture(scope="module")
def course_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    return build_course_wheel(ROOT, folder / "workspace", folder)


def test_wheel_holds_every_module_and_nothing_else(course_wheel: Path) -> None:
    with zipfile.ZipFile(course_wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    modules = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("pinn_core/**/*.py")}
    modules |= {
        f"pinn_{path.relative_to(ROOT).as_posix()}"
        for path in ROOT.glob("widgets/**/*.py")
        if path.parent.name != "build" and path.stem not in ("claims", "numbers", "picture", "jobs")
    }
    assert names == modules | {"pinn_core/py.typed", "pinn_widgets/runs/jobs.py"}
    assert "pinn_widgets/hosts/page/driver.py" in names


def test_wheel_is_the_same_when_built_twice(course_wheel: Path, tmp_path: Path) -> None:
    again = build_course_wheel(ROOT, tmp_path / "workspace", tmp_path)
    assert again.name == course_wheel.name
    assert file_hash(again) == file_hash(course_wheel)


def test_lock_entry_of_the_course(course_wheel: Path) -> None:
    entry = lock_entry(course_wheel)
    assert entry["name"] == "pinn-course"
    assert entry["depends"] == ["numpy"]
    assert entry["imports"] == ["pinn_core", "pinn_widgets"]
    assert entry["sha256"] == file_hash(course_wheel)


def test_slim_numpy_is_small_complete_and_reproducible(tmp_path: Path) -> None:
    first = slim_numpy(NODE_MODULES / NUMPY_WHEEL, NUMPY_SHA256, tmp_path / "first")
    second = slim_numpy(NODE_MODULES / NUMPY_WHEEL, NUMPY_SHA256, tmp_path / "second")
    assert file_hash(first) == file_hash(second)
    assert first.stat().st_size < 3_000_000
    with zipfile.ZipFile(first) as archive, zipfile.ZipFile(NODE_MODULES / NUMPY_WHEEL) as original:
        kept = set(archive.namelist())
        record = archive.read(next(name for name in kept if name.endswith("RECORD"))).decode()
        assert {line.split(",")[0] for line in record.splitlines()} == kept
        for name in original.namelist():
            assert name in kept or not name.endswith(".so")
        assert any(name.endswith("LICENSE.txt") for name in kept)


def test_corrupt_numpy_is_named(tmp_path: Path) -> None:
    corrupt = tmp_path / "numpy-2.2.5-cp313-cp313-pyodide_2025_0_wasm32.whl"
    corrupt.write_bytes((NODE_MODULES / NUMPY_WHEEL).read_bytes()[:-1])
    with pytest.raises(CourseError, match=r"numpy-2\.2\.5.* is corrupt.*npm ci"):
        slim_numpy(corrupt, NUMPY_SHA256, tmp_path)


def test_missing_numpy_is_named(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"no\.whl is missing.*npm ci"):
        slim_numpy(tmp_path / "no.whl", NUMPY_SHA256, tmp_path)


def test_another_numpy_must_be_that_of_the_pyodide_distribution(tmp_path: Path) -> None:
    own = tmp_path / "numpy-2.2.5-cp313-cp313-pyodide_2025_0_wasm32.whl"
    shutil.copy(NODE_MODULES / NUMPY_WHEEL, own)
    source, sha256 = Assembly(ROOT, tmp_path, own).numpy_source()
    assert source == own
    assert sha256 != NUMPY_SHA256
    with pytest.raises(CourseError, match="is corrupt"):
        slim_numpy(source, sha256, tmp_path / "out")


def copied_node_modules(folder: Path) -> Path:
    """The vendored files alone, in a folder where a test may damage them."""
    for source in wanted(NODE_MODULES).values():
        (folder / source).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(NODE_MODULES / source, folder / source)
    return folder


def test_vendored_table_is_complete(tmp_path: Path) -> None:
    copy_vendored(NODE_MODULES, tmp_path)
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert files == set(wanted(NODE_MODULES))


def test_corrupt_vendored_file_is_named(tmp_path: Path) -> None:
    node_modules = copied_node_modules(tmp_path / "node_modules")
    with (node_modules / "pyodide/pyodide.asm.wasm").open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(CourseError, match=r"pyodide\.asm\.wasm is corrupt.*npm ci"):
        copy_vendored(node_modules, tmp_path / "rt")


def test_missing_vendored_file_is_named(tmp_path: Path) -> None:
    node_modules = copied_node_modules(tmp_path / "node_modules")
    (node_modules / "pyodide/python_stdlib.zip").unlink()
    with pytest.raises(CourseError, match=r"python_stdlib\.zip is missing.*npm ci"):
        copy_vendored(node_modules, tmp_path / "rt")


def test_parts_are_made_again_only_when_inputs_change(tmp_path: Path) -> None:
    source = tmp_path / "input"
    source.write_text("one")
    assembly, made = Assembly(ROOT, tmp_path / "build"), []
    for content in ("one", "one", "two"):
        source.write_text(content)
        assembly.part("part", [source], lambda text=content: made.append(text))
    assert made == ["one", "two"]


def test_part_that_fails_is_tried_again(tmp_path: Path) -> None:
    source = tmp_path / "input"
    source.write_text("one")
    assembly = Assembly(ROOT, tmp_path / "build")

    def fail() -> None:
        raise CourseError("no")

    with pytest.raises(CourseError):
        assembly.part("part", [source], fail)
    made: list[str] = []
    assembly.part("part", [source], lambda: made.append("now"))
    assert made == ["now"]


def test_mirror_copies_changes_and_removes_leftovers(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "sub").mkdir(parents=True)
    (source / "sub/new").write_text("new")
    (source / "changed").write_text("right")
    target.mkdir()
    (target / "changed").write_text("wrong")
    (target / "leftover").write_text("old")
    mirror(source, target)
    assert {p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file()} == {
        "sub/new",
        "changed",
    }
    assert (target / "changed").read_text() == "right"


PAGE = '<html><head><meta charset="utf-8"></head><body><script>let a = "<b>";</script>{}</body></html>'


def test_policy_names_each_inline_script_once() -> None:
    page = with_policy(
        PAGE.format('<script type="application/json">{"x": 1}</script><script src="x.js"></script>')
    )
    assert page.count("Content-Security-Policy") == 1
    assert page.count("sha256-") == 1
    assert script_hash('let a = "<b>";') in page
    assert with_policy(page) == page


def test_policy_refuses_scripts_in_attributes() -> None:
    with pytest.raises(CourseError, match="onclick"):
        with_policy(PAGE.format('<button onclick="go()">go</button>'))


def test_scripts_that_hold_data_are_not_run() -> None:
    assert InlineScripts('<script type="application/json">{}</script>').scripts == []
    assert InlineScripts('<script type="module">go()</script>').scripts == ["go()"]


def test_json_in_a_page_cannot_end_its_script() -> None:
    value = {"text": "</script><script>alert(1)</script>"}
    assert "<" not in for_script(value)
    assert json.loads(for_script(value)) == value


def test_preset_of_a_widget() -> None:
    assert parse_preset("lam_ic=100, seed=3,constraint=hard") == {
        "lam_ic": "100",
        "seed": "3",
        "constraint": "hard",
    }
    assert parse_preset("") == {}
    with pytest.raises(ValueError, match="name=value"):
        parse_preset("lam_ic")


def test_description_is_cut_between_words() -> None:
    assert shortened("short") == "short"
    cut = shortened("word " * 50)
    assert len(cut) < 165
    assert cut.endswith("word …")
