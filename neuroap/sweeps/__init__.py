"""Sweeps: one function over a grid of settings and seeds, stored point by point."""

from neuroap.sweeps.sweeping import sweep

__all__ = ["sweep"]
