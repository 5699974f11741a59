"""A sweep in this process: what comes out, what is kept, what is computed again."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from sweeps import functions
from sweeps.functions import counted, failing, interrupted, study

import neuroap
from neuroap.analysis import per_unit_of_time
from neuroap.sweeps import sweep

OVER = {"x": [1.0, 2.5], "y": ["a", "b", "c"]}


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Where functions note what they do."""
    return str(tmp_path)


def test_the_grid_comes_before_the_own_dimensions(tmp_path):
    result = sweep(study, OVER, seeds=[3, 5], store=tmp_path / "store", workers=1)
    assert neuroap.sweep is sweep
    assert {n: v.dims for n, v in result.data_vars.items()} == {
        "mean": ("x", "y", "seed"),
        "norm": ("x", "y", "seed"),
        "rates": ("x", "y", "seed", "neuron"),
        "error": ("x", "y", "seed"),
    }
    assert result["x"].values.tolist() == [1.0, 2.5]
    assert result["y"].values.tolist() == ["a", "b", "c"]
    assert result["seed"].values.tolist() == [3, 5]
    assert result["neuron"].values.tolist() == list("abcde")
    assert (result["error"] == "").all()
    assert result["seed"].attrs["long_name"] == "seed"


def test_every_point_can_be_computed_by_hand(tmp_path):
    """With its own seed; no two points have the same."""
    result = sweep(study, OVER, seeds=2, store=tmp_path / "store", workers=1)
    seeds = result["point_seed"]
    assert len(np.unique(seeds)) == seeds.size == 12
    one = result.sel(x=2.5, y="b", seed=1)
    by_hand = study(2.5, "b", int(one["point_seed"]))
    for name in by_hand.data_vars:
        np.testing.assert_array_equal(one[name], by_hand[name])


def test_settings_are_attributes(tmp_path):
    result = sweep(study, {"x": [1]}, y="a", notes=str(tmp_path), store=tmp_path / "store", workers=1)
    assert result.attrs["function"] == "sweeps.functions.study"
    assert json.loads(result.attrs["settings"]) == {"notes": repr(str(tmp_path)), "y": "'a'"}
    assert f"neuroap {neuroap.__version__}" in result.attrs["software"]


def test_exponents_are_per_unit_of_time_after_a_sweep_too(tmp_path):
    """What the analysis notes about its steps is still known when it comes back from the store."""

    def growth(rate, seed):
        return xr.Dataset({"mle": ((), rate, {"units": "1/step"})}, attrs={"steps_per_unit": 20.0, "time_unit": "tau"})

    result = sweep(growth, {"rate": [0.1, 0.2]}, store=tmp_path / "store", workers=1)
    found = per_unit_of_time(result)["mle"]
    np.testing.assert_allclose(found.values.ravel(), [2, 4])
    assert found.attrs["units"] == "1/tau"


def test_the_dataset_survives_a_file(tmp_path):
    result = sweep(study, OVER, store=tmp_path / "store", workers=1)
    result.to_netcdf(tmp_path / "all.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "all.nc", engine="h5netcdf") as stored:
        xr.testing.assert_identical(stored.load(), result)


def test_a_rerun_computes_nothing(tmp_path, folder):
    first = sweep(study, OVER, store=tmp_path / "store", notes=folder, workers=1)
    assert set(counted(folder).values()) == {1}
    again = sweep(study, OVER, store=tmp_path / "store", notes=folder, workers=1)
    assert set(counted(folder).values()) == {1}
    xr.testing.assert_identical(again, first)


def test_the_grid_can_grow(tmp_path, folder):
    """More values and seeds: only those are computed, in whatever order the axes come."""
    few = {"x": [1.0], "y": ["a", "b"]}
    small = sweep(study, few, store=tmp_path / "store", notes=folder, workers=1)
    more = {"y": ["a", "b", "d"], "x": [1, 2.5]}
    large = sweep(study, more, store=tmp_path / "store", seeds=2, notes=folder, workers=1)
    assert counted(folder).total() == large["mean"].size == 12
    assert set(counted(folder).values()) == {1}
    part = large.sel(x=few["x"], y=few["y"], seed=[0]).transpose(*small["rates"].dims)
    for name in ("mean", "norm", "rates", "point_seed"):
        np.testing.assert_array_equal(part[name], small[name])
    fresh = sweep(study, more, store=tmp_path / "other", seeds=2, notes=folder, workers=1)
    xr.testing.assert_identical(fresh, large)


def test_one_more_value_may_turn_whole_numbers_into_others(tmp_path, folder):
    sweep(failing, {"x": [1, 3]}, store=tmp_path / "store", notes=folder, workers=1)
    result = sweep(failing, {"x": [1, 3, 0.5]}, store=tmp_path / "store", notes=folder, workers=1)
    assert result["result"].values.ravel().tolist() == [10, 30, 5]
    assert counted(folder) == {"1": 1, "3": 1, "0.5": 1}


def test_failures_are_recorded_and_tried_again(tmp_path, folder):
    def run(**settings):
        return sweep(failing, {"x": [1, 2, 3]}, store=tmp_path / "store", notes=folder, workers=1, **settings)

    with pytest.warns(RuntimeWarning, match=r"1 of 3 points failed, the first at x=2, seed=0: ValueError: two is"):
        result = run()
    assert result["error"].values.ravel().tolist() == ["", "ValueError: two is too many", ""]
    np.testing.assert_array_equal(result["result"].values.ravel(), [10, np.nan, 30])
    (record,) = (tmp_path / "store" / "points").glob("*.error.json")
    found = json.loads(record.read_text())
    assert (found["point"], found["seed"]) == ({"x": 2}, 0)
    assert 'raise ValueError("two is too many")' in found["traceback"]
    assert "neuroap" not in found["traceback"].replace(str(Path(functions.__file__)), "")
    with pytest.warns(RuntimeWarning, match="1 of 3 points failed"):
        run(retry=False)
    assert counted(folder) == {"1": 1, "2": 1, "3": 1}
    (tmp_path / "mended").touch()
    assert run()["result"].values.ravel().tolist() == [10, 20, 30]
    assert counted(folder) == {"1": 1, "2": 2, "3": 1}
    assert not record.exists()


def test_all_points_may_fail(tmp_path):
    with pytest.warns(RuntimeWarning, match="2 of 2 points failed"):
        result = sweep(study, {"x": [-1, -2], "y": ["a"]}, store=tmp_path / "store", workers=1)
    assert result["error"].values.ravel().tolist() == ["ValueError: scale < 0"] * 2
    assert list(result.data_vars) == ["error"]


def test_a_function_that_leaves_is_a_failure(tmp_path):
    with pytest.warns(RuntimeWarning, match="SystemExit: nothing more to do"):
        result = sweep(functions.leaving, {"x": [0, 1, 2]}, seeds=None, store=tmp_path / "store", workers=1)
    np.testing.assert_array_equal(result["result"], [0, np.nan, 2])


def test_ctrl_c_keeps_what_is_done(tmp_path, folder, capfd):
    def run():
        return sweep(interrupted, {"x": [1, 2, 3, 4]}, store=tmp_path / "store", notes=folder, workers=1)

    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        run()
    assert capfd.readouterr().err == "neuroap: interrupted after 2 of 4 points; run it again to go on\n"
    assert counted(folder) == {"1": 1, "2": 1}
    assert run()["result"].values.ravel().tolist() == [10, 20, 30, 40]
    assert set(counted(folder).values()) == {1}
    assert capfd.readouterr().err == "neuroap: 2 of 4 points are there already\n"
    assert not list((tmp_path / "store").rglob(".*"))


def test_half_a_result_is_none(tmp_path, folder):
    """A function that makes a result of Ctrl-C: its point is computed again."""

    def run():
        return sweep(functions.swallowing, {"x": [1, 3]}, store=tmp_path / "store", notes=folder, workers=1)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        run()
    assert signal.getsignal(signal.SIGINT) is before
    assert run()["result"].values.ravel().tolist() == [10, 30]


def test_the_environment_is_as_before(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    found = sweep(functions.surroundings, {"x": [0]}, seeds=None, store=tmp_path / "store", workers=1)
    assert found["threads"].values.tolist() == [1]
    assert (os.environ["OPENBLAS_NUM_THREADS"], os.environ.get("OMP_NUM_THREADS")) == ("7", None)
