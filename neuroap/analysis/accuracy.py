"""Accuracy under each condition, with binomial intervals."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from neuroap.analysis.files import read_columns
from neuroap.analysis.pooling import pool_of
from neuroap.errors import DataError, SettingError, did_you_mean

ANSWERS = ("level", "choice", "p_right")  # they differ between trials of one condition


def wilson(successes: ArrayLike, n: ArrayLike, confidence: float = 0.95) -> NDArray[np.float64]:
    r"""Confidence interval of a proportion.

    .. math:: \frac{p + z^2/2n \pm z \sqrt{p(1-p)/n + z^2/4n^2}}{1 + z^2/n}

    Wilson (1927), https://doi.org/10.1080/01621459.1927.10502953

    Parameters
    ----------
    successes, n : array of int, shape (...)
        n at least 1.
    confidence : float
        Coverage.

    Returns
    -------
    array, shape (..., 2)
        Lower and upper ends.
    """
    z2 = float(ndtri((1 + confidence) / 2)) ** 2
    n = np.asarray(n, float)
    p = np.asarray(successes) / n
    half = np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n**2)))
    ends = np.stack([p + z2 / (2 * n) - half, p + z2 / (2 * n) + half], axis=-1) / (1 + z2 / n)[..., None]
    return np.clip(ends, 0, 1)  # rounding only


def accuracy(data: Any, by: str = "noise", confidence: float = 0.95) -> xr.Dataset:
    """Proportion of correct answers under each condition.

    Parameters
    ----------
    data : Dataset, DataFrame, mapping of arrays, str or Path
        One row per trial: ``correct`` (0, 1; NaN where no answer is right, left out), and the column `by`.
    by : str
        The column that tells conditions apart.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    Dataset
        ``accuracy``, ``accuracy_interval`` (bound), ``n_trials``, along `by`; its attribute ``pooled`` says how to tell
        conditions apart, where several of them (column ``condition``) have the same value of `by`.

    Raises
    ------
    DataError
        For missing columns, and where nothing is right or wrong.
    SettingError
        For `confidence` outside (0, 1).

    Warns
    -----
    UserWarning
        Where conditions are pooled.
    """
    if not 0 < confidence < 1:
        raise SettingError("accuracy.confidence", "must lie between 0 and 1", confidence)
    table = read_columns(data)
    for name in ("correct", by):
        if name not in table.values:
            raise DataError(
                table.source, f"has no column {name!r}", list(table.values), did_you_mean(name, table.values)
            )
    correct = np.asarray(table.values["correct"], float)
    judged = np.isfinite(correct)
    if not judged.any():
        raise DataError(table.source, "holds no trial with a right answer")
    values, index = np.unique(table.values[by][judged], return_inverse=True)
    pool = pool_of(table, judged, ("correct", by, *ANSWERS))
    if pooling := any(pool.several(index == k) for k in range(len(values))):
        warnings.warn(f"accuracy: conditions are pooled: {pool.advice}", UserWarning, stacklevel=2)
    n, right = np.bincount(index), np.bincount(index, weights=correct[judged])
    known = {k: v for k, v in table.attrs.get(by, {}).items() if k in ("long_name", "units")}
    proportion = {"units": "1", "long_name": "accuracy"}
    interval = {"units": "1", "long_name": f"{confidence:g} confidence interval of the accuracy (Wilson)"}
    return xr.Dataset(
        {
            "accuracy": (by, right / n, proportion),
            "accuracy_interval": ((by, "bound"), wilson(right, n, confidence), interval),
            "n_trials": (by, n, {"units": "1", "long_name": "number of trials"}),
        },
        {by: (by, values, {"long_name": by} | known), "bound": ["lower", "upper"]},
        {**table.settings, "confidence": confidence, **({"pooled": pool.advice} if pooling else {})},
    )
