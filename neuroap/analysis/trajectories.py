"""Trajectories: states by step and neuron, however they are handed over."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroap.errors import DataError

Array = NDArray[np.float64]
CORE = ("step", "neuron")
# Spread, in units of the largest number, below which numbers differ by rounding only.
ROUNDING = 1e-9


def as_trajectories(where: str, data: Any) -> xr.DataArray:
    """Take trajectories as float64 with dimensions (..., step, neuron).

    Parameters
    ----------
    where : str
        The function that an error names.
    data : Dataset, DataArray or array
        What `CorticalClassifier.record` returns, any DataArray with dimensions ``step`` and ``neuron``, or an
        array of shape (..., steps, neurons), whose first row is step 0. NaN where nothing was recorded.

    Raises
    ------
    DataError
        If rates or one of the two dimensions are missing, or there is no step or no neuron.
    """
    if isinstance(data, xr.Dataset):
        if "rate" not in data:
            raise DataError(where, "the Dataset must hold 'rate'", list(data), "model.record(X, y) returns such a one")
        data = data["rate"]
    found = named(where, data, CORE).transpose(..., *CORE).astype(float)
    if 0 in found.shape:
        raise DataError(where, "must hold at least one step of one neuron", dict(found.sizes))
    return found.assign_coords(step=found["step"])


def named(where: str, data: Any, core: tuple[str, ...]) -> xr.DataArray:
    """Name the last dimensions of an array `core`, or check that a DataArray has dimensions of these names."""
    if not isinstance(data, xr.DataArray):
        data = np.asarray(data, float)
        if data.ndim < len(core):
            raise DataError(where, f"must have the dimensions (..., {', '.join(core)})", data.shape)
        rest = [f"dim_{k}" for k in range(data.ndim - len(core))]
        data = xr.DataArray(data, dims=[*rest, *core])
    for dim in core:
        if dim not in data.dims:
            hint = f"data.rename(NAME={dim!r}) gives a dimension its name"
            raise DataError(where, f"must have a dimension {dim!r}", data.dims, hint)
    return data


def recorded(X: Array) -> Array:
    """Leave out steps and neurons (rows and columns) in which nothing was recorded."""
    there = ~np.isnan(X)
    return X[there.any(1)][:, there.any(0)]


def rms(X: Array) -> Array:
    """Root mean square over neurons, the last axis."""
    return np.asarray(np.sqrt(np.mean(X**2, axis=-1)))


def is_constant(X: Array) -> bool:
    """Whether deviations from the mean over rows are as small as rounding makes them: next to the largest number.

    No size in itself is small: states may be given in units in which all of them are.
    """
    size = float(np.abs(X).max())
    return size == 0 or bool(np.std(X / size, axis=0).max() <= ROUNDING)


def units(data: xr.DataArray) -> str:
    """Name the unit of one step: that of the coordinate, or "step"."""
    return str(data["step"].attrs.get("units", "step"))


def labelled(data: Any, name: str, long_name: str, unit: str = "1") -> xr.DataArray:
    """Give a result its name, long name and units, in place of those of its data."""
    return xr.DataArray(data).rename(name).assign_attrs({"long_name": long_name, "units": unit})
