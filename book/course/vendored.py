"""Files that the site takes as they are from npm packages, each with the hash that it must have.

The hashes stand in vendored.json. After a change of a pin in package.json, `python -m course.vendored`,
run in the folder book/, writes it anew; read the difference before you commit it.
"""

import json
import shutil
from pathlib import Path

from .errors import CourseError
from .hashing import file_hash

TABLE = Path(__file__).with_name("vendored.json")

PACKAGES = ("mathjax", "plotly.js-basic-dist-min", "pyodide")

PYODIDE_CORE = ("pyodide.js", "pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")


def wanted(node_modules: Path) -> dict[str, str]:
    """Which files of npm packages the site needs: path under rt/ -> path under node_modules/."""
    fonts = sorted((node_modules / "mathjax/es5/output/chtml/fonts/woff-v2").glob("*.woff"))
    return {
        **{f"pyodide/{name}": f"pyodide/{name}" for name in PYODIDE_CORE},
        "plotly/plotly.js": "plotly.js-basic-dist-min/plotly-basic.min.js",
        "plotly/LICENSE": "plotly.js-basic-dist-min/LICENSE",
        "mathjax/LICENSE": "mathjax/LICENSE",
        **{f"mathjax/fonts/{f.name}": str(f.relative_to(node_modules)) for f in fonts},
    }


def copy_vendored(node_modules: Path, target: Path) -> None:
    """Copy every vendored file into the folder of runtime files.

    Raises
    ------
    CourseError : a file is missing or has another hash than when its package was pinned.
    """
    for name, entry in json.loads(TABLE.read_text()).items():
        source, destination = node_modules / entry["source"], target / name
        if not source.exists():
            raise CourseError(f"{source} is missing; run `npm ci` and build again.")
        if file_hash(source) != entry["sha256"]:
            raise CourseError(
                f"{source} is corrupt: its sha256 is not {entry['sha256']}. "
                "Delete the folder node_modules, run `npm ci` and build again."
            )
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, destination)


def write_notice(node_modules: Path, target: Path) -> None:
    """Say whose work the runtime files are and where its source is, as the licences ask."""
    lines = ["Runtime files from other projects: name, version, licence, source", ""]
    for package in PACKAGES:
        about = json.loads((node_modules / package / "package.json").read_text())
        source = about.get("homepage") or about["repository"]["url"]
        lines.append(f"{package} {about['version']}, {about['license']}, {source}")
    lines.append("numpy, BSD-3-Clause, in Pyodide's own build; its licence is in the wheel")
    (target / "NOTICE.txt").write_text("\n".join(lines) + "\n")


def write_table(node_modules: Path) -> None:
    """Record the hashes of the files as npm installed them."""
    table = {
        name: {"source": source, "sha256": file_hash(node_modules / source)}
        for name, source in wanted(node_modules).items()
    }
    TABLE.write_text(json.dumps(table, indent=2) + "\n")


if __name__ == "__main__":
    write_table(Path(__file__).parents[2] / "node_modules")
