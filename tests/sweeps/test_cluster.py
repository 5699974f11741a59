"""A Dask cluster: a worker is killed in the middle, and nobody can tell from the result."""

from __future__ import annotations

import re
import threading

import pytest
import xarray as xr
from distributed import LocalCluster
from distributed.client import FutureCancelledError
from distributed.comm import CommClosedError
from sweeps.functions import GRID, failing, interrupted, killed_once, study

from neuroap.errors import DataError, NeuroapError, SettingError
from neuroap.sweeps import cluster as cluster_module
from neuroap.sweeps import sweep

# Warnings of distributed when workers come and go, not ours to mend.
pytestmark = [
    pytest.mark.filterwarnings("ignore:::distributed"),
    pytest.mark.filterwarnings("ignore:::tornado"),
]


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes on this machine."""
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": "CRITICAL"}
    with LocalCluster(**settings) as running:
        yield running


def test_a_worker_is_killed_in_the_middle(tmp_path, cluster):
    """Forty points by the scheduler's address: each is there, with the bits of a serial run."""
    notes = str(tmp_path)
    address = cluster.scheduler_address
    result = sweep(killed_once, GRID, seeds=2, store=tmp_path / "dask", notes=notes, scheduler=address)
    assert (tmp_path / "killed").exists()
    serial = sweep(killed_once, GRID, seeds=2, store=tmp_path / "serial", notes=notes, workers=1)
    assert serial["mean"].size == 40
    assert (serial["error"] == "").all()
    xr.testing.assert_identical(result, serial)


def test_interrupted_and_run_again(tmp_path, cluster, monkeypatch):
    """With the user's own client, which stays open; points that were finished are not computed again."""
    kept, put = [], cluster_module._outcome

    def interrupt(*arguments):
        if len(kept) == 3:
            kept.append(None)
            raise KeyboardInterrupt
        kept.append(None)
        return put(*arguments)

    settings = {"store": tmp_path / "store", "notes": str(tmp_path), "seeds": 2}
    with cluster.get_client() as client:
        with monkeypatch.context() as patch:
            patch.setattr(cluster_module, "_outcome", interrupt)
            with pytest.raises(KeyboardInterrupt, match=r"^$"):
                sweep(study, {"x": [1.0, 2.0], "y": ["a", "b"]}, scheduler=client, **settings)
        there = {path.name for path in (tmp_path / "store" / "points").glob("*.nc")}
        before = {name: (tmp_path / "store" / "points" / name).stat().st_mtime_ns for name in there}
        assert 3 <= len(there) < 8
        with pytest.warns(RuntimeWarning, match="ValueError: two is too many"):
            sweep(failing, {"x": [1, 2]}, store=tmp_path / "failing", notes=str(tmp_path), scheduler=client)
        result = sweep(study, {"x": [1.0, 2.0], "y": ["a", "b"]}, scheduler=client, **settings)
        assert client.status == "running"
    assert (result["error"] == "").all()
    assert {n: (tmp_path / "store" / "points" / n).stat().st_mtime_ns for n in there} == before


def test_a_point_that_kills_all_its_workers_fails():
    """What Dask says after the last attempt becomes the point's error."""
    import distributed

    class Future:
        def result(self):
            raise distributed.KilledWorker("point", None, 3)

    outcome = cluster_module._outcome(distributed, Future())
    assert outcome.error == "the process died (4 workers ended while they computed it)"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (CommClosedError("in <TCP>: Stream is closed"), "sweep.scheduler: the connection to the cluster is lost\n"),
        (FutureCancelledError("compute-1", "lost"), "sweep.scheduler: the connection to the cluster is lost\n"),
        (ModuleNotFoundError("No module named 'neuroap'"), "a worker cannot compute (ModuleNotFoundError: No module"),
        (DataError("X", "is wrong"), "X: is wrong"),
    ],
)
def test_what_dask_passes_on(error, message):
    """A cluster that goes away, workers without neuroap, and our own errors as they are."""
    import distributed

    class Future:
        def result(self):
            raise error

    with pytest.raises(NeuroapError, match=re.escape(message)):
        cluster_module._outcome(distributed, Future())


def test_a_cluster_without_workers_is_said(tmp_path):
    """The points wait for the first worker."""
    settings = {"n_workers": 0, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": "CRITICAL"}
    with LocalCluster(**settings, processes=False) as empty:
        timer = threading.Timer(1.0, empty.scale, [1])
        timer.start()
        with pytest.warns(RuntimeWarning, match="no workers yet, and the points wait"):
            found = sweep(study, {"x": [1.0], "y": ["a"]}, store=tmp_path, scheduler=empty.scheduler_address)
        timer.join()
    assert (found["error"] == "").all()


def test_nobody_answers(tmp_path, monkeypatch):
    import dask

    with (
        dask.config.set({"distributed.comm.timeouts.connect": "0.2s"}),
        pytest.raises(SettingError, match=r"sweep.scheduler: no Dask scheduler answers .*\(got 'tcp://127.0.0.1:9'\)"),
    ):
        sweep(interrupted, {"x": [1]}, notes="", store=tmp_path / "store", scheduler="tcp://127.0.0.1:9")


def test_without_dask(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(SettingError, match=r"distributed is not installed\n  pip install 'neuroap\[cluster\]'"):
        sweep(interrupted, {"x": [1]}, notes="", store=tmp_path / "store", scheduler="tcp://127.0.0.1:9")
