"""Weighting schemes: one file each. To add one, write a class after `scheme.Weighting`, enter it below."""

from ..errors import Registry
from .fixed import FixedWeights
from .scheme import Weighting

WEIGHTINGS = Registry("weighting", {"fixed": FixedWeights})

__all__ = ["WEIGHTINGS", "FixedWeights", "Weighting"]
