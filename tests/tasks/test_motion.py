"""Dot motion: frames, tuning, and the ideal observer by simulation."""

import numpy as np
import pytest
from scipy.stats import norm

from neuroap.tasks import DotMotion


def test_means_follow_coherence_and_tuning_in_every_frame():
    task = DotMotion(noise=0, frames=3, channels=8)
    X = task.stimuli([50, -100, 0], seed=0).reshape(3, 3, 8)
    r = np.sqrt(0.5)
    tuning = np.array([1, r, 0, -r, -1, -r, 0, r])
    np.testing.assert_allclose(X[:, 0], [0.5 * tuning, -tuning, 0 * tuning], atol=1e-7)
    for later in (1, 2):
        np.testing.assert_array_equal(X[:, later], X[:, 0])


def test_frames_have_noise_of_their_own():
    X = DotMotion(noise=1, frames=6, channels=4).stimuli(np.zeros(3000), seed=0).reshape(3000, 6, 4)
    between = np.corrcoef(X[:, :, 0].T)
    np.testing.assert_allclose(between, np.eye(6), atol=0.08)
    assert X.mean(1).std() == pytest.approx(1 / np.sqrt(6), rel=0.03)


@pytest.mark.parametrize(
    "settings",
    [
        dict(noise=1, frames=8, channels=16, level=6),
        dict(noise=1, frames=1, channels=16, level=20),
        dict(noise=2, frames=8, channels=5, level=40),
        dict(noise=0.5, frames=3, channels=2, level=10),
    ],
    ids=str,
)
def test_dprime_of_the_ideal_observer(settings):
    """The sum over frames, weighed by tuning: its d', and how often it is right."""
    level = settings.pop("level")
    task, n = DotMotion(**settings), 20_000
    weights = np.tile(task.tuning, task.frames)
    right, left = (task.stimuli(np.full(n, c), seed) @ weights for c, seed in ((level, 1), (-level, 2)))
    (expected,) = task.dprime([level])
    measured = (right.mean() - left.mean()) / np.sqrt((right.var() + left.var()) / 2)
    assert measured == pytest.approx(expected, abs=0.04)
    correct = np.mean([right > 0, left < 0])
    assert correct == pytest.approx(norm.cdf(expected / 2), abs=0.01)


def test_no_other_weights_do_better():
    """The best linear observer, found from the simulated trials alone, gains nothing."""
    task = DotMotion(noise=1, frames=3, channels=4)
    right, left = (task.stimuli(np.full(40_000, c), seed) for c, seed in ((20, 1), (-20, 2)))
    difference = right.mean(0) - left.mean(0)
    covariance = (np.cov(right.T) + np.cov(left.T)) / 2
    best = np.sqrt(difference @ np.linalg.solve(covariance, difference))
    assert best == pytest.approx(task.dprime([20])[0], rel=0.03)


def test_dprime_grows_with_level_and_root_of_time():
    task = DotMotion(noise=1, frames=4)
    np.testing.assert_allclose(task.dprime([-20, 0, 10, 20]), task.dprime([10])[0] * np.array([-2, 0, 1, 2]))
    assert task.replace(frames=16).dprime([10]) == pytest.approx(2 * task.dprime([10]))
    assert task.replace(noise=4).dprime([10]) == pytest.approx(task.dprime([10]) / 4)


def test_without_noise_the_ideal_observer_is_always_right():
    assert DotMotion(noise=0).dprime([-1, 0, 1]).tolist() == [-np.inf, 0, np.inf]
