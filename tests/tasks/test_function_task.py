"""A task from a function: what it gets, what becomes of its result."""

from functools import partial

import numpy as np
import pytest

from neuroap.seeds import generator
from neuroap.tasks import FunctionTask


def test_a_task_in_under_ten_lines():
    def tone(level, rng):
        time = np.arange(100) / 100
        return np.sin(2 * np.pi * (10 + level) * time + rng.uniform(0, 2 * np.pi))

    task = FunctionTask(tone, train_levels=(-2, 2), level_name="pitch", level_units="Hz")
    X, y, _ = task.sample(20, seed=0)
    peaks = np.argmax(np.abs(np.fft.rfft(X)), axis=1)  # the function's frequency is found in the stimuli
    assert peaks.tolist() == np.where(y == 1, 12, 8).tolist()
    assert (task.name, task.level_name, task.level_units, task.shape, task.frames) == ("tone", "pitch", "Hz", (100,), 1)


def test_each_trial_has_its_level_and_a_generator_of_its_own():
    seen = []

    def stimulus(level, rng):
        seen.append((level, rng.normal(size=rng.integers(1, 5))[0]))  # of varying length: no trial disturbs the next
        return [level, seen[-1][1]]

    task = FunctionTask(stimulus)
    seen.clear()
    X = task.stimuli([-1, 0.25, 3], seed=9)
    assert [level for level, _ in seen] == [-1, 0.25, 3]
    assert all(type(level) is float for level, _ in seen)
    np.testing.assert_allclose(X, seen, rtol=1e-6)
    rng = generator(9, "stimulus", "trial", 2)
    assert seen[2][1] == rng.normal(size=rng.integers(1, 5))[0]


@pytest.mark.parametrize(
    ("result", "frames", "shape", "columns"),
    [
        (np.zeros((4, 6)), 1, (4, 6), 24),
        (np.zeros((4, 6)), 4, (6,), 24),
        (np.zeros((2, 3, 5)), 2, (3, 5), 30),
        (7, 1, (), 1),
        ([True, False], 1, (2,), 2),
    ],
)
def test_shapes(result, frames, shape, columns):
    task = FunctionTask(lambda level, rng: result, name="constant", frames=frames)
    assert (task.shape, task.frames, task.columns) == (shape, frames, columns)
    X = task.stimuli([1, 2], seed=0)
    assert X.shape == (2, columns)
    np.testing.assert_array_equal(X[1], np.ravel(result))


def test_time_comes_first():
    task = FunctionTask(lambda level, rng: [[level, 1], [level, 2], [level, 3]], frames=3)
    assert task.stimuli([5], seed=0).reshape(1, 3, 2).tolist() == [[[5, 1], [5, 2], [5, 3]]]


def test_names():
    def disc(level, rng, size):
        return np.full(size, level)

    assert FunctionTask(partial(disc, size=3)).name == "partial"
    assert FunctionTask(partial(disc, size=3), name="disc").settings()["name"] == "disc"
