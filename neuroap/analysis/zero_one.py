"""The 0-1 test for chaos: is a translation driven by a time series bounded, or does it walk at random?"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.fft import fft, ifft, next_fast_len
from scipy.spatial import KDTree

from neuroap.analysis.trajectories import Array, is_constant, labelled, named
from neuroap.errors import DataError, SettingError
from neuroap.seeds import generator

FEWEST_STEPS = 100
DELAYS = 3  # values of the past that predict the next one


def zero_one_test(series: Any, angles: int = 100, seed: int = 0) -> xr.Dataset:
    r"""Growth rate K of the 0-1 test: near 1 for chaos, near 0 for regular dynamics.

    A normalised series of n values drives a translation in the plane, for an angle c,

    .. math:: s_k = \sum_{j \le k} \phi_j e^{i c j}, \qquad M(m) = \langle |s_{k+m} - s_k|^2 \rangle_k

    whose mean square displacement M is bounded for regular dynamics and grows in proportion to m for chaotic ones.
    K is the median over c of the correlation of M(m) with m, m = 1 ... n/10; c is drawn from (pi/5, 4 pi/5). Gottwald &
    Melbourne (2009), https://doi.org/10.1137/080718851

    Noise walks at random too and gets K = 1. Therefore the error of a forecast stands beside it: each value is
    predicted by the one that followed the most similar past of three values (Sugihara & May 1990,
    https://doi.org/10.1038/344734a0), and the error is given in units of that of white noise. K means chaos where this
    error is well below 1. Where it is near 1, the series is noise, or chaos of too many dimensions to tell.

    Of a flow that is sampled finely, take every k-th step, about four to each cycle: K of neighbours in time that
    are nearly equal is near 0 even for chaos.

    Parameters
    ----------
    series : DataArray or array, shape (..., step)
        After the transient, at least 100 steps (better 1,000). A dimension ``neuron`` counts as series of their own.
    angles : int
        How many angles c to draw.
    seed : int
        Seeds the angles.

    Returns
    -------
    Dataset
        ``K(...)``, ``K_sd(...)``, the standard deviation over angles, and ``forecast_error(...)``. A series that is
        constant, to 1e-9 of its largest value, has K = 0 and no forecast error (NaN); a series with missing values
        has NaN.

    Raises
    ------
    DataError
        For fewer than 100 steps.
    SettingError
        If `angles` is no positive integer.
    """
    if not isinstance(angles, int | np.integer) or angles < 1:
        raise SettingError("zero_one_test.angles", "must be a positive integer", angles)
    data = named("zero_one_test", series, ("step",)).astype(float)
    if data.sizes["step"] < FEWEST_STEPS:
        raise DataError("zero_one_test", f"must hold at least {FEWEST_STEPS} steps", data.sizes["step"])
    c = generator(seed, "0-1 test").uniform(np.pi / 5, 4 * np.pi / 5, angles)
    K, sd, error = xr.apply_ufunc(
        lambda x: _measures(x, c), data, input_core_dims=[["step"]], output_core_dims=[[], [], []], vectorize=True
    )
    return xr.Dataset(
        {
            "K": labelled(K, "K", "growth rate of the 0-1 test for chaos"),
            "K_sd": labelled(sd, "K_sd", "standard deviation of the growth rate over angles"),
            "forecast_error": labelled(error, "forecast_error", "error of a forecast, in units of that of white noise"),
        },
        attrs={"angles": angles, "seed": seed},
    )


def _measures(x: Array, c: Array) -> tuple[float, float, float]:
    if not np.isfinite(x).all():
        return np.nan, np.nan, np.nan
    if is_constant(x[:, None]):
        return 0.0, 0.0, np.nan
    x = x / np.abs(x).max()  # squares of small numbers would vanish
    x = (x - x.mean()) / x.std()
    K = _growth_rates(x, c)
    return float(np.median(K)), float(K.std()), _forecast_error(x)


def _growth_rates(x: Array, c: Array) -> Array:
    """Correlation of M(m) with m for each angle, shape (angles,). The oscillating part of M vanishes: x has mean 0."""
    farthest = len(x) // 10
    m = np.arange(1, farthest + 1)
    M = _displacement(np.cumsum(x * np.exp(1j * np.outer(c, np.arange(1, len(x) + 1))), axis=1), farthest)
    m_, M_ = m - m.mean(), M - M.mean(1, keepdims=True)
    return np.asarray(M_ @ m_ / np.sqrt((m_ @ m_) * (M_**2).sum(1)))


def _displacement(s: NDArray[np.complex128], farthest: int) -> Array:
    """Mean of |s(k+m) - s(k)|^2 over k = 1 ... n - farthest; shapes (angles, n) -> (angles, m)."""
    head = s[:, :-farthest]
    width = head.shape[1]
    squares = np.cumsum(np.abs(s) ** 2, axis=1)
    later = squares[:, width:] - squares[:, :farthest]  # windows that begin m steps later
    size = next_fast_len(s.shape[1] + width)
    products = ifft(fft(s, size) * fft(head, size).conj())[:, 1 : farthest + 1].real
    return np.asarray((later + squares[:, width - 1 : width] - 2 * products) / width)


def _forecast_error(x: Array) -> float:
    """Root mean square error of the nearest neighbour's forecast, for x of variance 1; white noise has sqrt(2)."""
    past = np.lib.stride_tricks.sliding_window_view(x[:-1], DELAYS)
    nearest = KDTree(past).query(past, k=2)[1]
    # Of exact repetitions, either of the two may be the point itself.
    other = np.where(nearest[:, 0] == np.arange(len(past)), nearest[:, 1], nearest[:, 0])
    following = x[DELAYS:]
    return float(np.sqrt(np.mean((following - following[other]) ** 2) / 2))
