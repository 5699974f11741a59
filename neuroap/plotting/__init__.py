"""Figures: Datasets in, Axes out; no global style is touched."""

from neuroap.plotting.learning import plot_learning
from neuroap.plotting.populations import plot_errors, plot_population
from neuroap.plotting.psychometric import plot_accuracy, plot_psychometric, plot_threshold
from neuroap.plotting.regimes import plot_eigenvalues, plot_regimes, plot_spectrum
from neuroap.plotting.stimuli import plot_stimuli
from neuroap.plotting.trajectories import plot_raster, plot_trajectories

__all__ = [
    "plot_accuracy",
    "plot_eigenvalues",
    "plot_errors",
    "plot_learning",
    "plot_population",
    "plot_psychometric",
    "plot_raster",
    "plot_regimes",
    "plot_spectrum",
    "plot_stimuli",
    "plot_threshold",
    "plot_trajectories",
]
