"""Problems: one file each. To add one, write the class after `problem.Problem` and enter it in `PROBLEMS`."""

from ..errors import Registry
from .function_fit import FunctionFit
from .harmonic import HarmonicOscillator
from .problem import Problem

PROBLEMS = Registry("problem", {"harmonic": HarmonicOscillator, "function_fit": FunctionFit})

__all__ = ["PROBLEMS", "FunctionFit", "HarmonicOscillator", "Problem"]
