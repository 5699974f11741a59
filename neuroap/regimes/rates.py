"""Activations as functions of arrays, from the same text that networks run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroap.layout.activations import Activation

Floats = NDArray[np.float64]
# What the text of an activation may use.
NAMES = {"tanh": np.tanh, "exp": np.exp, "clip": np.clip, "abs": np.abs, "inf": np.inf, "int": np.float64}


@dataclass(frozen=True)
class Rate:
    """f and f' of an activation.

    Attributes
    ----------
    rate : callable
        u to r = f(u), of the same shape.
    slope : callable
        r = f(u) to f'(u).
    """

    rate: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]


def rate_function(activation: Activation) -> Rate:
    """Compile the equations of an activation."""
    rate, slope = (compile(text, activation.name, "eval") for text in (activation.equation, activation.derivative))
    return Rate(lambda u: np.asarray(eval(rate, NAMES, {"u": u})), lambda r: np.asarray(eval(slope, NAMES, {"r": r})))
