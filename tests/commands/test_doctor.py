"""neuroap doctor: what is there, what is missing, and that it never fails itself."""

from __future__ import annotations

import os
import re
import time
from importlib import metadata
from types import SimpleNamespace

import pytest

from neuroap import doctor
from neuroap.brian.compiled import cuda
from neuroap.doctor import Check

VERSION = metadata.version


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    for name in ("CXX", "CUDA_HOME", "CUDA_PATH", "NEUROAP_DATA"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def program(monkeypatch, tmp_path):
    """Make a program on a PATH that has nothing else but the shell."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def make(name, script):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
        return folder

    return make


def found(command):
    """The findings by name."""
    done = command("doctor", "--json")
    return {c["name"]: c for c in done.json["checks"]}


def without(monkeypatch, *names):
    """Make packages look as if they were not installed."""

    def version(name):
        if name in names:
            raise metadata.PackageNotFoundError(name)
        return VERSION(name)

    monkeypatch.setattr(metadata, "version", version)


def test_this_environment_can_work(command):
    start = time.perf_counter()
    done = command("doctor")
    assert time.perf_counter() - start < 5
    assert (done.code, done.err) == (0, "")
    *lines, empty, verdict = done.out.splitlines()
    assert (empty, verdict) == ("", "The device 'runtime' can work.")
    parts = [re.fullmatch(r"(\S.*?)  +(ok|missing)  +(\S.*)", line) for line in lines]
    assert len({(p.start(2), p.start(3)) for p in parts}) == 1  # aligned
    assert f"Brian2              ok       {VERSION('brian2')}" in lines
    assert "threads" in next(line for line in lines if line.startswith("NumPy"))


def test_missing_compiler(command, program):
    program("nothing", "")
    done = command("doctor")
    assert done.code == 0  # the runtime device needs none
    assert (
        "C++ compiler        missing  (needed for device 'cpp_standalone': install g++ (apt install g++), or set CXX)"
    ) in done.out


def test_compiler_and_gpu(command, program):
    program("g++", "echo g++ 99.1; echo more")
    program("nvidia-smi", "echo NVIDIA Great, 100 MiB")
    checks = found(command)
    assert (checks["C++ compiler"]["ok"], checks["C++ compiler"]["detail"]) == (True, "g++ 99.1")
    assert checks["GPU"]["detail"] == "NVIDIA Great, 100 MiB"


@pytest.fixture
def no_cuda(monkeypatch):
    """Hide what this computer has of CUDA."""
    for name in ("toolkits", "package_folders"):
        monkeypatch.setattr(cuda, name, lambda *_: iter(()))


def test_no_cuda(command, no_cuda):
    checks = found(command)
    compiler, libraries = checks["CUDA compiler"], checks["CUDA libraries"]
    assert not compiler["ok"]
    assert "there is no CUDA compiler (nvcc) on this machine" in compiler["detail"]
    assert compiler["remedy"] == "pip install 'neuroap[cuda]', or install the CUDA toolkit and set CUDA_HOME"
    assert not libraries["ok"]


def test_a_toolkit_without_libraries(command, no_cuda, monkeypatch, program, tmp_path):
    root = tmp_path / "cuda"
    program("nvcc", "echo Cuda compilation tools, release 13.0, V13").rename(tmp_path / "bin")
    root.mkdir()
    (tmp_path / "bin").rename(root / "bin")
    (root / "include").mkdir()
    (root / "include" / "cuda_runtime.h").touch()
    monkeypatch.setattr(cuda, "toolkits", lambda: iter([root]))
    checks = found(command)
    assert checks["CUDA compiler"]["detail"] == f"{root / 'bin' / 'nvcc'}, release 13.0"
    assert "lacks headers or libraries (got 'nvidia-cublas, " in checks["CUDA libraries"]["detail"]
    assert checks["CUDA libraries"]["remedy"] == "pip install 'neuroap[cuda]', or install the whole CUDA toolkit"


def test_a_driver_that_fails_is_missing_and_says_why(command, program):
    program("nvidia-smi", "echo no driver; exit 9")
    gpu = found(command)["GPU"]
    assert not gpu["ok"]
    assert "returned non-zero exit status 9" in gpu["detail"]


def test_a_program_that_hangs_is_given_up(command, program, monkeypatch):
    monkeypatch.setattr(doctor, "PATIENCE", 0.2)
    program("g++", "while :; do :; done")
    compiler = found(command)["C++ compiler"]
    assert not compiler["ok"]
    assert "TimeoutExpired" in compiler["detail"]


@pytest.mark.parametrize(
    ("package", "name", "code"),
    [("brian2", "Brian2", 1), ("xarray", "libraries", 1), ("brian2cuda", "Brian2CUDA", 0)],
)
def test_missing_packages(command, monkeypatch, package, name, code):
    without(monkeypatch, package)
    done = command("doctor")
    assert done.code == code
    line = next(line for line in done.out.splitlines() if line.startswith(name))
    assert "missing  (" in line
    verdict = done.out.splitlines()[-1]
    assert verdict == (
        f"The device 'runtime' cannot work: {name} missing." if code else "The device 'runtime' can work."
    )
    assert (name != "libraries") or "without xarray; needed for every network" in line


def test_an_old_python(command, monkeypatch):
    monkeypatch.setattr("sys.version_info", (3, 11, 4))
    checks = found(command)
    assert not checks["Python"]["ok"]
    assert "is too old" in checks["Python"]["detail"]


def test_data_sets_are_found_where_they_are(command, monkeypatch, tmp_path):
    monkeypatch.setenv("NEUROAP_DATA", str(tmp_path / "sets"))
    (tmp_path / "sets" / "mnist").mkdir(parents=True)
    assert str(tmp_path) not in found(command)["data mnist"]["detail"]
    (tmp_path / "sets" / "mnist" / "train-images-idx3-ubyte.gz").write_bytes(b"")
    checks = found(command)
    assert (checks["data mnist"]["ok"], checks["data mnist"]["detail"]) == (True, str(tmp_path / "sets" / "mnist"))
    assert checks["data cifar10"]["remedy"] == "neuroap fetch cifar10"
    assert checks["data digits"]["ok"]


def test_a_full_disk(command, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=2**29))
    disk = found(command)["disk"]
    assert not disk["ok"]
    assert "0.5 GiB free" in disk["detail"]


def test_whatever_a_check_raises_is_a_finding(monkeypatch):
    def fail():
        raise OSError("first line\nsecond line")

    finding = Check("x", fail, "y", "do z").run()
    assert str(finding) == "missing  (OSError: first line; needed for y: do z)"
    assert str(Check("x", lambda: "", "y", "do z").run()) == "missing  (needed for y: do z)"
    assert str(Check("x", lambda: "7", "y", "do z").run()) == "ok       7"
    monkeypatch.setattr(doctor, "load", lambda name: 1 / 0)
    assert {f.name for f in doctor.examine() if "ZeroDivisionError" in f.detail} >= {"NumPy", "disk", "data mnist"}


def test_json(command):
    done = command("doctor", "--json")
    assert done.code == 0
    assert done.json["runtime_works"] is True
    assert [c["name"] for c in done.json["checks"]][:2] == ["Python", "Brian2"]
    assert os.listdir() == []
