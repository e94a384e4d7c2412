"""Physics-informed networks in plain numpy: derivative streams, hand-written backward rules, one loop."""

from .errors import DivergenceError, SettingError
from .gradcheck import GradientCheck, gradient_check
from .networks import Mlp
from .ntk import TangentKernel, eigenvalues
from .optimizers import Adam, GradientDescent, Lbfgs, Then
from .problems import FunctionFit, HarmonicOscillator
from .snapshots import Snapshot
from .training import train
from .weighting import (
    AnnealingWeights,
    FixedWeights,
    GradientNormWeights,
    NtkTraceWeights,
    PointGradientNormWeights,
    ResidualAttention,
    SelfAdaptiveWeights,
)

__version__ = "0.1.0"

__all__ = [
    "Adam",
    "AnnealingWeights",
    "DivergenceError",
    "FixedWeights",
    "FunctionFit",
    "GradientCheck",
    "GradientDescent",
    "GradientNormWeights",
    "HarmonicOscillator",
    "Lbfgs",
    "Mlp",
    "NtkTraceWeights",
    "PointGradientNormWeights",
    "ResidualAttention",
    "SelfAdaptiveWeights",
    "SettingError",
    "Snapshot",
    "TangentKernel",
    "Then",
    "eigenvalues",
    "gradient_check",
    "train",
]
