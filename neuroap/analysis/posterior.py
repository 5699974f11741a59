r"""The posterior of a psychometric function, by psignifit.

.. math:: P(x) = \gamma + (1 - \gamma - \lambda)\, \Phi\!\left(z \frac{x - m}{w}\right), \quad z = 2\,\Phi^{-1}(0.95)

m: threshold; w: width, the distance between 5% and 95% of :math:`\Phi`; lambda: lapse rate; gamma: lambda for
choices (equal asymptotes, m is the PSE), 1/2 for percent correct of two alternatives.

Method: Schütt, Harmeling, Macke and Wichmann (2016), https://doi.org/10.1016/j.visres.2016.02.002
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import cumulative_trapezoid
from scipy.special import ndtr, ndtri

from neuroap.analysis.counts import Counts

Floats = NDArray[np.float64]
Z = 2 * float(ndtri(0.95))
JND_PER_WIDTH = float(ndtri(0.75)) / Z  # half of the distance between 25% and 75%, of a width between 5% and 95%
SLOPE_TIMES_WIDTH = Z / np.sqrt(2 * np.pi)
NAMES = ("lambda", "threshold", "width")  # the order of psignifit's axes
EXPERIMENTS = {"choice": "equal asymptote", "correct": "2AFC"}
GUESS = 0.5  # of two alternatives, where answers are counted as correct
COARSE = {"threshold": 60, "width": 60, "lambda": 30}
FINE = {"threshold": 60, "width": 60, "lambda": 40}
NARROWEST = 0.1  # lower bound of the width, in the smallest distance of two levels (at least 1% of their range)
RESOLVED = 3.0  # grid steps in one standard deviation, at least
ZOOMS = 4
TAIL = 1e-6  # mass of a cell, and of an end of a marginal, that may be cut off when zooming
PRIORS = {
    "prior_threshold": "uniform over the tested levels; cosine fall to 0 at half of their range outside",
    "prior_width": "uniform from 0.2 times the smallest distance of levels (cosine rise from half of that) "
    "to the range of levels; cosine fall to 0 at three times the range",
    "prior_lapse": "Beta(1, 10) per asymptote, from 0 to 0.5",
}


def width_prior(width: ArrayLike, low: float, high: float) -> Floats:
    """psignifit's prior of the width: rises from `low` to 2 low, falls from `high` to 3 high."""
    w = np.asarray(width, float)
    rise, fall = np.clip(w / low - 1, 0, 1), np.clip((w / high - 1) / 2, 0, 1)
    return np.asarray((1 - np.cos(np.pi * rise)) * (1 + np.cos(np.pi * fall)) / 4)


def lapse_prior(lapse: ArrayLike) -> Floats:
    """Beta(1, 10) up to a factor; with equal asymptotes psignifit applies it to both of them."""
    lapse = np.asarray(lapse, float)
    return np.where(lapse >= 0, (1 - lapse) ** 9, 0)


@dataclass(frozen=True, eq=False)
class Curves:
    """Psychometric functions, as many as the parameters hold.

    Attributes
    ----------
    kind : str
        ``"choice"`` or ``"correct"``.
    threshold, width, lapse : array, shape (n,)
        Parameters, in units of the level but for the lapse rate.
    """

    kind: str
    threshold: Floats
    width: Floats
    lapse: Floats

    @property
    def guess(self) -> Floats:
        """Lower asymptote."""
        return self.lapse if self.kind == "choice" else np.full_like(self.lapse, GUESS)

    @property
    def jnd(self) -> Floats:
        """Half of the distance from 25% to 75% of Phi; for percent correct the level of 75%, lapses aside."""
        return JND_PER_WIDTH * self.width if self.kind == "choice" else self.threshold

    @property
    def slope(self) -> Floats:
        """Change of probability per unit of the level at the threshold, with lapses."""
        return (1 - self.guess - self.lapse) * SLOPE_TIMES_WIDTH / self.width

    def __call__(self, level: ArrayLike) -> Floats:
        """Probabilities of a positive answer, shape (n, levels)."""
        m, w = self.threshold[:, None], self.width[:, None]
        guess, lapse = self.guess[:, None], self.lapse[:, None]
        return np.asarray(guess + (1 - guess - lapse) * ndtr(Z * (np.asarray(level) - m) / w))


@dataclass(frozen=True, eq=False)
class Posterior:
    """Probability mass on a grid of lapse rate, threshold and width.

    Attributes
    ----------
    kind : str
        ``"choice"`` or ``"correct"``.
    grid : dict of str to array
        Values of ``lambda``, ``threshold`` and ``width``, equally spaced.
    mass : array, shape (lambda, threshold, width)
        Sums to 1.
    density : mapping of str to array
        Marginal densities on the grid.
    """

    kind: str
    grid: dict[str, Floats]
    mass: Floats
    density: Mapping[str, Floats]

    def mean(self) -> Curves:
        """The function of the mean of each parameter."""
        means = {name: self._mean(name) for name in NAMES}
        return _curves(self.kind, means)

    def quantiles(self, name: str, q: tuple[float, ...]) -> Floats:
        """Quantiles of a marginal, whose density is taken as linear between points of the grid.

        psignifit's own percentiles lie half a grid step too low: they take the mass around a grid point
        as if it lay below it.
        """
        grid = self.grid[name]
        x = np.linspace(grid[0], grid[-1], 20 * len(grid))
        below = cumulative_trapezoid(np.interp(x, grid, self.density[name]), x, initial=0)
        return np.asarray(np.interp(q, below / below[-1], x))

    def draw(self, n: int, rng: np.random.Generator) -> Curves:
        """Draw `n` functions: cells of the grid by their mass, then uniformly within the cell."""
        chosen = np.searchsorted(self._below, rng.random(n) * self._below[-1], side="right")
        drawn = {}
        for name, index in zip(NAMES, np.unravel_index(chosen, self.mass.shape), strict=True):
            x = self.grid[name]
            within = x[index] + (rng.random(n) - 0.5) * (x[1] - x[0])
            reflected = x[0] + np.abs(within - x[0])  # cells at the ends are half as long
            drawn[name] = x[-1] - np.abs(x[-1] - reflected)
        return _curves(self.kind, drawn)

    def resolved(self) -> bool:
        """Whether steps of the grid are small, compared to the posterior."""
        return all(self._sd(n) >= RESOLVED * (self.grid[n][1] - self.grid[n][0]) for n in NAMES)

    def bounds(self) -> dict[str, tuple[float, float]]:
        """Where nearly all of the posterior lies: bounds for the next, finer grid."""
        return {name: self._extent(name) for name in NAMES}

    @cached_property
    def _below(self) -> Floats:
        return np.cumsum(self.mass)

    def _extent(self, name: str) -> tuple[float, float]:
        x = self.grid[name]
        low, high = self.quantiles(name, (TAIL, 1 - TAIL))
        step = x[1] - x[0]
        return max(low - step, x[0]), min(high + step, x[-1])

    def _marginal(self, name: str) -> Floats:
        others = tuple(k for k, other in enumerate(NAMES) if other != name)
        return np.asarray(self.mass.sum(others))

    def _mean(self, name: str) -> float:
        return float(self._marginal(name) @ self.grid[name])

    def _sd(self, name: str) -> float:
        return float(np.sqrt(self._marginal(name) @ (self.grid[name] - self._mean(name)) ** 2))


def _curves(kind: str, values: Mapping[str, Any]) -> Curves:
    lapse, threshold, width = (np.atleast_1d(np.asarray(values[name], float)) for name in NAMES)
    return Curves(kind, threshold, width, lapse)


def infer(counts: Counts, kind: str) -> Posterior:
    """Compute the posterior, on a grid that resolves it.

    psignifit zooms once, from the bounds of the prior to where the posterior lies. Many trials leave a
    posterior that is narrower than the steps of that grid, so it zooms on.

    Parameters
    ----------
    counts : Counts
        Three levels or more.
    kind : str
        ``"choice"`` or ``"correct"``.
    """
    posterior = _psignifit(counts, kind, None)
    for _ in range(ZOOMS - 1):
        if posterior.resolved():
            break
        posterior = _psignifit(counts, kind, posterior.bounds())
    return posterior


def _psignifit(counts: Counts, kind: str, bounds: dict[str, tuple[float, float]] | None) -> Posterior:
    # Its import takes a second, and brings matplotlib.
    import psignifit
    from psignifit.sigmoids import Gaussian

    class CumulativeNormal(Gaussian):
        """psignifit's own, without the detour over scipy.stats, which takes most of its time."""

        def _value(self, level: Any, threshold: Any, width: Any) -> Any:
            return ndtr(Z * (level - threshold) / width)

    data = np.column_stack([counts.level, counts.positive, counts.trials])
    smallest = NARROWEST * max(float(np.diff(counts.level).min()), counts.range / 100)
    result = psignifit.psignifit(
        data,
        experiment_type=EXPERIMENTS[kind],
        sigmoid=CumulativeNormal(),
        fixed_parameters={"eta": 0},
        stimulus_range=(counts.level[0], counts.level[-1]),
        width_min=smallest,
        priors={"width": partial(width_prior, low=smallest, high=counts.range), "lambda": lapse_prior},
        bounds=bounds,
        max_bound_value=TAIL,
        steps_moving_bounds=COARSE,
        grid_steps=FINE,
        verbose=False,  # what it would warn of is checked in identifiable.py, with the reason in the result
        debug=True,
    )
    grid = {name: np.asarray(result.parameter_values[name], float) for name in NAMES}
    mass = result.debug["posteriors"].reshape([len(x) for x in grid.values()])
    density = {name: np.asarray(result.marginal_posterior_values[name]) for name in NAMES}
    return Posterior(kind, grid, mass, density)
