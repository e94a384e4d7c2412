"""What tests take from a run."""

import dataclasses

import numpy as np

from pinn_core import FixedWeights


def last(run):
    """The last snapshot of a run."""
    *_, snapshot = run
    return snapshot


def arrays(snapshot):
    """All arrays of a snapshot by name."""
    found = {}
    for field in dataclasses.fields(snapshot):
        value = getattr(snapshot, field.name)
        if isinstance(value, dict):
            found.update({f"{field.name}.{term}": array for term, array in value.items()})
        elif isinstance(value, np.ndarray):
            found[field.name] = value
    return found


def fixed(problem, **weights):
    """Fixed weights for those of some terms that the problem has."""
    return FixedWeights(**{term: weight for term, weight in weights.items() if term in problem.sizes})
