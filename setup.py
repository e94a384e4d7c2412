"""What pyproject.toml cannot say: the folder widgets/ is the package pinn_widgets, without build-time code.

A wheel of a checkout holds the front end of the widgets in notebooks, bundled while it is built. The build of
the book, which bundles by itself, says so with the variable COURSE_FRONT_END.
"""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
BUILD_TIME = {
    "jobs",
    "claims",
    "numbers",
    "picture",
}  # modules in the folder of each widget that only the book needs
STATIC = "hosts/notebook/static"

engine = ["pinn_core", *(f"pinn_core.{name}" for name in find_packages("pinn_core"))]
widgets = [
    "pinn_widgets",
    *(f"pinn_widgets.{name}" for name in find_packages("widgets", exclude=["build", "build.*"])),
]


class BuildForReaders(build_py):
    """Leaves out what only building the book needs, and adds the bundled front end."""

    def find_package_modules(self, package, package_dir):
        modules = super().find_package_modules(package, package_dir)
        is_widget = package.count(".") == 1 and (Path(package_dir) / "recipe.py").exists()
        return [entry for entry in modules if not (is_widget and entry[1] in BUILD_TIME)]

    def run(self):
        super().run()
        if not self.editable_mode and os.environ.get("COURSE_FRONT_END") != "elsewhere":
            self.bundle(Path(self.build_lib) / "pinn_widgets" / STATIC)

    def bundle(self, target):
        if not (ROOT / "node_modules/@esbuild").exists():
            npm = shutil.which("npm")
            if npm is None:
                raise SystemExit(
                    "The widgets' front end is bundled with Node: install Node 20 or newer, with npm."
                )
            command = [
                npm,
                "ci",
                "--omit=dev",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ]
            subprocess.run(command, cwd=ROOT, check=True)
        spec = importlib.util.spec_from_file_location("bundling", ROOT / "book/course/bundling.py")
        bundling = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(bundling)
        bundling.bundle_notebook(ROOT, target.resolve())


setup(
    packages=engine + widgets,
    package_dir={"pinn_widgets": "widgets"},
    package_data={"pinn_core": ["py.typed"], "pinn_widgets.hosts.notebook": ["static/*"]},
    cmdclass={"build_py": BuildForReaders},
)
