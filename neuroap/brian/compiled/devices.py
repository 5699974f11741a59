"""Which toolchain a device needs."""

from __future__ import annotations

from neuroap.brian.compiled.cuda import CUDA, cuda_toolchain
from neuroap.brian.compiled.toolchain import CPP, Toolchain, cpp_toolchain

TOOLCHAINS = {CPP: cpp_toolchain, CUDA: cuda_toolchain}


def toolchain_of(device: str) -> Toolchain:
    """The toolchain of a device.

    Raises
    ------
    DeviceError
        If the machine lacks a part of it.
    """
    return TOOLCHAINS[device]()
