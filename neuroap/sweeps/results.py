"""What a function of a sweep may return, as a Dataset and as the bytes of a netCDF file."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from io import BytesIO
from typing import Any, Final

import numpy as np
import xarray as xr

from neuroap.errors import DataError

RESULT = "result"  # the variable of a function that returns one thing without a name
WHERE = "the function of the sweep"
ENGINE: Final = "h5netcdf"


def as_dataset(result: object, taken: Collection[str]) -> xr.Dataset:
    """Turn what a function returned into a Dataset.

    A number becomes a variable ``result`` without dimensions, an array one with the dimensions ``result_0``,
    ``result_1`` and so on; a dict gives its variables their names; what comes from xarray keeps its dimensions.

    Parameters
    ----------
    result : number, text, array, DataArray, Dataset, or dict of str to any of these but Dataset
    taken : collection of str
        The dimensions of the grid and the variable ``error``: scalar coordinates of these names are left out, because
        the grid holds them.

    Raises
    ------
    DataError
        For anything else, and for variables and dimensions whose names are taken.
    """
    dataset = _dataset(result)
    dataset = dataset.drop_vars([n for n in taken if n in dataset.coords and not dataset[n].dims])
    clash = sorted(set(taken) & {str(name) for name in (*dataset.variables, *dataset.dims)})
    if clash:
        raise DataError(WHERE, "must not return a variable or dimension of this name", clash[0], "rename it")
    for variable in dataset.variables.values():
        variable.attrs = _attributes(variable.attrs)
    dataset.attrs = _attributes(dataset.attrs)
    return dataset


def to_bytes(dataset: xr.Dataset) -> bytes:
    """Write a Dataset as netCDF into memory."""
    # Not to_netcdf() without a file: CPython can crash when it collects the memory view which that returns.
    buffer = BytesIO()
    with _no_locks_of_a_cluster():
        dataset.drop_encoding().to_netcdf(buffer, engine=ENGINE)
    return buffer.getvalue()


def from_bytes(content: bytes) -> xr.Dataset:
    """Read a Dataset of `to_bytes` back."""
    with _no_locks_of_a_cluster(), xr.open_dataset(BytesIO(content), engine=ENGINE) as opened:
        return opened.load().drop_encoding()


def _no_locks_of_a_cluster() -> AbstractContextManager[Any]:
    """Where there is a Dask client, xarray would ask its scheduler for a lock, even of a file in memory."""
    dask = sys.modules.get("dask")
    return dask.config.set(scheduler="synchronous") if dask else nullcontext()


def _dataset(result: Any) -> xr.Dataset:
    if isinstance(result, xr.Dataset):
        return result.copy()
    if isinstance(result, xr.DataArray):
        return result.to_dataset(name=result.name or RESULT)
    named = result if isinstance(result, Mapping) else {RESULT: result}
    return xr.Dataset({str(name): _variable(str(name), value) for name, value in named.items()})


def _variable(name: str, value: Any) -> Any:
    if isinstance(value, xr.DataArray):
        return value
    try:
        array = np.asarray(value)
    except ValueError as error:  # lists of different lengths
        raise DataError(WHERE, "returned what is no array", name, str(error)) from error
    if array.dtype.kind not in "biufcUMm":
        hint = "return numbers, texts, arrays, a dict of them, a DataArray or a Dataset"
        raise DataError(WHERE, f"returned {type(value).__name__}, which cannot be stored", name, hint)
    return [f"{name}_{k}" for k in range(array.ndim)], array


def _attributes(attrs: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): _attribute(value) for name, value in attrs.items()}


def _attribute(value: object) -> Any:
    """An attribute as netCDF can hold it: an unusual one must not cost a result that took hours."""
    if isinstance(value, str | int | float | np.number) and not isinstance(value, bool):
        return value
    if isinstance(value, np.ndarray | list | tuple) and len(value) and np.asarray(value).dtype.kind in "iuf":
        return np.asarray(value)
    return str(value)
