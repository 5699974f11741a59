"""Periods by recurrence, and power spectra of trajectories."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from scipy.signal import periodogram
from scipy.special import entr

from neuroap.analysis.trajectories import (
    CORE,
    ROUNDING,
    Array,
    as_trajectories,
    labelled,
    recorded,
    rms,
    units,
)
from neuroap.errors import DataError, SettingError

LONGEST = 256
FEWEST_STEPS = 4  # of a spectrum


def recurrence(trajectories: Any, longest: int = LONGEST) -> xr.DataArray:
    r"""How closely states return after p steps.

    .. math:: rec(p) = \max_{T-P < t \le T} \sqrt{\tfrac{1}{N} \sum_i (r_i(t) - r_i(t-p))^2}, \quad p = 1 \ldots P

    Parameters
    ----------
    trajectories : Dataset, DataArray or array, shape (..., step, neuron)
        After the transient.
    longest : int
        The longest lag P; half of the steps recorded where they are fewer than 2 P.

    Returns
    -------
    DataArray, dimensions (..., lag)
        NaN for lags longer than half of the steps recorded.

    Raises
    ------
    DataError
        If `trajectories` has no step or neuron.
    SettingError
        If `longest` is no positive integer.
    """
    _check("recurrence", longest)
    data = as_trajectories("recurrence", trajectories)

    def returns(X: Array) -> Array:
        X = recorded(X)
        lags = _lags(X, longest)
        return np.array([_recurrence(X, p, lags) if p <= lags else np.nan for p in range(1, longest + 1)])

    found = _each(returns, data, ["lag"])
    lag = ("lag", np.arange(1, longest + 1), {"long_name": "lag", "units": units(data)})
    return labelled(
        found, "recurrence", "largest root mean square distance from the state p steps before"
    ).assign_coords(lag=lag)


def period(trajectories: Any, tolerance: float = 1e-6, longest: int = LONGEST) -> xr.DataArray:
    r"""Period by recurrence: the smallest p after which states return, again and again.

    The period is the smallest p with :math:`rec(p) < tolerance` (see `recurrence`) for which also the last state
    is as near to those of all multiples of p steps before. The second condition tells a fixed point (period 1)
    from a slow drift.

    Parameters
    ----------
    trajectories : Dataset, DataArray or array, shape (..., step, neuron)
        After the transient: a state that still decays has no period yet.
    tolerance : float
        Root mean square over neurons, in units of the states. Quasi-periodic orbits come close to earlier
        states by and by: a tolerance of 0.01 would call them periodic.
    longest : int
        The longest period to look for; half of the steps recorded where they are fewer than twice as many.

    Returns
    -------
    DataArray, dimensions (...)
        1 for a fixed point; NaN where no period was found.

    Raises
    ------
    DataError
        If `trajectories` has no step or neuron.
    SettingError
        If `longest` is no positive integer, or `tolerance` is not positive.
    """
    _check("period", longest)
    if not tolerance > 0:
        raise SettingError("period.tolerance", "must be positive", tolerance)
    data = as_trajectories("period", trajectories)
    found = _each(lambda X: _period(recorded(X), tolerance, longest), data, [])
    return labelled(found, "period", "period", units(data))


def power_spectrum(trajectories: Any) -> xr.Dataset:
    r"""Power spectrum of the deviations from the mean over time, averaged over neurons.

    .. math:: S(f) = \frac{2}{N \sum_t w_t^2} \sum_i \left| \sum_t w_t (r_i(t) - \bar r_i) e^{-2 \pi i f t} \right|^2

    with the Hann window w and f up to half a cycle per step (where S is half of this). The sum of S times the frequency
    step is the mean variance of the neurons. A spectrum does not tell chaos from noise: both are broad.

    Parameters
    ----------
    trajectories : Dataset, DataArray or array, shape (..., step, neuron)
        After the transient.

    Returns
    -------
    Dataset
        ``power(..., frequency)``; ``peak_frequency``; ``spectral_entropy``, that of the normalised spectrum as part
        of the largest one possible: near 0 for a sine, near 1 for noise. Peak and entropy are NaN where the
        states are constant, to 1e-9 of the largest, all three where a step is missing.

    Raises
    ------
    DataError
        If `trajectories` has no neuron or fewer than four steps.
    """
    data = as_trajectories("power_spectrum", trajectories)
    if data.sizes["step"] < FEWEST_STEPS:
        raise DataError("power_spectrum", f"must hold at least {FEWEST_STEPS} steps", data.sizes["step"])
    power = _power(data)
    size = abs(data).max(CORE)
    varies = power.sum("frequency") / data.sizes["step"] > (ROUNDING * size) ** 2
    share = power / power.sum("frequency")
    entropy = xr.apply_ufunc(entr, share).sum("frequency", skipna=False) / np.log(power.sizes["frequency"])
    peak = power.fillna(0).idxmax("frequency")
    step = units(data)
    frequency = power["frequency"].assign_attrs({"long_name": "frequency", "units": f"1/{step}"})
    return xr.Dataset(
        {
            "power": labelled(power, "power", "power spectral density, mean over neurons", step),
            "peak_frequency": labelled(peak.where(varies), "", "frequency of the largest power", f"1/{step}"),
            "spectral_entropy": labelled(entropy.where(varies), "", "normalised entropy of the power spectrum"),
        }
    ).assign_coords(frequency=frequency)


def _power(data: xr.DataArray) -> xr.DataArray:
    """Power spectral density, dimensions (..., frequency), without the frequency 0."""
    frequency, density = periodogram(data.values, window="hann", detrend="constant", axis=-2)
    coords = {name: c for name, c in data.coords.items() if "step" not in c.dims}
    by_neuron = xr.DataArray(density, coords, [*data.dims[:-2], "frequency", "neuron"])
    return by_neuron.mean("neuron").assign_coords(frequency=frequency).isel(frequency=slice(1, None))


def _each(measure: Any, data: xr.DataArray, out: list[str]) -> xr.DataArray:
    """Apply `measure` to each trajectory, shape (step, neuron)."""
    found: xr.DataArray = xr.apply_ufunc(
        measure, data, input_core_dims=[list(CORE)], output_core_dims=[out], vectorize=True
    )
    return found


def _lags(X: Array, longest: int) -> int:
    """The longest lag for which as many steps again are left to compare."""
    return min(longest, len(X) // 2)


def _recurrence(X: Array, p: int, window: int) -> float:
    return float(rms(X[-window:] - X[-window - p : -p]).max())


def _period(X: Array, tolerance: float, longest: int) -> float:
    lags = _lags(X, longest)
    if not lags:
        return np.nan
    near = rms(X[-2 : -2 - lags : -1] - X[-1]) < tolerance  # of the last state, after 1, 2, ... steps
    for p in (np.flatnonzero(near) + 1).tolist():
        if near[p - 1 :: p].all() and _recurrence(X, p, lags) < tolerance:
            return float(p)
    return np.nan


def _check(where: str, longest: int) -> None:
    if not isinstance(longest, int | np.integer) or longest < 1:
        raise SettingError(f"{where}.longest", "must be a positive integer", longest)
