"""The devices that networks run on."""

from __future__ import annotations

from typing import Any

from neuroap.brian.compiled import CompiledNetwork
from neuroap.brian.interface import SimulatedNetwork
from neuroap.brian.network import CorticalNetwork

DEVICES = ("runtime", "cpp_standalone", "cuda_standalone")


def network_on(device: str, *args: Any, **kwds: Any) -> SimulatedNetwork:
    """A network on `device`, see `SimulatedNetwork` for the other parameters."""
    if device == "runtime":
        return CorticalNetwork(*args, **kwds)
    return CompiledNetwork(*args, device=device, **kwds)
