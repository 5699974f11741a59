"""Figures: Datasets in, Axes out; no global style is touched."""

from neuroap.plotting.learning import plot_learning

__all__ = ["plot_learning"]
