"""Inputs, areas and outputs as Brian2 groups over all trials (neuron index = trial * N + neuron).

Copies of a network lie one after the other: the trials of the first, then those of the second.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import Clock, NeuronGroup, ms
from brian2.equations.equations import PARAMETER, Equations, SingleEquation
from brian2.units.fundamentalunits import DIMENSIONLESS

from neuroap.brian.codeobjects import ELEMENTWISE, code_object_class
from neuroap.brian.cycle import Cycle, GatedRunner, GatedStateUpdater
from neuroap.brian.equations import AreaCode
from neuroap.layout import Area, Input, Output, activation
from neuroap.timeline import Timeline, Window

# Order of the objects that act in the same slot of a tick.
FEED, OPEN, CLEAR, DRIVE, COLLECT, RECUR = 1, 2, 3, 4, 5, 6
CLOSE, READ, FACTOR, CORRELATE, CHANGE = 1, 2, 3, 4, 5


@dataclass(frozen=True)
class Batch:
    """What is simulated side by side: `trials` per network, in `copies` networks with weights of their own."""

    trials: int
    copies: int = 1

    @property
    def rows(self) -> int:
        """Trials in all networks."""
        return self.trials * self.copies


class NodeGroup(NeuronGroup):
    """A layer or an area: its neurons once per trial; the trials of a network share all weights.

    Attributes
    ----------
    batch : Batch
    size : int
        Neurons per trial.
    rest : float or None
        Rate at rest; None where it differs between cells.
    """

    rest: float | None = 0.0

    def __init__(self, name: str, size: int, batch: Batch, equations: Any, clock: Clock, **kwds: Any) -> None:
        self.node_name, self.batch, self.size = name, batch, size
        self.factors: dict[str, str] = {}  # code of plasticity factors -> variable that holds them
        super().__init__(
            batch.rows * size,
            equations,
            clock=clock,
            name=name.lower(),
            codeobj_class=code_object_class(),
            **kwds,
        )

    def array(self, variable: str) -> np.ndarray:
        """The values of a variable, shape (copies * trials, size); a view, not a copy."""
        return self.variables[variable].get_value().reshape(self.batch.rows, self.size)

    def at(self, cycle: Cycle, ticks: Iterable[int], code: str, when: str, order: int, name: str) -> None:
        """Run elementwise code over all neurons and trials in some ticks of the cycle.

        Parameters
        ----------
        cycle : Cycle
        ticks : iterable of int
        code : str
            Statements in Brian2's syntax; nothing happens if there are none.
        when : str
            Slot of the tick.
        order : int
            Place among the objects of the slot.
        name : str
            Name of the object, after that of the group.
        """
        if code and ticks:
            runner = GatedRunner(
                self,
                ELEMENTWISE,
                code=code,
                when=when,
                order=order,
                clock=self.clock,
                name=f"{self.name}_{name}",
                codeobj_class=code_object_class(),
            )
            self.contained_objects.append(runner.gate(cycle, ticks))

    def _check_for_invalid_states(self) -> None:
        """Leave out Brian2's check after each run, which overflows in float32; see `Learner.diverged`."""

    # What local names of plasticity text stand for in this group.
    local_names = {
        "r_pre": "r_inf",
        "e_pre": "err",
        "r_post_inference": "r_inf",
        "r_post_learning": "r",
        "e_post": "err",
        "gain_post": "1.0",
    }


class InputGroup(NodeGroup):
    """Stimulus rates, r = x; where they change, plasticity sees their mean over a window, ``r_inf``.

    Attributes
    ----------
    frames : dict of int to int
        The frame that is shown from a tick on.
    """

    def __init__(self, node: Input, batch: Batch, clock: Clock, cycle: Cycle, line: Timeline) -> None:
        changing = line.frames.get(node.name)
        equations = "r : 1\nerr : 1" + ("\nr_inf : 1" if changing else "")
        # Before the group is one: then it takes no attributes any more.
        self.frames = dict(changing or {0: 0})
        super().__init__(node.name, node.size, batch, equations, clock)
        self.local_names = {"r_pre": "r_inf" if changing else "r", "e_pre": "err"}
        if changing:
            ticks = next(w.ticks for w in line.inference.values() if w.start == min(changing))
            share = 1 / len(ticks)
            self.at(cycle, ticks[:1], f"r_inf = r*{share!r}", "start", OPEN, "begin_mean")
            self.at(cycle, ticks[1:], f"r_inf = r_inf + r*{share!r}", "start", OPEN, "go_on_with_mean")


class OutputGroup(NodeGroup):
    """Readout, ``r = softmax(I_inf + b)``; ``err = r - target`` when its window closes."""

    def __init__(self, node: Output, batch: Batch, clock: Clock, cycle: Cycle, window: Window) -> None:
        equations = "I_inf : 1\nb : 1\nr : 1\nr_inf : 1\ntarget : 1\nerr : 1"
        super().__init__(node.name, node.size, batch, equations, clock)
        softmax = GatedRunner(
            self,
            "ap_softmax",
            when="groups",
            clock=clock,
            name=f"{self.name}_softmax",
            template_kwds={"_ap_rows": batch.rows},
            codeobj_class=code_object_class(),
        )
        self.contained_objects.append(softmax.gate(cycle, window.ticks))
        # The output is clamped to the target in the learning phase.
        closing = "r_inf = r\nerr = r_inf - target\nr = target"
        self.at(cycle, window.ticks[-1:], closing, "end", CLOSE, "close")


class AreaGroup(NodeGroup):
    """A recurrent area that settles in its windows.

    Parameters
    ----------
    node : Area
    code : AreaCode
        Its equations, compiled.
    batch : Batch
    clock : Clock
    cycle : Cycle
    line : Timeline
        When it settles, and when its drive changes.
    namespace : dict
        Constants of the equations; ``beta`` is a variable, which may differ between copies.
    settles : bool
        Keep the rates of the step before in ``r_last``.
    """

    def __init__(
        self,
        node: Area,
        code: AreaCode,
        batch: Batch,
        clock: Clock,
        cycle: Cycle,
        line: Timeline,
        namespace: dict[str, Any],
        settles: bool = False,
    ) -> None:
        self.node, self.cycle, self.code, self.settles = node, cycle, code, settles
        self.changes = line.changes.get(node.name, frozenset())
        # There is no window for an area that rests, or that no error reaches.
        inference, learning = line.inference.get(node.name), line.learning.get(node.name)
        self.rest = code.rest_rate
        gain = activation(node.activation).derivative.replace("r", "r_inf")
        self.local_names = {**NodeGroup.local_names, "gain_post": gain}
        shared = [] if batch.copies > 1 else ["shared"]
        beta = SingleEquation(PARAMETER, "beta", DIMENSIONLESS, flags=shared)
        last = [SingleEquation(PARAMETER, "r_last", DIMENSIONLESS)] if settles else []
        equations = Equations([*code.equations.values(), beta, *last])
        constants = {n: v for n, v in namespace.items() if n != "beta"}
        super().__init__(node.name, node.size, batch, equations, clock, namespace=constants, method="euler")
        self._step([w for w in (inference, learning) if w])
        if inference:
            self.at(
                cycle,
                inference.ticks[:1],
                self._restart(inference),
                "start",
                OPEN,
                "open_inference",
            )
            self.at(cycle, self._new_drives(inference), code.constant_inference, "start", COLLECT, "collect_inference")
            self.at(cycle, inference.ticks[-1:], "r_inf = r", "end", CLOSE, "close_inference")
        if learning:
            self._learn(learning)

    def _new_drives(self, window: Window) -> list[int]:
        """Ticks of a window in which the drive is another than in the tick before."""
        return [t for t in window.ticks if t == window.start or t in self.changes]

    def _restart(self, window: Window) -> str:
        # The first step's change is that from rest, so the rates at rest are read.
        return self.code.restart(window.silent_start and not self.settles)

    def _step(self, windows: list[Window]) -> None:
        """Put a state updater of our own, which keeps to the windows, in the place of Brian2's."""
        step = f"r_last = r\n{self.code.step}" if self.settles else self.code.step
        updater = GatedStateUpdater(self, step).gate(self.cycle, [t for w in windows for t in w.ticks])
        self.contained_objects[:] = [o for o in self.contained_objects if o is not self.state_updater]
        self.contained_objects.append(updater)
        self.state_updater: GatedStateUpdater = updater

    def _learn(self, window: Window) -> None:
        cycle, first = self.cycle, window.ticks[:1]
        if window.from_rest:
            self.at(cycle, first, self._restart(window), "start", OPEN, "open_learning")
        if not self.code.constant_learning:
            # The error flows on in every tick: that of the batch before must not.
            self.at(cycle, first, "err = 0", "start", OPEN, "open_error")
        self.at(cycle, self._new_drives(window), self.code.constant_learning, "start", COLLECT, "collect_learning")
        # With a constant drive the error is needed once; else it flows on in every tick.
        last = window.ticks[-1:] if self.code.constant_learning else window.ticks
        self.at(cycle, last, "err = r_inf - r", "end", CLOSE, "close_learning")


def time_step(dt_ms: float, name: str) -> Clock:
    """The one clock of a network."""
    return Clock(dt=dt_ms * ms, name=name)
