"""QUEST+: the level to show next is the one whose answer will say most about the psychometric function."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr, ndtr

from neuroap.errors import SettingError

Array = NDArray[np.float64]
GRID = 41  # values of the PSE and of the standard deviation
LAPSES = (0.0, 0.02, 0.05, 0.1)


class QuestPlus:
    """An adaptive method for signed levels (Watson 2017, doi 10.1167/17.3.10).

    ``P(right | x) = lapse + (1 - 2 lapse) Phi((x - pse) / sd)``

    A posterior over (pse, sd, lapse) is kept on a grid, at first flat in pse, log sd and lapse. The next level x is the
    one with the largest mutual information between its answer and the parameters,
    ``I(x) = H(E[P(right | x)]) - E[H(P(right | x))]``, which leaves the smallest expected entropy.

    Parameters
    ----------
    levels : array, shape (n,)
        Levels that may be shown. PSEs lie in their range; standard deviations between a fifth of their
        smallest distance and that range.

    Raises
    ------
    SettingError
        Fewer than two different levels.
    """

    def __init__(self, levels: ArrayLike) -> None:
        self.levels = np.unique(np.asarray(levels, np.float64))
        if self.levels.size < 2:
            raise SettingError("levels", "must hold at least two levels to choose from", levels)
        low, high = self.levels[[0, -1]]
        pse, sd, lapse = np.meshgrid(
            np.linspace(low, high, GRID),
            np.geomspace(np.diff(self.levels).min() / 5, high - low, GRID),
            LAPSES,
            indexing="ij",
        )
        self.pse, self.sd, self.lapse = pse.ravel(), sd.ravel(), lapse.ravel()
        z = (self.levels[:, None] - self.pse) / self.sd
        self._p = self.lapse + (1 - 2 * self.lapse) * ndtr(z)  # (levels, grid)
        self._entropy = _entropy(self._p)
        self.posterior = np.full(self.pse.size, 1 / self.pse.size)

    def information(self) -> Array:
        """Expected information of an answer at each level, in nats, shape (levels,)."""
        return _entropy(self._p @ self.posterior) - self._entropy @ self.posterior

    def next_level(self) -> float:
        """The level whose answer says most; of several the lowest."""
        return float(self.levels[self.information().argmax()])

    def update(self, level: float, choice: int) -> None:
        """Take an answer into account: 1 for the second choice, 0 for the first."""
        p = self._p[np.flatnonzero(self.levels == level)[0]]
        self.posterior = self.posterior * (p if choice else 1 - p)
        self.posterior /= self.posterior.sum()


def _entropy(p: Array) -> Array:
    """Entropy of a yes-no answer in nats."""
    return entr(p) + entr(1 - p)
