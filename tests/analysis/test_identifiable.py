"""What data cannot say is NaN with a reason, never a number."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.observers import LEVELS, Observer

from neuroap.analysis import fit_psychometric
from neuroap.analysis.counts import Counts
from neuroap.analysis.identifiable import trend

EVERYTHING = {"pse", "jnd", "slope", "lapse", "width"}
SPREAD = {"jnd", "slope", "width"}


def fit(right, trials=60, level=None):
    """Fit counts of "right" at each level."""
    level = np.arange(len(right)) - len(right) // 2 if level is None else np.asarray(level)
    trials = np.broadcast_to(trials, len(level))
    choices = [np.arange(n) < r for r, n in zip(right, trials, strict=True)]
    return fit_psychometric({"level": np.repeat(level, trials), "choice": np.concatenate(choices).astype(int)})


def missing(found):
    """Names of what is NaN; their intervals are NaN with them."""
    names = {name for name in EVERYTHING if np.isnan(found[name])}
    assert {name for name in EVERYTHING if np.isnan(found[f"{name}_interval"]).all()} == names
    return names


@pytest.mark.parametrize(
    ("right", "level", "reason"),
    [
        ([30, 28, 33, 29, 31, 27, 32], None, "at chance: the answers do not depend on the level"),
        ([58, 56, 59, 57, 58, 57, 58], None, "at chance"),  # one-sided, yet blind
        ([60] * 7, None, "saturated: every answer was 'right'"),
        ([0] * 7, None, "saturated: every answer was 'left'"),
        ([45, 50, 54, 57, 59, 60, 60], None, "the PSE may lie outside the tested levels (-3 to 3)"),
        ([5, 55], None, "2 levels, at least 3 are needed"),
        ([30], None, "1 level, at least 3 are needed"),
        (
            [60, 58, 49, 31, 12, 3, 0],
            None,
            "the answers fall with the level: are the choices coded the other way round?",
        ),
        ([0, 0, 60, 0, 60, 60, 60], None, "repeats are identical and out of order"),
    ],
)
def test_nothing_is_identifiable(right, level, reason):
    found = fit(right, level=level)
    assert reason in found["reason"].item()
    assert found["identifiable"] == 0
    assert missing(found) == EVERYTHING
    assert np.isnan(found["deviance"])
    assert np.isnan(found["curve"]).all()
    assert found["n_right"].values.tolist() == right


@pytest.mark.parametrize(
    ("right", "bracket"),
    [
        ([0, 0, 0, 0, 60, 60, 60, 60], (-1, 0)),
        ([0, 0, 60, 60, 60, 60, 60], (-2, -1)),
        ([0, 0, 0, 0, 0, 0, 60], (2, 3)),
    ],
)
def test_a_perfect_step_bounds_the_jnd_only(right, bracket):
    """The PSE lies anywhere between two levels; the JND is below their distance."""
    found = fit(right)
    assert "compatible with a step: the JND is at most 0." in found["reason"].item()
    assert missing(found) == SPREAD
    np.testing.assert_array_equal(found["pse_interval"], bracket)
    assert float(found["lapse"]) < 0.01


def test_a_step_with_lapses_or_one_level_between():
    """Neither hides that the width is unknown."""
    for right in ([1, 0, 2, 0, 59, 60, 58, 60], [0, 0, 0, 25, 60, 60, 60]):
        found = fit(right)
        assert missing(found) == SPREAD
        assert found["identifiable"] == 0
    low, high = found["pse_interval"].values
    assert -0.3 < low < 0 < high < 0.3  # at the level between


def test_two_levels_between_give_a_width():
    found = fit([0, 0, 0, 12, 45, 60, 60, 60])
    assert found["reason"].item() == ""
    assert missing(found) == set()


@pytest.mark.parametrize(
    ("right", "trials", "reason", "unknown"),
    [
        ([250, 275, 300, 325, 350], 600, "the levels span too little: the JND is at least 0.3", SPREAD),
        ([40, 50, 60, 70, 80], 120, "too flat: a wide function and one with many lapses fit alike", {*SPREAD, "lapse"}),
    ],
)
def test_levels_that_show_the_middle_only(right, trials, reason, unknown):
    """The PSE is known all the same."""
    found = fit(right, trials, level=[-1, -0.5, 0, 0.5, 1])
    assert found["reason"].item().startswith(reason)
    assert missing(found) == unknown
    np.testing.assert_allclose(found["pse_interval"], [-0.22, 0.22], atol=0.03)


def test_data_at_chance_seldom_pass():
    """Of 60 blind observers at most one gets a number."""
    passed = [fit_psychometric(Observer(width=1e9).trials(20, seed))["identifiable"].item() for seed in range(60)]
    assert sum(passed) <= 1


def test_seeing_observers_pass():
    passed = [fit_psychometric(Observer().trials(60, seed))["identifiable"].item() for seed in range(8)]
    assert sum(passed) == 8


def test_trend():
    """Cochran-Armitage: the same z as from the regression of answers on levels, and 0 for a symmetric hill."""
    level, n, r = np.array([0.0, 1, 2, 3]), np.array([10, 20, 30, 40]), np.array([2, 7, 15, 25])
    x, y = np.repeat(level, n), np.concatenate([np.arange(k) < s for k, s in zip(n, r, strict=True)])
    z = np.corrcoef(x, y)[0, 1] * np.sqrt(n.sum())
    assert trend(Counts(level, r, n)) == pytest.approx(z, rel=1e-12)
    assert trend(Counts(LEVELS[:3], np.array([3, 9, 3]), np.array([10, 10, 10]))) == pytest.approx(0, abs=1e-12)


def test_conditions_have_reasons_of_their_own():
    good = Observer().trials(30)
    blind = Observer(width=1e9).trials(30)
    both = {name: np.concatenate([good[name], blind[name]]) for name in good}
    both["noise"] = np.repeat([1.0, 9.0], len(good["level"]))
    found = fit_psychometric(both, by="noise")
    assert found["identifiable"].values.tolist() == [1, 0]
    assert found["reason"].values[0] == ""
    assert "at chance" in found["reason"].values[1]
    assert np.isnan(found["jnd_difference"].sel(first=9)).all()
    assert np.isnan(found["jnd_difference_interval"].sel(first=1, second=9)).all()


def test_percent_correct_at_ceiling():
    level = np.repeat([1.0, 2, 4, 8], 50)
    found = fit_psychometric({"level": level, "correct": np.ones(200)})
    assert found["reason"].item() == "saturated: every answer was 'correct'"
    assert missing(found) == EVERYTHING
