"""neuroap psychometric: what it trains, writes and says."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from neuroap.cli import main

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


def test_three_files(done):
    assert set(os.listdir(done)) == {"trials.nc", "fit.nc", "psychometric.png"}
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


def test_says_what_came_out_and_what_to_try_next(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command("psychometric", LAYOUT, *SMALL, "--repeats", 5, "--trials", 20, "--out", "a b")
    assert done.code == 0
    assert "PSE (%)" in done.out
    assert "neuroap fit 'a b/trials.nc' --by noise" in done.out
    assert "noise 0.2: training" in done.err


def test_a_misspelt_task(command):
    done = command("psychometric", LAYOUT, "--task", "gabbor")
    assert (done.code, done.out) == (1, "")
    assert "--task: must be a known task (got 'gabbor')\n  did you mean 'gabor'?" in done.err
