"""The cycle of ticks and its gates: an object outside its window costs one look-up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from brian2 import BrianObject, Clock
from brian2.groups.group import CodeRunner
from brian2.groups.neurongroup import StateUpdater

from neuroap.brian.codeobjects import ELEMENTWISE


class Cycle(BrianObject):
    """Keeps the position in the cycle: tick = (step since the start of the run) mod length.

    Runs first in every step. Leaving out the ticks from `length` on turns a learning cycle into an
    inference cycle: windows after it never open.
    """

    add_to_magic_network = False

    def __init__(self, clock: Clock, name: str) -> None:
        super().__init__(clock=clock, when="before_start", order=-100, name=name)
        self.length = self.cycles = 1
        self.position = self.begun = self.steps = 0
        self.index = -1

    def restart(self, length: int, cycles: int) -> None:
        """Begin the next run at tick 0 of the first of `cycles` cycles of `length` ticks."""
        self.length, self.cycles, self.position, self.index = length, cycles, length - 1, -1
        self.steps = 0

    @property
    def over(self) -> bool:
        """Whether this is the last tick of the last cycle."""
        return (self.index, self.position) == (self.cycles - 1, self.length - 1)

    def run(self) -> None:
        self.position += 1
        if self.position >= self.length:
            self.position = 0
            self.index += 1
        self.begun = self.position
        self.steps += 1


class Gated:
    """Mixin for objects that act only in some ticks of the cycle."""

    cycle: Cycle
    ticks: frozenset[int] = frozenset()
    template_kwds: dict[str, Any] | None

    def gate(self, cycle: Cycle, ticks: Iterable[int]) -> Any:
        """Let the object act in `ticks` only; returns the object."""
        self.cycle, self.ticks = cycle, frozenset(ticks)
        # In compiled programs the gate is part of the code.
        self.template_kwds = {**(self.template_kwds or {}), "_ap_ticks": ", ".join(map(str, sorted(self.ticks)))}
        return self

    def before_run(self, run_namespace: dict[str, Any]) -> None:
        # Code does not change between runs; Brian2 would generate it anew for each.
        if getattr(self, "codeobj", None) is None:
            super().before_run(run_namespace)  # type: ignore[misc]

    def run(self) -> None:
        if self.cycle.position in self.ticks:
            super().run()  # type: ignore[misc]


class GatedRunner(Gated, CodeRunner):
    """A code runner that acts only in some ticks."""


class GatedStateUpdater(Gated, StateUpdater):
    """A state updater that acts only in some ticks; its code is given, not integrated by Brian2."""

    def __init__(self, group: Any, code: str) -> None:
        super().__init__(group, method="euler")
        self._code, self.template = code, ELEMENTWISE

    def update_abstract_code(self, run_namespace: dict[str, Any]) -> None:
        self.abstract_code = self.user_code = self._code
