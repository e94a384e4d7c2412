"""The runtime files: everything that a page loads beside its own HTML and theme, in one folder rt/.

    rt/pyodide/    Pyodide, wheels, and two lock files that list them: one for pages, one for notebooks
    rt/widgets/    the page's JavaScript, bundled
    rt/plotly/     charts
    rt/mathjax/    fonts and style sheet of the equations
    rt/recorded/   recorded runs: for every widget an index, and one file per run
    rt/manifest.json   every file with its size and hash

They are assembled in `_build/extra`, each part only when its inputs have changed, and copied into the site
at the end of a build (Sphinx itself copies extra files only in builds in which some page has changed).
"""

import contextlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

from pinn_widgets.build import archive
from pinn_widgets.build.archive import OutOfDateError

from . import icons, kernel
from .bundling import BundlingError, bundle_notebook, esbuild
from .equations import SCRIPT, Typesetter
from .errors import CourseError, ends_build
from .hashing import file_hash, sources, tree_hash
from .locks import write_lock
from .vendored import TABLE, copy_vendored, write_notice
from .wheels import build_course_wheel, slim_numpy, split_for_notebooks

logger = logging.getLogger(__name__)

HERE = Path(__file__).parent

NUMPY_WHEEL = "@bentopdf/pymupdf-wasm/assets/numpy-2.2.5-cp313-cp313-pyodide_2025_0_wasm32.whl"
NUMPY_SHA256 = "125230b4c3ecd08803e5c43f1162e017c0718d9f253146225a705a952b9c16c2"

PAGE = "widgets/hosts/page"
ENTRIES = ("main.js", "worker.js", "page.css")  # of PAGE; main.js becomes page.js, which pages load


class Assembly:
    """Assembles the runtime files of one checkout.

    Parameters
    ----------
    root : folder of the checkout.
    build : folder for generated files, `_build`.
    numpy_wheel : numpy wheel of the Pyodide distribution to use instead of the one from npm, or None.
    """

    def __init__(self, root: Path, build: Path, numpy_wheel: Path | None = None) -> None:
        self.root = root
        self.build = build
        self.rt = build / "extra" / "rt"
        self.static = build / "extra" / "static"
        self.stamps = build / "extra" / "stamps"
        self.front_end = build / "extra" / "notebook"
        self.node_modules = root / "node_modules"
        self.numpy_wheel = numpy_wheel

    def run(self) -> None:
        """Bring every part up to date.

        Raises
        ------
        CourseError : an input is missing or corrupt.
        """
        if not self.node_modules.is_dir():
            raise CourseError(f"{self.node_modules} is missing; run `./build.sh build`, or `npm ci`.")
        if not is_intact(self.rt):
            shutil.rmtree(self.rt.parent, ignore_errors=True)
        numpy, numpy_sha256 = self.numpy_source()
        if not numpy.exists():
            raise CourseError(f"{numpy} is missing; run `npm ci` and build again.")
        base_lock = self.node_modules / "pyodide/pyodide-lock.json"
        vendored = [self.node_modules / entry["source"] for entry in json.loads(TABLE.read_text()).values()]
        course = [
            *sources(self.root, "pinn_core", "widgets"),
            *(self.root / name for name in ("pyproject.toml", "setup.py", "LICENSE", "pinn_core/py.typed")),
        ]
        page = sources(self.root, "widgets", suffixes=(".js", ".css"))
        mathjax = self.node_modules / "mathjax/package.json"

        self.part("vendored", [*vendored, TABLE], self.add_vendored)
        self.part("numpy", [numpy], lambda: self.add_wheel("numpy", slim_numpy, numpy, numpy_sha256))
        self.part("front_end", [*page, self.root / "package-lock.json"], self.bundle_front_end)
        front_end = sorted(self.front_end.glob("*"))
        self.part("course", [*course, *front_end], lambda: self.add_wheel("pinn_*", self.course_wheels))
        self.part("kernel", kernel.sources(), lambda: kernel.add_wheels(self.rt / "pyodide"))
        wheels = sorted((self.rt / "pyodide").glob("*.whl"))
        self.part("locks", [base_lock, *wheels], lambda: write_locks(base_lock, wheels))
        self.part("equations", [mathjax, SCRIPT], self.add_style_sheet)
        self.part("page", [*page, self.root / "package-lock.json"], self.bundle)
        self.part("icons", [icons.FONT, HERE / "icons.py"], lambda: icons.write_icons(self.static))
        recorded = sources(self.root, "pinn_core", "widgets", suffixes=(".py", ".run"))
        self.part("recorded", recorded, self.add_recorded)
        (self.rt / "manifest.json").write_text(json.dumps(manifest_of(self.rt), indent=1) + "\n")

    def part(self, name: str, inputs: Iterable[Path], make: Callable[[], Any]) -> None:
        """Make one part anew if its inputs, or the code that makes it, have changed since the last time."""
        made_by = [
            HERE / f"{module}.py"
            for module in ("runtime", "bundling", "vendored", "wheels", "kernel", "locks")
        ]
        present = [path for path in (*inputs, *made_by) if path.exists()]
        stamp, key = self.stamps / name, tree_hash(self.root, present, str(self.numpy_wheel))
        if stamp.exists() and stamp.read_text() == key:
            return
        logger.info("runtime files: %s", name)
        stamp.unlink(missing_ok=True)
        make()
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(key)

    def numpy_source(self) -> tuple[Path, str]:
        """The numpy wheel to take, and the hash that it must have."""
        if self.numpy_wheel is None:
            return self.node_modules / NUMPY_WHEEL, NUMPY_SHA256
        official = json.loads((self.node_modules / "pyodide/pyodide-lock.json").read_text())["packages"][
            "numpy"
        ]
        return self.numpy_wheel, official["sha256"]

    def add_vendored(self) -> None:
        """Copy what is taken as it is, with a notice of where it comes from."""
        copy_vendored(self.node_modules, self.rt)
        write_notice(self.node_modules, self.rt)

    def course_wheels(self, folder: Path) -> None:
        """Build our wheel for pages, which have a front end of their own, and its two parts for notebooks."""
        workspace = self.build / "wheel"
        build_course_wheel(self.root, workspace, folder)
        whole = build_course_wheel(self.root, workspace, self.front_end.parent, front_end=self.front_end)
        split_for_notebooks(whole, folder)
        whole.unlink()

    def add_wheel(self, name: str, make: Callable[..., Any], *arguments: Any) -> None:
        """Put wheels beside Pyodide, in place of older versions of the same packages."""
        folder = self.rt / "pyodide"
        for outdated in folder.glob(f"{name}-*.whl"):
            outdated.unlink()
        make(*arguments, folder)

    def add_style_sheet(self) -> None:
        """Write the style sheet of typeset equations."""
        mathjax = Typesetter(self.node_modules)
        (self.rt / "mathjax/mathjax.css").write_text(mathjax.style_sheet)
        mathjax.close()

    def bundle(self) -> None:
        """Bundle the page's JavaScript and style sheet as ES modules."""
        target = self.rt / "widgets"
        entries = [
            ("page" if name == "main.js" else name.split(".")[0], f"{PAGE}/{name}") for name in ENTRIES
        ]
        with reported():
            esbuild(
                self.root,
                entries,
                target,
                "--splitting",
                # chunks stand beside the entries, so that addresses relative to import.meta.url hold in both
                "--chunk-names=[name]-[hash]",
                "--external:../pyodide/*",
                "--external:../plotly/*",
            )

    def bundle_front_end(self) -> None:
        """Bundle the front end of widgets in notebooks."""
        with reported():
            bundle_notebook(self.root, self.front_end)

    def add_recorded(self) -> None:
        """Write what pages fetch of the recorded runs: an index for every widget, and a file for every run.

        Raises
        ------
        CourseError : recorded runs are missing, out of date or damaged.
        """
        folder = self.rt / "recorded"
        shutil.rmtree(folder, ignore_errors=True)
        for widget, recording in recordings().items():
            index, files = archive.published(recording)
            target = folder / widget.replace("_", "-")
            target.mkdir(parents=True)
            for name, content in {"index.run": index, **files}.items():
                (target / name).write_bytes(content)


def recordings() -> dict[str, dict[str, Any]]:
    """The recordings of all widgets; CourseError that names every run that cannot be used."""
    found: dict[str, dict[str, Any]] = {}
    out_of_date: dict[str, str] = {}
    for widget in archive.widgets():
        try:
            found[widget] = archive.load(widget)
        except OutOfDateError as error:
            out_of_date |= error.jobs
        except ValueError as error:
            raise CourseError(str(error)) from error
    if out_of_date:
        raise CourseError(str(OutOfDateError(out_of_date)))
    return found


@contextlib.contextmanager
def reported() -> Iterator[None]:
    """Report what goes wrong in bundling as an error of the build."""
    try:
        yield
    except BundlingError as error:
        raise CourseError(str(error)) from error


def write_locks(base_lock: Path, wheels: list[Path]) -> None:
    """Write the lock files: numpy and the course for pages, everything for notebooks."""
    for_pages = [wheel for wheel in wheels if wheel.name.startswith(("numpy-", "pinn_course-"))]
    for_notebooks = [wheel for wheel in wheels if not wheel.name.startswith("pinn_course-")]
    folder = wheels[0].parent
    write_lock(base_lock, for_pages, folder / "page-lock.json")
    write_lock(base_lock, for_notebooks, folder / "pyodide-lock.json", kernel.ALSO)


def manifest_of(rt: Path) -> dict[str, Any]:
    """Every runtime file with its size and hash."""
    files = sorted(path for path in rt.rglob("*") if path.is_file() and path.name != "manifest.json")
    entries = [
        {"path": path.relative_to(rt).as_posix(), "bytes": path.stat().st_size, "sha256": file_hash(path)}
        for path in files
    ]
    return {"files": entries}


def is_intact(rt: Path) -> bool:
    """Whether the assembled files are still those that the manifest lists."""
    manifest = rt / "manifest.json"
    return manifest.exists() and json.loads(manifest.read_text()) == manifest_of(rt)


def mirror(source: Path, target: Path) -> None:
    """Make `target` equal to `source`: copy what differs, remove what is not there."""
    wanted = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
    for path in target.rglob("*"):
        if path.is_file() and path.relative_to(target) not in wanted:
            path.unlink()
    for name in wanted:
        if not (target / name).exists() or file_hash(target / name) != file_hash(source / name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)


def assembly_of(app: Sphinx) -> Assembly:
    """The assembly for a running build."""
    wheel = app.config.course_numpy_wheel
    return Assembly(Path(app.srcdir), Path(app.outdir).parent, Path(app.srcdir) / wheel if wheel else None)


@ends_build
def assemble(app: Sphinx) -> None:
    """Assemble the runtime files before any page is read."""
    if app.builder.format == "html":
        assembly_of(app).run()


def copy_into_site(app: Sphinx, exception: Exception | None) -> None:
    """Put the runtime files into the site."""
    if app.builder.format == "html" and exception is None:
        mirror(assembly_of(app).rt, Path(app.outdir) / "rt")


def setup(app: Sphinx) -> None:
    """Connect the assembly to a build."""
    app.add_config_value("course_numpy_wheel", "", "html", [str])
    app.connect("builder-inited", assemble)
    app.connect("build-finished", copy_into_site)
