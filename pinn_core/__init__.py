"""Physics-informed networks in plain numpy: derivative streams, hand-written backward rules, one loop."""

from .errors import DivergenceError, SettingError
from .gradcheck import GradientCheck, gradient_check
from .networks import Mlp
from .optimizers import Adam, GradientDescent
from .problems import FunctionFit, HarmonicOscillator
from .snapshots import Snapshot
from .training import train
from .weighting import FixedWeights

__all__ = [
    "Adam",
    "DivergenceError",
    "FixedWeights",
    "FunctionFit",
    "GradientCheck",
    "GradientDescent",
    "HarmonicOscillator",
    "Mlp",
    "SettingError",
    "Snapshot",
    "gradient_check",
    "train",
]
