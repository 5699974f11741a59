"""The psychometric function of one condition: estimates, intervals, draws, goodness of fit, or the reason for none."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neuroap.analysis.counts import Counts
from neuroap.analysis.identifiable import Doubt, doubt_after, doubt_before
from neuroap.analysis.posterior import JND_PER_WIDTH, Curves, Posterior, infer

Floats = NDArray[np.float64]
DRAWS = 4000


@dataclass(eq=False)
class Fit:
    """What one condition gives; what is missing is not identifiable.

    Attributes
    ----------
    counts : Counts
        The data.
    reason : str
        Why something is missing; empty where everything was identified.
    estimates : dict of str to float
        ``pse`` (of choices only), ``jnd``, ``slope``, ``lapse``, ``width``, ``deviance``, ``deviance_p``.
    intervals : dict of str to array, shape (2,)
        Lower and upper ends, of estimates but for the deviance.
    draws : dict of str to array, shape (4000,)
        From the posterior, of the same parameters.
    curve, band : array, shapes (x,) and (2, x)
        The function on the grid, and its pointwise interval.
    """

    counts: Counts
    reason: str = ""
    estimates: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, Floats] = field(default_factory=dict)
    draws: dict[str, Floats] = field(default_factory=dict)
    curve: Floats | None = None
    band: Floats | None = None


def fit_counts(
    counts: Counts, kind: str, words: tuple[str, str], x: Floats, tails: tuple[float, float], rng: np.random.Generator
) -> Fit:
    """Fit one condition.

    Parameters
    ----------
    counts : Counts
        Answers per level.
    kind : str
        ``"choice"`` or ``"correct"``.
    words : pair of str
        Names of both answers, for reasons.
    x : array
        Where the curve is computed.
    tails : pair of float
        Probabilities of both ends of the intervals.
    rng : Generator
        Draws from the posterior.
    """
    if doubt := doubt_before(counts, kind, words):
        return Fit(counts, doubt.reason)
    posterior = infer(counts, kind)
    mean, draws = posterior.mean(), posterior.draw(DRAWS, rng)
    doubt = doubt_after(counts, posterior, draws, tails)
    if doubt and not doubt.known:
        return Fit(counts, doubt.reason)
    fit = Fit(counts, doubt.reason if doubt else "")
    fit.draws = _parameters(draws)
    fit.estimates = {name: float(value[0]) for name, value in _parameters(mean).items()}
    fit.intervals = _intervals(posterior, draws, tails)
    fit.curve, fit.band = mean(x)[0], np.quantile(draws(x), tails, axis=0)
    if doubt:
        _forget(fit, doubt, rng)
    fit.estimates["deviance"] = float(counts.deviance(mean(counts.level))[0])
    fit.estimates["deviance_p"] = _predictive_p(counts, draws, rng)
    return fit


def _forget(fit: Fit, doubt: Doubt, rng: np.random.Generator) -> None:
    """Keep what is known. A step lies anywhere in its bracket: the prior alone would favour the middle."""
    for values in (fit.draws, fit.estimates, fit.intervals):
        for name in values.keys() - doubt.known:
            del values[name]
    location = doubt.known[0]
    low, high = fit.intervals[location]
    if doubt.bracket and doubt.bracket[0] < low and high < doubt.bracket[1]:
        fit.intervals[location] = np.array(doubt.bracket)
        fit.draws[location] = rng.uniform(*doubt.bracket, DRAWS)


def _parameters(curves: Curves) -> dict[str, Floats]:
    pse = {"pse": curves.threshold} if curves.kind == "choice" else {}
    return pse | {"jnd": curves.jnd, "slope": curves.slope, "lapse": curves.lapse, "width": curves.width}


def _intervals(posterior: Posterior, draws: Curves, tails: tuple[float, float]) -> dict[str, Floats]:
    """Ends of the marginals; those of the slope, which depends on two parameters, are of the draws."""
    threshold, width, lapse = (posterior.quantiles(name, tails) for name in ("threshold", "width", "lambda"))
    location = {"pse": threshold, "jnd": JND_PER_WIDTH * width} if posterior.kind == "choice" else {"jnd": threshold}
    return location | {"slope": np.quantile(draws.slope, tails), "lapse": lapse, "width": width}


def _predictive_p(counts: Counts, draws: Curves, rng: np.random.Generator) -> float:
    """Posterior predictive p of the deviance: how often answers of the drawn functions fit them as badly.

    Gelman, Meng and Stern (1996), https://www3.stat.sinica.edu.tw/statistica/j6n4/j6n41/j6n41.htm
    """
    p = draws(counts.level)
    simulated = rng.binomial(counts.trials, p)
    return float(np.mean(counts.deviance(p, simulated) >= counts.deviance(p)))
