"""Cell types of a layout as arrays: signs for Dale's law, and which cells are silent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroap.layout import Area, Layout, Site
from neuroap.layout.cells import ranges_of, runs
from neuroap.names import BIAS, RECURRENCE

Signs = NDArray[np.float64]
SIGNS = {"E": 1.0, "I": -1.0, "": 0.0}


def cell_types(area: Area) -> NDArray[np.str_]:
    """The type of each cell of an area, "E", "I" or "" where none is told; shape (N,)."""
    return np.concatenate([np.full(run.size, run.kind, dtype="U1") for run in runs(area)])


def cell_signs(area: Area) -> Signs:
    """1 for excitatory cells, -1 for inhibitory ones, 0 where no type is told; shape (N,)."""
    return np.concatenate([np.full(run.size, SIGNS[run.kind]) for run in runs(area)])


def alive(area: Area) -> NDArray[np.bool_]:
    """Which cells of an area are not silenced by a lesion; shape (N,)."""
    found = np.ones(area.size, bool)
    for start, stop in (r for lesion in area.lesions for r in ranges_of(area, lesion)):
        found[start:stop] = False
    return found


def source_signs(layout: Layout, name: str) -> Signs | None:
    """Signs of the cells that weights leave, where Dale's law holds.

    Parameters
    ----------
    layout : Layout
    name : str
        Of a pathway, of recurrent weights or of a bias.

    Returns
    -------
    array, shape (n_source,), or None
        None: no law binds the weights, which leave an input, an output, or an area without ``dale``.
    """
    site = source_site(layout, name)
    area = None if site is None else layout[site.node]
    if site is None or not isinstance(area, Area) or not area.dale:
        return None
    return cell_signs(area)[site.start : site.stop]


def source_alive(layout: Layout, name: str) -> NDArray[np.bool_] | None:
    """Which of the cells that weights leave are not silent, shape (n_source,); None if all are.

    Parameters
    ----------
    layout : Layout
    name : str
        Of a pathway, of recurrent weights or of a bias.
    """
    site = source_site(layout, name)
    area = None if site is None else layout[site.node]
    if site is None or not isinstance(area, Area) or not area.lesions:
        return None
    found = alive(area)[site.start : site.stop]
    return None if found.all() else found


def source_site(layout: Layout, name: str) -> Site | None:
    """The neurons that weights of that name leave; None for a bias."""
    node, _, _ = name.rpartition(".")
    pathway = next((p for p in layout.pathways if p.name == name), None)
    if pathway is not None:
        return layout.site(pathway.source)
    if name.endswith(BIAS):
        return None
    assert name.endswith(RECURRENCE), name
    return Site(node, 0, layout[node].size)
