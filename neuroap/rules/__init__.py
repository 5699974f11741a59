"""Learning rules: phases, local plasticity and optimisers, as declarations."""

from neuroap.rules.adjoint import AdjointPropagation
from neuroap.rules.local import Correlation, correlations
from neuroap.rules.optimizers import OPTIMIZERS, SGD, Adam, Optimizer

__all__ = ["SGD", "Adam", "AdjointPropagation", "OPTIMIZERS", "Correlation", "Optimizer", "correlations"]
