"""A layout, a rule and a set of tasks as one Brian2 network."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import brian2
import numpy as np
from brian2 import Network, prefs
from numpy.typing import NDArray

from neuroap.brian.assembly import Assembly
from neuroap.brian.feed import Stream, check_shared_inputs
from neuroap.brian.nodes import AreaGroup
from neuroap.brian.threads import threads_for
from neuroap.errors import DataError, SettingError
from neuroap.layout import Layout
from neuroap.rules import AdjointPropagation
from neuroap.timeline import Timeline, timeline

Array = NDArray[np.floating]
Trials = tuple[Array, NDArray[np.integer] | None]


class CorticalNetwork:
    """The Brian2 network of a layout, for a fixed number of trials side by side.

    Parameters
    ----------
    layout : Layout
    rule : AdjointPropagation
    tasks : iterable of str, optional
        The tasks that run together; None for all.
    trials : int
        Trials that settle side by side (the batch).
    dt_ms : float, optional
        Integration step in milliseconds; None for dt = tau, the published map.
    dtype : {"float32", "float64"}

    Raises
    ------
    LayoutError
        If the pathways of the tasks together form a cycle.
    SettingError
        Tasks that share an output, or time constants that are no multiple of the step.
    EquationsError
        Equations that cannot be read or integrated.

    Attributes
    ----------
    groups : dict of str to NodeGroup
        Inputs, areas and outputs by their names.
    projections : dict of str to Projection
        Pathways, recurrences and biases by the names of their weights.
    timeline : Timeline
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
    ) -> None:
        self.layout, self.rule, self.trials = layout, rule, trials
        chosen = layout.check_tasks(tasks)
        self.tasks = tuple(t for t in layout.tasks if t in chosen)
        self.dtype = np.dtype(dtype)
        self.dt_ms = dt_ms
        self._check_outputs()
        self.timeline: Timeline = timeline(layout, rule, self.tasks, dt_ms)
        with _default_dtype(self.dtype):
            parts = Assembly(layout, rule, self.tasks, self.timeline, trials, dt_ms, self.dtype)
        self.clock, self.cycle, self.feed, self.net = parts.clock, parts.cycle, parts.feed, parts.net
        self.groups, self.projections = parts.groups, parts.projections

    def _check_outputs(self) -> None:
        outputs = [self.layout.task_output(t).name for t in self.tasks]
        if len(set(outputs)) < len(outputs):
            hint = "run them one after the other, or give each task an output of its own"
            raise SettingError("tasks", "tasks that share an output cannot run at once", self.tasks, hint)

    @property
    def plastic(self) -> tuple[str, ...]:
        """Names of the weights that learn in this network."""
        return tuple(n for n, p in self.projections.items() if "eta" in p.variables)

    def load(self, weights: Mapping[str, Array], state: Mapping[str, Mapping[str, Array]] | None = None) -> None:
        """Copy weights, and the optimiser's state of those that learn, into the network.

        Parameters
        ----------
        weights : mapping of str to ndarray, shape (source, target)
            Every projection of the network by its name; more are ignored.
        state : mapping of str to mapping, optional
            Per plastic weight the arrays of the optimiser (for Adam "m" and "v") and, for recurrent
            weights, "mask"; None for the beginning.
        """
        for name, projection in self.projections.items():
            projection.array("w")[:] = weights[name]
            if "mask" in projection.variables:
                projection.array("mask")[:] = weights[name] != 0
        for name in self.plastic:
            projection = self.projections[name]
            for variable in projection.states:
                projection.array(variable)[:] = 0 if not state else state[name][variable]
            if state and "mask" in projection.variables:
                projection.array("mask")[:] = state[name]["mask"]

    def weights(self, plastic_only: bool = False) -> dict[str, Array]:
        """Copies of the weights by name."""
        names = self.plastic if plastic_only else tuple(self.projections)
        return {n: self.projections[n].array("w").copy() for n in names}

    def state(self) -> dict[str, dict[str, Array]]:
        """Copies of the optimiser's state (see `load`)."""
        found: dict[str, dict[str, Array]] = {}
        for name in self.plastic:
            projection = self.projections[name]
            kept = (*projection.states, *(["mask"] if "mask" in projection.variables else []))
            found[name] = {v: projection.array(v).copy() for v in kept}
        return found

    def run(
        self,
        data: Mapping[str, Trials],
        order: Mapping[str, NDArray[np.integer]] | None = None,
        *,
        learn: bool = False,
        updates: int = 0,
        on_batch: Callable[[int], None] | None = None,
        seed: int = 0,
    ) -> dict[str, Array]:
        """Show all trials once, batch by batch.

        Parameters
        ----------
        data : mapping of str to (x, labels)
            For each task of the network the stimuli, shape (n, inputs), and the target nodes, shape
            (n,), which may be None without learning.
        order : mapping of str to ndarray of int, optional
            Rows in the order in which they are shown; the same number for every task.
        learn : bool
            Run the learning phase and change the weights after each batch.
        updates : int
            Number of updates made before (the optimiser's step counter).
        on_batch : callable, optional
            Called with the index of each batch as it begins.
        seed : int
            Seeds Brian2's random numbers where area equations are noisy.

        Returns
        -------
        dict of str to ndarray, shape (n, output nodes)
            Output rates at the end of inference, in the order shown.

        Raises
        ------
        DataError
            Tasks that show different numbers of trials, or different stimuli at an input that they share;
            learning without labels.
        """
        for task in self.tasks if learn else ():
            if data[task][1] is None:
                raise DataError("data", "learning needs labels of every task", task)
        cycles = self.show(data, order, updates=updates, on_batch=on_batch)
        self.advance(cycles, self.timeline.length if learn else self.timeline.inference_length, seed)
        return {t: s.outputs for t, s in self.feed.streams.items()}

    def show(
        self,
        data: Mapping[str, Trials],
        order: Mapping[str, NDArray[np.integer]] | None = None,
        *,
        updates: int = 0,
        on_batch: Callable[[int], None] | None = None,
    ) -> int:
        """Lay out the trials of the next run (see `run`); returns the number of cycles that show them all."""
        order = order or {}
        shown = {t: len(order.get(t, data[t][0])) for t in self.tasks}
        total, *others = set(shown.values())
        if others:
            raise DataError("data", "tasks that run at once must show the same number of trials", shown)
        streams = {t: self._stream(t, *data[t], order.get(t), total) for t in self.tasks}
        check_shared_inputs(streams)
        self.feed.streams, self.feed.total = streams, total
        learning = [self.projections[n].variables for n in self.plastic]
        for variables in learning:
            variables["eta"].get_value()[0] = self.rule.learning_rate

        def begin(batch: int) -> None:
            for variables in learning:
                variables["k"].get_value()[0] = updates + batch + 1
            if on_batch is not None:
                on_batch(batch)

        self.feed.on_batch = begin
        return -(-total // self.trials)

    @property
    def noisy(self) -> bool:
        """Whether the equations of an area draw random numbers."""
        return any(g.code.noisy for g in self.groups.values() if isinstance(g, AreaGroup))

    def advance(self, cycles: int, length: int, seed: int = 0) -> None:
        """Run a number of cycles of `length` ticks; windows that begin later do not open.

        Raises
        ------
        KeyboardInterrupt
            If Brian2 was told to stop (Ctrl-C): it ends the run without a word, in mid-cycle.
        """
        self.cycle.restart(length)
        if self.noisy:
            brian2.seed(int(seed))
        with _default_dtype(self.dtype), _frozen_garbage(), threads_for(self._largest_product):
            try:
                self.net.run(cycles * length * self.clock.dt, namespace={})
            finally:
                # After an error Brian2 believes that it still runs, and swallows the next Ctrl-C.
                Network._globally_running = False
        if (self.cycle.index, self.cycle.position) != (cycles - 1, length - 1):
            raise KeyboardInterrupt("the simulation was stopped before its end")

    @property
    def _largest_product(self) -> float:
        return self.trials * max(float(np.prod(p.shape)) for p in self.projections.values())

    def hand_over(self, learn: bool) -> Network:
        """Give the Brian2 network to a user; its attribute ``duration`` is the time that shows all trials."""
        length = self.timeline.length if learn else self.timeline.inference_length
        self.cycle.restart(length)
        self.net.duration = -(-self.feed.total // self.trials) * length * self.clock.dt
        return self.net

    def _stream(
        self,
        task: str,
        x: Array,
        labels: NDArray[np.integer] | None,
        order: NDArray[np.integer] | None,
        n: int,
    ) -> Stream:
        inputs = [self.groups[i.name] for i in self.layout.task_inputs(task)]
        output = self.groups[self.layout.task_output(task).name]
        outputs = np.empty((n, output.size), self.dtype)
        return Stream(inputs, output, x, labels, order, outputs)


@contextmanager
def _frozen_garbage() -> Iterator[None]:
    """Brian2 collects garbage before each run: 0.1 s for all that imports left, more than a small epoch."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class _default_dtype:
    """Brian2's default dtype, set while a network is built or run, and put back."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype

    def __enter__(self) -> None:
        self.before = prefs.core.default_float_dtype
        prefs.core.default_float_dtype = self.dtype.type

    def __exit__(self, *_: object) -> None:
        prefs.core.default_float_dtype = self.before


__all__ = ["CorticalNetwork", "Network"]
