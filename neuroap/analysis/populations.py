"""Excitatory and inhibitory populations: their rates and errors through both phases, their currents, the balance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroap.analysis.trajectories import Array, labelled
from neuroap.errors import DataError
from neuroap.layout import Area, Layout
from neuroap.names import recurrence_name
from neuroap.weights import cell_signs, cell_types

CELLS = ("E", "I")
NAMES = {"E": "excitatory", "I": "inhibitory"}
SIGNS = {"excitatory": 1, "inhibitory": -1, "untyped": 0}  # of the cells that a current comes from


def population_rates(recording: xr.Dataset) -> xr.Dataset:
    r"""Rates and errors of excitatory and inhibitory cells, block by block.

    Parameters
    ----------
    recording : Dataset
        As `CorticalClassifier.record` returns it, of areas whose cell types are told.

    Returns
    -------
    Dataset
        Along ``block`` and ``cell`` ("E", "I"), NaN where a block has none of that type: ``rate(phase, trial, step,
        area, block, cell)``, the mean over cells; ``cells(area, block, cell)``, how many there are, and ``silent``, how
        many of them a lesion silences: these enter no mean. Of recordings with labels also, over cells: ``error``, the
        mean; ``error_size``, the root mean square; ``raised``, the fraction of cells whose rate the error raised
        (e < 0), each (trial, area, block, cell). In a fraction near 1/2 errors nudge rates both ways, although no rate
        is negative.

    Raises
    ------
    DataError
        If there is no rate, or no cell type is told.
    """
    _check(recording)
    blocks = sorted(
        {part for text in np.unique(recording["block"]) if text for part in str(text).split("+")}, key=_rank
    )
    found = xr.concat(
        [xr.concat([_population(recording, block, cell) for cell in CELLS], dim="cell") for block in blocks],
        dim="block",
    ).assign_coords(block=blocks, cell=list(CELLS))
    found = found.transpose("phase", "trial", "step", "area", "block", "cell", missing_dims="ignore")
    texts = {
        "rate": "mean rate of the cells",
        "error": "mean error, r_inference - r_learning",
        "error_size": "root mean square error",
        "raised": "fraction of cells whose rate the error raised",
        "cells": "number of cells",
        "silent": "number of silent cells",
    }
    return found.assign({name: labelled(found[name], name, text) for name, text in texts.items() if name in found})


def synaptic_currents(recording: xr.Dataset, layout: Layout, weights: Mapping[str, NDArray[Any]]) -> xr.Dataset:
    r"""Currents from excitatory and from inhibitory cells at the end of each phase, and how well they balance.

    .. math:: I_E = \sum_{pre \in E} r_{pre} w, \qquad I_I = \sum_{pre \in I} r_{pre} w, \qquad
              \text{balance} = 1 - \frac{|I_E + I_I|}{|I_E| + |I_I|}

    over recurrent connections and the inference pathways from areas, whose rates are those at the end of inference; an
    area that does not settle then rests at 0. The currents from E, I and untyped cells add up to all that areas give.
    A balance of 1 means that E and I cancel, 0 that there is but one of them. Inputs and errors are not counted.

    Parameters
    ----------
    recording : Dataset
        As `CorticalClassifier.record` returns it.
    layout : Layout
        Of the model (its attribute ``layout_``); it tells cell types.
    weights : mapping of str to array, shape (n_source, n_target)
        Those of the model (``weights_``).

    Returns
    -------
    Dataset
        ``excitatory``, ``inhibitory``, ``untyped`` (from cells whose type is not told) and ``balance``, each (phase,
        trial, area, neuron), with the coordinates ``block`` and ``cell`` of the recording; NaN where an area does not
        settle in a phase. The balance is NaN also where E and I do not make up the drive, because a current from
        untyped cells arrives, and where there is no current at all.

    Raises
    ------
    DataError
        If there is no rate, no cell type is told, or the recording is of another layout.
    """
    _check(recording)
    names = [str(name) for name in recording["area"].values]
    if unknown := [n for n in names if not _fits(recording, layout, n)]:
        raise DataError("synaptic_currents", "the recording is of another layout", unknown)
    last, tasks = _last(recording["rate"]), str(recording.attrs["tasks"]).split(", ")
    ends = {n: last.sel(area=n).values for n in names}  # (phase, trial, neuron)
    found = {}
    for current, sign in SIGNS.items():
        every = np.full(last.shape, np.nan)
        for k, name in enumerate(names):
            area = layout[name]
            assert isinstance(area, Area)
            every[:, :, k, : area.size] = _currents(layout, area, weights, ends, tasks, sign)
        found[current] = last.copy(data=every)
    total, size = found["excitatory"] + found["inhibitory"], abs(found["excitatory"]) + abs(found["inhibitory"])
    known = (size > 0) & (found["untyped"] == 0)
    dataset = xr.Dataset({**found, "balance": 1 - abs(total) / size.where(known)})
    texts = {name: f"current from {name} cells" for name in SIGNS}
    texts["balance"] = "balance of excitation and inhibition"
    return dataset.assign({name: labelled(dataset[name], name, text) for name, text in texts.items()})


def _last(rate: xr.DataArray) -> xr.DataArray:
    """Rates at the last step of each phase in which an area settles: (phase, trial, area, neuron), in float64."""
    rate = rate.transpose("step", "phase", "trial", "area", "neuron").astype(float)
    steps = rate.notnull().any("neuron").sum("step")  # (phase, trial, area): windows may end early
    return rate.isel(step=np.maximum(steps - 1, 0)).drop_vars("step").transpose("phase", "trial", "area", "neuron")


def _fits(recording: xr.Dataset, layout: Layout, name: str) -> bool:
    """Whether the recorded area of that name is that of the layout."""
    area = next((a for a in layout.areas if a.name == name), None)
    cells = recording["cell"].sel(area=name).values
    return (
        area is not None
        and area.size <= len(cells)
        and np.array_equal(cells[: area.size], cell_types(area))
        and not recording["rate"].sel(area=name).isel(neuron=slice(area.size, None)).notnull().any()
    )


def _currents(
    layout: Layout,
    area: Area,
    weights: Mapping[str, NDArray[Any]],
    ends: Mapping[str, Array],
    tasks: list[str],
    sign: int,
) -> Array:
    """Current into an area from cells of one sign, shape (phase, trial, N)."""
    rates = ends[area.name][..., : area.size]
    total = np.zeros(rates.shape)
    if area.recurrence is not None:
        total += _of(rates, cell_signs(area), sign) @ weights[recurrence_name(area.name)]  # (..., N) @ (N, N)
    for p in layout.open(tasks, "inference"):
        source = layout[p.source_node]
        if p.target_node == area.name and isinstance(source, Area) and source.name in ends:
            pre, post = layout.site(p.source), layout.site(p.target)
            sent = _sent(ends[source.name][:1, :, : source.size])  # inference alone is sent
            chosen = _of(sent, cell_signs(source), sign)[..., pre.start : pre.stop]
            total[..., post.start : post.stop] += chosen @ weights[p.name]
    return np.where(np.isnan(rates), np.nan, total)


def _sent(rates: Array) -> Array:
    """Rates of a source; one that nothing drives stays at 0, and has no window in which it could be recorded."""
    return np.where(np.isnan(rates).all(axis=-1, keepdims=True), 0, rates)


def _of(rates: Array, signs: Array, sign: int) -> Array:
    """Rates of the cells of one sign, 0 for others."""
    return np.where(signs == sign, rates, 0)


def _population(recording: xr.Dataset, block: str, cell: str) -> xr.Dataset:
    """Means over the cells of one type in one block, in every area."""
    named = np.vectorize(lambda text: block in text.split("+"), otypes=[bool])(recording["block"].values)
    chosen = xr.DataArray(named & (recording["cell"].values == cell), dims=("area", "neuron"))
    living = chosen & ~silent_cells(recording)
    found = {"rate": recording["rate"].where(living).mean("neuron"), "cells": chosen.sum("neuron")}
    found["silent"] = (chosen & ~living).sum("neuron")
    if "error" in recording.data_vars:
        e = recording["error"].where(living)
        found["error"], found["error_size"] = e.mean("neuron"), (e**2).mean("neuron") ** 0.5
        found["raised"] = (e < 0).sum("neuron") / e.notnull().sum("neuron")
    return xr.Dataset(found).drop_vars(["block", "cell"], errors="ignore")


def silent_cells(recording: xr.Dataset) -> xr.DataArray:
    """Which cells of a recording a lesion silences, (area, neuron); none of one that does not tell."""
    told = recording["silent"].values if "silent" in recording.coords else np.zeros(recording["cell"].shape, bool)
    return xr.DataArray(told.astype(bool), dims=recording["cell"].dims)


def _check(recording: xr.Dataset) -> None:
    if "rate" not in recording or "cell" not in recording.coords or "neuron" not in recording["rate"].dims:
        hint = "model.record(X, y) returns such a one"
        raise DataError("populations", "the Dataset must hold 'rate' and 'cell' of neurons", list(recording), hint)
    if not (recording["cell"] != "").any():
        hint = "declare Area(..., excitatory=0.8)"
        raise DataError("populations", "no cell is told to be excitatory or inhibitory", hint=hint)


def _rank(block: str) -> tuple[int, str]:
    """Standard blocks first, in their usual order."""
    standard = ("RI", "SI", "RE", "SE")
    return (standard.index(block) if block in standard else len(standard), block)
