"""What the equations of an area may know of its single cells: constants with one value per neuron."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from brian2.equations.equations import PARAMETER, SingleEquation
from brian2.units.fundamentalunits import DIMENSIONLESS
from numpy.typing import NDArray

from neuroap.layout import Area
from neuroap.weights import cell_types

# Brian2's index would count the neurons of all trials in one go.
CELLWISE = {
    "excitatory": "1 for excitatory cells, 0 for inhibitory ones",
    "neuron": "counts the neurons of the area from 0",
}


def cellwise_equations(names: Iterable[str]) -> list[SingleEquation]:
    """Declarations of those constants that are among `names`; as numbers with a point, so that they can be divided."""
    return [SingleEquation(PARAMETER, name, DIMENSIONLESS, flags=["constant"]) for name in CELLWISE if name in names]


def cellwise_values(area: Area, name: str) -> NDArray[np.float64]:
    """The values of one of the constants, shape (N,)."""
    return np.arange(area.size, dtype=float) if name == "neuron" else (cell_types(area) == "E").astype(float)
