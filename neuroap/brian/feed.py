"""What goes into and out of a network in each cycle: stimuli, targets, outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import BrianObject, Clock
from brian2.core.variables import Variables
from brian2.groups.group import Group
from numpy.typing import NDArray

from neuroap.brian.cycle import Cycle
from neuroap.brian.nodes import FEED, READ, InputGroup, OutputGroup
from neuroap.errors import DataError


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
        for group, columns in self.columns():
            rates = group.array("r")
            rates[:count] = self.x[rows, columns]
            rates[count:] = 0
        if self.labels is not None:
            target = self.output.array("target")
            target[:] = 0
            target[np.arange(count), self.labels[rows]] = 1

    def columns(self) -> Iterator[tuple[InputGroup, slice]]:
        """Each input with its columns of `x`."""
        stop = 0
        for group in self.inputs:
            start, stop = stop, stop + group.size
            yield group, slice(start, stop)

    def stimuli(self, columns: slice) -> NDArray[np.floating]:
        """All stimuli of some columns, in the order in which they are shown."""
        return self.x[:, columns] if self.order is None else self.x[self.order][:, columns]

    def read(self, start: int, count: int) -> None:
        """Keep the output rates of the trials shown."""
        self.outputs[start : start + count] = self.output.array("r_inf")[:count]


def check_shared_inputs(streams: Mapping[str, Stream]) -> None:
    """Raise DataError if two tasks that run at once show different stimuli at an input that they share."""
    seen: dict[InputGroup, tuple[str, slice]] = {}
    for task, stream in streams.items():
        for group, columns in stream.columns():
            other, theirs = seen.setdefault(group, (task, columns))
            first = streams[other]
            same = first.x is stream.x and first.order is stream.order and theirs == columns
            if not (same or np.array_equal(first.stimuli(theirs), stream.stimuli(columns))):
                rule = f"tasks that run at once show different stimuli at input {group.node_name!r}"
                hint = "give both tasks the same trials in the same order, or give each an input of its own"
                raise DataError("data", rule, (other, task), hint)


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
