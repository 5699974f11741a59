"""``device="auto"``: the device that suits a machine and a batch."""

from __future__ import annotations

from neuroap.brian.compiled.devices import toolchain_of
from neuroap.brian.compiled.gpu import gpu
from neuroap.errors import DeviceError

AUTO = "auto"
# Trials side by side. What a compiled program saves is Python's share of every step, which does not grow with the
# batch, while the matrix products, the same in both, do. Two areas of 256 neurons on a busy machine: the runtime took
# about 5 times as long for single trials, 3.4 for 10, 2.5 for 20 and 1.6 for 50.
FEW = 64


def chosen_device(trials: int) -> tuple[str, str]:
    """The device for batches of `trials`, and why, in a few words.

    Examples
    --------
    >>> device, why = chosen_device(trials=1)
    """
    name = gpu("name")
    lacks = _lacks("cuda_standalone") if name else ""
    if name and not lacks:
        return "cuda_standalone", f"there is a GPU, {name}"
    aside = f"; the GPU is of no use: {lacks}" if name else ""
    if trials > FEW:
        return "runtime", f"with batches of {trials} a compiled program gains little{aside}"
    if lacks := _lacks("cpp_standalone"):
        return "runtime", f"{lacks}{aside}"
    return "cpp_standalone", f"batches of {trials} gain from a compiled program{aside}"


def _lacks(device: str) -> str:
    """What the machine lacks for a device; "" if nothing."""
    try:
        toolchain_of(device)
    except DeviceError as error:
        return error.rule
    except KeyError:
        return f"{device} is not supported here"
    return ""
