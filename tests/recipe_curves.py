"""Trains a widget's recipe with some settings; runs unchanged in CPython and in Pyodide."""

import importlib
import json

MEASURED_TIME = "milliseconds"


def curves(widget: str, changes: dict) -> dict:
    """Every series and curve of a run as lists, and its verdict; of a race, those of each scheme."""
    recipe = importlib.import_module(f"pinn_widgets.{widget}.recipe")
    *_, last = recipe.run(recipe.Settings.from_mapping(changes))
    runs = last.get("runs", {widget: last})
    lists = {
        f"{scheme} {name}": values.tolist()
        for scheme, run in runs.items()
        for name, values in (run["series"] | run["curve"]).items()
        if name != MEASURED_TIME
    }
    return lists | {"verdict": {scheme: run["result"].get("verdict") for scheme, run in runs.items()}}


def main(requests: str) -> str:
    """The curves of several runs, from JSON to JSON."""
    return json.dumps([curves(*request) for request in json.loads(requests)])
