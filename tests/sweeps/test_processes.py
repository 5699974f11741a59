"""Worker processes: the same bits, deaths, Ctrl-C, functions that cannot be imported."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from sweeps.functions import (
    counted,
    failing,
    killed_always,
    killed_once,
    slow_at_the_end,
    study,
    surroundings,
)

from neuroap.errors import SettingError
from neuroap.sweeps import processes, sweep
from neuroap.sweeps.grid import Point
from neuroap.sweeps.job import Job

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "cores", lambda: 2)


def until(condition, seconds: float = 30) -> None:
    """Wait for something to come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_process_is_killed_in_the_middle(tmp_path):
    """Every point is there, with the bits of a serial run, in which nothing is killed."""
    over = {"x": [0.5, 2.5, 3.0], "y": ["a", "b"]}
    result = sweep(killed_once, over, seeds=2, store=tmp_path / "two", notes=str(tmp_path), workers=2)
    assert (tmp_path / "killed").exists()
    serial = sweep(killed_once, over, seeds=2, store=tmp_path / "one", notes=str(tmp_path), workers=1)
    assert serial["mean"].size == 12
    xr.testing.assert_identical(result, serial)


def test_a_point_that_always_kills_its_process(tmp_path):
    """It fails after three deaths; the others are computed once, and the error of another is its own."""
    with pytest.warns(RuntimeWarning, match=r"2 of 6 points failed, the first at x=2, seed=0: the process died"):
        result = sweep(killed_always, {"x": range(6)}, store=tmp_path / "store", notes=str(tmp_path))
    errors = ["", "", "the process died (SIGKILL)", "", "ZeroDivisionError: division by zero", ""]
    assert result["error"].values.ravel().tolist() == errors
    np.testing.assert_array_equal(np.isnan(result["result"]).values.ravel(), [bool(error) for error in errors])
    assert counted(tmp_path) == {"0": 1, "1": 1, "2": 3, "3": 1, "4": 1, "5": 1}


def test_one_blas_thread_and_streams_of_their_own(tmp_path, capfd):
    """What a function prints goes to stderr; stdin is empty; the process is another one."""
    result = sweep(surroundings, {"x": [1]}, seeds=None, store=tmp_path / "store", progress=False)
    assert result["threads"].values.tolist() == [1]
    assert result["stdin"].values.tolist() == [""]
    assert os.getpid() not in result["process"].values
    assert not any(alive(int(pid)) for pid in result["process"])
    assert capfd.readouterr() == ("", "this is printed\n")


def test_functions_that_cannot_be_imported(tmp_path):
    """A function inside another, and a lambda that it uses."""
    factor = np.array([2.0, 3.0])
    double = lambda x: x * factor  # noqa: E731

    def local(x, seed):
        return double(x)

    result = sweep(local, {"x": [2]}, store=tmp_path / "store", workers=2)
    assert result["result"].values[:, 0].tolist() == [[4, 6]]


def test_what_cannot_be_sent(tmp_path):
    class Clock:
        def __repr__(self):
            return "Clock()"

        def __reduce__(self):
            raise TypeError("a clock stays where it is")

    rule = r"must be something that can be sent to other processes \(a clock stays where it is\)\n.*workers=1"
    with pytest.raises(SettingError, match=rule):
        sweep(failing, {"x": [1]}, notes=Clock(), store=tmp_path / "store")
    with pytest.warns(RuntimeWarning, match="TypeError"):  # it goes as far as the function
        sweep(failing, {"x": [1]}, notes=Clock(), store=tmp_path / "store", workers=1)


def test_a_worker_that_cannot_load_the_function(tmp_path, monkeypatch):
    """A module that this process has, but that cannot be found on the path."""
    (tmp_path / "elsewhere.py").write_text("def function(x, seed):\n    return x\n")
    with monkeypatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        import elsewhere
    with pytest.raises(SettingError, match=r"a worker cannot load the function \(ModuleNotFoundError: .*'elsewhere'"):
        sweep(elsewhere.function, {"x": [1]}, store=tmp_path / "store", workers=2)


SCRIPT = """
from sweeps.functions import first_time, note, slow_at_the_end
from neuroap import sweep

offset = 1

def function(x, seed, notes):
    return slow_at_the_end(x, seed, notes) + offset

result = sweep(function, {"x": [1, 2, 3, 4, 5]}, store=STORE, notes=NOTES, workers=2)
print(result["result"].values.ravel().tolist())
"""


@pytest.fixture
def script(tmp_path: Path):
    """Start a script that sweeps its own function, without a guard for the main module."""
    path = tmp_path / "study.py"
    path.write_text(f"STORE, NOTES = {str(tmp_path / 'store')!r}, {str(tmp_path)!r}\n{SCRIPT}")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}

    def start() -> subprocess.Popen[str]:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen([sys.executable, path], env=environment, **pipes)

    return start


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (signal.SIGINT, "interrupted after 4 of 5 points"),
        pytest.param(signal.SIGKILL, "", marks=pytest.mark.slow),
    ],
)
def test_a_script_that_is_interrupted_or_killed(tmp_path, script, number, said):
    """Finished points are kept and not computed again; no process is left."""
    running = script()
    until(lambda: counted(tmp_path).total() == 5 and len(list((tmp_path / "store" / "points").glob("[!.]*.nc"))) == 4)
    (pids,) = [[int(n) for n in line.split()[1:]] for line in counted(tmp_path) if line.startswith("pid")]
    assert all(map(alive, pids))
    running.send_signal(number)
    _, errors = running.communicate(timeout=30)
    assert said in errors
    until(lambda: not any(map(alive, pids)))
    assert sorted(p.name for p in (tmp_path / "store").iterdir()) == ["points", "sweep.json"]
    output, errors = script().communicate(timeout=60)
    assert errors == "neuroap: 4 of 5 points are there already\n"
    assert output == "[11, 21, 31, 41, 51]\n"
    assert {line: n for line, n in counted(tmp_path).items() if n > 1} == {}


STUBBORN = """
import signal
from neuroap.sweeps import worker
worker.GRACE_SECONDS, worker.LAST_SECONDS = 0.5, 0.3
if DEAF:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
worker.main()
"""


@pytest.mark.parametrize("deaf", [False, True], ids=["to Ctrl-C", "to SIGTERM too"])
@pytest.mark.parametrize("leads", [True, False], ids=["its own group", "group of another"])
def test_a_function_that_cannot_be_interrupted_does_not_outlive_its_parent(tmp_path, deaf, leads):
    """Nor does what it has started."""

    def stubborn(x, notes):
        import subprocess
        import time

        from sweeps.functions import note

        note(notes, subprocess.Popen(["sleep", "60"]).pid)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                time.sleep(60)
            except KeyboardInterrupt:
                note(notes, "interrupted")

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    code = STUBBORN.replace("DEAF", str(deaf))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, start_new_session=leads, env=environment
    ) as worker:
        for message in (Job(stubborn, {"notes": str(tmp_path)}, ()).packed(), Point({"x": 1}, None)):
            pickle.dump(message, worker.stdin)
        worker.stdin.flush()
        until(lambda: counted(tmp_path))
        (program,) = map(int, counted(tmp_path))
        worker.stdin.close()
        worker.wait(10)
    assert counted(tmp_path)["interrupted"] == 1
    if leads:
        until(lambda: not alive(program))
    else:
        os.kill(program, signal.SIGKILL)


def test_study_and_slow_are_what_the_tests_take_them_for(tmp_path):
    """Different points give different numbers; the slow function is slow once."""
    assert study(1, "a", 0)["mean"] != study(1, "a", 1)["mean"]
    (tmp_path / "slow").touch()
    assert slow_at_the_end(5, 0, str(tmp_path)) == 50
