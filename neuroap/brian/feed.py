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
    widths : sequence of int
        How many of them each has.
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
    widths: Sequence[int]
    output: OutputGroup
    x: NDArray[np.floating]
    labels: NDArray[np.integer] | None
    order: NDArray[np.integer]
    outputs: NDArray[np.floating]

    def show(self, tick: int, start: int, count: int) -> None:
        """Write what `count` trials from `start` show from a tick on into the inputs."""
        rows = self.order[:, start : start + count]
        for group, columns in self.columns(tick):
            rates = self._by_copy(group, "r")
            rates[:, :count] = self.x[rows, columns]
            rates[:, count:] = 0

    def aim(self, start: int, count: int) -> None:
        """Write the targets of `count` trials from `start` into the output."""
        rows = self.order[:, start : start + count]
        if self.labels is not None:
            target = self._by_copy(self.output, "target")
            target[:] = 0
            target[np.arange(len(rows))[:, None], np.arange(count), self.labels[rows]] = 1

    def _by_copy(self, group: NodeGroup, variable: str) -> NDArray[np.floating]:
        """The values of a variable, shape (copies, trials, size)."""
        return group.array(variable).reshape(len(self.order), -1, group.size)

    def columns(self, tick: int) -> Iterator[tuple[InputGroup, slice]]:
        """Inputs that show something new from a tick on, with the columns of `x` that they show."""
        before = 0
        for group, columns in zip(self.inputs, self.widths, strict=True):
            if tick in group.frames:
                start = before + group.frames[tick] * group.size
                yield group, slice(start, start + group.size)
            before += columns

    def read(self, start: int, count: int) -> None:
        """Keep the output rates of the trials shown."""
        self.outputs[:, start : start + count] = self._by_copy(self.output, "r_inf")[:, :count]


class Feed(Group, BrianObject):
    """Shows the next batch at the first tick of a cycle, and the later frames of stimuli that change.

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
        tick, count = self.cycle.position, self.count
        start = self.cycle.index * self.trials
        if tick == 0:
            self.variables["count"].get_value()[0] = count
            self.variables["k"].get_value()[0] = self.updates + self.cycle.index + 1
            for stream in self.streams.values():
                stream.aim(start, count)
            if self.on_batch is not None:
                self.on_batch(self.cycle.index)
        for stream in self.streams.values():
            stream.show(tick, start, count)


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
