"""Optimizers: one file each. To add one, write the class after `optimizer.Optimizer` and enter it below."""

from ..errors import Registry
from .adam import Adam
from .gradient_descent import GradientDescent
from .optimizer import Optimizer

OPTIMIZERS = Registry("optimizer", {"adam": Adam, "gradient_descent": GradientDescent})

__all__ = ["OPTIMIZERS", "Adam", "GradientDescent", "Optimizer"]
