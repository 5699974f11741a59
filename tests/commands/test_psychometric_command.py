"""neuroap psychometric: what it trains, writes and says."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from neuroap import CorticalClassifier, psychophysics
from neuroap.cli import main
from neuroap.errors import SettingError
from neuroap.tasks import DotMotion

LAYOUT = Path(__file__).resolve().parents[2] / "models" / "two_choice.py"
SMALL = ("--task", "motion", "--noise", 0.2, 1, "--block", 8, "--epochs", 2, "--levels", -60, -20, 0, 20, 60)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The folder of a small study."""
    out = tmp_path_factory.mktemp("study")
    arguments = ("psychometric", LAYOUT, *SMALL, "--repeats", 15, "--seed", 3, "--choice", "sample", "--out", out)
    assert main([str(a) for a in arguments]) == 0
    return out


def stored(path):
    with xr.open_dataset(path, engine="h5netcdf") as dataset:
        return dataset.load()


FILES = {"trials.nc", "fit.nc", "psychometric.png", "network-noise-0.2.nc", "network-noise-1.nc"}


def test_all_files(done):
    assert set(os.listdir(done)) == FILES
    assert (done / "psychometric.png").read_bytes().startswith(b"\x89PNG")


def test_trials_are_those_asked_for(done):
    trials = stored(done / "trials.nc")
    assert np.unique(trials.noise).tolist() == [0.2, 1]
    levels, n = np.unique(trials.level, return_counts=True)
    assert (levels.tolist(), n.tolist()) == ([-60, -20, 0, 20, 60], [30] * 5)
    expected = {"task_name": "motion", "model": "two_choice", "network_seed": 3, "choice_rule": "sample"}
    assert {name: trials.attrs[name] for name in expected} == expected


def test_the_fit_is_that_of_the_trials(done):
    fit, trials = stored(done / "fit.nc"), stored(done / "trials.nc")
    assert fit.noise.values.tolist() == [0.2, 1]
    assert fit.n_trials.sum() == trials.sizes["trial"]


def test_networks_answer_again(done):
    """Those that were stored are those that answered."""
    model = CorticalClassifier.load(done / "network-noise-1.nc")
    trials = stored(done / "trials.nc")
    mine = trials.isel(trial=(trials.noise == 1) & (trials.seed == trials.seed.values[-1]))
    X = DotMotion(noise=1).stimuli(mine.level.values, int(mine.seed.values[0]))
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], mine.p_right, rtol=1e-5)


def test_says_what_came_out_and_what_to_try_next(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command("psychometric", LAYOUT, *SMALL, "--repeats", 5, "--trials", 20, "--out", "a b")
    assert done.code == 0
    assert "PSE (%)" in done.out
    assert "neuroap fit 'a b/trials.nc' --by noise" in done.out
    assert "Files in a b: trials.nc, fit.nc, psychometric.png, network-noise-0.2.nc, network-noise-1.nc\n" in done.out
    assert "noise 0.2: training" in done.err
    assert "noise 1: the network is in a b/network-noise-1.nc" in done.err
    assert "rule: that of the published network (the file has no RULE): STE, steps (1, 1), learning rate" in done.err


QUICK = (
    "--task",
    "motion",
    "--block",
    2,
    "--epochs",
    1,
    "--trials",
    4,
    "--batch-size",
    4,
    "--repeats",
    1,
    "--out",
    "out",
)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--choice", "foo"), "--choice: must be one of 'max', 'sample' (got 'foo')"),
        (("--repeats", 0), "--repeats: must be an integer >= 1 (got 0)"),
        (("--trials", 0), "--trials: must be an integer >= 1 (got 0)"),
        (("--epochs", 0), "--epochs: must be an integer >= 1 (got 0)"),
        (("--batch-size", 0), "--batch-size: must be an integer >= 1 (got 0)"),
        (("--levels", 5, 101), "--levels: levels must be finite numbers in [-100, 100] (got 101.0)"),
        (("--levels", "nan"), "--levels: levels must be finite numbers in [-100, 100] (got nan)"),
        (("--seed", -1), "--seed: must be None, an integer >= 0 or a generator (got -1)"),
        (("--noise", 1, -1), "DotMotion.noise: must be a finite number >= 0 (got -1.0)"),
    ],
)
def test_a_mistake_costs_no_training(command, monkeypatch, options, message):
    monkeypatch.setattr(psychophysics, "train", lambda *_, **__: pytest.fail("a network was trained"))
    done = command("psychometric", LAYOUT, *QUICK, *options)
    assert done.code == 1
    assert f"neuroap: error: {message}" in done.err


@pytest.mark.parametrize("error", [KeyboardInterrupt, SettingError("late", "failed")])
def test_networks_stay_when_something_fails_later(command, monkeypatch, error):
    """The second training is interrupted."""
    train = psychophysics.train

    def fail_later(task, *arguments, **settings):
        if task.noise == 2:
            raise error
        return train(task, *arguments, **settings)

    monkeypatch.setattr(psychophysics, "train", fail_later)
    assert command("psychometric", LAYOUT, *QUICK, "--noise", 1, 2).code != 0
    assert os.listdir("out") == ["network-noise-1.nc"]
    CorticalClassifier.load("out/network-noise-1.nc")


def test_earlier_results_are_kept(command):
    """All of all runs, and it is said; a seed of any size can be stored."""
    first = command("psychometric", LAYOUT, *QUICK, "--noise", 1)
    assert "earlier" not in first.err
    second = command("psychometric", LAYOUT, *QUICK, "--noise", 1, "--seed", 2**64)
    assert second.code == 0
    assert "earlier run are kept: out/network-noise-1.previous.nc\n" in second.err
    others = "out/trials.previous.nc, out/fit.previous.nc, out/psychometric.previous.png"
    assert f"earlier run are kept: {others}\n" in second.err
    assert stored("out/trials.previous.nc").attrs["network_seed"] == 0
    assert stored("out/trials.nc").attrs["network_seed"] == str(2**64)
    assert CorticalClassifier.load("out/network-noise-1.nc").seed_ == 2**64
    assert CorticalClassifier.load("out/network-noise-1.previous.nc").seed_ == 0
    command("psychometric", LAYOUT, *QUICK, "--noise", 1, "--seed", 5)
    seeds = [stored(f"out/trials{k}.nc").attrs["network_seed"] for k in (".previous", ".previous1", "")]
    assert seeds == [0, str(2**64), 5]


@pytest.mark.parametrize("task", ["gabor", "motion"])
def test_the_rule_of_the_file(command, task):
    """As `neuroap train` does; stimuli that change settle the areas for one time constant."""
    rule = "AdjointPropagation(steps=(3, 2), error='EPE', beta=0.5, learning_rate=0.004)"
    text = f"from neuroap import AdjointPropagation, hierarchy\nRULE = {rule}\n"
    text += "def layout(input, output, frames=1):\n    return hierarchy(1, input, output, 2, frames=frames)\n"
    Path("mine.py").write_text(text)
    options = [o for o in QUICK if o not in ("--block", 2)]
    done = command("psychometric", "mine.py", *options, "--task", task, "--noise", 1)
    attrs = stored("out/trials.nc").attrs
    assert (attrs["rule_beta"], attrs["rule_learning_rate"]) == (0.5, 0.004)
    steps, error = ([3, 2], "EPE") if task == "gabor" else ([1, 1], "STE")
    assert (list(attrs["rule_steps"]), attrs["rule_error"]) == (steps, error)
    assert f"rule: RULE of mine.py: {error}, steps {tuple(steps)}, learning rate 0.004" in done.err


def test_a_misspelt_task(command):
    done = command("psychometric", LAYOUT, "--task", "gabbor")
    assert (done.code, done.out) == (1, "")
    assert "--task: must be a known task (got 'gabbor')\n  did you mean 'gabor'?" in done.err
