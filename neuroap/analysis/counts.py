"""Counts of answers per level: all that a psychometric function depends on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlog1py, xlogy

MOST_LEVELS = 60


@dataclass(frozen=True, eq=False)
class Counts:
    """Answers at each level of one condition.

    Attributes
    ----------
    level : array of float64, shape (k,)
        Ascending.
    positive, trials : array of int64, shape (k,)
        How many answers were positive ("right", or correct), and how many there were; at least 1.
    """

    level: NDArray[np.float64]
    positive: NDArray[np.int64]
    trials: NDArray[np.int64]

    @property
    def range(self) -> float:
        """Distance of the highest from the lowest level."""
        return float(np.ptp(self.level))

    def deviance(self, p: NDArray[np.float64], positive: NDArray[np.integer] | None = None) -> NDArray[np.float64]:
        """Twice the log likelihood ratio of the saturated model and of probabilities `p`, summed over levels.

        Parameters
        ----------
        p : array, shape (..., k)
            Probability of a positive answer at each level.
        positive : array, shape (..., k), optional
            Other counts than those that were observed.
        """
        r, n = (self.positive if positive is None else positive), self.trials
        saturated = xlogy(r, r / n) + xlogy(n - r, 1 - r / n)
        return np.asarray(2 * (saturated - xlogy(r, p) - xlog1py(n - r, -p)).sum(-1))


def pooled(level: NDArray[np.float64]) -> NDArray[np.float64]:
    """Levels of one condition as they are counted: with more than 60 of them, neighbours share their mean.

    Groups hold equally many trials. Fitting then takes no longer than with levels that were chosen.
    """
    if len(np.unique(level)) <= MOST_LEVELS:
        return level
    order = np.argsort(level, kind="stable")
    result = np.empty_like(level)
    for group in np.array_split(order, MOST_LEVELS):
        result[group] = level[group].mean()
    return result


def count(level: NDArray[np.float64], positive: NDArray[np.bool_]) -> Counts:
    """Count positive answers and trials at each distinct level."""
    levels, index = np.unique(level, return_inverse=True)
    trials = np.bincount(index, minlength=len(levels))
    return Counts(levels, np.bincount(index[positive], minlength=len(levels)), trials)
