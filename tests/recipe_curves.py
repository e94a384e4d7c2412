"""Trains the weight tuner with some settings; runs unchanged in CPython and in Pyodide."""

import json

from pinn_widgets.weight_tuner.recipe import Settings, run


def curves(changes: dict) -> dict:
    """Every series and curve of a run as lists, and its verdict."""
    *_, last = run(Settings.from_mapping(changes))
    lists = {name: values.tolist() for name, values in (last["series"] | last["curve"]).items()}
    return lists | {"verdict": last["result"]["verdict"]}


def main(changes: str) -> str:
    """The curves of several runs, from JSON to JSON."""
    return json.dumps([curves(entry) for entry in json.loads(changes)])
