"""neuroap demo: half a minute, a table, figure, and all that can be used again."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time

import pytest
import xarray as xr

from neuroap.commands import demo

FILES = {"trials.nc", "fit.nc", "psychometric.png", "network-noise-1.nc", "network-noise-4.nc"}


def test_a_short_one(command, tmp_path, monkeypatch):
    """With hardly any training: what is written, what is said."""
    short = {"epochs": 1, "trials": 20, "repeats": 5, "noise": [1.0, 4.0], "levels": [-6, -2, 0, 2, 6]}
    monkeypatch.setattr(demo, "QUICK", short)
    done = command("demo", "--out", tmp_path / "out", "--seed", 7)
    assert done.code == 0
    assert set(os.listdir(tmp_path / "out")) == FILES
    assert "PSE (deg)" in done.out
    assert "Try next:\n  neuroap fit" in done.out
    with xr.open_dataset(tmp_path / "out" / "trials.nc", engine="h5netcdf") as trials:
        assert (trials.attrs["network_seed"], trials.sizes["trial"]) == (7, 50)


@pytest.mark.parametrize(
    ("jnd", "said"),
    [
        ([1.0, 2.0, 4.0], "The JND grows with the noise: so many degrees more tilt are needed to be as sure."),
        ([1.0, 1.0, 4.0], "The JND does not grow from each noise level to the next: 1, 1, 4 deg."),
        ([3.0, 2.0], "The JND does not grow from each noise level to the next: 3, 2 deg."),
        ([1.0, math.nan, 4.0], "Not every JND is known; the lines above say why."),
    ],
)
def test_says_what_was_found(command, tmp_path, monkeypatch, jnd, said):
    """And not what was hoped for."""
    fit = xr.Dataset({"jnd": ("noise", jnd)})
    monkeypatch.setattr(demo, "study", lambda *_: (fit, "a table"))
    assert f"a table\n\n{said}\nTry next:" in command("demo", "--out", tmp_path).out


@pytest.mark.slow
def test_the_whole_demo_takes_less_than_a_minute(tmp_path):
    """Imports included; the threshold rises with the noise."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "neuroap.cli", "demo", "--out", tmp_path], check=True)
    assert time.perf_counter() - started < 60
    with xr.open_dataset(tmp_path / "fit.nc", engine="h5netcdf") as fit:
        jnd = fit.jnd.values
        assert fit.pse.sizes == {"noise": 3}
    assert 0.3 < jnd[0] < jnd[1] < jnd[2] < 8
