"""What goes into and out of a network in each cycle: stimuli, targets, outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from brian2 import BrianObject, Clock
from brian2.core.variables import Variables
from brian2.groups.group import Group
from numpy.typing import NDArray

from neuroap.brian.cycle import Cycle
from neuroap.brian.nodes import FEED, READ, Batch, InputGroup, NodeGroup, OutputGroup


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
    order : ndarray of int, shape (copies, shown)
        Rows of `x` in the order in which each network is shown them.
    outputs : ndarray, shape (copies, shown, output nodes)
        Filled with the output rates at the end of inference, in the order shown.
    """

    inputs: Sequence[InputGroup]
    output: OutputGroup
    x: NDArray[np.floating]
    labels: NDArray[np.integer] | None
    order: NDArray[np.integer]
    outputs: NDArray[np.floating]

    def show(self, start: int, count: int) -> None:
        """Write `count` trials from `start` into the inputs and the output's target."""
        rows = self.order[:, start : start + count]
        for group, columns in self.columns():
            rates = self._by_copy(group, "r")
            rates[:, :count] = self.x[rows, columns]
            rates[:, count:] = 0
        if self.labels is not None:
            target = self._by_copy(self.output, "target")
            target[:] = 0
            target[np.arange(len(rows))[:, None], np.arange(count), self.labels[rows]] = 1

    def _by_copy(self, group: NodeGroup, variable: str) -> NDArray[np.floating]:
        """The values of a variable, shape (copies, trials, size)."""
        return group.array(variable).reshape(len(self.order), -1, group.size)

    def columns(self) -> Iterator[tuple[InputGroup, slice]]:
        """Each input with its columns of `x`."""
        stop = 0
        for group in self.inputs:
            start, stop = stop, stop + group.size
            yield group, slice(start, stop)

    def read(self, start: int, count: int) -> None:
        """Keep the output rates of the trials shown."""
        self.outputs[:, start : start + count] = self._by_copy(self.output, "r_inf")[:, :count]


class Feed(Group, BrianObject):
    """Shows the next batch at the first tick of a cycle and reads the outputs when they are there.

    Its shared variables are ``count``, the number of trials in the batch (the last one may be smaller),
    ``k``, the number of updates with that of this batch, and the learning rate ``eta``.
    """

    add_to_magic_network = False

    def __init__(self, batch: Batch, clock: Clock, cycle: Cycle, name: str) -> None:
        BrianObject.__init__(self, clock=clock, when="start", order=FEED, name=name)
        self.trials, self.cycle = batch.trials, cycle
        self.streams: Mapping[str, Stream] = {}
        self.total = self.updates = 0
        self.on_batch: Callable[[int], None] | None = None
        self.variables = Variables(self)
        self.variables.add_constant("N", value=1)
        self.variables.add_array("count", size=1, scalar=True, dtype=np.int32)
        # Full precision: beta2**k would not have it otherwise.
        for scalar in ("k", "eta"):
            self.variables.add_array(scalar, size=1, scalar=True, dtype=np.float64)
        self._enable_group_attributes()

    def show(
        self, streams: Mapping[str, Stream], total: int, updates: int, on_batch: Callable[[int], None] | None
    ) -> None:
        """Show `total` trials in the next run."""
        self.streams, self.total, self.updates, self.on_batch = streams, total, updates, on_batch

    @property
    def count(self) -> int:
        """Trials in the batch at hand."""
        return min(self.trials, self.total - self.cycle.index * self.trials)

    def run(self) -> None:
        if self.cycle.position == 0:
            count = self.count
            self.variables["count"].get_value()[0] = count
            self.variables["k"].get_value()[0] = self.updates + self.cycle.index + 1
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
