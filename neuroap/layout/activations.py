"""The activations that areas can use: equation, derivative and rate at rest, one line each."""

from __future__ import annotations

import math
from dataclasses import dataclass

from neuroap.errors import LayoutError, did_you_mean


@dataclass(frozen=True)
class Activation:
    """A rate function r = f(u), written in the syntax of Brian2 equations.

    Attributes
    ----------
    name : str
        What `Area.activation` calls it.
    equation : str
        f as text over ``u``.
    derivative : str
        f'(u) as text over ``r`` = f(u), so that no state need be kept for it.
    rest : float
        f(0), the rate of a neuron without drive.
    slope : float
        f'(0), the gain at rest; from above where f has a kink there (relu).
    low, high : float
        Between these all rates lie. Dale's law wants `low` >= 0.
    """

    name: str
    equation: str
    derivative: str
    rest: float
    slope: float
    low: float = -math.inf
    high: float = math.inf


ACTIVATIONS: dict[str, Activation] = {
    a.name: a
    for a in (
        Activation("tanh", "tanh(u)", "1 - r**2", rest=0.0, slope=1.0, low=-1, high=1),
        Activation("identity", "u", "1.0 + 0.0*r", rest=0.0, slope=1.0),
        Activation("relu", "clip(u, 0, inf)", "1.0*int(r > 0)", rest=0.0, slope=1.0, low=0),
        # 1/(1 + exp(-2 u)), which would overflow: a spontaneous rate of 1/2, from which drives move it both ways.
        Activation("sigmoid", "0.5 + 0.5*tanh(u)", "2*r*(1 - r)", rest=0.5, slope=0.5, low=0, high=1),
        Activation("rectified_tanh", "clip(tanh(u), 0, 1)", "(1 - r**2)*int(r > 0)", 0.0, 1.0, low=0, high=1),
        Activation("saturating", "clip(u, 0, 1)", "1.0*int(r > 0)*int(r < 1)", 0.0, 1.0, low=0, high=1),
        # The same with a spontaneous rate.
        Activation("hard_sigmoid", "clip(0.5 + u, 0, 1)", "1.0*int(r > 0)*int(r < 1)", 0.5, 1.0, low=0, high=1),
    )
}


def activation(name: str) -> Activation:
    """Look an activation up by its name.

    Raises
    ------
    LayoutError
        If no activation is called so.
    """
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise LayoutError("Area.activation", "no such activation", name, did_you_mean(str(name), ACTIVATIONS))
    return ACTIVATIONS[name]
