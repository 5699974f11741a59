"""What is installed on this computer, what is missing, and what it would be needed for."""

from __future__ import annotations

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from neuroap.commands import load

PATIENCE = 5.0  # seconds for a program to say its version
ROOM = 1.0  # GiB that the data sets need
# Dependencies that are checked one by one; the others, which every network needs, are checked together.
SEPARATE = ("brian2", "numpy", "scipy-openblas32")


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes
    ----------
    name : str
    ok : bool
    detail : str
        What was found, or why nothing was.
    needed_for, remedy : str
        What it is good for, and what to do if it is missing.
    essential : bool
        No network runs without it.
    """

    name: str
    ok: bool
    detail: str
    needed_for: str
    remedy: str
    essential: bool = False

    def __str__(self) -> str:
        if self.ok:
            return f"ok       {self.detail}"
        reason = f"{self.detail}; " if self.detail else ""
        return f"missing  ({reason}needed for {self.needed_for}: {self.remedy})"


@dataclass(frozen=True)
class Check:
    """A check: `look` gives what was found, or raises, or gives "" if nothing was."""

    name: str
    look: Callable[[], str]
    needed_for: str
    remedy: str
    essential: bool = False

    def run(self) -> Finding:
        """Look, and never fail."""
        try:
            found, reason = self.look(), ""
        except Exception as error:  # whatever is broken here is what the user wants to know
            found, reason = "", f"{type(error).__name__}: {error}".rstrip(": ").splitlines()[0]
        return Finding(self.name, bool(found), found or reason, self.needed_for, self.remedy, self.essential)


def examine() -> list[Finding]:
    """Look for everything that neuroap can use; quick, and without an error whatever is missing."""
    return [check.run() for check in (*_essentials(), *_devices(), *_data())]


def _essentials() -> list[Check]:
    every, again = "every network", "pip install --upgrade neuroap"
    return [
        Check("Python", _python, every, "install Python 3.12 or newer", essential=True),
        Check("Brian2", lambda: _installed("brian2"), every, "pip install brian2", essential=True),
        Check("NumPy", _numpy, every, "pip install numpy", essential=True),
        Check("libraries", _libraries, every, again, essential=True),
    ]


def _devices() -> list[Check]:
    cpp, cuda = "device 'cpp_standalone'", "device 'cuda_standalone'"
    extra = "pip install 'neuroap[cuda]'"
    driver = "install an NVIDIA GPU and its driver"
    return [
        Check("C++ compiler", _compiler, cpp, "install g++ (apt install g++), or set CXX"),
        Check("make", _make, cpp, "install make (apt install make)"),
        Check("OpenBLAS for C++", lambda: _installed("scipy-openblas32"), cpp, "pip install scipy-openblas32"),
        Check("compiled networks", _programs, cpp, "set NEUROAP_BUILDS to a folder that can be written"),
        Check("CUDA compiler", _cuda_compiler, cuda, f"{extra}, or install the CUDA toolkit and set CUDA_HOME"),
        Check("CUDA libraries", _cuda_libraries, cuda, f"{extra}, or install the whole CUDA toolkit"),
        Check("Brian2CUDA", lambda: _installed("brian2cuda"), cuda, extra),
        Check("GPU", _gpu, cuda, driver),
    ]


def _data() -> list[Check]:
    checks = [Check("disk", _disk, "data sets", "free space, or set NEUROAP_DATA to another folder")]
    for name in ("digits", "mnist", "fashion-mnist", "cifar10"):
        needed_for = f"training on {name}"
        checks.append(Check(f"data {name}", lambda n=name: _data_set(n), needed_for, f"neuroap fetch {name}"))  # type: ignore[misc]
    return checks


def _python() -> str:
    required = metadata.metadata("neuroap")["Requires-Python"] or ""
    lowest = re.search(r">=\s*(\d+)\.(\d+)", required)
    if lowest and sys.version_info[:2] < (int(lowest[1]), int(lowest[2])):
        raise RuntimeError(f"{platform.python_version()} is too old")
    return f"{platform.python_version()} ({sys.executable})"


def _installed(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def _numpy() -> str:
    version = load("numpy").__version__
    pools = [p for p in load("threadpoolctl").threadpool_info() if p["user_api"] == "blas"]
    blas = [f"{p['internal_api']} {p['version']}, {p['num_threads']} threads" for p in pools]
    return f"{version}, BLAS: {'; '.join(blas) or 'of a kind that threadpoolctl does not know'}"


def _libraries() -> str:
    """The other packages that neuroap declares."""
    required = [r for r in metadata.requires("neuroap") or () if "extra ==" not in r]
    names = [re.split(r"[^\w.-]", r, maxsplit=1)[0] for r in required]
    missing = [n for n in names if n not in SEPARATE and not _installed(n)]
    if missing:
        raise RuntimeError(f"without {', '.join(missing)}")
    return f"{len(names)} packages"


def _first_line(*command: str) -> str:
    """The first line that a program prints; an error if it is not there or fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    return done.stdout.strip().partition("\n")[0]


def _compiler() -> str:
    name, *options = shlex.split(os.environ.get("CXX", "")) or ["g++"]
    program = shutil.which(name)
    return _first_line(program, *options, "--version") if program else ""


def _make() -> str:
    program = shutil.which("make")
    return _first_line(program, "--version") if program else ""


def _programs() -> str:
    """Where compiled networks are kept, how many and how large."""
    build = load("neuroap.builds")
    root: Path = build.build_root()
    there = next(p for p in (root, *root.parents) if p.exists())
    if not os.access(there, os.W_OK):
        raise RuntimeError(f"{root} cannot be written")
    kept = build.programs_in(root) if root.exists() else []
    size = sum(p.stat().st_size for folder in kept for p in folder.rglob("*") if p.is_file())
    return f"{len(kept)} kept in {root}, {size / 2**20:.0f} MiB"


def _cuda_compiler() -> str:
    root, release = load("neuroap.brian.compiled.cuda").find_compiler()
    return f"{root / 'bin' / 'nvcc'}, release {release}"


def _cuda_libraries() -> str:
    found = load("neuroap.brian.compiled.cuda").find_cuda()
    return ", ".join(str(file) for file in found.libraries.values())


def _gpu() -> str:
    """Name, memory, driver and compute capability of the first GPU."""
    query = ("--query-gpu=name,memory.total,driver_version,compute_cap", "--format=csv,noheader")
    return _first_line("nvidia-smi", *query) if shutil.which("nvidia-smi") else ""


def _disk() -> str:
    folder: Path = load("neuroap.data.folders").download_root().absolute()
    there = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(there).free / 2**30
    if free < ROOM:
        raise RuntimeError(f"{free:.1f} GiB free for {folder}")
    return f"{free:.0f} GiB free for {folder}"


def _data_set(name: str) -> str:
    if name == "digits":
        return "built into scikit-learn" if find_spec("sklearn") else ""
    kinds = load("neuroap.data.idx_folder"), load("neuroap.data.cifar")
    for root in load("neuroap.data.folders").search_roots():
        if any(kind.present(root / name) for kind in kinds):
            return str(root / name)
    return ""
