"""Training: estimator, history, checkpoints, progress."""

from neuroap.training.estimator import CorticalClassifier
from neuroap.training.learner import Learner, OptimizerState
from neuroap.training.side_by_side import fit_side_by_side

__all__ = ["CorticalClassifier", "Learner", "OptimizerState", "fit_side_by_side"]
