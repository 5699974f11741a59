"""Declarations of cortical layouts: no arrays, no simulator."""

from neuroap.layout.activations import ACTIVATIONS, Activation, activation
from neuroap.layout.blocks import Block
from neuroap.layout.hierarchy import hierarchy
from neuroap.layout.initial import Balanced, Constant, Initial, Normal, Recurrence, Uniform, Zeros
from neuroap.layout.layout import Layout, Site
from neuroap.layout.nodes import Area, Input, Output
from neuroap.layout.pathways import Pathway, error, inference

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Area",
    "Balanced",
    "Block",
    "Constant",
    "Initial",
    "Input",
    "Layout",
    "Normal",
    "Output",
    "Pathway",
    "Recurrence",
    "Site",
    "Uniform",
    "Zeros",
    "activation",
    "error",
    "hierarchy",
    "inference",
]
