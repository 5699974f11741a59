"""What holds for every task: shapes, labels, draws that repeat, settings that a file can hold."""

import doctest
import importlib
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from tasks.examples import EXAMPLES, NAMES, ramp

from neuroap.seeds import generator
from neuroap.tasks import TASKS, DotMotion, FunctionTask, GaborOrientation, Trials, TwoAlternative, Viewing

every_task = pytest.mark.parametrize("task", EXAMPLES, ids=NAMES)


def largest(task):
    """A level that is strong, and that the task has."""
    return max(task.train_levels)


@every_task
def test_trials(task):
    trials = task.sample(200, seed=1)
    X, y, levels = trials
    assert isinstance(trials, Trials)
    assert (X.dtype, y.dtype, levels.dtype) == (np.float32, np.int64, np.float64)
    assert X.shape == (200, task.columns)
    assert task.columns == task.frames * np.prod(task.shape)
    assert y.tolist() == (levels > 0).tolist() == task.labels(levels).tolist()
    np.testing.assert_array_equal(X, task.stimuli(levels, seed=1))
    assert len(np.unique(levels)) == (200 if task.jitter else len(task.train_levels))


@every_task
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(task):
    first, again, other = (task.sample(20, seed) for seed in (3, 3, 4))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first.levels, other.levels)
    levels = np.full(20, largest(task))
    differ = not np.array_equal(task.stimuli(levels, 3), task.stimuli(levels, 4))
    without_draws = task.noise == 0 and task.name in ("motion", "gabor", "flat")
    assert differ is not without_draws


@every_task
def test_a_trial_does_not_depend_on_how_many_follow(task):
    few, many = task.sample(37, seed=0), task.sample(301, seed=0)
    for a, b in zip(few, many, strict=True):
        np.testing.assert_array_equal(a, b[:37])


def test_a_trial_does_not_depend_on_the_cut_into_chunks(monkeypatch):
    task = GaborOrientation(noise=1, size=9, phase="random", frequency=(0.1, 0.3))
    whole = task.sample(50, seed=0)
    monkeypatch.setattr("neuroap.tasks.task.CHUNK", 7 * 81)
    np.testing.assert_array_equal(whole.X, task.sample(50, seed=0).X)


@every_task
def test_trials_of_one_block_differ(task):
    X = task.stimuli(np.full(10, largest(task)), seed=0)
    assert len(np.unique(X, axis=0)) == (1 if task.noise == 0 and task.name != "ramp" else 10)


@pytest.mark.parametrize("task", [t for t in EXAMPLES if not getattr(t, "noise_clip", False)], ids=str)
def test_noise_levels_share_their_normal_numbers(task):
    levels = np.linspace(-1, 1, 50)
    clean, one, three = (task.replace(noise=s).stimuli(levels, seed=5) for s in (0, 1, 3))
    z = one - clean
    np.testing.assert_allclose((three - clean) / 3, z, atol=2e-6)
    np.testing.assert_allclose(z, generator(5, task.name, "noise").standard_normal(z.shape, np.float32), atol=1e-6)


def test_noise_is_normal_and_independent():
    task = DotMotion(noise=2, frames=4, channels=5)
    z = task.stimuli(np.zeros(20_000), seed=0) / 2
    assert abs(z.mean()) < 0.005
    covariance = np.cov(np.hstack([z[:-1], z[1:]]).T)  # of all numbers of a trial and of the next one
    np.testing.assert_allclose(covariance, np.eye(40), atol=0.05)
    assert np.mean(z**4) == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("levels", [(-6, 6), (-6, 1, 2, 3), (-3, -2, 0.5)])
def test_both_labels_are_equally_likely(levels):
    task = FunctionTask(ramp, train_levels=levels)
    _, y, drawn = task.sample(4000, seed=0)
    assert y.mean() == pytest.approx(0.5, abs=0.03)
    for level in levels:
        share = np.mean(drawn[(drawn > 0) == (level > 0)] == level)
        assert share == pytest.approx(1 / sum((x > 0) == (level > 0) for x in levels), abs=0.05)


def test_jitter_is_the_standard_deviation_around_the_training_levels():
    levels = GaborOrientation(size=4, jitter=0.5).sample(4000, seed=0).levels
    assert np.std(np.abs(levels)) == pytest.approx(0.5, rel=0.05)
    assert np.mean(np.abs(levels)) == pytest.approx(6, abs=0.05)


def test_jitter_does_not_leave_the_range_of_levels():
    levels = DotMotion(train_levels=(-100, 100), jitter=10).sample(100, seed=0).levels
    assert np.abs(levels).max() == 100
    assert np.abs(levels).min() < 95


def test_the_draws_never_change():
    # A change here changes the trials of every study that was ever seeded.
    levels = GaborOrientation(size=4).sample(3, seed=0).levels
    np.testing.assert_allclose(levels, [-5.482670718505531, -6.6077960238690965, 5.484031538147954], rtol=1e-12)
    noise = DotMotion(frames=1, channels=3).stimuli([0], seed=0)[0]
    np.testing.assert_allclose(noise, [-0.8110315, -0.03950682, -3.061444], rtol=1e-6)
    drawn = GaborOrientation(size=4, phase="random", frequency=(0.2, 0.3), envelope="none").stimuli([0], seed=0)[0, :4]
    np.testing.assert_allclose(drawn, [1.0, 0.4112343, -0.789915, -0.8147737], rtol=1e-6)
    own = FunctionTask(lambda level, rng: rng.random(2), name="f").stimuli([0], seed=0)[0]
    np.testing.assert_allclose(own, [0.6504269, 0.9286221], rtol=1e-6)


def test_level_0_has_label_0():
    assert GaborOrientation().labels([-1, 0, 1e-9]).tolist() == [0, 0, 1]


@every_task
def test_settings_survive_a_file(task, tmp_path):
    settings = task.settings()
    assert settings["name"] == task.name
    xr.Dataset(attrs=settings).to_netcdf(tmp_path / "s.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "s.nc", engine="h5netcdf") as stored:
        found = {k: v.tolist() if hasattr(v, "tolist") else v for k, v in stored.attrs.items()}
    assert found == settings


def test_settings_hold_every_field():
    task = GaborOrientation(frequency=(2, 4), viewing=Viewing(20), noise=2)
    assert task.settings() == {
        "name": "gabor",
        "noise": 2.0,
        "train_levels": [-6.0, 6.0],
        "jitter": 0.5,
        "size": 32,
        "frequency": [2.0, 4.0],
        "phase": 0.0,
        "contrast": 1.0,
        "envelope": "gaussian",
        "sigma": 10.0,
        "noise_clip": 1,
        "viewing": "Viewing(pixels_per_degree=20.0)",
    }


@every_task
def test_replace_changes_one_setting(task):
    other = task.replace(noise=7)
    assert other.noise == 7
    assert type(other) is type(task)
    assert other.replace(noise=task.noise) == task


@pytest.mark.parametrize("task", [t for t in EXAMPLES if t.name in TASKS], ids=str)
def test_repr_makes_an_equal_task(task):
    assert eval(repr(task)) == task
    assert len({task, eval(repr(task))}) == 1


def test_registry():
    assert {name: task().name for name, task in TASKS.items()} == {name: name for name in TASKS}
    assert all(issubclass(task, TwoAlternative) for task in TASKS.values())


def test_a_class_of_ones_own():
    class Loudness(TwoAlternative):
        name, level_name, level_units, shape = "loudness", "intensity", "dB", (3,)

        def signal(self, levels, seed):
            return np.repeat(levels[:, None], 3, axis=1).astype(np.float32)

    X, y, _ = Loudness(noise=0.1, train_levels=(-2, 2)).sample(10, seed=0)
    assert np.array_equal(X.mean(1) > 0, y == 1)


@pytest.mark.parametrize("module", ["gabor", "motion", "function", "viewing"])
def test_examples_in_the_documentation(module):
    result = doctest.testmod(importlib.import_module(f"neuroap.tasks.{module}"))
    assert result.failed == 0 < result.attempted


def test_tasks_load_nothing_heavy():
    code = "import sys, neuroap.tasks; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "numpy" in loaded
    assert not loaded & {"brian2", "matplotlib", "xarray", "sklearn", "scipy", "pandas"}
