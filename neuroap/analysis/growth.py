"""Growth of perturbations along trajectories, step by step, and what its mean and its errors are."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from neuroap.analysis.maps import Advance, Floats, Map, norms

SMALLEST = 1e-150  # states below are 0: processors are slow with denormal numbers
BLOCKS = 20  # of time, for standard errors by batch means
DIVERGED = "the state is no longer finite"
VANISHED = "the perturbation vanished"


def follow(advance: Advance, x: Floats, p: Floats, steps: int) -> tuple[Floats, Floats, Floats]:
    r"""Move states and unit vectors on, and scale the vectors back to norm 1 in every step.

    .. math:: g_t = \ln \lVert DF(x_t)\, p_t \rVert, \qquad p_{t+1} = DF(x_t)\, p_t\, e^{-g_t}

    Parameters
    ----------
    advance : callable
        As `Map.advance` gives it.
    x : array, shape (B, N)
    p : array, shape (B, K, N)
        Written over.
    steps : int

    Returns
    -------
    x, p : arrays
        After the last step.
    growth : array, shape (steps, B, K)
        g; -inf from the step on in which a vector vanished.
    """
    growth = np.empty((steps, *p.shape[:2]))
    with np.errstate(all="ignore"):  # what is not finite is found in the result
        for t in range(steps):
            x, p = advance(x, p)
            x = flushed(x)
            growth[t], p = rescaled(p)
        return x, p, np.log(growth, out=growth)


def rescaled(p: Floats) -> tuple[Floats, Floats]:
    """Norms of vectors, and the vectors divided by them in place; those that are 0 remain so."""
    norm = norms(p)
    p *= (1 / np.where(norm > 0, norm, 1))[..., None]
    return norm, p


def flushed(x: Floats) -> Floats:
    """States with 0 for what is too small to matter."""
    tiny = np.abs(x) < SMALLEST
    return np.where(tiny, 0, x) if tiny.any() else x


def rates(growth: Floats, x: Floats) -> Floats:
    """Mean growth over time: NaN for trajectories that diverged, -inf where a perturbation vanished.

    Parameters
    ----------
    growth : array, shape (steps, B, ...)
    x : array, shape (B, N)
        The last states.

    Returns
    -------
    array, shape (B, ...)
    """
    with np.errstate(invalid="ignore"):
        mean = growth.mean(0)
    finite = np.isfinite(x).all(1).reshape(-1, *[1] * (mean.ndim - 1))
    return np.where(finite & (mean < np.inf), mean, np.nan)


def reasons(exponents: Floats) -> np.ndarray:
    """Say of each trajectory why its exponents, shape (B, ...), are not finite; "" where they are."""
    each = exponents.reshape(len(exponents), -1)
    words = np.where(np.isneginf(each).any(1), VANISHED, "")
    return np.where(np.isnan(each).any(1), DIVERGED, words).astype(object)


def log_norms(x: Floats) -> Floats:
    """Logarithm of the norms of states, shape (B, N) -> (B,): -inf at rest."""
    largest = np.abs(x).max(1)  # squares of large states would overflow
    unit = np.where(largest > 0, largest, 1)
    with np.errstate(all="ignore"):
        return np.asarray(np.log(unit) + np.log(norms(x / unit[:, None])))


def unbounded(sizes: Floats, exponents: Floats, steps: int) -> np.ndarray:
    r"""Whether states grow without bound, or did so until they overflowed.

    In both halves of the time the norm of the state grows by more than half of what a perturbation grows by, and by
    more than a factor e: on an attractor, even a strange one, the norm comes back.

    Parameters
    ----------
    sizes : array, shape (3, B)
        Logarithm of the norms of the states at first, after ``steps // 2`` steps, and at last.
    exponents : array, shape (B,)
        NaN where the last state is not finite.
    steps : int

    Returns
    -------
    array of bool, shape (B,)
    """
    halves = np.array([[steps // 2], [steps - steps // 2]])
    with np.errstate(invalid="ignore"):
        grown = np.diff(sizes, axis=0)
        return np.isnan(exponents) | (grown > np.maximum(halves * exponents / 2, 1)).all(0)


def errors(growth: Floats, exponents: Floats) -> dict[str, Floats]:
    r"""Standard errors of the mean exponent, from trajectories and from time.

    Parameters
    ----------
    growth : array, shape (steps, B, ...)
    exponents : array, shape (B, ...)
        Its means over time.

    Returns
    -------
    dict of str to array, shape (...)
        ``se_initial``: sd over trajectories / sqrt(B), NaN for one. ``se_time``: by the means of 20 blocks of
        time, NaN below 40 steps. ``drift``: second half against the whole, the only sign of an error when growth
        is the same in every step; NaN for one step. ``se``: the largest of them. All are NaN without exponent.
    """
    with np.errstate(invalid="ignore"):
        over_time = growth.mean(1)
        steps = len(over_time)
        found = {
            "se_initial": _standard_error(exponents),
            "se_time": _standard_error(_block_means(over_time)),
            "drift": np.abs(over_time[steps // 2 :].mean(0) - over_time.mean(0)) + (0 if steps > 1 else np.nan),
        }
        found = {"se": np.fmax.reduce(list(found.values())), **found}
        return {name: np.where(np.isnan(exponents.mean(0)), np.nan, e) for name, e in found.items()}


def _block_means(series: Floats) -> Floats:
    """Means of blocks of time; what does not fill a block is left out at the start."""
    length = len(series) // BLOCKS
    if length < 2:
        return series[:0]
    return np.asarray(series[-BLOCKS * length :].reshape(BLOCKS, length, *series.shape[1:]).mean(1))


def _standard_error(values: Floats) -> Floats:
    n = len(values)
    return np.asarray(values.std(0, ddof=1) / np.sqrt(n)) if n > 1 else np.full(values.shape[1:], np.nan)


def labelled(long_name: str, units: str = "1/step") -> dict[str, str]:
    """Attributes of a variable."""
    return {"long_name": long_name, "units": units}


def settings(system: Map, initial: Any, **more: Any) -> dict[str, Any]:
    """Attributes of a Dataset of exponents: how they were computed."""
    drawn = initial is None or isinstance(initial, int | np.integer)
    known = {
        "map": system.name,
        "method": system.method,
        "initial": "uniform in [-1, 1]" if drawn else "given",
        "logarithm": "natural",
        **more,
    }
    if system.steps_per_unit is not None:
        known |= {"steps_per_unit": float(system.steps_per_unit), "time_unit": system.time_unit}
    return known


def per_unit_of_time(result: xr.Dataset) -> xr.Dataset:
    """Turn exponents per step into exponents per unit of time, for example per tau.

    Parameters
    ----------
    result : Dataset
        Of a map with `steps_per_unit`; as it is, if the map has none.

    Returns
    -------
    Dataset
        Variables in 1/step times the steps of a unit of time; other variables as they were.
    """
    if "steps_per_unit" not in result.attrs:
        return result
    factor, unit = result.attrs["steps_per_unit"], f"1/{result.attrs['time_unit']}"
    scaled = {
        name: (variable * factor).assign_attrs(variable.attrs | {"units": unit})
        for name, variable in result.data_vars.items()
        if variable.attrs.get("units") == "1/step"
    }
    return result.assign(scaled)
