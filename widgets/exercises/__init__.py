"""Checks of the exercises: each takes an answer and says whether it is right, or what is wrong with it.

    from pinn_widgets.exercises import check_goldilocks

    check_goldilocks(100)

A check never raises an error because of an answer, and it never gives the answer away.
"""

from .breaking import check_breaks
from .goldilocks import check_goldilocks
from .gradient_norms import check_gradient_norms
from .layer_trace import check_layer_trace
from .scheme import check_scheme
from .verdict import Verdict

__all__ = [
    "Verdict",
    "check_breaks",
    "check_goldilocks",
    "check_gradient_norms",
    "check_layer_trace",
    "check_scheme",
]
