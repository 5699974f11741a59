"""Follows perturbed copies of trajectories while a network runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from brian2 import BrianObject, Clock
from brian2.core.variables import ArrayVariable
from brian2.units.fundamentalunits import DIMENSIONLESS
from numpy.typing import NDArray

from neuroap.brian.cellwise import CELLWISE
from neuroap.brian.cycle import Cycle
from neuroap.brian.nodes import NodeGroup
from neuroap.window import Window

Floats = NDArray[np.float64]
# What is computed anew in every step, or stays as it is, holds no memory of the state.
NO_MEMORY = (*CELLWISE, "I_rec", "I_inf", "I_err", "I_const", "b", "beta", "r_inf", "r_last")


class Copies(Protocol):
    """What makes copies of states, shape (B, N), and brings them back, shape (B, K, N)."""

    def perturb(self, reference: Floats) -> Floats:
        """Make copies of states."""

    def update(self, reference: Floats, copies: Floats) -> Floats:
        """Note how far copies went, and bring them back."""


@dataclass(frozen=True)
class Memory:
    """A variable of a group that carries its state from step to step; `plain` if it has no unit."""

    group: NodeGroup
    variable: str
    plain: bool

    @property
    def size(self) -> int:
        """Values per trial."""
        return self.group.size

    @property
    def values(self) -> Floats:
        """All values, shape (trials, size); a view."""
        return self.group.array(self.variable)


def memory(group: NodeGroup, learning: bool) -> Iterator[Memory]:
    """The variables of an area that make up its state; in the learning phase also the error that it sends."""
    for name, variable in group.variables.items():
        own = isinstance(variable, ArrayVariable) and variable.owner.name == group.name and not variable.scalar
        holds = name not in NO_MEMORY and (learning or name != "err")
        if own and holds and not variable.read_only and np.issubdtype(variable.dtype, np.floating):
            yield Memory(group, name, variable.dim is DIMENSIONLESS)


class Perturber(BrianObject):
    """At the end of each tick of a window, brings the second half of all trials back to the first.

    Parameters
    ----------
    cycle : Cycle
    clock : Clock
    memories : sequence of Memory
        The state.
    window : Window
    copies : Copies
    kick : array, shape (trials / 2, state)
        Added to the state of trajectories in the first tick, where it has no unit.
    """

    add_to_magic_network = False

    def __init__(
        self,
        cycle: Cycle,
        clock: Clock,
        memories: Sequence[Memory],
        window: Window,
        copies: Copies,
        kick: Floats,
    ) -> None:
        super().__init__(clock=clock, when="end", order=50, name="neuroap_perturber")
        self.cycle, self.memories, self.window, self.copies = cycle, memories, window, copies
        self.kick = kick * np.concatenate([np.full(m.size, float(m.plain)) for m in memories])

    def run(self) -> None:
        tick = self.cycle.begun
        if tick not in self.window.ticks:
            return
        state = np.concatenate([m.values for m in self.memories], axis=1)
        half = len(state) // 2
        x, y = state[:half], state[half:, None]
        if tick == self.window.start:
            x += self.kick
            y = self.copies.perturb(x)
        else:
            y = self.copies.update(x, y)
        state[half:] = y[:, 0]
        ends = np.cumsum([m.size for m in self.memories])[:-1]
        for m, part in zip(self.memories, np.split(state, ends, axis=1), strict=True):
            m.values[:] = part
