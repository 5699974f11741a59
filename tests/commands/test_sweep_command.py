"""neuroap sweep: ranges and lists, files, the summary, what can go wrong."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
import xarray as xr

from neuroap.sweeps.job import unpacked

MODULE = "swept_by_the_command"
CODE = """
def run(spectral_radius, beta, seed, area="V1"):
    if spectral_radius > 1.5:
        raise ValueError(f"{area} diverges")
    return spectral_radius * beta

def constant(x):
    return x
"""


@pytest.fixture(autouse=True)
def module(command):
    """A module in the current folder."""
    Path(f"{MODULE}.py").write_text(CODE)


def test_grid_files_and_summary(command):
    over = ("--over", "spectral_radius=0.5:2:4", "--over", "beta=1,10")
    options = ("--set", "area=V2", "--seeds", "2", "--store", "out", "--workers", "1")
    done = command("sweep", f"{MODULE}:run", *over, *options)
    assert done.code == 1
    first, *rest = done.out.splitlines()
    assert first.startswith("16 points, 4 failed, ")
    assert rest == [
        "  spectral_radius=2.0, beta=1, seed=0: ValueError: V2 diverges",
        "  spectral_radius=2.0, beta=1, seed=1: ValueError: V2 diverges",
        "  spectral_radius=2.0, beta=10, seed=0: ValueError: V2 diverges",
        "  and 1 more; all are in points/*.error.json",
    ]
    assert done.err == "files in out: sweep.nc, points\n"
    with xr.open_dataset("out/sweep.nc", engine="h5netcdf") as result:
        assert result["spectral_radius"].values.tolist() == [0.5, 1.0, 1.5, 2.0]
        np.testing.assert_array_equal(result["result"][:, :, 1], [[0.5, 5], [1, 10], [1.5, 15], [np.nan] * 2])


def test_a_function_without_a_seed(command):
    done = command("sweep", f"{MODULE}:constant", "--over", "x=1:3:3", "--no-seed", "--store", "out", "--workers", "1")
    assert (done.code, done.out.startswith("3 points, 0 failed, ")) == (0, True)


@pytest.mark.parametrize(
    ("function", "over", "message"),
    [
        (f"{MODULE}:rum", "x=1", f"{MODULE}: it has no such function (got 'rum')\n  did you mean 'run'?"),
        (f"{MODULE}.py:run", "x=1", "the function run() of the file study.py is study:run"),
        ("no_such_module:run", "x=1", "no_such_module: cannot be imported (ModuleNotFoundError"),
        (f"{MODULE}:constant", "x", "--over: must read NAME=VALUE (got 'x')"),
        (f"{MODULE}:constant", "x=1:2:1", "--over: a range is START:STOP:NUMBER, with at least two values"),
        (f"{MODULE}:constant", "y=1", "it takes no such argument (got 'y')\n"),
        (
            f"{MODULE}:constant",
            "x=(1,2),(3,4)",
            "one number, text or truth value, without commas (got '(1,2),(3,4)')\n",
        ),
        (f"{MODULE}:constant", "x=(a,b),(c,d)", "without commas (got '(a,b),(c,d)')\n  sweep over a name or a number"),
        (f"{MODULE}:constant", "x='a,b','c'", "one number, text or truth value, without commas"),
        (f"{MODULE}:constant", "x=(1),{2}", "sweep.over['x']: must be all numbers, all texts or all truth values"),
    ],
)
def test_what_can_go_wrong(command, function, over, message):
    done = command("sweep", function, "--over", over, "--store", "out")
    assert (done.code, done.out) == (1, "")
    assert message in done.err


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "import sys\nsys.exit()\n",
            "leaving: cannot be imported (SystemExit)\n  put what only a script does below `if",
        ),
        ("raise SystemExit(3)\n", "leaving: cannot be imported (SystemExit: 3)\n  put what only a script does"),
        ("1 / 0\n", "leaving: cannot be imported (ZeroDivisionError: division by zero)\n"),
    ],
)
def test_a_module_that_ends_the_program_when_it_is_imported(command, monkeypatch, code, message):
    """A script without a guard, for example: the command must not end as if all were well."""
    Path("leaving.py").write_text(code)
    monkeypatch.delitem(sys.modules, "leaving", raising=False)
    done = command("sweep", "leaving:run", "--over", "x=1", "--store", "out")
    assert (done.code, done.out) == (1, "")
    assert message in done.err


def test_texts_and_quoted_texts(command):
    for over in ("x=a,b", "x='a','b'"):
        done = command("sweep", f"{MODULE}:constant", "--over", over, "--no-seed", "--store", over, "--workers", "1")
        assert done.code == 0
        with xr.open_dataset(f"{over}/sweep.nc", engine="h5netcdf") as result:
            assert result["x"].values.tolist() == ["a", "b"]


@pytest.mark.parametrize("name", ["point", "variable", "name", "dims", "method", "failed"])
def test_an_axis_of_any_name(command, name):
    """The summary comes when all is computed: a name must not cost it."""
    Path("named.py").write_text(f"def run({name}, seed):\n    return 1 / ({name} != 2)\n")
    sys.modules.pop("named", None)
    importlib.invalidate_caches()
    done = command("sweep", "named:run", "--over", f"{name}=1,2", "--store", "out", "--workers", "1")
    assert done.out.splitlines()[0].startswith("2 points, 1 failed, ")
    assert done.out.splitlines()[1:] == [f"  {name}=2, seed=0: ZeroDivisionError: division by zero"]
    assert done.err == "files in out: sweep.nc, points\n"


def test_names_that_are_given_twice_or_taken(command):
    """No value is left out without a word."""
    options = (f"{MODULE}:constant", "--over", "x=1", "--no-seed", "--store", "out")
    for more, message in (
        (("--over", "x=2"), "--over: is given twice for the same name (got 'x')"),
        (("--set", "y=1", "--set", "y=2"), "--set: is given twice for the same name (got 'y')"),
        (("--set", "workers=2"), "--set: is a setting of the sweep itself (got 'workers')\n  give it in --over"),
    ):
        done = command("sweep", *options, *more)
        assert (done.code, done.out) == (1, "")
        assert message in done.err


def test_a_function_of_this_folder_goes_to_a_cluster_with_its_code(command, monkeypatch):
    """A worker that runs elsewhere cannot import the module."""
    sent = []
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    monkeypatch.setattr("neuroap.sweeps.sweeping.on_cluster", lambda job, *_: sent.append(job.packed()))
    options = ("--over", "x=1", "--no-seed", "--store", "out")
    command("sweep", f"{MODULE}:constant", *options, "--scheduler", "tcp://127.0.0.1:9")
    cloudpickle.unregister_pickle_by_value(sys.modules.pop(MODULE))
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p != os.getcwd()])
    assert unpacked(sent[0]).function(3) == 3
