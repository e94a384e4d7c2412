"""Weighting schemes: one file each. To add one, write a class after `scheme.Weighting`, enter it below."""

from ..errors import Registry
from .annealing import AnnealingWeights
from .fixed import FixedWeights
from .gradient_norm import GradientNormWeights
from .ntk_trace import NtkTraceWeights
from .point_gradient_norm import PointGradientNormWeights
from .residual_attention import ResidualAttention
from .scheme import Weighting, WeightState, check_state, check_update, held_by
from .self_adaptive import SelfAdaptiveWeights

WEIGHTINGS = Registry(
    "weighting",
    {
        "fixed": FixedWeights,
        "ntk_trace": NtkTraceWeights,
        "annealing": AnnealingWeights,
        "gradient_norm": GradientNormWeights,
        "point_gradient_norm": PointGradientNormWeights,
        "self_adaptive": SelfAdaptiveWeights,
        "residual_attention": ResidualAttention,
    },
)

__all__ = [
    "WEIGHTINGS",
    "AnnealingWeights",
    "FixedWeights",
    "GradientNormWeights",
    "NtkTraceWeights",
    "PointGradientNormWeights",
    "ResidualAttention",
    "SelfAdaptiveWeights",
    "WeightState",
    "Weighting",
    "check_state",
    "check_update",
    "held_by",
]
