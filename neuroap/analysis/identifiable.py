"""What data cannot say: reasons why a parameter is not identifiable."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtr

from neuroap.analysis.counts import Counts
from neuroap.analysis.posterior import GUESS, JND_PER_WIDTH, Curves, Posterior

FEWEST_LEVELS = 3
CHANCE = 0.01  # a trend test that is not significant at this level finds no dependence on the stimulus
STEP = 0.05  # likewise for the test of a finite width against a step
WIDEST = 2.0  # ranges of levels; beyond, the prior of the width is below half of its peak


@dataclass(frozen=True)
class Doubt:
    """Why something is not identifiable.

    Attributes
    ----------
    reason : str
        In words.
    known : tuple of str
        What is identified nevertheless.
    bracket : pair of float, optional
        Levels between which a step lies; nothing tells where.
    """

    reason: str
    known: tuple[str, ...] = ()
    bracket: tuple[float, float] | None = None


def doubt_before(counts: Counts, kind: str, words: tuple[str, str]) -> Doubt | None:
    """What forbids a fit: too few levels, one answer only, identical repeats, no dependence on the level."""
    if not len(counts.level):
        return Doubt("no trials")
    if len(counts.level) < FEWEST_LEVELS:
        return Doubt(f"{_levels(len(counts.level))}, at least {FEWEST_LEVELS} are needed")
    if _all_alike(counts):
        return Doubt(f"saturated: every answer was {words[int(counts.positive.any())]!r}")
    if _identical_out_of_order(counts):
        return Doubt("repeats are identical and out of order: a deterministic observer gives one trial per level")
    z = trend(counts)
    p = 2 * float(ndtr(-abs(z)))
    if p > CHANCE:
        return Doubt(f"at chance: the answers do not depend on the level (trend test, p = {p:.2g})")
    if z < 0:
        advice = "are the choices coded the other way round?" if kind == "choice" else "is a high level the easy one?"
        return Doubt(f"the answers fall with the level: {advice}")
    return None


def doubt_after(counts: Counts, posterior: Posterior, draws: Curves, tails: tuple[float, float]) -> Doubt | None:
    """What a posterior shows: threshold beyond the tested levels, a step, a width that the levels do not span.

    Parameters
    ----------
    counts : Counts
        The data.
    posterior : Posterior
        Of the same data.
    draws : Curves
        Drawn from it.
    tails : pair of float
        Probabilities of both ends of the credible interval.
    """
    location = ("pse",) if posterior.kind == "choice" else ("jnd",)
    low, high = posterior.quantiles("threshold", tails)
    if low < counts.level[0] or high > counts.level[-1]:
        ends = f"{counts.level[0]:g} to {counts.level[-1]:g}"
        name = "PSE" if posterior.kind == "choice" else "threshold"
        return Doubt(f"saturated or too flat: the {name} may lie outside the tested levels ({ends})")
    low, high = posterior.quantiles("width", tails)
    bracket, wide = step_bracket(counts, draws), bool(high > WIDEST * counts.range)
    if bracket and wide:
        return Doubt("too flat: a wide function and one with many lapses fit alike", location, bracket)
    if bracket:
        reason = f"compatible with a step: {_bounded(posterior, 'at most', high)}"
        return Doubt(reason, (*location, "lapse"), bracket)
    if wide:
        reason = f"the levels span too little: {_bounded(posterior, 'at least', low)}"
        return Doubt(reason, (*location, "lapse"))
    return None


def trend(counts: Counts) -> float:
    """z of the Cochran-Armitage test: do positive answers become more frequent with the level?

    Armitage (1955), https://doi.org/10.2307/3001775
    """
    n, total = counts.trials, counts.trials.sum()
    p = counts.positive.sum() / total
    deviation = counts.level - (n @ counts.level) / total
    variance = p * (1 - p) * (n @ deviation**2)
    return float(deviation @ counts.positive / math.sqrt(variance))


def step_bracket(counts: Counts, draws: Curves) -> tuple[float, float] | None:
    """Lowest and highest level at which a step explains the data about as well as a curve does, if one does.

    Likelihood ratio tests of width 0, one parameter less. A step at a level leaves the probability there
    free; the levels below and above lie on the asymptotes, of which the lapse rate is fitted.
    """
    curve = float(counts.deviance(draws(counts.level)).min())  # the most probable one is drawn towards few lapses
    steps = np.array([counts.deviance(_step(counts, draws.kind, k)) for k in range(len(counts.level))])
    accepted = counts.level[chdtrc(1, np.maximum(steps - curve, 0)) > STEP]
    return (float(accepted[0]), float(accepted[-1])) if len(accepted) else None


def _step(counts: Counts, kind: str, at: int) -> NDArray[np.float64]:
    """Probabilities of the most likely step at the level of index `at`."""
    r, n, k = counts.positive, counts.trials, np.arange(len(counts.level))
    below, above = np.asarray(k < at), np.asarray(k > at)
    lapses, chances = int((n - r)[above].sum()), int(n[above].sum())
    if kind == "choice":
        lapses, chances = lapses + int(r[below].sum()), chances + int(n[below].sum())
    lapse = min(lapses / max(chances, 1), GUESS)
    guess = lapse if kind == "choice" else GUESS
    return np.select([below, above], [guess, 1 - lapse], r / n)


def _identical_out_of_order(counts: Counts) -> bool:
    pure = (counts.positive == 0) | (counts.positive == counts.trials)
    rising = np.diff(counts.positive / counts.trials) >= 0
    return bool(pure.all() and counts.trials.min() > 1 and not rising.all())


def _all_alike(counts: Counts) -> bool:
    return int(counts.positive.sum()) in (0, int(counts.trials.sum()))


def _levels(n: int) -> str:
    return f"{n} level{'s' if n != 1 else ''}"


def _bounded(posterior: Posterior, how: str, width: float) -> str:
    """Which bound the data do give."""
    if posterior.kind == "choice":
        return f"the JND is {how} {JND_PER_WIDTH * width:.2g}"
    return f"the width is {how} {width:.2g}"
