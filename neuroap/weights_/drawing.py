"""Initial weights: every array of a layout, drawn from one seed through generators by name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroap.errors import LayoutError
from neuroap.layout import Area, Initial, Layout, Normal, Output, Recurrence, Uniform
from neuroap.layout.table import default_weights
from neuroap.seeds import generator

Array = NDArray[np.floating]


def recurrence_name(area: str) -> str:
    """Name of the recurrent weights of an area."""
    return f"{area}.recurrence"


def bias_name(node: str) -> str:
    """Name of the bias of an area or output."""
    return f"{node}.bias"


def draw_weights(layout: Layout, seed: int) -> dict[str, Array]:
    """Draw all initial weights of a layout, in float64.

    Parameters
    ----------
    layout : Layout
    seed : int
        Each array has a generator of its own, named after it (see `neuroap.seeds`).

    Returns
    -------
    dict of str to ndarray
        Pathways under their names, shape (n_source, n_target); ``"V1.recurrence"``, shape (N, N);
        ``"V1.bias"`` of every area and output, shape (1, N). All are ``[pre, post]``.
    """
    drawn: dict[str, Array] = {}
    for p in layout.pathways:
        shape = (layout.site(p.source).size, layout.site(p.target).size)
        initial = p.weights or default_weights(layout, p)
        drawn[p.name] = _draw(initial, shape, shape[0], generator(seed, "weights", p.name))
    for area in layout.areas:
        if area.recurrence is not None:
            name = recurrence_name(area.name)
            drawn[name] = draw_recurrence(area.recurrence, area.size, generator(seed, "weights", name))
    biased: tuple[Area | Output, ...] = (*layout.areas, *layout.outputs)
    for node in biased:
        name = bias_name(node.name)
        rng = generator(seed, "weights", name)
        drawn[name] = _draw(node.bias, (1, node.size), _bias_scale(layout, node.name), rng)
    return drawn


def draw_recurrence(recurrence: Recurrence, n: int, rng: np.random.Generator) -> Array:
    """Draw W_rec[N, N] and scale it to its spectral radius.

    The radius is that of all N eigenvalues: iterative solvers miss the largest one of such matrices.

    Raises
    ------
    LayoutError
        If all eigenvalues are 0, because too few connections were drawn to form a loop.
    """
    values = np.zeros(n * n)
    if recurrence.placement == "distinct":
        places = rng.permutation(n * n)[: round(n * n * recurrence.connection_rate)]
    else:
        places = rng.integers(n * n, size=int(n * n * recurrence.connection_rate))
    np.add.at(values, places, rng.uniform(-1, 1, places.size))
    matrix = values.reshape(n, n)
    radius = np.abs(np.linalg.eigvals(matrix)).max() if places.size else 0.0
    if radius < 1e-12:
        hint = "raise connection_rate or the number of neurons, or give recurrence=None"
        rule = f"the connections drawn among {n} neurons form no loop, nothing to scale"
        raise LayoutError("Area.recurrence", rule, recurrence, hint)
    return matrix * (recurrence.spectral_radius / radius)


def _bias_scale(layout: Layout, node: str) -> int:
    """Number of neurons that drive an output (the size by which its bias is scaled), or of an area."""
    if isinstance(layout[node], Area):
        return layout[node].size
    return max(layout.site(p.source).size for p in layout.pathways if p.target == node)


def _draw(initial: Initial | None, shape: tuple[int, int], n_source: int, rng: np.random.Generator) -> Array:
    if isinstance(initial, Uniform):
        limit = initial.limit / np.sqrt(n_source) if initial.scaled else initial.limit
        return rng.uniform(-limit, limit, shape)
    if isinstance(initial, Normal):
        return rng.normal(0, initial.sd, shape)
    return np.zeros(shape)
