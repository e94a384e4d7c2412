"""What pyproject.toml cannot say: the folder widgets/ is the package pinn_widgets."""

from setuptools import find_packages, setup

engine = ["pinn_core", *(f"pinn_core.{name}" for name in find_packages("pinn_core"))]
widgets = ["pinn_widgets", *(f"pinn_widgets.{name}" for name in find_packages("widgets"))]

setup(
    packages=engine + widgets,
    package_dir={"pinn_widgets": "widgets"},
    package_data={"pinn_widgets.hosts.notebook": ["static/*"]},
)
