"""How can a cortex made of recurrent areas learn? Adjoint propagation on Brian2."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neuroap.analysis import fit_psychometric
    from neuroap.data import fetch, load
    from neuroap.errors import NeuroapError
    from neuroap.layout import (
        Area,
        Balanced,
        Block,
        Constant,
        Input,
        Layout,
        Normal,
        Output,
        Pathway,
        Recurrence,
        Uniform,
        Zeros,
        error,
        hierarchy,
        inference,
    )
    from neuroap.psychophysics import experiment, train
    from neuroap.rules import SGD, Adam, AdjointPropagation
    from neuroap.sweeps import sweep
    from neuroap.tasks import DotMotion, FunctionTask, GaborOrientation
    from neuroap.training import CorticalClassifier, fit_side_by_side
    from neuroap.weights import draw_weights

__version__ = "0.1.0"

# Loaded on first use, so that `import neuroap` stays fast and loads no simulator.
_ELSEWHERE = {
    "SGD": "rules",
    "Adam": "rules",
    "AdjointPropagation": "rules",
    "CorticalClassifier": "training",
    "DotMotion": "tasks",
    "FunctionTask": "tasks",
    "GaborOrientation": "tasks",
    "NeuroapError": "errors",
    "draw_weights": "weights",
    "experiment": "psychophysics",
    "fetch": "data",
    "fit_psychometric": "analysis",
    "fit_side_by_side": "training",
    "load": "data",
    "sweep": "sweeps",
    "train": "psychophysics",
}

__all__ = [
    "SGD",
    "Adam",
    "AdjointPropagation",
    "Area",
    "Balanced",
    "Block",
    "Constant",
    "CorticalClassifier",
    "DotMotion",
    "FunctionTask",
    "GaborOrientation",
    "Input",
    "Layout",
    "NeuroapError",
    "Normal",
    "Output",
    "Pathway",
    "Recurrence",
    "Uniform",
    "Zeros",
    "draw_weights",
    "error",
    "experiment",
    "fetch",
    "fit_psychometric",
    "fit_side_by_side",
    "hierarchy",
    "inference",
    "load",
    "sweep",
    "train",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'neuroap' has no attribute {name!r}")
    home = importlib.import_module(f"neuroap.{_ELSEWHERE.get(name, 'layout')}")
    return getattr(home, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
