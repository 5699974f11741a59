"""Initial weights: every array of a layout, drawn from one seed through generators by name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from neuroap.errors import LayoutError
from neuroap.layout import Area, Balanced, Constant, Initial, Layout, Normal, Output, Recurrence, Uniform
from neuroap.layout.nodes import Node
from neuroap.layout.table import default_weights
from neuroap.names import bias_name, recurrence_name
from neuroap.seeds import generator
from neuroap.weights.balance import balanced, bulk_radius, signed
from neuroap.weights.cells import source_alive, source_signs

Array = NDArray[np.floating]


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

    Notes
    -----
    Weights that leave an area of Dale's law take the signs of its cells: absolute values, those of inhibitory cells
    times ``-n_E / n_I``, so that the drive is balanced when all cells have the same rate; then all are divided by one
    number, so that their root mean square is that of the declaration. Weights that leave silent cells are zero.
    """
    drawn: dict[str, Array] = {}
    for p in layout.pathways:
        shape = (layout.site(p.source).size, layout.site(p.target).size)
        initial = p.weights or default_weights(layout, p)
        values = _draw(initial, shape, shape[0], generator(seed, "weights", p.name))
        drawn[p.name] = signed(values, signs) if (signs := source_signs(layout, p.name)) is not None else values
    for area in layout.areas:
        if area.recurrence is not None:
            drawn[recurrence_name(area.name)] = _recurrence_of(layout, area, area.recurrence, seed)
    drawn = {name: silenced(layout, name, values) for name, values in drawn.items()}
    biased: tuple[Area | Output, ...] = (*layout.areas, *layout.outputs)
    for node in biased:
        name = bias_name(node.name)
        rng = generator(seed, "weights", name)
        if isinstance(node.bias, Balanced):
            drawn[name] = -drive_at_rest(layout, drawn, node)
        else:
            drawn[name] = _draw(node.bias, (1, node.size), _bias_scale(layout, node.name), rng)
    return drawn


def _recurrence_of(layout: Layout, area: Area, recurrence: Recurrence, seed: int) -> Array:
    name = recurrence_name(area.name)
    try:
        return draw_recurrence(recurrence, area.size, generator(seed, "weights", name), source_signs(layout, name))
    except LayoutError as error:  # weights are drawn long after the area was declared
        place = f" ({area.declared})" if area.declared else ""
        where = f"Area {area.name!r}{place}, {error.where}"
        raise LayoutError(where, error.rule, error.got, error.hint) from None


def drive_at_rest(layout: Layout, weights: Mapping[str, Array], node: Area | Output) -> Array:
    """What recurrent connections and inference pathways give an area or output while all areas rest: shape (1, N)."""
    drive = np.zeros((1, node.size))
    if isinstance(node, Area) and node.recurrence is not None:
        drive += _rest(node) * weights[recurrence_name(node.name)].sum(axis=0)
    for p in layout.open(kind="inference"):
        if p.target_node == node.name:
            site = layout.site(p.target)
            drive[:, site.start : site.stop] += _rest(layout[p.source_node]) * weights[p.name].sum(axis=0)
    return drive


def _rest(node: Node) -> float:
    """The rate of a node at rest."""
    return node.rest_rate if isinstance(node, Area) else 0.0


def silenced(layout: Layout, name: str, values: Array) -> Array:
    """Weights of that name, zero where they leave cells that are silent."""
    alive = source_alive(layout, name)
    return values if alive is None else np.where(alive[:, None], values, 0)


def draw_recurrence(recurrence: Recurrence, n: int, rng: np.random.Generator, signs: Array | None = None) -> Array:
    """Draw W_rec[N, N] and scale it to its radius.

    The spectral radius is that of all N eigenvalues: iterative solvers miss the largest one of such matrices.

    Parameters
    ----------
    recurrence : Recurrence
    n : int
    rng : Generator
    signs : array, shape (N,), optional
        Dale's law: 1 for excitatory cells, -1 for inhibitory ones.

    Raises
    ------
    LayoutError
        If all eigenvalues are 0, because too few connections were drawn to form a loop, or if an outlier is asked
        for that inhibition cannot bring about.
    """
    values = np.zeros(n * n)
    if recurrence.placement == "distinct":
        places = rng.permutation(n * n)[: round(n * n * recurrence.connection_rate)]
    else:
        places = rng.integers(n * n, size=int(n * n * recurrence.connection_rate))
    drawn = rng.uniform(-1, 1, places.size)
    np.add.at(values, places, drawn if signs is None else np.abs(drawn))
    matrix: Array = values.reshape(n, n)
    if signs is not None:
        matrix = balanced(matrix, signs, recurrence)
    if recurrence.bulk_radius is None:
        radius = np.abs(np.linalg.eigvals(matrix)).max() if places.size else 0.0
    else:
        radius = bulk_radius(matrix, signs)
    if radius < 1e-12:
        hint = "raise connection_rate or the number of neurons, or give recurrence=None"
        rule = f"the connections drawn among {n} neurons form no loop, nothing to scale"
        raise LayoutError("Recurrence", rule, recurrence, hint)
    return matrix * (recurrence.radius / radius)


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
    return np.full(shape, initial.value if isinstance(initial, Constant) else 0.0)
