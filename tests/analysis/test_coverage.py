"""Credible intervals keep their promise: they cover the truth of simulated observers as often as they say."""

from __future__ import annotations

import time

import numpy as np
import pytest
from analysis.observers import Observer

from neuroap.analysis import fit_psychometric

OBSERVERS, REPEATS = 500, 60


def covered(observer: Observer, observers: int = OBSERVERS):
    """How often the 95% intervals hold the true PSE and JND, and the most seconds of CPU that a fit took."""
    fit_psychometric(observer.trials(REPEATS))  # imports psignifit
    hits, longest = [], 0.0
    for seed in range(observers):
        trials = observer.trials(REPEATS, seed)
        started = time.process_time()
        fit = fit_psychometric(trials)
        longest = max(longest, time.process_time() - started)
        hits.append([_holds(fit, name, getattr(observer, name)) for name in ("pse", "jnd", "slope", "lapse")])
    return dict(zip(("pse", "jnd", "slope", "lapse"), np.mean(hits, axis=0), strict=True)), longest


def _holds(fit, name: str, truth: float) -> bool:
    low, high = fit[f"{name}_interval"].values
    return bool(low <= truth <= high)


@pytest.mark.slow
def test_intervals_cover_the_truth():
    """Nine levels x 60 trials, PSE 0.7, width 6 (JND 1.23), lapse rate 0.02: one fixed observer, 500 times."""
    coverage, longest = covered(Observer(pse=0.7, width=6, lapse=0.02))
    assert 0.93 <= coverage["pse"] <= 0.97, coverage
    assert 0.92 <= coverage["jnd"] <= 0.98, coverage
    assert longest <= 2
