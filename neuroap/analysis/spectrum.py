"""The spectrum of Lyapunov exponents, and what follows from it: dimension and entropy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from neuroap.analysis.growth import errors, flushed, labelled, rates, reasons, settings
from neuroap.analysis.maps import Advance, Floats, Map, directions, scales, starts, whole
from neuroap.errors import DataError, SettingError


def lyapunov_spectrum(
    system: Map,
    k: int | None = None,
    initial: ArrayLike | int | None = None,
    steps: int = 1000,
    transient: int = 500,
    every: int = 1,
    seed: int = 0,
) -> xr.Dataset:
    r"""The k largest Lyapunov exponents of a map, from the growth of volumes.

    .. math:: DF(x_t)\, Q_t = Q_{t+1} R_{t+1}, \qquad \lambda_i = \frac1T \sum_{t \le T} \ln \lvert (R_t)_{ii} \rvert

    (Eckmann and Ruelle 1985, https://doi.org/10.1103/RevModPhys.57.617). The sum of all exponents is the mean
    of ln \|det DF\| exactly, for every number of steps.

    Parameters
    ----------
    system : Map
    k : int, optional
        How many exponents; all N by default.
    initial : int or array, shape (B, N), optional
        Initial states, or how many to draw uniformly from [-1, 1]. None: 1, or one for each stimulus.
    steps, transient : int
        Steps that count, and steps of states and vectors before them; multiples of `every`.
    every : int
        Steps from one QR decomposition to the next. Vectors must not become parallel between them:
        exp(every (lambda_1 - lambda_k)) below 1e8.
    seed : int
        Of initial states and vectors.

    Returns
    -------
    Dataset
        Along `index` (1 to k, descending): ``spectrum`` in nats per step, ``spectrum_se`` and its parts as in
        `max_lyapunov`, ``exponent(initial, index)``; ``reason(initial)``; ``kaplan_yorke`` with
        ``kaplan_yorke_at_least``, and ``entropy``. Exponents within three standard errors of 0 count as 0 for the
        dimension.

    Raises
    ------
    SettingError, DataError
        For settings out of range, and arrays of a wrong shape.
    """
    k = _number_of_exponents(system, k)
    _check_times(steps, transient, every)
    x = starts(system, initial, seed)
    advance = system.advance(scales(x))
    q = directions(x, k, seed)
    x, q, _ = _follow(advance, x, _orthonormal(q)[1], transient // every, every)
    x, q, growth = _follow(advance, x, q, steps // every, every)
    attrs = settings(system, initial, steps=steps, transient=transient, every=every, seed=seed, size=system.size)
    return _arranged(growth, x, system.size).assign_attrs(attrs)


class Dimension(NamedTuple):
    """Kaplan-Yorke dimension: NaN where too few exponents are known, and then a lower bound."""

    value: float
    at_least: float


def kaplan_yorke(exponents: ArrayLike, size: int | None = None, zero: ArrayLike = 0.0) -> Dimension:
    r"""Dimension of an attractor by the conjecture of Kaplan and Yorke.

    .. math:: D = j + \frac{\lambda_1 + \dots + \lambda_j}{\lvert \lambda_{j+1} \rvert}

    j is the largest number of exponents with a sum that is not negative (Kaplan and Yorke 1979,
    https://doi.org/10.1007/BFb0064319). 0 if all are negative, N if no sum is.

    Parameters
    ----------
    exponents : array, shape (k,)
        The largest, in descending order.
    size : int, optional
        N; k by default.
    zero : float or array, shape (k,)
        Exponents that are not farther from 0 count as 0, so that a limit cycle of a flow has the dimension 1.

    Returns
    -------
    Dimension
        ``value`` and ``at_least``. With k < N and a sum of all k that is not negative, the value is NaN and
        at least k.

    Examples
    --------
    >>> kaplan_yorke([0.4192, -1.6232]).value.__round__(3)  # the attractor of Henon
    1.258
    >>> kaplan_yorke([0.4, 0.1, -0.2], size=100)
    Dimension(value=nan, at_least=3.0)
    """
    values = _descending("kaplan_yorke.exponents", exponents, size)
    values = np.where(np.abs(values) <= zero, 0, values)
    if np.isnan(values).any():
        return Dimension(np.nan, 0.0)
    sums = np.cumsum(values)
    j = int((sums >= 0).sum())
    if j == len(values):
        return Dimension(float(j) if size in (None, j) else np.nan, float(j))
    dimension = float(j + (sums[j - 1] / abs(values[j]) if j else 0))
    return Dimension(dimension, dimension)


def entropy_bound(exponents: ArrayLike, size: int | None = None) -> float:
    r"""Estimate of the Kolmogorov-Sinai entropy: the sum of positive exponents, in their units.

    .. math:: h \le \sum_{\lambda_i > 0} \lambda_i

    An upper bound (Ruelle), which is reached for smooth measures (Pesin); see Eckmann and Ruelle 1985,
    https://doi.org/10.1103/RevModPhys.57.617.

    Parameters
    ----------
    exponents : array, shape (k,)
        The largest, in descending order.
    size : int, optional
        N; k by default.

    Returns
    -------
    float
        NaN if all k < N exponents are positive, for there may be more of them.
    """
    values = _descending("entropy_bound.exponents", exponents, size)
    if size not in (None, len(values)) and values[-1] > 0:
        return np.nan
    return float(values.clip(0).sum())


def _number_of_exponents(system: Map, k: int | None) -> int:
    k = system.size if k is None else whole("lyapunov_spectrum.k", k, least=1)
    if k > system.size:
        raise SettingError("lyapunov_spectrum.k", f"must not exceed the size {system.size} of the map", k)
    return k


def _check_times(steps: int, transient: int, every: int) -> None:
    whole("lyapunov_spectrum.every", every, least=1)
    for name, value, least in (("steps", steps, 1), ("transient", transient, 0)):
        if whole(f"lyapunov_spectrum.{name}", value, least) % every:
            raise SettingError(f"lyapunov_spectrum.{name}", f"must be a multiple of every = {every}", value)


def _follow(advance: Advance, x: Floats, q: Floats, blocks: int, every: int) -> tuple[Floats, Floats, Floats]:
    """States, orthonormal vectors and their growth per step, (blocks, B, k), over blocks of steps."""
    growth = np.empty((blocks, *q.shape[:2]))
    with np.errstate(all="ignore"):  # what is not finite is found in the result
        for block in range(blocks):
            for _ in range(every):
                x, q = advance(x, q)
                x = flushed(x)
            growth[block], q = _orthonormal(q)
        return x, q, np.log(growth) / every


def _orthonormal(vectors: Floats) -> tuple[Floats, Floats]:
    """Lengths |R_ii|, shape (B, k), and orthonormal rows, (B, k, N), that span what the first rows span."""
    q, r = np.linalg.qr(vectors.swapaxes(1, 2))
    return np.abs(np.diagonal(r, axis1=1, axis2=2)), np.ascontiguousarray(q.swapaxes(1, 2))


def _arranged(growth: Floats, x: Floats, size: int) -> xr.Dataset:
    exponents = rates(growth, x)
    mean = exponents.mean(0)
    order = np.argsort(-mean, kind="stable")  # neighbours change places in a finite time
    spectrum, se = mean[order], {name: e[order] for name, e in errors(growth, exponents).items()}
    dimension = kaplan_yorke(spectrum, size, zero=3 * np.nan_to_num(se["se"]))
    parts = {f"spectrum_{k}": ("index", e, labelled(f"{k} of the exponents, as of the mle")) for k, e in se.items()}
    return xr.Dataset(
        {
            "spectrum": ("index", spectrum, labelled("Lyapunov exponents, mean over initial conditions")),
            **parts,
            "exponent": (("initial", "index"), exponents[:, order], labelled("from each initial condition")),
            "reason": ("initial", reasons(exponents), labelled("why an exponent is not finite", "1")),
            "kaplan_yorke": ((), dimension.value, labelled("Kaplan-Yorke dimension", "1")),
            "kaplan_yorke_at_least": ((), dimension.at_least, labelled("lower bound of the dimension", "1")),
            "entropy": ((), entropy_bound(spectrum, size), labelled("upper bound of the Kolmogorov-Sinai entropy")),
        },
        {"index": ("index", np.arange(1, len(spectrum) + 1), {"long_name": "number of the exponent"})},
    )


def _descending(where: str, exponents: ArrayLike, size: int | None) -> Floats:
    values = np.asarray(exponents, float)
    if values.ndim != 1 or not len(values) or (size is not None and len(values) > size):
        raise DataError(where, "must be one row of numbers, at most as many as the map has variables", values.shape)
    if (values[1:] > values[:-1]).any():
        raise DataError(where, "must be in descending order", hint="sort them: numpy.sort(exponents)[::-1]")
    return values
