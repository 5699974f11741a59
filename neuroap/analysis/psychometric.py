"""Psychometric functions of models and of observers: PSE, JND, slope and lapse rate with credible intervals."""

from __future__ import annotations

import itertools
import numbers
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroap.analysis.conditions import short
from neuroap.analysis.counts import count, pooled
from neuroap.analysis.fitting import DRAWS, Fit, fit_counts
from neuroap.analysis.labels import labelled
from neuroap.analysis.trials import Trials, read_trials
from neuroap.errors import DataError, SettingError
from neuroap.seeds import generator

POINTS = 201  # of the curve
PARAMETERS = ("pse", "jnd", "slope", "lapse", "width")
COMPARED = ("pse", "jnd", "slope", "lapse")
BOUNDS = ["lower", "upper"]
SUFFIXES = ("", "_interval", "_difference", "_difference_interval")
OTHERS = {
    *("bound", "level", "x", "first", "second", "deviance", "deviance_p", "identifiable", "reason"),
    *("n_right", "n_trials", "curve", "curve_interval"),
}


def fit_psychometric(
    data: Any,
    by: str | Sequence[str] | None = None,
    credible: float = 0.95,
    choices: Sequence[Any] | None = None,
) -> xr.Dataset:
    r"""Fit a psychometric function to the trials of each condition.

    .. math:: P(x) = \gamma + (1 - \gamma - \lambda)\, \Phi\!\left(z \frac{x - m}{w}\right), \quad z = 3.29

    The kind of experiment follows from the data. Where choices are known, P is that of the positive one
    ("right") against the signed level: equal asymptotes, :math:`\gamma = \lambda`, and m is the PSE. Where
    only `correct` is known, of unsigned levels, P is the proportion correct of two alternatives:
    :math:`\gamma = 1/2`, and m, the level of 75%, is the JND.

    Estimates are posterior means of the parameters, and the slope is that of the function so estimated;
    intervals hold the central part of the posterior. What the data do not identify is NaN, with the reason.

    Parameters
    ----------
    data : Dataset, DataFrame, mapping of arrays, str or Path
        One row per trial: ``level`` or ``stimulus``, and ``choice`` or ``response`` (0 and 1, -1 and 1, left and
        right) or ``correct``. A path leads to a .csv or .nc file; commas, semicolons or tabs part its columns.
    by : str or sequence of str, optional
        Columns whose values tell conditions apart, for example ``"noise"``. A warning says where trials of several
        values of the column ``condition`` are fitted together.
    credible : float
        Mass of the intervals.
    choices : pair, optional
        How the table writes the choices, that for negative levels first: ``("ccw", "cw")``, ``(1, 2)``.

    Returns
    -------
    Dataset
        Dimensions: those of `by`; ``bound`` (lower, upper); ``level``; ``x`` (grid of the curve). Variables:
        ``pse, jnd, slope, lapse, width``, each with ``..._interval``; ``deviance`` and ``deviance_p``
        (posterior predictive: small where the function does not fit); ``identifiable`` and ``reason``;
        ``n_right`` and ``n_trials`` per level; ``curve`` with ``curve_interval``. With `by`,
        ``pse_difference`` and so on, first minus second condition, with intervals.

    Raises
    ------
    DataError
        For trials that cannot be read, and columns of `by` whose names the result uses.
    SettingError
        For `credible` outside (0, 1), and `by` and `choices` that are none.

    Notes
    -----
    Levels of a condition that has more than 60 are pooled: 60 groups of neighbours, each with as many trials and at
    its mean level. ``n_right`` and ``n_trials`` count them there.

    Limitation: asymptotes of choices are equal by assumption. Lapses to one side only, such as wrong answers to strong
    evidence for the right alone, therefore shift the PSE to that side (10% of them by a quarter to a third of the
    standard deviation). ``deviance_p`` is small then: look at the figure before a bias is reported.

    psignifit computes the posterior (Schütt, Harmeling, Macke and Wichmann 2016,
    https://doi.org/10.1016/j.visres.2016.02.002). Attributes of the result hold the priors.

    Examples
    --------
    >>> fit = fit_psychometric("observer.csv", by="noise")  # doctest: +SKIP
    >>> fit.jnd.sel(noise=2), fit.jnd_interval.sel(noise=2)  # doctest: +SKIP
    """
    if not isinstance(credible, numbers.Real) or not 0 < credible < 1:
        raise SettingError("fit_psychometric.credible", "must lie between 0 and 1", credible)
    names = _names(by)
    trials = read_trials(data, names, choices)
    for name in names:
        if _is_of_result(name):
            raise DataError("fit_psychometric.by", "the name is used by the result", name, "rename the column")
    groups = _groups(trials)
    pooling = any(map(trials.pool.several, groups.values()))
    if pooling:
        warnings.warn(f"fit_psychometric: conditions are pooled: {trials.pool.advice}", UserWarning, stacklevel=2)
    conditions = {name: np.unique(trials.conditions[name]) for name in names}
    tails = (1 - credible) / 2, (1 + credible) / 2
    fits, level, x = _fit_all(trials, groups, tails)
    result = _assembled(fits, conditions, level, x)
    if len(fits) > 1:
        result = result.assign(_differences(fits, conditions, tails))
    return labelled(result, trials, credible).assign_attrs({"pooled": trials.pool.advice} if pooling else {})


def _names(by: Any) -> list[str]:
    names: list[Any] = [by] if isinstance(by, str) else list(by or ()) if isinstance(by, Iterable | None) else [by]
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        rule = "must be the name of a column, or a sequence of different ones"
        raise SettingError("fit_psychometric.by", rule, by, 'for example by="noise"')
    return names


def _is_of_result(name: str) -> bool:
    """Whether a variable or a dimension of the result has this name."""
    of_parameters = {f"{p}{suffix}" for p in PARAMETERS for suffix in SUFFIXES}
    return name in of_parameters or name in OTHERS


def _groups(trials: Trials) -> dict[tuple[Any, ...], NDArray[np.bool_]]:
    """The rows of each condition, in the order of the product of conditions."""
    groups = {}
    for key in itertools.product(*map(np.unique, trials.conditions.values())):
        rows = np.ones(len(trials.level), bool)
        for values, value in zip(trials.conditions.values(), key, strict=True):
            rows &= values == value
        groups[key] = rows
    return groups


def _fit_all(
    trials: Trials, groups: Mapping[tuple[Any, ...], NDArray[np.bool_]], tails: tuple[float, float]
) -> tuple[list[Fit], NDArray[np.float64], NDArray[np.float64]]:
    """Fits of all groups, all levels, and the grid of the curves."""
    counts = [count(pooled(trials.level[rows]), trials.positive[rows]) for rows in groups.values()]
    level = np.unique(np.concatenate([each.level for each in counts]))
    x = np.linspace(level.min(), level.max(), POINTS)
    fits = []
    for key, each in zip(groups, counts, strict=True):
        rng = generator(0, "psychometric posterior", *map(short, key))
        fits.append(fit_counts(each, trials.kind, trials.words, x, tails, rng))
    return fits, level, x


def _assembled(
    fits: Sequence[Fit], conditions: Mapping[str, NDArray[Any]], level: NDArray[np.float64], x: NDArray[np.float64]
) -> xr.Dataset:
    """One Dataset of all fits, with the conditions as its first dimensions."""
    shape, dims = tuple(map(len, conditions.values())), tuple(conditions)
    result = xr.Dataset(coords={**conditions, "bound": BOUNDS, "level": level, "x": x})

    def put(name: str, values: Sequence[Any], *more: str, dtype: Any = float) -> None:
        array = np.array(values, dtype=dtype)
        result[name] = (dims + more, array.reshape(shape + array.shape[1:]))

    for name in PARAMETERS:
        put(name, [f.estimates.get(name, np.nan) for f in fits])
        put(f"{name}_interval", [f.intervals.get(name, (np.nan, np.nan)) for f in fits], "bound")
    for name in ("deviance", "deviance_p"):
        put(name, [f.estimates.get(name, np.nan) for f in fits])
    put("identifiable", [not f.reason for f in fits], dtype=np.int8)
    put("reason", [f.reason for f in fits], dtype=object)
    put("n_right", [_spread_out(f.counts.positive, f.counts.level, level) for f in fits], "level", dtype=np.int64)
    put("n_trials", [_spread_out(f.counts.trials, f.counts.level, level) for f in fits], "level", dtype=np.int64)
    nothing = np.full((2, len(x)), np.nan)
    put("curve", [nothing[0] if f.curve is None else f.curve for f in fits], "x")
    put("curve_interval", [nothing if f.band is None else f.band for f in fits], "bound", "x")
    return result


def _spread_out(counts: NDArray[np.int64], at: NDArray[np.float64], level: NDArray[np.float64]) -> NDArray[np.int64]:
    """Counts at all levels, 0 where there were no trials."""
    result = np.zeros(len(level), np.int64)
    result[np.searchsorted(level, at)] = counts
    return result


def _differences(
    fits: Sequence[Fit], conditions: Mapping[str, NDArray[Any]], tails: tuple[float, float]
) -> dict[str, xr.DataArray]:
    """Differences of each pair of conditions, first minus second, with intervals of independent draws."""
    labels = _pair_labels(conditions)
    unknown = np.full(DRAWS, np.nan)
    found = {}
    for name in COMPARED:
        points = np.array([f.estimates.get(name, np.nan) for f in fits])
        draws = np.array([f.draws.get(name, unknown) for f in fits])
        ends = [[_interval(a - b, tails) for b in draws] for a in draws]
        coords = {"first": labels, "second": labels}
        found[f"{name}_difference"] = xr.DataArray(points[:, None] - points, coords, ("first", "second"))
        dims = ("first", "second", "bound")
        found[f"{name}_difference_interval"] = xr.DataArray(ends, {**coords, "bound": BOUNDS}, dims)
    return found


def _interval(draws: NDArray[np.float64], tails: tuple[float, float]) -> NDArray[np.float64]:
    return np.full(2, np.nan) if np.isnan(draws).any() else np.quantile(draws, tails)


def _pair_labels(conditions: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """The values of the one column that tells conditions apart, or "noise=1, observer=A" of several."""
    if len(conditions) == 1:
        return next(iter(conditions.values()))
    products = itertools.product(*conditions.values())
    return np.array([", ".join(f"{n}={v}" for n, v in zip(conditions, key, strict=True)) for key in products])
