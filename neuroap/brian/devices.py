"""The devices that networks run on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neuroap.brian.compiled import CompiledNetwork
from neuroap.brian.interface import SimulatedNetwork
from neuroap.brian.network import CorticalNetwork

DEVICES = ("runtime", "cpp_standalone", "cuda_standalone")


def network_on(
    device: str, *args: Any, say: Callable[[str], None] = lambda _: None, precision: str = "float32", **kwds: Any
) -> SimulatedNetwork:
    """A network on `device`, see `SimulatedNetwork` and `CompiledNetwork` for the other parameters."""
    if device == "runtime":
        return CorticalNetwork(*args, **kwds)
    # Only a GPU has another precision than the dtype's; elsewhere it would only make another name for one program.
    precision = precision if device == "cuda_standalone" else "float32"
    return CompiledNetwork(*args, device=device, say=say, precision=precision, **kwds)
