"""The devices that networks run on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neuroap.brian.compiled import CompiledNetwork
from neuroap.brian.interface import SimulatedNetwork
from neuroap.brian.network import CorticalNetwork

DEVICES = ("runtime", "cpp_standalone", "cuda_standalone")


def network_on(device: str, *args: Any, say: Callable[[str], None] = lambda _: None, **kwds: Any) -> SimulatedNetwork:
    """A network on `device`, see `SimulatedNetwork` for the other parameters; `say` is told what takes long."""
    if device == "runtime":
        return CorticalNetwork(*args, **kwds)
    return CompiledNetwork(*args, device=device, say=say, **kwds)
