"""What goes into and out of a network in each cycle: stimuli, targets, outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import BrianObject, Clock
from brian2.core.variables import Variables
from brian2.groups.group import Group
from numpy.typing import NDArray

from neuroap.brian.cycle import Cycle
from neuroap.brian.nodes import FEED, READ, InputGroup, OutputGroup


@dataclass
class Stream:
    """The trials of one task in one run.

    Attributes
    ----------
    inputs : sequence of InputGroup
        They share the columns of `x`, in order.
    output : OutputGroup
    x : ndarray, shape (trials, inputs)
    labels : ndarray of int, shape (trials,), optional
        Index of the output node that is the target.
    order : ndarray of int, optional
        Rows of `x` in the order in which they are shown; None for their own order.
    outputs : ndarray, shape (shown, output nodes)
        Filled with the output rates at the end of inference, in the order shown.
    """

    inputs: Sequence[InputGroup]
    output: OutputGroup
    x: NDArray[np.floating]
    labels: NDArray[np.integer] | None
    order: NDArray[np.integer] | None
    outputs: NDArray[np.floating]

    def show(self, start: int, count: int) -> None:
        """Write `count` trials from `start` into the inputs and the output's target."""
        rows: Any = slice(start, start + count) if self.order is None else self.order[start : start + count]
        column = 0
        for group in self.inputs:
            rates = group.array("r")
            rates[:count] = self.x[rows, column : column + group.size]
            rates[count:] = 0
            column += group.size
        if self.labels is not None:
            target = self.output.array("target")
            target[:] = 0
            target[np.arange(count), self.labels[rows]] = 1

    def read(self, start: int, count: int) -> None:
        """Keep the output rates of the trials shown."""
        self.outputs[start : start + count] = self.output.array("r_inf")[:count]


class Feed(Group, BrianObject):
    """Shows the next batch at the first tick of a cycle and reads the outputs when they are there.

    The shared variable ``count`` is the number of trials in the batch; the last one may be smaller.
    """

    add_to_magic_network = False

    def __init__(self, trials: int, clock: Clock, cycle: Cycle, name: str) -> None:
        BrianObject.__init__(self, clock=clock, when="start", order=FEED, name=name)
        self.trials, self.cycle = trials, cycle
        self.streams: Mapping[str, Stream] = {}
        self.total = 0
        self.on_batch: Callable[[int], None] | None = None
        self.variables = Variables(self)
        self.variables.add_constant("N", value=1)
        self.variables.add_array("count", size=1, scalar=True, dtype=np.int32)
        self._enable_group_attributes()

    @property
    def count(self) -> int:
        """Trials in the batch at hand."""
        return min(self.trials, self.total - self.cycle.index * self.trials)

    def run(self) -> None:
        if self.cycle.position == 0:
            count = self.count
            self.variables["count"].get_value()[0] = count
            for stream in self.streams.values():
                stream.show(self.cycle.index * self.trials, count)
            if self.on_batch is not None:
                self.on_batch(self.cycle.index)


class Readout(BrianObject):
    """Reads the outputs in the last tick of inference."""

    add_to_magic_network = False

    def __init__(self, feed: Feed, tick: int, name: str) -> None:
        super().__init__(clock=feed.clock, when="end", order=READ, name=name)
        self.feed, self.tick = feed, tick

    def run(self) -> None:
        if self.feed.cycle.position == self.tick:
            start = self.feed.cycle.index * self.feed.trials
            for stream in self.feed.streams.values():
                stream.read(start, self.feed.count)
