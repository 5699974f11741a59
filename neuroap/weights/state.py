"""What a network keeps beside weights that learn, and never changes: where they learn, and their signs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroap.layout import Layout
from neuroap.names import RECURRENCE
from neuroap.weights.cells import source_alive, source_signs

KEPT = MASK, SIGN, RELATIVE = ("mask", "polarity", "relative")


def fresh_state(layout: Layout, name: str, variable: str, weights: NDArray[Any]) -> NDArray[Any] | float:
    """What an array beside weights holds before they have learnt.

    Parameters
    ----------
    layout : Layout
    name : str
        Of the weights.
    variable : str
        ``"mask"``: 1 where they learn, which are recurrent weights that exist and weights that do not leave silent
        cells; ``"polarity"``: the signs of their source cells; ``"relative"``: these, divided by the root mean square
        of the weights that are not 0. Anything else belongs to an optimiser, and is 0.
    weights : array, shape (n_source, n_target)
    """
    if variable == MASK:
        living = source_alive(layout, name)
        there = weights != 0 if name.endswith(RECURRENCE) else np.ones(weights.shape, bool)
        return there if living is None else there & living[:, None]
    if variable not in (SIGN, RELATIVE):
        return 0.0
    signs = source_signs(layout, name)
    assert signs is not None, name
    size = np.sqrt(np.mean(np.square(weights[weights != 0]))) if variable == RELATIVE and weights.any() else 1.0
    return np.broadcast_to(signs[:, None] / size, weights.shape)
