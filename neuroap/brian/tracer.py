"""Keeps the rates of every tick of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from brian2 import BrianObject, Clock
from numpy.typing import NDArray

from neuroap.brian.cycle import Cycle
from neuroap.brian.nodes import NodeGroup


class Tracer(BrianObject):
    """Copies the rates ``r`` of some nodes at the end of each tick, between `begin` and `end`."""

    add_to_magic_network = False

    def __init__(self, clock: Clock, cycle: Cycle, name: str) -> None:
        super().__init__(clock=clock, when="end", order=100, name=name)
        self.cycle = cycle
        self.groups: Mapping[str, NodeGroup] = {}
        self.rates: dict[str, NDArray[np.floating]] = {}

    def begin(self, groups: Mapping[str, NodeGroup], ticks: int, dtype: np.dtype[Any]) -> None:
        """Keep the rates of `groups` in the next `ticks` ticks; NaN stands where a tick was left out."""
        self.groups = groups
        self.rates = {n: np.full((ticks, *g.array("r").shape), np.nan, dtype) for n, g in groups.items()}

    def end(self) -> dict[str, NDArray[np.floating]]:
        """Stop, and give the rates by node, shape (ticks, copies * trials, size)."""
        rates, self.groups, self.rates = self.rates, {}, {}
        return rates

    def run(self) -> None:
        for name, group in self.groups.items():
            self.rates[name][self.cycle.begun] = group.array("r")
