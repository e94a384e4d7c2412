"""Optimizers: one file each. To add one, write the class after `optimizer.Optimizer` and enter it below."""

from ..errors import Registry
from .adam import Adam
from .gradient_descent import GradientDescent
from .lbfgs import Lbfgs
from .optimizer import Optimizer
from .then import Then

OPTIMIZERS = Registry(
    "optimizer", {"adam": Adam, "gradient_descent": GradientDescent, "lbfgs": Lbfgs, "then": Then}
)

__all__ = ["OPTIMIZERS", "Adam", "GradientDescent", "Lbfgs", "Optimizer", "Then"]
