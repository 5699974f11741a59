"""Weights: how they are drawn, which signs cell types give them, how excitation and inhibition balance."""

from neuroap.weights.balance import bulk_radius, outlier
from neuroap.weights.cells import alive, cell_signs, cell_types, source_alive, source_signs
from neuroap.weights.drawing import draw_recurrence, draw_weights, silenced
from neuroap.weights.state import KEPT, RELATIVE, SIGN, fresh_state

__all__ = [
    "KEPT",
    "RELATIVE",
    "SIGN",
    "alive",
    "bulk_radius",
    "cell_signs",
    "cell_types",
    "draw_recurrence",
    "draw_weights",
    "fresh_state",
    "outlier",
    "silenced",
    "source_alive",
    "source_signs",
]
