"""Training: estimator, history, checkpoints, progress."""

from neuroap.training.estimator import CorticalClassifier
from neuroap.training.learner import Learner, OptimizerState

__all__ = ["CorticalClassifier", "Learner", "OptimizerState"]
