"""The tools that compile a network: found, or missed in one clear sentence."""

from __future__ import annotations

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from neuroap.errors import DeviceError

CPP = "cpp_standalone"
PATIENCE = 10.0  # seconds for a compiler to say its version


@dataclass(frozen=True)
class Toolchain:
    """How a network is compiled.

    Attributes
    ----------
    preferences : dict
        Brian2 preferences by dotted name, for the process that generates the sources.
    identity : tuple of str
        What makes a program of one toolchain useless to another.
    environment : dict of str to str
        Variables of the environment for compiling and for running.
    """

    preferences: dict[str, Any]
    identity: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


def cpp_toolchain() -> Toolchain:
    """C++ compiler, make and OpenBLAS.

    Raises
    ------
    DeviceError
        If one of them is missing.
    """
    compiler = cxx()
    library, folder = openblas()
    preferences = {
        # Lets gcc use the vector versions of tanh and exp of the C library; NaN and infinity stay what they are.
        "codegen.cpp.define_macros": [("__FAST_MATH__", None)] if sys.platform == "linux" else [],
        "codegen.cpp.libraries": [library, "pthread"],
        "codegen.cpp.library_dirs": [folder],
        "codegen.cpp.runtime_library_dirs": [folder],
        # Threads of OpenMP would spin between the matrix products and keep OpenBLAS from its cores.
        "devices.cpp_standalone.openmp_threads": 0,
    }
    return Toolchain(preferences, (CPP, compiler, folder, processor(), *versions("brian2", "scipy-openblas32")))


def cxx() -> str:
    """The C++ compiler and its version.

    Raises
    ------
    DeviceError
        Without a compiler, or without make.
    """
    if sys.platform == "win32":
        raise DeviceError(CPP, "compiled networks need Linux or macOS", sys.platform, 'use device="runtime"')
    command = shlex.split(os.environ.get("CXX", "")) or ["g++"]  # CXX may be "ccache g++"
    for tool in (command[0], "make"):
        if shutil.which(tool) is None:
            hint = "install it (apt install g++ make), set CXX, or use device='runtime'"
            raise DeviceError(CPP, f"there is no {tool} on this machine", hint=hint)
    return _first_line(*command, "--version")


def openblas() -> tuple[str, str]:
    """Name and folder of the OpenBLAS library that the program is linked with.

    Raises
    ------
    DeviceError
        If scipy-openblas32 is not installed.
    """
    try:
        import scipy_openblas32
    except ImportError:
        raise DeviceError(CPP, "scipy-openblas32 is missing", hint="pip install scipy-openblas32") from None
    return scipy_openblas32.get_library(), scipy_openblas32.get_lib_dir()


@cache
def processor() -> str:
    """The processor and its instruction sets: programs are compiled for exactly that."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    found = re.findall(r"^(?:model name|flags|Features)\s*:\s*(.*)$", text, re.MULTILINE)
    return " ".join(sorted(set(found)))


def versions(*names: str) -> tuple[str, ...]:
    """Names and versions of installed packages."""
    return tuple(f"{name} {metadata.version(name)}" for name in names)


@cache
def _first_line(*command: str) -> str:
    """What a program says first; nothing if it cannot be run, which shows again when it is to compile."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode(errors="replace").partition("\n")[0]
