"""Monitors of the rates of every area."""

from __future__ import annotations

from brian2 import StateMonitor

from neuroap.brian.codeobjects import code_object_class
from neuroap.brian.network import CorticalNetwork
from neuroap.brian.nodes import AreaGroup


def watch_areas(network: CorticalNetwork) -> dict[str, StateMonitor]:
    """Add a monitor of the rates ``r`` at the end of each tick to every area; returns them by area."""
    monitors = {}
    for name, group in network.groups.items():
        if isinstance(group, AreaGroup):
            monitors[name] = StateMonitor(
                group,
                "r",
                record=True,
                when="end",
                order=100,
                clock=network.clock,
                name=f"{group.name}_recording",
                codeobj_class=code_object_class(),
            )
            network.net.add(monitors[name])
    return monitors
