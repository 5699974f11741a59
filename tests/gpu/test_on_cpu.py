"""The code for a GPU, run without one: a stand-in for CUDA calls its kernels and products on the processor.

It tells whether threads, offsets, copies and dimensions are right; of speed, and of races between threads, nothing.
"""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from brian.dale import with_dale
from brian.frames import with_frames
from devices.test_every_device import (
    learn_and_compare,
)
from devices.test_every_device import (
    test_own_equations_and_plasticity_agree_with_the_runtime_device as own_equations_agree,
)

from neuroap.brian.compiled import cuda
from neuroap.verify import verify

GOLDEN = Path(__file__).parents[3] / "shared" / "golden"
ON_CPU = Path(__file__).parent / "on_cpu"
THRUST = ("host_vector", "device_vector", "system_error")

pytestmark = [
    pytest.mark.slow,  # about a minute
    pytest.mark.skipif(find_spec("brian2cuda") is None, reason="brian2cuda is not installed"),
    pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++"),
]


@pytest.fixture
def _cuda_on_cpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A CUDA toolkit that needs no GPU."""
    root = tmp_path / "cuda"
    for folder in ("bin", "include/thrust", "include/crt", "lib64"):
        (root / folder).mkdir(parents=True)
    for header in ON_CPU.glob("*.h"):
        (root / "include" / header.name).symlink_to(header)
    for name in THRUST:
        (root / "include" / "thrust" / f"{name}.h").write_text('#include "../thrust.h"\n')
    (root / "include" / cuda.PROFILER).write_text('#include "cuda_runtime.h"\n')
    for name in ("include/crt/host_config.h", "lib64/libcublas.so.13", "lib64/libcurand.so.10"):
        (root / name).touch()
    nvcc = root / "bin" / "nvcc"
    nvcc.write_text(f'#!/bin/sh\nexec {sys.executable} {ON_CPU / "nvcc.py"} "$@"\n')
    nvcc.chmod(0o755)
    monkeypatch.setenv("CUDA_HOME", str(root))
    monkeypatch.setenv("NEUROAP_BUILDS", str(tmp_path / "builds"))


@pytest.mark.usefixtures("_cuda_on_cpu")
@pytest.mark.parametrize("name", ["recurrent_and_bias_plasticity"])
def test_a_golden_trace_agrees(name: str) -> None:
    """Products, correlations, averages, softmax, elementwise code, feed and outputs, to 1e-9."""
    path = GOLDEN / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"no golden trace at {path}: it lies beside the checkout, not in it")
    assert [d for d in verify(path, "float64", cuda.CUDA) if not d.agrees] == []


@pytest.mark.usefixtures("_cuda_on_cpu")
def test_stimuli_change_while_areas_settle() -> None:
    """Each frame is gathered when it should be, in every window."""
    learn_and_compare(with_frames(7), cuda.CUDA, 7)


@pytest.mark.usefixtures("_cuda_on_cpu")
@pytest.mark.parametrize("seed", [1, 6])
def test_signs_and_places_of_weights_are_kept(seed: int) -> None:
    """Dale's law by clipping and by the multiplicative update, with silent cells."""
    learn_and_compare(with_dale(seed), cuda.CUDA, seed)


@pytest.mark.usefixtures("_cuda_on_cpu")
def test_equations_tell_cells_apart() -> None:
    """Constants of single cells reach the program, in every trial."""
    own_equations_agree(cuda.CUDA, "sequential")
