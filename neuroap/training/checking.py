"""Counting violations: of Dale's law, of the places of weights, of the range of rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroap.layout import Area, Layout, activation
from neuroap.names import RECURRENCE
from neuroap.weights import draw_weights, source_alive, source_signs

ROUNDING = 1e-6  # by which single precision may leave the range of an activation
LONG_NAMES = {
    "size": "number of weights",
    "wrong_sign": "weights against Dale's law",
    "misplaced": "weights where there must be none",
    "not_finite": "weights that are infinite or NaN",
    "rates": "number of rates",
    "rate_out_of_range": "rates out of the range of their activation",
    "violations": "violations in all",
}


def violations(
    layout: Layout, weights: Mapping[str, NDArray[Any]], seed: int, recorded: xr.Dataset | None
) -> xr.Dataset:
    """Count violations; see `CorticalClassifier.check`.

    Parameters
    ----------
    layout : Layout
    weights : mapping of str to array, shape (n_source, n_target)
    seed : int
        Of the initial weights: where a recurrent weight was 0, there is no connection.
    recorded : Dataset or None
        Rates, as `CorticalClassifier.record` returns them.
    """
    first = draw_weights(layout, seed)
    rows = {name: _count(layout, name, w, first[name]) for name, w in weights.items()}
    columns = ("size", "wrong_sign", "misplaced", "not_finite")
    counts = {c: ("weights", [row[k] for row in rows.values()]) for k, c in enumerate(columns)}
    found = xr.Dataset(counts, {"weights": list(rows)})
    if recorded is not None:
        found = found.merge(_rates(layout, recorded["rate"]))
    bad = [v for v in found.data_vars if v not in ("size", "rates")]
    found["violations"] = sum(found[v].sum() for v in bad)
    for name in found.data_vars:
        found[name].attrs.update(long_name=LONG_NAMES[str(name)], units="1")
    return found


def _count(layout: Layout, name: str, w: NDArray[Any], first: NDArray[Any]) -> tuple[int, int, int, int]:
    """Size, wrong signs, misplaced weights and those that are not finite."""
    signs, living = source_signs(layout, name), source_alive(layout, name)
    wrong = 0 if signs is None else int((w * signs[:, None] < 0).sum())
    nowhere = first == 0 if name.endswith(RECURRENCE) else np.zeros(w.shape, bool)
    if living is not None:
        nowhere = nowhere | ~living[:, None]
    return w.size, wrong, int((nowhere & (w != 0)).sum()), int((~np.isfinite(w)).sum())


def _rates(layout: Layout, rate: xr.DataArray) -> xr.Dataset:
    """Of the steps that an area settles for, how many rates there are and how many are out of range."""
    sizes, outside = [], []
    for name in rate["area"].values:
        area = layout[str(name)]
        assert isinstance(area, Area)
        values = rate.sel(area=name).isel(neuron=slice(area.size)).transpose(..., "trial", "neuron").values
        settled = values[~np.isnan(values).all(axis=(-2, -1))]  # (step of a phase, trial, neuron)
        low, high = (activation(area.activation).low, activation(area.activation).high)
        low, high = (low, high) if area.equations is None else (0.0 if area.dale else -np.inf, np.inf)
        sizes.append(settled.size)
        outside.append(int((~((settled >= low - ROUNDING) & (settled <= high + ROUNDING))).sum()))
    return xr.Dataset({"rates": ("area", sizes), "rate_out_of_range": ("area", outside)}, {"area": rate["area"].values})
