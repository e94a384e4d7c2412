"""JupyterLite in the site: notebooks that run in the reader's browser, in the folder lite/.

jupyterlite-sphinx builds it along with the book. Here it is told to use the one Pyodide of the site, kept
from building when nothing has changed, kept from adding files to every page, and relieved of what no
notebook needs.
"""

import json
import shutil
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from docutils import nodes
from jupyterlite_sphinx.jupyterlite_sphinx import jupyterlite_build
from sphinx.application import Sphinx
from sphinx.config import Config

from .errors import CourseError, ends_build
from .hashing import tree_hash
from .notebook import has_notebook

HERE = Path(__file__).parent

FOLDER = "lite"  # jupyterlite-sphinx knows no other
APPS = ("lab", "notebooks", "tree")
EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "@jupyterlite/pyodide-kernel-extension", "anywidget")
ASSETS = ("jupyterlite_sphinx.css", "jupyterlite_sphinx.js")

# loaded when the kernel starts; it would look elsewhere for what is not in this list
KERNEL = ("micropip", "piplite", "sqlite3", "ipykernel", "comm", "pyodide_kernel", "jedi", "ipython")

# font formats that no browser with WebAssembly asks for, source maps, and wheels that stand in rt/
LEFT_OUT = ("**/*.map", "build/fa-*.eot", "build/fa-*.svg", "build/fa-*.ttf", "extensions/**/pypi/*.whl")

LINK = '<p class="open-notebook"><a href="{address}">Open as notebook</a></p>'

HEAD = '<script type="module" src="../guard.mjs"></script>\n  </head>'


def build_config() -> dict[str, Any]:
    """Settings of the build, for jupyter_lite_config.json."""
    installed = Path(sys.prefix) / "share/jupyter/labextensions"
    return {
        "LiteBuildConfig": {
            "federated_extensions": [str(installed / name) for name in EXTENSIONS],
            "ignore_sys_prefix": ["federated_extensions"],
            "no_sourcemaps": True,
            "no_unused_shared_packages": True,
            "cache_dir": str(installed.parents[2] / "lite-cache"),
        }
    }


def run_config(title: str, key: str) -> dict[str, Any]:
    """Settings of JupyterLite in the browser, for jupyter-lite.json.

    Parameters
    ----------
    title : name of the course.
    key : hash of the notebooks and of all that they use; names the place where the browser keeps the reader's
        changes, so that a copy of an older course never hides a new one.
    """
    pyodide = {
        "pyodideUrl": "./../rt/pyodide/pyodide.js",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {"packages": list(KERNEL)},
    }
    return {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": title,
            **storage_of(title, key),
            "enableMemoryStorage": True,
            "exposeAppInBrowser": True,
            "disabledExtensions": ["@jupyterlite/application-extension:service-worker-manager"],
            "litePluginSettings": {"@jupyterlite/pyodide-kernel-extension:kernel": pyodide},
        },
    }


def storage_of(title: str, key: str) -> dict[str, str]:
    """The setting that names the place where the browser keeps the reader's changes."""
    return {"contentsStorageName": f"{title} {key}"}


def overrides() -> dict[str, Any]:
    """Settings of JupyterLab, for overrides.json."""
    return {
        "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    }


def configure(app: Sphinx, config: Config) -> None:
    """Set up jupyterlite-sphinx; it empties the folder of contents at once."""
    build = Path(app.outdir).parent
    config.jupyterlite_dir = str(build / "extra/lite")
    config.jupyterlite_config = str(build / "extra/lite/jupyter_lite_config.json")
    config.jupyterlite_content_dir = str(build / "notebooks")
    config.jupyterlite_bind_ipynb_suffix = False
    config.jupyterlite_silence = True


def take_over(app: Sphinx) -> None:
    """Build in our own time, and add nothing to the pages."""
    for listeners in app.events.listeners.values():
        listeners[:] = [one for one in listeners if one.handler is not jupyterlite_build]
    app.registry.css_files[:] = [
        (name, options)
        for name, options in app.registry.css_files
        if "googleapis" not in name and name not in ASSETS
    ]
    app.registry.js_files[:] = [
        (name, options) for name, options in app.registry.js_files if name not in ASSETS
    ]


@ends_build
def build_lite(app: Sphinx, exception: Exception | None) -> None:
    """Build JupyterLite with the notebooks if anything of it has changed."""
    if app.builder.format != "html" or exception is not None:
        return
    site, build = Path(app.outdir), Path(app.outdir).parent
    for asset in ASSETS:
        (site / "_static" / asset).unlink(missing_ok=True)
    source, notebooks = build / "extra/lite", sorted((build / "notebooks").rglob("*.*"))
    made_by = [HERE / name for name in ("lite.py", "guard.mjs")]
    lock = site / "rt/pyodide/pyodide-lock.json"
    pins = [f"{name} {version(name)}" for name in ("jupyterlite-core", "jupyterlite-pyodide-kernel")]
    names = [path.name for path in notebooks]
    program_key = tree_hash(build, [*made_by, lock], *pins, *names, app.config.html_title)
    key = tree_hash(build, notebooks, program_key)[:12]
    program, stamp = site / FOLDER / "program.txt", site / FOLDER / "key.txt"
    if stamp.exists() and stamp.read_text() == key:
        return
    if stamp.exists() and program.exists() and program.read_text() == program_key:
        replace_notebooks(site / FOLDER, notebooks, app.config.html_title, key)
        write_pages(app, site / FOLDER, names)
        stamp.write_text(key)
        return
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    for name, content in {
        "jupyter_lite_config.json": build_config(),
        "jupyter-lite.json": run_config(app.config.html_title, key),
        "overrides.json": overrides(),
    }.items():
        (source / name).write_text(json.dumps(content, indent=1))
    shutil.rmtree(site / FOLDER, ignore_errors=True)
    try:
        jupyterlite_build(app, None)
    except Exception as error:
        raise CourseError(f"JupyterLite does not build: {error}") from error
    finish(site / FOLDER)
    write_pages(app, site / FOLDER, names)
    program.write_text(program_key)
    stamp.write_text(key)


def replace_notebooks(folder: Path, notebooks: list[Path], title: str, key: str) -> None:
    """Put notebooks of the same names into a JupyterLite that is built: much faster than to build it."""
    listing, config = folder / "api/contents/all.json", folder / "jupyter-lite.json"
    sizes = {path.name: path.stat().st_size for path in notebooks}
    contents = json.loads(listing.read_text())
    for entry in contents["content"]:
        entry["size"] = sizes[entry["name"]]
    listing.write_text(json.dumps(contents, indent=2))
    for path in notebooks:
        shutil.copyfile(path, folder / "files" / path.name)
    settings = json.loads(config.read_text())
    settings["jupyter-config-data"] |= storage_of(title, key)
    config.write_text(json.dumps(settings, indent=2))


def write_pages(app: Sphinx, folder: Path, names: list[str]) -> None:
    """Write address and title of the page of every notebook, for the way back."""
    pages = {f"{Path(name).name}.ipynb": page_of(app, name) for name in app.env.found_docs}
    kept = {name: page for name, page in pages.items() if name in names}
    (folder / "pages.json").write_text(json.dumps(kept, indent=1))


def page_of(app: Sphinx, docname: str) -> dict[str, str]:
    """Address and title of a page, for the way back from its notebook."""
    return {"address": app.builder.get_target_uri(docname), "title": app.env.titles[docname].astext()}


def add_link(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Let every page that has a notebook open it."""
    if doctree is None or pagename not in app.env.found_docs:
        return
    if has_notebook(Path(app.env.doc2path(pagename)).read_text(encoding="utf-8")):
        address = context["pathto"](f"{FOLDER}/notebooks/index.html", resource=True)
        link = LINK.format(address=f"{address}?path={Path(pagename).name}.ipynb")
        context["body"] = context["body"].replace("</h1>", f"</h1>\n{link}", 1)


def finish(folder: Path) -> None:
    """Remove what no notebook needs, and put our script on the pages that are left."""
    for path in folder.iterdir():
        if path.is_dir() and (path / "index.html").exists() and path.name not in APPS:
            shutil.rmtree(path)
            shutil.rmtree(folder / "build" / path.name, ignore_errors=True)
    for pattern in LEFT_OUT:
        for path in folder.glob(pattern):
            path.unlink()
    shutil.copyfile(HERE / "guard.mjs", folder / "guard.mjs")
    for name in APPS:
        page = folder / name / "index.html"
        text = page.read_text().replace("<html>", '<html lang="en">', 1).replace("</head>", HEAD, 1)
        page.write_text(text)


def setup(app: Sphinx) -> None:
    """Load jupyterlite-sphinx and connect what keeps it in its place."""
    app.connect("config-inited", configure, priority=1)
    app.setup_extension("jupyterlite_sphinx")
    take_over(app)
    app.connect("html-page-context", add_link)
    app.connect("build-finished", build_lite, priority=950)
