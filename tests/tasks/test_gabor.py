"""Gabor patches against a plain program that goes pixel by pixel, and what each setting does."""

import time
import tracemalloc

import numpy as np
import pytest
from scipy.stats import kstest
from tasks.reference import gabor

from neuroap.tasks import GaborOrientation, Viewing

LEVELS = np.array([-90.0, -12.0, -6.3, -1e-6, 0.0, 0.5, 6.0, 45.0, 89.0])


@pytest.mark.parametrize(
    ("settings", "plain"),
    [
        ({}, {}),
        ({"size": 33}, {"size": 33}),
        ({"size": 9, "sigma": 2, "contrast": 0.3}, {"size": 9, "sigma": 2, "contrast": 0.3}),
        ({"frequency": 0.31, "phase": 90}, {"frequency": 0.31, "phase": 90}),
        ({"size": 12, "envelope": "none", "phase": -35}, {"size": 12, "inside": lambda x, y: True, "phase": -35}),
        ({"size": 12, "envelope": "circular"}, {"size": 12, "inside": lambda x, y: x * x + y * y <= 36}),
    ],
    ids=str,
)
def test_patches_are_exact_to_float32(settings, plain):
    X = GaborOrientation(**settings).stimuli(LEVELS, seed=0)
    expected = np.array([gabor(level, **plain) for level in LEVELS])
    np.testing.assert_allclose(X, expected, rtol=6.1e-8, atol=1e-14)


def test_numbers_of_the_formula():
    X = GaborOrientation().stimuli([0, 30], seed=0).reshape(2, 32, 32)
    assert X[0, 16, 16] == X[1, 16, 16] == 1  # the centre
    assert X[0, 16, 18] == pytest.approx(np.cos(0.6 * np.pi) * np.exp(-0.02), rel=1e-6)  # 2 pixels to the right
    assert X[0, 18, 16] == pytest.approx(np.exp(-0.02), rel=1e-6)  # 2 pixels down, along the bar
    assert X[1, 18, 16] == pytest.approx(np.cos(0.3 * np.pi) * np.exp(-0.02), rel=1e-6)


def test_positive_levels_lean_to_the_right():
    right, left = GaborOrientation().stimuli([10, -10], seed=0).reshape(2, 32, 32)
    centre = slice(13, 20)  # 3 pixels to both sides
    above, below = 8, 24  # the first row is at the top
    assert [np.argmax(right[row, centre]) - 3 for row in (above, below)] == [1, -1]
    assert [np.argmax(left[row, centre]) - 3 for row in (above, below)] == [-1, 1]


def test_noise_is_cut_with_the_patch_or_added_afterwards():
    cut, free = (GaborOrientation(noise=2, noise_clip=c).stimuli(LEVELS, seed=0) for c in (True, False))
    assert np.abs(free).max() > 5
    np.testing.assert_array_equal(cut, free.clip(-1, 1))
    residual = free - GaborOrientation().stimuli(LEVELS, seed=0)
    assert residual.std() == pytest.approx(2, rel=0.03)


def test_contrast_scales_the_patch_and_not_the_noise():
    full, half, none = (
        GaborOrientation(noise=1, noise_clip=False, contrast=c).stimuli(LEVELS, seed=0) for c in (1, 0.5, 0)
    )
    np.testing.assert_allclose(full - half, half - none, atol=1e-6)
    np.testing.assert_allclose(full - none, GaborOrientation().stimuli(LEVELS, seed=0), atol=1e-6)


def test_random_phases_are_uniform():
    task = GaborOrientation(phase="random", envelope="none", size=20)  # three whole cycles
    X = task.stimuli(np.zeros(500), seed=0).reshape(-1, 20, 20)
    wave = np.exp(-2j * np.pi * 0.15 * np.arange(-10, 10))
    phases = np.angle(X.mean(1) @ wave) % (2 * np.pi)
    assert kstest(phases / (2 * np.pi), "uniform").pvalue > 0.01


def test_frequencies_are_uniform_in_their_range():
    task = GaborOrientation(frequency=(0.1, 0.3), envelope="none", size=6)
    X = task.stimuli(np.zeros(500), seed=0).reshape(-1, 6, 6)
    frequencies = np.arccos(X[:, 0, 4]) / (2 * np.pi)  # 1 pixel from the centre, where the phase is 0
    assert kstest((frequencies - 0.1) / 0.2, "uniform").pvalue > 0.01
    single = GaborOrientation(frequency=(0.2, 0.2)).stimuli([3], seed=0)
    np.testing.assert_array_equal(single, GaborOrientation(frequency=0.2).stimuli([3], seed=0))


def test_one_draw_leaves_the_others_alone():
    """Phases, frequencies and noise have generators of their own."""
    levels = np.linspace(-6, 6, 20)
    settings = dict(size=8, noise_clip=False)
    plain, noisy = (GaborOrientation(phase="random", noise=s, **settings).stimuli(levels, 0) for s in (0, 1))
    fixed, fixed_noisy = (GaborOrientation(noise=s, **settings).stimuli(levels, 0) for s in (0, 1))
    np.testing.assert_allclose(noisy - plain, fixed_noisy - fixed, atol=1e-6)


def test_frequency_in_cycles_per_degree():
    view = Viewing(pixels_per_degree=20)
    by_hand = GaborOrientation(frequency=view.cycles_per_pixel(4))
    given = GaborOrientation(frequency=4, viewing=view)
    np.testing.assert_array_equal(given.stimuli(LEVELS, 0), by_hand.stimuli(LEVELS, 0))
    ranges = GaborOrientation(frequency=[2, 4], viewing=view), GaborOrientation(frequency=(0.1, 0.2))
    np.testing.assert_allclose(*(task.stimuli(LEVELS, 0) for task in ranges), atol=1e-6)


def test_ten_thousand_patches_in_a_second_of_processor_time():
    task, levels = GaborOrientation(noise=2, phase="random"), np.linspace(-12, 12, 10_000)
    times = []
    for _ in range(3):
        started = time.process_time()
        task.stimuli(levels, seed=0)
        times.append(time.process_time() - started)
    assert min(times) < 1


def test_memory_holds_little_more_than_the_result():
    task, levels = GaborOrientation(noise=2), np.linspace(-12, 12, 5000)
    task.stimuli(levels[:10], seed=0)
    tracemalloc.start()
    X = task.stimuli(levels, seed=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert X.nbytes < peak < X.nbytes + 4e6
