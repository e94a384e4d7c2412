"""The course's widgets: one folder each, with the recipe (settings and run) and the view that draws it.

In a notebook each widget is a class, named after its folder: `from pinn_widgets import WeightTuner`. The
classes are made when they are asked for, so that pages and tests need nothing of Jupyter.
"""

from pathlib import Path
from typing import Any

from .hosts.notebook.names import class_name, folder_name

__all__ = sorted(class_name(recipe.parent.name) for recipe in Path(__file__).parent.glob("*/recipe.py"))


def __getattr__(name: str) -> Any:
    """The class of a widget."""
    if name not in __all__:
        raise AttributeError(f"there is no {name!r} here; the widgets are {', '.join(__all__)}")
    from .hosts.notebook.host import widget_class

    return widget_class(folder_name(name))
