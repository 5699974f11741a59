"""The tools that compile a network for a GPU: of a CUDA toolkit, of packages of NVIDIA, or of both."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from neuroap.brian.compiled.build import build_root
from neuroap.brian.compiled.gpu import gpu
from neuroap.brian.compiled.toolchain import Toolchain, cxx, versions
from neuroap.errors import DeviceError

CUDA = "cuda_standalone"
REMEDY = "pip install 'neuroap[cuda]'"
OLDEST = 12  # CUDA
CAPABILITY = "9.0"  # what is compiled for where no GPU is seen
PATIENCE = 5.0  # seconds for a program to answer
# What the sources include, and the package of NVIDIA that has it.
HEADERS = {
    "cuda_runtime.h": "nvidia-cuda-runtime",
    "crt/host_config.h": "nvidia-cuda-crt",
    "thrust/host_vector.h": "nvidia-cuda-cccl",
    "curand_kernel.h": "nvidia-curand",
    "cublas_v2.h": "nvidia-cublas",
}
LIBRARIES = {"curand": "nvidia-curand", "cublas": "nvidia-cublas"}
# A header that Brian2CUDA includes for one function, and that no package has.
PROFILER = "cuda_profiler_api.h"
PROFILER_TEXT = """#include <cuda_runtime_api.h>
extern "C" cudaError_t CUDARTAPI cudaProfilerStart(void);
extern "C" cudaError_t CUDARTAPI cudaProfilerStop(void);
"""
STANDARD = ("/usr/include", "/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/lib/x86_64-linux-gnu")


@dataclass(frozen=True)
class Cuda:
    """What there is of CUDA.

    Attributes
    ----------
    root : Path
        Its ``bin`` holds the compiler.
    release : str
        Version of the compiler.
    includes : tuple of Path
        Folders of headers, those of the compiler first.
    libraries : dict of str to Path
        The file of each library.
    profiler : bool
        Whether there is `PROFILER`.
    """

    root: Path
    release: str
    includes: tuple[Path, ...]
    libraries: dict[str, Path]
    profiler: bool

    @property
    def nvcc(self) -> Path:
        """The compiler."""
        return self.root / "bin" / "nvcc"


def cuda_toolchain() -> Toolchain:
    """Compiler and libraries of CUDA, Brian2CUDA, a C++ compiler and make; a GPU is not needed to compile.

    Raises
    ------
    DeviceError
        If one of them is missing.
    """
    if not sys.platform.startswith("linux"):
        raise DeviceError(CUDA, "networks on a GPU need Linux", sys.platform, "use another device")
    if find_spec("brian2cuda") is None:
        raise DeviceError(CUDA, "brian2cuda is missing", hint=REMEDY)
    try:
        compiler = cxx()
    except DeviceError as error:
        raise DeviceError(CUDA, error.rule, error.got, error.hint) from None
    found, capability = find_cuda(), gpu_capability() or CAPABILITY
    places = [str(p) for p in (*found.includes, *found.libraries.values())]
    identity = (CUDA, compiler, str(found.nvcc), found.release, capability, *places, *versions("brian2", "brian2cuda"))
    return Toolchain(_preferences(found, capability), identity, _environment(found))


def find_cuda(search: Sequence[str] | None = None) -> Cuda:
    """Find compiler, headers and libraries.

    Parameters
    ----------
    search : sequence of str, optional
        Where packages are installed. None: ``sys.path``.

    Raises
    ------
    DeviceError
        If something is missing, or too old.
    """
    packages = list(package_folders(sys.path if search is None else search))
    root, release = find_compiler(search)
    folders = [d for base in (root, *packages) for d in _header_folders(base)]
    headers = {name: next((d for d in folders if (d / name).exists()), None) for name in (*HEADERS, PROFILER)}
    files = {name: _library(name, release, [root, *packages]) for name in LIBRARIES}
    missing = {package for name, package in HEADERS.items() if headers[name] is None}
    missing |= {package for name, package in LIBRARIES.items() if files[name] is None}
    if missing:
        what = f"the CUDA {release} of {root} lacks headers or libraries"
        raise DeviceError(CUDA, what, ", ".join(sorted(missing)), f"{REMEDY}, or install the whole CUDA toolkit")
    includes = dict.fromkeys(d for d in folders if d in headers.values())
    libraries = {name: file for name, file in files.items() if file is not None}
    return Cuda(root, release, tuple(includes), libraries, headers[PROFILER] is not None)


def find_compiler(search: Sequence[str] | None = None) -> tuple[Path, str]:
    """The folder that has ``bin/nvcc``, and its version; parameter and errors as of `find_cuda`."""
    packages = package_folders(sys.path if search is None else search)
    root = next((r for r in (*toolkits(), *packages) if _is_root(r)), None)
    if root is None:
        hint = f"{REMEDY}, or install CUDA {OLDEST} or newer and set CUDA_HOME"
        raise DeviceError(CUDA, "there is no CUDA compiler (nvcc) on this machine", hint=hint)
    release = nvcc_release(root / "bin" / "nvcc")
    if int(release.partition(".")[0]) < OLDEST:
        raise DeviceError(CUDA, f"CUDA {OLDEST} or newer is needed", f"{release} in {root}", REMEDY)
    return root, release


def toolkits() -> Iterator[Path]:
    """Where a CUDA toolkit may be."""
    for variable in ("CUDA_HOME", "CUDA_PATH"):
        if os.environ.get(variable):
            yield Path(os.environ[variable]).expanduser()
    if program := shutil.which("nvcc"):
        yield Path(program).resolve().parents[1]
    for place in ("/usr/local/cuda", "/opt/cuda"):
        yield Path(place).resolve()


def package_folders(search: Iterable[str]) -> Iterator[Path]:
    """The folders of NVIDIA's packages: ``nvidia/cu13`` for all of CUDA 13, ``nvidia/cublas`` and so on before."""
    for entry in search:
        yield from sorted(p for p in (Path(entry or ".") / "nvidia").glob("*") if (p / "include").is_dir())


def nvcc_release(nvcc: Path) -> str:
    """The version of a CUDA compiler, such as "13.0".

    Raises
    ------
    DeviceError
        If it does not tell.
    """
    try:
        done = subprocess.run([nvcc, "--version"], capture_output=True, text=True, timeout=PATIENCE, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise DeviceError(CUDA, "the CUDA compiler does not run", str(nvcc), str(error)) from error
    found = re.search(r"release (\d+\.\d+)", done.stdout)
    if found is None:
        raise DeviceError(CUDA, "the CUDA compiler does not tell its version", str(nvcc), REMEDY)
    return found[1]


def gpu_capability() -> str:
    """The compute capability of the first GPU, such as "9.0"; empty where none is seen."""
    found = re.match(r"\d+\.\d+", gpu("compute_cap"))
    return found[0] if found else ""


def _is_root(folder: Path) -> bool:
    """Whether a folder has a compiler and its headers; a script that calls a compiler elsewhere has none."""
    headers = any((d / "cuda_runtime.h").exists() for d in _header_folders(folder))
    return headers and os.access(folder / "bin" / "nvcc", os.X_OK)


def _header_folders(base: Path) -> Iterator[Path]:
    for folder in (base / "include", *sorted(base.glob("targets/*-linux/include"))):
        yield folder
        yield folder / "cccl"


def _library(name: str, release: str, bases: Sequence[Path]) -> Path | None:
    """The file of a library; cuBLAS counts its versions as CUDA does, and both must agree."""
    suffixes = [f".so.{release.partition('.')[0]}"] if name == "cublas" else [".so.10"]
    for base in bases:
        for folder in (base / "lib64", base / "lib", *sorted(base.glob("targets/*-linux/lib")), *_system(base)):
            for suffix in suffixes:
                if (file := folder / f"lib{name}{suffix}").exists():
                    return file
    return None


def _system(base: Path) -> list[Path]:
    """Where packages of the operating system put the libraries of a compiler in /usr."""
    return sorted(Path("/usr/lib").glob("*-linux-gnu")) if base == Path("/usr") else []


def _preferences(found: Cuda, capability: str) -> dict[str, Any]:
    """Brian2's preferences; where it would detect something itself, what it would find may not fit."""
    from brian2 import prefs

    links = _link_folder(found)
    flags = [f"-I{shlex.quote(str(d))}" for d in (*found.includes, links) if str(d) not in STANDARD]
    folders = list(dict.fromkeys(str(f.parent) for f in found.libraries.values()))
    backend = "devices.cuda_standalone.cuda_backend"
    return {
        f"{backend}.detect_cuda": False,
        f"{backend}.cuda_path": str(found.root),
        f"{backend}.cuda_runtime_version": float(found.release),
        f"{backend}.detect_gpus": False,
        f"{backend}.gpu_id": 0,
        f"{backend}.compute_capability": float(capability),
        # Of two standards nvcc takes the last. Fast mathematics would halve the digits of tanh.
        f"{backend}.extra_compile_args_nvcc": ["-w", "-O3", "-std=c++17", *flags],
        # Headers of CUDA 13 need C++ 17 also from the compiler of the host.
        "codegen.cpp.extra_compile_args_gcc": [
            flag.replace("c++11", "c++17") for flag in prefs["codegen.cpp.extra_compile_args_gcc"]
        ],
        "codegen.cpp.libraries": ["cublas"],
        "codegen.cpp.library_dirs": [str(links)],
        "codegen.cpp.runtime_library_dirs": [f for f in folders if f not in STANDARD],
    }


def _link_folder(found: Cuda) -> Path:
    """A folder of our own, with the names that the linker asks for; packages have only numbered ones."""
    text = "\n".join(map(str, (found.root, *found.libraries.values(), found.profiler)))
    folder = build_root() / f"cuda-links-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, file in found.libraries.items():
            link = folder / f"lib{name}.so"
            if not link.is_symlink():
                _replace(link, lambda part, file=file: part.symlink_to(file))
        if not found.profiler:
            header = folder / PROFILER
            _replace(header, lambda part: part.write_text(PROFILER_TEXT))
    except OSError as error:
        hint = "free space, or set NEUROAP_BUILDS to another folder"
        raise DeviceError(CUDA, f"{folder} cannot be written", error.strerror or str(error), hint) from error
    return folder


def _replace(path: Path, make: Any) -> None:
    """Make a file beside its place and move it there: another process may do the same at once."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    make(part)
    part.replace(path)


def _environment(found: Cuda) -> dict[str, str]:
    """Libraries find one another also where the packages lie apart."""
    folders = {str(f.parent): None for f in found.libraries.values()}
    folders |= {str(d): None for d in (found.root / "lib64", found.root / "lib") if d.is_dir()}
    paths = [f for f in folders if f not in STANDARD]
    before = os.environ.get("LD_LIBRARY_PATH", "")
    return {"LD_LIBRARY_PATH": os.pathsep.join([*paths, *([before] if before else [])])}
