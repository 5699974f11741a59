"""Code for a GPU: what is generated, that it compiles and links, and where the tools are found. Nothing runs here."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from neuroap.brian.compiled import build, cuda
from neuroap.brian.compiled.cuda import Cuda, find_cuda
from neuroap.brian.compiled.recipe import Recipe
from neuroap.errors import DeviceError
from neuroap.layout import Area, Input, Layout, Output, error, inference
from neuroap.rules import AdjointPropagation
from neuroap.timeline import timeline

needs_brian2cuda = pytest.mark.skipif(find_spec("brian2cuda") is None, reason="brian2cuda is not installed")
NOISY = "du/dt = (-u + I_rec + I_inf - beta*I_err + 0.1*randn())/tau : 1\nr = tanh(u) : 1"
LAYOUT = Layout(
    Input("x", 5),
    Area("A", 3),
    Area("B", 2, equations=NOISY),
    Output("y", 4),
    inference("x", "A.RI"),
    inference("A.SI", "B.RI"),
    inference("B.SI", "y"),
    error("y", "B.RE"),
    error("B.SE", "A.RE"),
)
RULE = AdjointPropagation((4, 3), bias_plasticity=True, tolerance=1e-3)
TRIALS, COPIES = 6, 2


def recipe(precision: str = "float32", dtype: str = "float32") -> Recipe:
    """The network of these tests."""
    return Recipe(LAYOUT, RULE, tuple(LAYOUT.tasks), TRIALS, COPIES, None, dtype, cuda.CUDA, precision)


def generate(recipe: Recipe, preferences: dict[str, Any], folder: Path) -> None:
    """Write the sources, in a process of its own: a device belongs to a whole process."""
    command = [sys.executable, "-m", "neuroap.brian.compiled.generate"]
    job = pickle.dumps((recipe.canonical, folder, preferences))
    done = subprocess.run(command, input=job, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Preferences of a toolchain that exists in name only: generating needs none."""
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setenv("NEUROAP_BUILDS", str(tmp_path_factory.mktemp("builds")))
    root = Path("/nonexistent/cuda")
    libraries = {name: Path(f"/nonexistent/wheels/lib{name}.so.13") for name in cuda.LIBRARIES}
    found = Cuda(root, "13.0", (root / "include", Path("/nonexistent/wheels")), libraries, False)
    preferences = cuda._preferences(found, "9.0")
    monkeypatch.undo()
    return preferences


@pytest.fixture(scope="module")
def folder(nowhere: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of the network."""
    place = tmp_path_factory.mktemp("sources")
    generate(recipe(), nowhere, place)
    return place


def code(folder: Path, name: str) -> str:
    """The host's part of a code object, or all of it if it has a kernel."""
    text = (folder / "code_objects" / f"{name}_codeobject.cu").read_text()
    return re.sub(r"\s+", " ", text[text.index("////// hashdefine_lines") :])


@needs_brian2cuda
def test_every_object_returns_outside_its_gate(folder: Path) -> None:
    """The gate comes before any kernel and any product; first and last object have none."""
    files = sorted((folder / "code_objects").glob("*.cu"))
    for file in files:
        text = code(folder, file.stem.removesuffix("_codeobject"))
        if file.stem.startswith(("neuroap_begin", "neuroap_end")):
            assert "_ap_gate" not in text
            continue
        kind = "Gate" if "neuroap::Columns _ap_from" in text else "BesideGate"  # products are what the floor runs
        shut = rf"static const neuroap::{kind} _ap_gate\{{ [\d, ]+ \}}; if \(!_ap_gate.open\(\)\) return;"
        gate = re.search(shut, text)
        assert gate is not None, file
        body = text[text.rindex("void _run_") :]
        acts = [body.index(a) for a in ("<<<", "neuroap::Columns", "neuroap::softmax", "look(") if a in body]
        assert acts, file
        assert body.index("_ap_gate") < min(acts), file
    assert len(files) > 20


@needs_brian2cuda
def test_gates_have_the_ticks_of_the_timeline(folder: Path) -> None:
    line = timeline(LAYOUT, RULE, tuple(LAYOUT.tasks), None)
    ticks = [t for windows in (line.inference, line.learning) for t in windows["B"].ticks]
    assert f"_ap_gate{{ {', '.join(map(str, ticks))} }}" in code(folder, "b_stateupdater")
    assert f"_ap_gate{{ {line.length - 1} }}" in code(folder, "a_si_to_b_ri_correlate_g")


@needs_brian2cuda
def test_products_take_the_right_columns(folder: Path) -> None:
    """Blocks SI and RI of areas of four blocks; the counts of the host; pointers to the device."""
    a, b = (LAYOUT.site(s) for s in ("A.SI", "B.RI"))
    columns = f"_ap_from{{ {a.start}, 3, 12 }}; const neuroap::Columns _ap_to{{ {b.start}, 2, 8 }};"
    drive = "dev_array_a_r_inf, _ap_from, dev_array_a_si_to_b_ri_w, dev_array_b_I_inf, _ap_to, false);"
    product = code(folder, "a_si_to_b_ri_product")
    assert columns in product
    assert f"neuroap::drive({COPIES}, {TRIALS}, {drive}" in product
    correlation = code(folder, "a_si_to_b_ri_correlate_g")
    assert columns in correlation
    assert f"neuroap::correlate({COPIES}, {TRIALS}, _array_neuroap_feed_count[0], dev_array_a_r_inf" in correlation
    assert "dev_array_b_err, _ap_to, dev_array_a_si_to_b_ri_g);" in correlation
    average = code(folder, "y_bias_correlate_g")
    call = f"neuroap::average({COPIES}, {TRIALS}, _array_neuroap_feed_count[0], 1, dev_array_y_err, _ap_to, "
    assert call in average
    assert f"neuroap::broadcast({COPIES}, {TRIALS}, dev_array_y_bias_w, dev_array_y_b" in code(folder, "y_bias_product")
    assert f"neuroap::softmax({COPIES * TRIALS}, N / {COPIES * TRIALS}, dev_array_y_I_inf" in code(folder, "y_softmax")


@needs_brian2cuda
def test_the_registry_points_to_the_device(folder: Path) -> None:
    begin = code(folder, "neuroap_begin")
    pointers = re.findall(r"push_back\(\{ (\w+),|(?:target|output) = (\w+);", begin)
    assert len(pointers) > 20
    assert all((a or b).startswith("dev_array_") for a, b in pointers)
    counters = ("_array_neuroap_feed_count, _array_neuroap_feed_k, ", "dev_array_neuroap_feed_count, dev_array_neuroap")
    assert "counters = { " + "".join(counters) in begin


@needs_brian2cuda
def test_a_seed_restarts_every_buffer_of_random_numbers(folder: Path) -> None:
    """Of those that Brian2CUDA declares, none is forgotten."""
    declared = set(re.findall(r"\bdev_\w+_allocator\b", (folder / "objects.cu").read_text()))
    written = (folder / "native" / "random_buffers.hpp").read_text()
    freed = re.findall(r"cudaFree\(brian::(\w+)\)", written)
    assert freed == ["dev_b_stateupdater_codeobject_randn_allocator"]
    assert set(freed) == declared
    # Only what is used here may be called from outside.
    public = (folder / "rand.h").read_text().partition("public:")[2]
    assert "void next_time_step();" in public
    assert "void set_seed(unsigned long long);" in public
    run = (folder / "main.cu").read_text()
    assert run.index("_run_random_number_buffer") < run.index("_run_neuroap_begin_codeobject);")


@needs_brian2cuda
def test_numbers_stay_in_their_precision(folder: Path, nowhere: dict[str, Any], tmp_path: Path) -> None:
    """No fast mathematics, no doubles in vector code, TF32 only where it is asked for."""
    makefile = (folder / "makefile").read_text()
    flags = next(line for line in makefile.splitlines() if line.startswith("NVCCFLAGS"))
    assert "use_fast_math" not in flags
    assert flags.rindex("-std=c++17") > flags.rindex("-std=c++11")
    assert "-arch=sm_90" in flags
    assert "NEUROAP_TF32" not in makefile
    vector = code(folder, "b_stateupdater").partition("///// vector_code /////")[2].partition("void _run_")[0]
    assert "double" not in vector
    assert not re.search(r"\d\.\d*(?!\d*f)\b(?!f)", vector.replace("///", ""))
    generate(recipe("tf32"), nowhere, tmp_path)
    assert "-DNEUROAP_TF32" in (tmp_path / "makefile").read_text()
    algebra = (tmp_path / "native" / "cuda_algebra.hpp").read_text()
    modes = re.findall(r"#if defined\(NEUROAP_TF32\)|#else|#endif|CUBLAS_\w+_MATH", algebra)
    assert modes[:5] == [
        "#if defined(NEUROAP_TF32)", "CUBLAS_TF32_TENSOR_OP_MATH", "#else", "CUBLAS_DEFAULT_MATH", "#endif",
    ]  # fmt: skip


@needs_brian2cuda
def test_a_network_compiles_and_links(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the libraries of this computer; about half a minute."""
    try:
        toolchain = cuda.cuda_toolchain()
    except DeviceError as missing:
        pytest.skip(f"no CUDA to compile with: {missing}")
    monkeypatch.setenv("NEUROAP_BUILDS", str(tmp_path))
    program = build.built(recipe(), toolchain, print) / build.PROGRAM
    libraries = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    assert "libcublas" in libraries
    assert "not found" not in libraries


# -- finding the tools -------------------------------------------------------------------------


def make_toolkit(root: Path, release: str = "13.0", without: str = "") -> Path:
    """A folder that looks like CUDA."""
    for name in (*cuda.HEADERS, cuda.PROFILER):
        file = root / "include" / ("cccl" if "thrust" in name else "") / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not without or without not in str(file):
            file.touch()
    (root / "bin").mkdir()
    (root / "bin" / "nvcc").write_text(f"#!/bin/sh\necho Cuda compilation tools, release {release}, V{release}.1\n")
    (root / "bin" / "nvcc").chmod(0o755)
    (root / "lib64").mkdir()
    for name in ("libcublas.so.13", "libcublas.so.12", "libcurand.so.10"):
        if not without or without not in name:
            (root / "lib64" / name).touch()
    return root


def make_packages(site: Path) -> Path:
    """A folder of packages that has cuBLAS and cuRAND only."""
    base = site / "nvidia" / "cu13"
    for file in ("include/cublas_v2.h", "include/curand_kernel.h", "lib/libcublas.so.13", "lib/libcurand.so.10"):
        (base / file).parent.mkdir(parents=True, exist_ok=True)
        (base / file).touch()
    return base


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A computer without CUDA."""
    for name in ("CUDA_HOME", "CUDA_PATH", "LD_LIBRARY_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'programs'}:/usr/bin:/bin")
    monkeypatch.setenv("NEUROAP_BUILDS", str(tmp_path / "builds"))
    real = cuda.toolkits
    installed = (Path("/usr/local/cuda").resolve(), Path("/opt/cuda").resolve(), Path("/usr"))
    monkeypatch.setattr(cuda, "toolkits", lambda: iter([t for t in real() if t not in installed]))
    cuda.gpu.cache_clear()
    return monkeypatch


def test_a_toolkit_is_found_by_variable_and_by_program(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    root = make_toolkit(tmp_path / "cuda-12.4", "12.4")
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "nvcc").symlink_to(root / "bin" / "nvcc")
    found = find_cuda([])
    assert (found.root, found.release) == (root, "12.4")
    assert found.includes == (root / "include", root / "include" / "cccl")
    assert found.libraries["cublas"] == root / "lib64" / "libcublas.so.12"
    other = make_toolkit(tmp_path / "other")
    bare.setenv("CUDA_PATH", str(other))
    assert find_cuda([]).libraries["cublas"] == other / "lib64" / "libcublas.so.13"


def test_a_script_that_calls_a_compiler_elsewhere_is_none(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "nvcc").write_text("#!/bin/sh\n")
    (tmp_path / "programs" / "nvcc").chmod(0o755)
    with pytest.raises(DeviceError, match="there is no CUDA compiler"):
        find_cuda([])


@pytest.mark.parametrize("without", ["cublas", "curand"])
def test_what_a_toolkit_lacks_comes_from_packages(bare: pytest.MonkeyPatch, tmp_path: Path, without: str) -> None:
    root = make_toolkit(tmp_path / "cuda", without=without)
    bare.setenv("CUDA_HOME", str(root))
    with pytest.raises(DeviceError, match=rf"lacks headers or libraries \(got 'nvidia-{without}'\)\n.*neuroap\[cuda\]"):
        find_cuda([])
    packages = make_packages(tmp_path / "site")
    found = find_cuda(["", str(tmp_path / "site")])
    assert found.root == root
    assert found.includes[0] == root / "include"  # its own headers come first
    assert found.includes[-1] == packages / "include"
    assert found.libraries[without].parent == packages / "lib"
    preferences = cuda._preferences(found, "8.6")
    links = Path(preferences["codegen.cpp.library_dirs"][0])
    assert (links / f"lib{without}.so").readlink() == found.libraries[without]
    assert str(packages / "lib") in preferences["codegen.cpp.runtime_library_dirs"]
    assert preferences["devices.cuda_standalone.cuda_backend.compute_capability"] == 8.6
    assert str(packages / "lib") in cuda._environment(found)["LD_LIBRARY_PATH"]


def test_an_old_toolkit_is_refused(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare.setenv("CUDA_HOME", str(make_toolkit(tmp_path / "cuda", "11.8")))
    with pytest.raises(DeviceError, match="CUDA 12 or newer is needed"):
        find_cuda([])


def test_a_missing_brian2cuda_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "find_spec", lambda name: None)
    with pytest.raises(DeviceError, match=r"brian2cuda is missing\n  pip install 'neuroap\[cuda\]'"):
        cuda.cuda_toolchain()


def test_the_gpu_tells_its_capability(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cuda.gpu.cache_clear()
    (tmp_path / "programs").mkdir()
    script = tmp_path / "programs" / "nvidia-smi"
    for text, expected in (("echo 12.0; echo 8.6", "12.0"), ("echo no driver; exit 9", "")):
        script.write_text(f"#!/bin/sh\n{text}\n")
        script.chmod(0o755)
        assert cuda.gpu_capability() == expected
        cuda.gpu.cache_clear()
