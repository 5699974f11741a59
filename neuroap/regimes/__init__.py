"""Areas as dynamical systems: their maps, and what a simulation of them does to small perturbations."""

from neuroap.regimes.area_map import area_map
from neuroap.regimes.drives import drive
from neuroap.regimes.simulated import simulated_lyapunov

__all__ = ["area_map", "drive", "simulated_lyapunov"]
