"""From a layout to a Brian2 network: the only part of neuroap that imports Brian2."""

from neuroap.brian import quiet  # noqa: F401  first of all
from neuroap.brian.areas import check_equations
from neuroap.brian.choosing import AUTO, chosen_device
from neuroap.brian.devices import DEVICES, network_on
from neuroap.brian.interface import SimulatedNetwork
from neuroap.brian.network import CorticalNetwork, Network

__all__ = [
    "AUTO",
    "DEVICES",
    "CorticalNetwork",
    "Network",
    "SimulatedNetwork",
    "check_equations",
    "chosen_device",
    "network_on",
]
