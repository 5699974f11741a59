"""Devices behind the estimator and the commands: chosen, announced, changed between runs, missed in one sentence."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from training.small import model, trials, unseen

from neuroap import CorticalClassifier
from neuroap.brian import choosing
from neuroap.brian.compiled import gpu as driver
from neuroap.cli import main
from neuroap.errors import DeviceError, SettingError
from neuroap.training import progress

ROOT = Path(__file__).resolve().parents[2]
CPP, CUDA = "cpp_standalone", "cuda_standalone"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make a machine that has these devices, and perhaps a GPU."""

    def make(*devices: str, gpu: str = "") -> None:
        def toolchain_of(device: str) -> None:
            if device not in devices:
                raise DeviceError(device, f"{device} lacks its compiler")

        monkeypatch.setattr(choosing, "toolchain_of", toolchain_of)
        monkeypatch.setattr(choosing, "gpu", lambda what: gpu)

    return make


@pytest.fixture(scope="module")
def _builds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One folder of programs for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROAP_BUILDS", os.environ.get("NEUROAP_BUILDS") or str(tmp_path_factory.mktemp("builds")))
        yield


@pytest.mark.parametrize(
    ("devices", "gpu", "size", "device", "why"),
    [
        ((CPP, CUDA), "Great", 500, CUDA, "there is a GPU, Great"),
        ((CPP, CUDA), "", 1, CPP, "batches of 1 gain from a compiled program"),
        ((CPP,), "Great", 1, CPP, "batches of 1 gain .*; the GPU is of no use: cuda_standalone lacks its compiler"),
        ((CPP,), "", 500, "runtime", "with batches of 500 a compiled program gains little"),
        ((), "", 1, "runtime", "cpp_standalone lacks its compiler"),
    ],
)
def test_what_suits_the_machine_is_chosen(
    machine: Callable[..., None], devices: tuple[str, ...], gpu: str, size: int, device: str, why: str
) -> None:
    machine(*devices, gpu=gpu)
    chosen, reason = choosing.chosen_device(size)
    assert chosen == device
    with pytest.raises(AssertionError, match=rf"\A{why}\Z"):
        raise AssertionError(reason)


@pytest.mark.parametrize(("script", "name"), [("echo Great; echo Other", "Great"), ("exit 9", ""), ("", "")])
def test_a_gpu_is_there_if_the_driver_lists_one(
    script: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert driver.gpu.__wrapped__("name") == name


@pytest.mark.parametrize("shown", [True, False])
def test_the_choice_is_said_and_kept(
    shown: bool, machine: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine()
    study = model(device="auto", epochs=1, progress=shown).fit(*trials())
    assert (study.device, study.device_) == ("auto", "runtime")
    said = "neuroap: device runtime: cpp_standalone lacks its compiler\n"
    assert capsys.readouterr().err == (said if shown else "")
    study.save(tmp_path / "kept.nc")
    assert CorticalClassifier.load(tmp_path / "kept.nc").device == "runtime"


@pytest.mark.usefixtures("_builds")
def test_building_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEUROAP_BUILDS", str(tmp_path))
    study = model(device=CPP, progress=True).fit(*trials(), test=unseen())
    first, *others = capsys.readouterr().err.splitlines()
    assert first.startswith(f"neuroap: building the network for {CPP} (")
    assert str(tmp_path) in first
    assert [line for line in others if "building" in line] == []
    study.fit(*trials())
    assert "building" not in capsys.readouterr().err
    runtime = model().fit(*trials(), test=unseen())
    np.testing.assert_allclose(study.history_.loss, runtime.history_.loss, rtol=1e-3)


@pytest.mark.usefixtures("_builds")
def test_a_checkpoint_goes_on_on_another_device(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.nc"
    model(checkpoint=path, epochs=2).fit(*trials())
    study = model(checkpoint=path, epochs=3, device=CPP, progress=True).fit(*trials(), resume=True)
    assert study.n_iter_ == 3
    assert (
        f"neuroap: {path} was written on device 'runtime', and goes on on 'cpp_standalone': "
        "the numbers are the same but for rounding"
    ) in capsys.readouterr().err
    whole = model(epochs=3).fit(*trials())
    np.testing.assert_allclose(study.history_.loss, whole.history_.loss, rtol=1e-3)
    elsewhere = CorticalClassifier.load(path, device="runtime")
    assert (CorticalClassifier.load(path).device_, elsewhere.device_) == (CPP, "runtime")
    np.testing.assert_allclose(elsewhere.predict_proba(unseen()[0]), study.predict_proba(unseen()[0]), atol=1e-5)


@pytest.mark.usefixtures("_builds")
@pytest.mark.parametrize("terminal", [True, False])
def test_progress_counts_every_batch(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches arrive in jumps; each is counted once."""
    counted: list[int] = []
    batch = progress.Progress.batch
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setattr(progress.Progress, "batch", lambda self, k=0: (counted.append(k), batch(self, k)))
    model(device=CPP, progress=True, epochs=2, stop_at=2.0).fit(*trials())
    assert counted == [0, 1, 2, 3] * 2


def test_a_misspelt_device() -> None:
    with pytest.raises(SettingError, match="did you mean 'cpp_standalone'"):
        model(device="cpp_standalon").fit(*trials())
    with pytest.raises(SettingError, match="did you mean 'auto'"):
        model(device="atuo").fit(*trials())


@pytest.mark.parametrize("breakage", ["no compiler", "compiler that fails", "folder"])
def test_the_command_says_what_is_missing_and_loses_nothing(
    breakage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["train", str(ROOT / "models" / "two_area.py"), "--data", "digits", "--block", "2", "--epochs", "1"]
    out = ["--out", str(tmp_path / "out"), "--batch-size", "400"]
    assert main([*options, *out]) == 0
    before = (tmp_path / "out" / "checkpoint.nc").read_bytes()
    (tmp_path / "file").touch()
    broken = {"no compiler": ("CXX", "nonsense"), "compiler that fails": ("CXX", "false")}
    monkeypatch.setenv("NEUROAP_BUILDS", str(tmp_path / "builds"))
    monkeypatch.setenv(*broken.get(breakage, ("NEUROAP_BUILDS", str(tmp_path / "file" / "x"))))
    for _ in range(1 if breakage == "compiler that fails" else 2):  # what is kept of the earlier run is kept again
        capsys.readouterr()
        assert main([*options, *out, "--device", CPP]) == 1
        said = capsys.readouterr().err
        assert f"neuroap: error: {CPP}: " in said
        assert "Traceback" not in said
    assert (tmp_path / "out" / "checkpoint.nc").read_bytes() == before
    assert (tmp_path / "out" / "checkpoint.previous.nc").read_bytes() == before


def test_a_driver_that_hangs_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(*_: object, **settings: float) -> None:
        raise driver.subprocess.TimeoutExpired("nvidia-smi", settings["timeout"])

    monkeypatch.setattr(driver, "shutil", SimpleNamespace(which=lambda _: "nvidia-smi"))
    monkeypatch.setattr(driver.subprocess, "run", hangs)
    assert driver.gpu.__wrapped__("name") == ""


@pytest.mark.parametrize("settings", [{"device": "runtime"}, {"device": CPP}, {"device": "auto", "dtype": "float64"}])
def test_tf32_belongs_to_gpus(settings: dict[str, str]) -> None:
    """Asked for where it cannot be had, it is refused before anything is built."""
    with pytest.raises(SettingError, match="precision: tf32 is a mode of GPUs for single precision"):
        model(**settings, precision="tf32").fit(*trials())
    with pytest.raises(SettingError, match="did you mean 'tf32'"):
        model(precision="tf-32").fit(*trials())
