"""What Python loads in a notebook in the reader's browser, beside Pyodide, numpy and the course.

Wheels of plain Python, slimmed: those that pip has fetched (`requirements-pyodide.lock`), those that come
with JupyterLite's kernel, and a few empty ones for names that somebody asks for and nobody needs.
"""

import json
import re
import sys
from pathlib import Path

from .errors import CourseError
from .wheels import pack, write_wheel

WHEELS = Path(sys.prefix) / "wheels"
LOCK = "requirements-pyodide.lock"
EXTENSION = Path(sys.prefix) / "share/jupyter/labextensions/@jupyterlite/pyodide-kernel-extension"
FROM_EXTENSION = ("ipykernel", "piplite", "pyodide_kernel", "widgetsnbextension-4")

# Names that are asked for, and what they need to contain: the kernel does not start without sqlite3 and
# jedi, which IPython then does without; plotly looks for the version of nbformat, ipywidgets for its own
# part in JupyterLab.
EMPTY: dict[str, tuple[str, dict[str, bytes]]] = {
    "jedi": ("0.20.1", {}),
    "jupyterlab-widgets": ("3.0.15", {"jupyterlab_widgets.py": b""}),
    "nbformat": ("5.10.4", {"nbformat.py": b'__version__ = "5.10.4"\n'}),
    "sqlite3": ("1.0.0", {}),
}

# What no notebook of the course runs: front ends that JupyterLite has already, data sets, tests, other
# programs, the colours of other languages than Python, the parts of charts that are not Cartesian.
NOT_FOR_NOTEBOOKS = re.compile(
    r"""
    \.data/ | (^|/)tests?/ | \.pyi$ | /py\.typed$
    | ^anywidget/(labextension|nbextension) | ^IPython/sphinxext/ | ^prompt_toolkit/contrib/
    | ^plotly/(package_data/(plotly\.min\.js|datasets/)|labextension|figure_factory|matplotlylib)
    | ^plotly/graph_objs/(?!(bar|box|contour|heatmap|histogram|layout|scatter|violin)/)[a-z0-9]+/
    | ^plotly/graph_objs/layout/(geo|map|mapbox|polar|scene|smith|ternary)/
    | ^pygments/(styles/(?!__init__|_mapping|default)
    | formatters/(?!__init__|_mapping|html|terminal256)
    | lexers/(?!__init__|_(css|lilypond|scheme)_builtins|_mapping|css|data|html|javascript|jvm|lilypond|lisp
                |markup|perl|python|ruby|shell))
    """,
    re.VERBOSE,
)
CHARTS = ("bar", "box", "contour", "heatmap", "histogram", "scatter", "violin")
NOT_CARTESIAN = ("geo", "map", "mapbox", "polar", "scene", "smith", "ternary")

# what a package imports without saying so, or what a cell needs that names only the other: the kernel loads
# the packages that a cell imports by name and those on which they depend
ALSO = {"ipywidgets": ["comm"], "plotly": ["anywidget", "nbformat"]}


def sources() -> list[Path]:
    """The wheels as they were fetched.

    Raises
    ------
    CourseError : they are not there.
    """
    fetched = sorted(WHEELS.glob("*.whl"))
    if not fetched:
        raise CourseError(f"the wheels for notebooks are missing in {WHEELS}; run `./build.sh build`.")
    if not EXTENSION.is_dir():
        raise CourseError(f"{EXTENSION} is missing; run `./build.sh build`.")
    own = [path for name in FROM_EXTENSION for path in EXTENSION.glob(f"static/pypi/{name}*.whl")]
    replaced = (*(name.replace("-", "_") for name in EMPTY), *(name.split("-")[0] for name in FROM_EXTENSION))
    return [path for path in fetched if path.name.split("-")[0] not in replaced] + own


def add_wheels(folder: Path) -> None:
    """Write every wheel, slimmed, in place of those that were there."""
    folder.mkdir(parents=True, exist_ok=True)
    for outdated in folder.glob("*.whl"):
        if not outdated.name.startswith(("numpy-", "pinn_")):
            outdated.unlink()
    for source in sources():
        pack(source, folder / source.name, lambda name: not NOT_FOR_NOTEBOOKS.search(name), changed)
    for name, (version, files) in EMPTY.items():
        write_wheel(folder, name, version, files)


def changed(name: str, content: bytes) -> bytes:
    """The content of a file as notebooks get it: templates of plotly without the charts that are left out."""
    if not name.startswith("plotly/package_data/templates/"):
        return content
    template = json.loads(content)
    data, layout = template.get("data", {}), template["layout"]
    template["data"] = {trace: styles for trace, styles in data.items() if trace in CHARTS}
    template["layout"] = {key: value for key, value in layout.items() if key not in NOT_CARTESIAN}
    return json.dumps(template, separators=(",", ":")).encode()
