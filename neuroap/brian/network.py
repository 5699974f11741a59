"""A layout, a rule and a set of tasks as one Brian2 network that runs in this process."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import brian2
import numpy as np
from brian2 import Network, prefs

from neuroap.brian.assembly import Assembly
from neuroap.brian.cellwise import cellwise_values
from neuroap.brian.feed import Stream
from neuroap.brian.interface import Array, Show, SimulatedNetwork, Trials
from neuroap.brian.nodes import AreaGroup, Batch
from neuroap.brian.threads import threads_for
from neuroap.layout import Layout
from neuroap.rules import AdjointPropagation


class CorticalNetwork(SimulatedNetwork):
    """The Brian2 network of a layout on the runtime device; parameters as of `SimulatedNetwork`.

    Raises
    ------
    EquationsError
        Equations that cannot be read or integrated.

    Attributes
    ----------
    groups : dict of str to NodeGroup
        Inputs, areas and outputs by their names.
    projections : dict of str to Projection
        Pathways, recurrences and biases by the names of their weights.
    net : brian2.Network
    """

    def __init__(
        self,
        layout: Layout,
        rule: AdjointPropagation,
        tasks: Iterable[str] | None = None,
        trials: int = 500,
        dt_ms: float | None = None,
        dtype: str = "float32",
        copies: int = 1,
    ) -> None:
        super().__init__(layout, rule, tasks, trials, dt_ms, dtype, copies)
        with default_dtype(self.dtype):
            parts = Assembly(layout, rule, self.tasks, self.timeline, Batch(trials, copies), dt_ms, self.dtype)
        self.clock, self.cycle, self.feed, self.net = parts.clock, parts.cycle, parts.feed, parts.net
        self.groups, self.projections, self.tracer = parts.groups, parts.projections, parts.tracer
        self.weight_table = parts.weight_table()
        for group in self.groups.values():
            for name in group.code.cellwise if isinstance(group, AreaGroup) else ():
                group.array(name)[:] = cellwise_values(group.node, name)

    def values(self, owner: str, variable: str) -> Array:
        """See `SimulatedNetwork.values`; a view."""
        return (self.groups[owner] if owner in self.groups else self.projections[owner]).array(variable)

    def assign(self, values: Sequence[tuple[str, str, int, Any]]) -> None:
        for name, variable, copy, value in values:
            projection = self.projections[name]
            projection.array(variable).reshape(-1, *projection.shape)[copy] = value

    @property
    def noisy(self) -> bool:
        """Whether the equations of an area draw random numbers."""
        return any(g.code.noisy for g in self.groups.values() if isinstance(g, AreaGroup))

    def simulate(self, show: Show) -> dict[str, Array]:
        """Show trials.

        Raises
        ------
        KeyboardInterrupt
            If Brian2 was told to stop (Ctrl-C): it ends the run without a word, in mid-cycle.
        """
        self._prepare(show)
        self._advance(show)
        return {t: s.outputs for t, s in self.feed.streams.items()}

    def traced(self, show: Show, nodes: Sequence[str]) -> tuple[dict[str, Array], dict[str, Array]]:
        groups = {n: self.groups[n] for n in nodes}
        self.tracer.begin(groups, show.length, self.dtype)
        try:
            outputs = self.simulate(show)
        finally:
            rates = self.tracer.end()
        return outputs, rates

    def hand_over(self, data: Mapping[str, Trials], learn: bool) -> Network:
        """Give the Brian2 network to a user; its attribute ``duration`` is the time that shows all trials."""
        show = self.plan(data, None, self.timeline.length if learn else self.timeline.inference_length)
        self._prepare(show)
        self.cycle.restart(show.length, show.cycles)
        self.net.duration = show.cycles * show.length * self.clock.dt
        return self.net

    def _prepare(self, show: Show) -> None:
        """Lay out the trials, and set what may change from run to run."""
        self.feed.show(self._streams(show), show.total, show.updates, show.on_batch)
        rules = [rule.after(show.epochs) for rule in self.rules]
        self.feed.variables["eta"].get_value()[0] = rules[0].learning_rate
        for name, group in self.groups.items():
            if isinstance(group, AreaGroup):
                self._spread(self.groups[name].variables["beta"], [r.beta for r in rules])
        for name in self.plastic if self.copies > 1 else ():
            self._spread(self.projections[name].variables["eta"], [r.learning_rate for r in rules])

    def _spread(self, variable: Any, values: Sequence[float]) -> None:
        """Give each copy its value."""
        variable.get_value().reshape(self.copies, -1)[:] = np.array(values)[:, None]

    def _streams(self, show: Show) -> dict[str, Stream]:
        streams = {}
        for task, (x, labels) in show.data.items():
            nodes = self.layout.task_inputs(task)
            inputs, widths = [self.groups[i.name] for i in nodes], [i.columns for i in nodes]
            output = self.groups[self.layout.task_output(task).name]
            outputs = np.empty((self.copies, show.total, output.size), self.dtype)
            streams[task] = Stream(inputs, widths, output, x, labels, show.order[task], outputs)
        return streams

    def _advance(self, show: Show) -> None:
        self.cycle.restart(show.length, show.cycles)
        if self.noisy:
            brian2.seed(int(show.seed))
        with default_dtype(self.dtype), _frozen_garbage(), threads_for(self._largest_product):
            try:
                self.net.run(show.cycles * show.length * self.clock.dt, namespace={})
            finally:
                # After an error Brian2 believes that it still runs, and swallows the next Ctrl-C.
                Network._globally_running = False
        self.ticks = self.cycle.steps
        if not self.cycle.over:
            raise KeyboardInterrupt("the simulation was stopped before its end")

    @property
    def _largest_product(self) -> float:
        return self.trials * max(float(np.prod(p.shape)) for p in self.projections.values())


@contextmanager
def _frozen_garbage() -> Iterator[None]:
    """Brian2 collects garbage before each run: 0.1 s for all that imports left, more than a small epoch."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class default_dtype:
    """Brian2's default dtype, set while a network is built or run, and put back."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype

    def __enter__(self) -> None:
        self.before = prefs.core.default_float_dtype
        prefs.core.default_float_dtype = self.dtype.type

    def __exit__(self, *_: object) -> None:
        prefs.core.default_float_dtype = self.before


__all__ = ["CorticalNetwork", "Network"]
