"""The conditions of a fit, one after the other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import xarray as xr


def conditions(fit: xr.Dataset, keep: str = "") -> Iterator[tuple[dict[str, Any], xr.Dataset]]:
    """Give each condition of a fit: its values by name, and its part of the Dataset.

    Parameters
    ----------
    fit : Dataset
        As `fit_psychometric` returns it.
    keep : str, optional
        A condition that stays a dimension.
    """
    rest = fit.drop_dims(["first", "second"], errors="ignore")
    dims = [str(d) for d in fit["identifiable"].dims if d != keep]
    for key in itertools.product(*(fit[d].values.tolist() for d in dims)):
        chosen = dict(zip(dims, key, strict=True))
        yield chosen, rest.sel(chosen)


def short(value: object) -> str:
    """Write the value of a condition."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def with_units(variable: xr.DataArray, name: str = "") -> str:
    """Name a variable with its units, for example "orientation (deg)"."""
    name, units = name or str(variable.attrs.get("long_name", variable.name)), str(variable.attrs.get("units", "1"))
    return name if units == "1" else f"{name} ({units})"
