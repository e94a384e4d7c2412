"""What the view of a widget needs to know of it, wherever it runs."""

from typing import Any

from .settings import WidgetSettings


def definition(name: str, recipe: Any, start: WidgetSettings, only: str | None = None) -> dict[str, Any]:
    """Settings, presets, code and texts of a widget as plain data.

    Parameters
    ----------
    name : of the widget, such as "weight-tuner".
    recipe : its recipe module.
    start : settings with which it begins.
    only : "train" for the short form.
    """
    return {
        "widget": name,
        "settings": start.schema(),
        "start": start.as_dict(),
        # a list: JavaScript reorders the names of an object that look like numbers
        "presets": [list(preset) for preset in recipe.PRESETS.items()],
        "code": recipe.CODE,
        "every": getattr(recipe, "EPOCHS_PER_SNAPSHOT", None),
        "least_schemes": getattr(recipe, "LEAST_SCHEMES", 0),
        "limits": getattr(recipe, "LIMITS", {}),
        "options": {"only": only} if only else {},
        "texts": {"title": recipe.TITLE},
    }
