"""How can a cortex made of recurrent areas learn? Adjoint propagation on Brian2."""

import importlib

__version__ = "0.1.0"

# Loaded on first use, so that `import neuroap` stays fast and loads no simulator.
_HOMES = {
    **dict.fromkeys(
        (
            "Area",
            "Block",
            "Input",
            "Layout",
            "Normal",
            "Output",
            "Pathway",
            "Recurrence",
            "Uniform",
            "Zeros",
            "error",
            "hierarchy",
            "inference",
        ),
        "neuroap.layout",
    ),
    **dict.fromkeys(("SGD", "Adam", "AdjointPropagation"), "neuroap.rules"),
    "CorticalClassifier": "neuroap.training",
    "NeuroapError": "neuroap.errors",
    "draw_weights": "neuroap.weights",
    "fetch": "neuroap.data",
    "load": "neuroap.data",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'neuroap' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
