"""One Dataset from the points of a sweep."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroap.errors import DataError
from neuroap.sweeps.grid import Grid

Place = tuple[int, ...]
ERROR, POINT_SEED = "error", "point_seed"  # names that the Dataset needs beside those of the grid
LONG_NAMES = {
    "balance": "inhibition as a multiple of excitation",
    "batch_size": "trials per update",
    "beta": "strength of the error drive",
    "bulk_radius": "radius of the bulk of recurrent weights",
    "drive": "strength of the constant drive",
    "epochs": "passes over the training trials",
    "excitatory": "fraction of excitatory cells",
    "learning_rate": "learning rate",
    "learning_rate_decay": "factor of the learning rate from epoch to epoch",
    "noise": "standard deviation of the pixel noise",
    "recurrent_plasticity": "learning rate of recurrent weights relative to the others",
    "seed": "seed",
    "spectral_radius": "spectral radius of the recurrent weights",
}


def assembled(grid: Grid, results: Mapping[Place, xr.Dataset], errors: Mapping[Place, str]) -> xr.Dataset:
    """Put the results of single points together.

    Parameters
    ----------
    grid : Grid
    results : mapping of places to Dataset
        A place is the position along each dimension of the grid; those that failed are left out.
    errors : mapping of places to str
        What went wrong at a place; those that went well are left out.

    Returns
    -------
    Dataset
        Every variable with the dimensions of the grid before its own; NaN (numbers and truth values), NaT (times) or ""
        (texts) where a point failed, or has fewer entries along a dimension than others. ``error`` holds a text for
        each point. Attributes, its own and those of variables, are the ones that all points share.

    Raises
    ------
    DataError
        If a variable has different dimensions at different points.
    """
    indexes = _indexes(results.values())
    dataset = xr.Dataset(coords=grid.coords, attrs=_common(result.attrs for result in results.values()))
    for name in dict.fromkeys(str(n) for r in results.values() for n in r.variables):
        parts = {place: r.variables[name] for place, r in results.items() if name in r.variables}
        first = next(iter(parts.values()))
        attrs = _common(part.attrs for part in parts.values())
        coordinate = any(name in r.coords for r in results.values())
        if name in indexes:
            dataset.coords[name] = (name, _labels(indexes[name], first.dtype), attrs)
        elif coordinate and _shared(parts.values(), indexes):
            dataset.coords[name] = (first.dims, first.values, attrs)
        else:
            _check_dimensions(name, parts)
            values = _filled(grid.shape, parts, results, indexes)
            dataset[name] = ((*grid.coords, *first.dims), values, attrs)
            dataset = dataset.set_coords(name) if coordinate else dataset
    return _finished(dataset, grid, errors)


def _common(attributes: Iterable[Mapping[Any, Any]]) -> dict[Any, Any]:
    """The attributes that are there, with the same value, at all points."""
    first, *others = list(attributes) or [{}]
    return {name: value for name, value in first.items() if all(_has(other, name, value) for other in others)}


def _has(attributes: Mapping[Any, Any], name: str, value: object) -> bool:
    if name not in attributes:
        return False
    other = attributes[name]
    # xarray knows how to compare arrays and NaN, but is slow for thousands of points.
    plain = isinstance(value, str | int | float) and isinstance(other, str | int | float) and value == other
    return plain or xr.Dataset(attrs={name: value}).identical(xr.Dataset(attrs={name: other}))


def _indexes(results: Iterable[xr.Dataset]) -> dict[str, Any]:
    """All labels along each dimension of the results (of pandas), in order where their order differs."""
    found: dict[str, Any] = {}
    for result in results:
        for dim in map(str, result.dims):
            index = result.get_index(dim)
            same = dim not in found or found[dim].equals(index)
            found[dim] = index if same else found[dim].union(index)
    return found


def _labels(index: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.asarray(index).astype(str if dtype.kind in "OUT" else dtype)


def _shared(parts: Iterable[xr.Variable], indexes: Mapping[str, Any]) -> bool:
    """Whether a coordinate is the same at all points, so that it needs no dimension of the grid."""
    first, *others = parts
    whole = all(size == len(indexes[str(dim)]) for dim, size in first.sizes.items())
    return whole and all(first.equals(other) for other in others)


def _check_dimensions(name: str, parts: Mapping[Place, xr.Variable]) -> None:
    dims = {part.dims for part in parts.values()}
    if len(dims) > 1:
        hint = "let the function return the same dimensions everywhere, and give the sweep a new folder"
        raise DataError("sweep", f"{name!r} has different dimensions at different points", sorted(dims), hint)


def _filled(
    shape: Place, parts: Mapping[Place, xr.Variable], results: Mapping[Place, xr.Dataset], indexes: Mapping[str, Any]
) -> NDArray[Any]:
    """The values of a variable at all points, shape (*grid, *own)."""
    dims = [str(dim) for dim in next(iter(parts.values())).dims]
    shape += tuple(len(indexes[dim]) for dim in dims)
    whole = sum(part.size for part in parts.values()) == math.prod(shape)
    values = _empty(shape, [part.dtype for part in parts.values()], whole)
    for place, part in parts.items():
        own = (_positions(dim, indexes[dim], results[place].get_index(dim)) for dim in dims)
        values[np.ix_(*([k] for k in place), *own)] = part.values
    return values.astype(str) if values.dtype.kind == "O" else values


def _positions(dim: str, index: Any, own: Any) -> NDArray[np.integer]:
    """Where the labels of one point stand among all."""
    if own.equals(index):
        return np.arange(len(index))
    if not index.is_unique:
        raise DataError("sweep", f"labels along {dim!r} repeat, and differ between points", hint="make them unique")
    positions: NDArray[np.integer] = index.get_indexer(own)
    return positions


def _empty(shape: Place, dtypes: list[np.dtype[Any]], whole: bool) -> NDArray[Any]:
    """An array for values of these types, filled with what stands for a missing one."""
    if any(dtype.kind in "OUT" for dtype in dtypes):
        return np.full(shape, "", dtype=object)
    dtype = np.result_type(*dtypes)
    if dtype.kind in "biu":
        return np.zeros(shape, dtype) if whole else np.full(shape, np.nan)
    return np.full(shape, "NaT" if dtype.kind in "mM" else np.nan, dtype)


def _finished(dataset: xr.Dataset, grid: Grid, errors: Mapping[Place, str]) -> xr.Dataset:
    """Add the errors, and say what the dimensions of the grid are."""
    texts = np.full(grid.shape, "", dtype=object)
    for place, text in errors.items():
        texts[place] = text
    dataset[ERROR] = (tuple(grid.coords), texts.astype(str), {"long_name": "what went wrong, if anything did"})
    if grid.seeds is not None:
        own = np.array([point.own_seed for point in grid.points()]).reshape(grid.shape)
        dataset.coords[POINT_SEED] = (tuple(grid.coords), own, {"long_name": "the seed that the function got"})
    for name in grid.coords:
        dataset[name].attrs["long_name"] = LONG_NAMES.get(name, name.replace("_", " "))
    return dataset
