"""Figures: Datasets in, Axes out; no global style is touched."""

from neuroap.plotting.learning import plot_learning
from neuroap.plotting.psychometric import plot_accuracy, plot_psychometric, plot_threshold
from neuroap.plotting.stimuli import plot_stimuli

__all__ = ["plot_accuracy", "plot_learning", "plot_psychometric", "plot_stimuli", "plot_threshold"]
