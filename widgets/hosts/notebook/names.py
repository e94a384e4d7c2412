"""The names of the widgets' classes."""

import re


def class_name(folder: str) -> str:
    """Name of the class of the widget in a folder: "weight_tuner" gives "WeightTuner"."""
    return "".join(word.capitalize() for word in folder.split("_"))


def folder_name(name: str) -> str:
    """The other way round."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
