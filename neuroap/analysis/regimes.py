"""Dynamical regimes: stable, periodic or marginal, chaotic, or not told by the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from neuroap.analysis.trajectories import labelled
from neuroap.errors import SettingError

REGIMES = ("stable", "periodic or marginal", "chaotic", "diverged", "undecided")
STABLE, PERIODIC, CHAOTIC, DIVERGED, UNDECIDED = REGIMES
SURE = 3.0  # standard errors that an exponent must be away from 0


def classify(
    exponent: Any, standard_error: Any, period: Any, marginal: float = 2e-3, diverged: Any = False
) -> xr.DataArray:
    r"""Regime of an area from its maximum Lyapunov exponent, with its uncertainty, and its period.

    With the threshold m and the standard error SE, the exponent :math:`\lambda` is *positive* or *negative* where
    :math:`|\lambda| > \max(m, 3 SE)`, *zero* where :math:`|\lambda| \le m` and :math:`SE \le m`, and else unknown.

    ======== ==================== ====================== =========================
    exponent fixed point (1)      period 2 or more       no period (NaN)
    ======== ==================== ====================== =========================
    negative stable               periodic or marginal   undecided (still settles)
    zero     periodic or marginal periodic or marginal   periodic or marginal
    positive undecided (unstable) undecided (unstable)   chaotic
    unknown  undecided            undecided              undecided
    ======== ==================== ====================== =========================

    A state that grows without bound is *diverged*, whatever else is known of it: its exponent, positive or no longer
    to be computed, says nothing about chaos, which happens on an attractor.

    A cycle of a map has a negative exponent, a torus has 0; so has the limit cycle of a flow. A state that rests on
    an unstable fixed point, as one that starts exactly there, does not show what the area does: it is undecided.
    The spectral radius has no part in this: areas with a radius above 1 are often periodic, and driven ones stable.

    Parameters
    ----------
    exponent : float or DataArray
        Maximum Lyapunov exponent, in 1/step or 1/tau; -inf where perturbations vanish in finitely many steps.
    standard_error : float or DataArray
        Of the exponent, in its units. Where it is NaN the regime is undecided.
    period : float or DataArray
        In steps, as `neuroap.analysis.period` finds it: 1 for a fixed point, NaN where there is none.
    marginal : float
        Exponents up to this size count as 0, in units of the exponent. The default suits exponents per step from
        some 1,000 steps.
    diverged : bool or DataArray
        Whether the state grows without bound, as `max_lyapunov` tells of each initial condition.

    Returns
    -------
    DataArray of str, with the dimensions of all four
        One of `REGIMES`.

    Raises
    ------
    SettingError
        If `marginal` is not positive, or a standard error is negative.
    """
    if not marginal > 0:
        raise SettingError("classify.marginal", "must be positive", marginal)
    if bool((xr.DataArray(standard_error) < 0).any()):
        raise SettingError("classify.standard_error", "must not be negative")
    found = xr.apply_ufunc(_regimes, exponent, standard_error, period, diverged, kwargs={"marginal": marginal})
    attrs = {"marginal": marginal, "comment": f"an exponent counts as 0 up to {marginal:g}"}
    return labelled(found, "regime", "dynamical regime").assign_attrs(attrs)


def _regimes(exponent: Any, standard_error: Any, period: Any, diverged: Any, marginal: float) -> Any:
    exponent, period = np.asarray(exponent, float), np.asarray(period, float)
    error = np.where(exponent == -np.inf, 0, standard_error)
    size = np.abs(exponent)
    sure = (size > SURE * error) & (size > marginal)
    zero = (size <= marginal) & (error <= marginal)
    rules = {
        DIVERGED: np.asarray(diverged, bool),
        STABLE: sure & (exponent < 0) & (period == 1),
        PERIODIC: zero | (sure & (exponent < 0) & (period > 1)),
        CHAOTIC: sure & (exponent > 0) & np.isnan(period) & np.isfinite(exponent),
    }
    return np.select(list(rules.values()), list(rules), UNDECIDED)
