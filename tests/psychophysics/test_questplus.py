"""QUEST+: the level that says most, and what is known after the answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from neuroap.errors import SettingError
from neuroap.psychophysics import QuestPlus

LEVELS = np.linspace(-12, 12, 25)


def answered(pse, sd, lapse, trials, seed):
    """A posterior after the answers of a simulated observer, and the levels that it saw."""
    rng, quest, shown = np.random.default_rng(seed), QuestPlus(LEVELS), []
    for _ in range(trials):
        shown.append(quest.next_level())
        quest.update(shown[-1], int(rng.random() < lapse + (1 - 2 * lapse) * ndtr((shown[-1] - pse) / sd)))
    return quest, np.array(shown)


def expected_entropy(quest, level):
    """Entropy of the posterior after the answer to one level, averaged over both answers."""
    p = quest.lapse + (1 - 2 * quest.lapse) * ndtr((level - quest.pse) / quest.sd)
    total = 0.0
    for likelihood in (p, 1 - p):
        joint = quest.posterior * likelihood
        after = joint / joint.sum()
        total -= joint.sum() * (after[after > 0] * np.log(after[after > 0])).sum()
    return total


def test_the_next_level_leaves_the_smallest_expected_entropy():
    """The published criterion, computed without the shortcut."""
    quest, _ = answered(1, 3, 0.02, 15, seed=0)
    left = np.array([expected_entropy(quest, level) for level in LEVELS])
    known = quest.posterior[quest.posterior > 0]
    np.testing.assert_allclose(-(known * np.log(known)).sum() - left, quest.information(), rtol=1e-9, atol=1e-12)
    assert quest.next_level() == LEVELS[left.argmin()]


def test_posterior_is_prior_times_likelihood():
    quest = QuestPlus([-1, 0, 1])
    quest.update(1, 1)
    quest.update(0, 0)
    p = [quest.lapse + (1 - 2 * quest.lapse) * ndtr((x - quest.pse) / quest.sd) for x in (1, 0)]
    expected = p[0] * (1 - p[1])
    np.testing.assert_allclose(quest.posterior, expected / expected.sum(), rtol=1e-12)


def test_starts_in_the_middle_and_finds_pse_and_spread():
    """Within the uncertainty of 20 runs of 150 trials."""
    runs = [answered(2, 3, 0.02, 150, seed)[0] for seed in range(20)]
    assert QuestPlus(LEVELS).next_level() == 0
    assert np.mean([q.posterior @ q.pse for q in runs]) == pytest.approx(2, abs=0.3)
    assert np.mean([q.posterior @ q.sd for q in runs]) == pytest.approx(3, rel=0.15)


def test_knows_more_than_constant_stimuli_after_as_many_trials():
    """The adaptive choice of levels leaves a narrower posterior of the PSE."""

    def spread(quest):
        return np.sqrt(quest.posterior @ quest.pse**2 - (quest.posterior @ quest.pse) ** 2)

    rng, constant = np.random.default_rng(0), QuestPlus(LEVELS)
    for level in np.tile(LEVELS, 4):
        constant.update(level, int(rng.random() < ndtr(level / 1.5)))
    adaptive = np.mean([spread(answered(0, 1.5, 0, 100, seed)[0]) for seed in range(5)])
    assert adaptive < 0.8 * spread(constant)


def test_one_level_is_no_choice():
    with pytest.raises(SettingError, match=r"levels: must hold at least two levels to choose from \(got \[1, 1\]\)"):
        QuestPlus([1, 1])
