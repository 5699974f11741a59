"""A layout, a rule and a set of tasks as one Brian2 network."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import brian2
import numpy as np
from brian2 import Network, ms, prefs
from numpy.typing import NDArray

from neuroap.brian.cycle import Cycle
from neuroap.brian.equations import AreaCode, compile_area
from neuroap.brian.feed import Feed, Readout, Stream, check_shared_inputs
from neuroap.brian.nodes import CLEAR, DRIVE, RECUR, AreaGroup, InputGroup, NodeGroup, OutputGroup, time_step
from neuroap.brian.projections import End, Projection
from neuroap.errors import SettingError
from neuroap.layout import Area, Layout, Pathway
from neuroap.rules import AdjointPropagation
from neuroap.timeline import Timeline, Window, ticks_per_tau, timeline
from neuroap.weights import bias_name, recurrence_name

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
            self._build()

    def _check_outputs(self) -> None:
        outputs = [self.layout.task_output(t).name for t in self.tasks]
        if len(set(outputs)) < len(outputs):
            hint = "run them one after the other, or give each task an output of its own"
            raise SettingError("tasks", "tasks that share an output cannot run at once", self.tasks, hint)

    def _build(self) -> None:
        layout, line = self.layout, self.timeline
        # Equations are read first: a mistake in them leaves no half-built Brian2 objects behind.
        settled = [a for a in layout.areas if a.name in line.inference or a.name in line.learning]
        namespaces = {a.name: self._namespace(a) for a in settled}
        codes = {a.name: self._compile(a, namespaces[a.name]) for a in settled}
        self.clock = time_step(self.dt_ms or max(a.tau_ms for a in layout.areas), "neuroap_clock")
        self.cycle = Cycle(self.clock, "neuroap_cycle")
        self.feed = Feed(self.trials, self.clock, self.cycle, "neuroap_feed")
        self.readout = Readout(self.feed, line.inference_length - 1, "neuroap_readout")
        self.groups: dict[str, NodeGroup] = {}
        self.projections: dict[str, Projection] = {}
        self._add_ends()
        for area in settled:
            windows = line.inference.get(area.name), line.learning.get(area.name)
            self.groups[area.name] = AreaGroup(
                area, codes[area.name], self.trials, self.clock, self.cycle, *windows, namespaces[area.name]
            )
        self._add_recurrences()
        self._add_biases()
        self._add_pathways()
        self.net = Network(
            self.cycle, self.feed, self.readout, *self.groups.values(), *self.projections.values()
        )

    # -- building ------------------------------------------------------------------------------

    def _add_ends(self) -> None:
        layout, line = self.layout, self.timeline
        used = {p.source_node for p in layout.open(self.tasks)}
        for node in layout.inputs:
            if node.name in used:
                self.groups[node.name] = InputGroup(node, self.trials, self.clock)
        for output in layout.outputs:
            if output.name in line.inference:
                window = line.inference[output.name]
                self.groups[output.name] = OutputGroup(output, self.trials, self.clock, self.cycle, window)

    def _namespace(self, area: Area) -> dict[str, Any]:
        """Constants of the equations of an area."""
        number = self.dtype.type
        constants: dict[str, Any] = dict(
            tau=area.tau_ms * ms, beta=number(self.rule.beta), alpha=number(self._alpha(area))
        )
        return constants if self._biased(area) else {**constants, "b": number(0)}

    def _compile(self, area: Area, namespace: dict[str, Any]) -> AreaCode:
        concurrent, biased = self.timeline.concurrent, self._biased(area)
        return compile_area(
            area, alpha=self._alpha(area), biased=biased, concurrent=concurrent, namespace=namespace
        )

    def _alpha(self, area: Area) -> float:
        return 1 / ticks_per_tau(area, self.dt_ms)

    def _biased(self, area: Area) -> bool:
        return area.bias is not None or self.rule.bias_plasticity

    def _add_recurrences(self) -> None:
        alpha = self.rule.recurrent_plasticity
        for area in self._areas():
            if area.recurrence is None:
                continue
            whole = End(self.groups[area.name], 0, area.size)
            projection = Projection(recurrence_name(area.name), whole, whole, self.clock)
            ticks = [t for w in self._windows(area.name) for t in w.recurrent_ticks]
            projection.drives(self.cycle, ticks, "r", "I_rec", add=False, order=RECUR)
            if alpha and area.name in self.timeline.learning:
                projection.learns(self.rule, self.cycle, self.timeline.length - 1, self.feed, masked_scale=alpha)
            self.projections[projection.parameter] = projection

    def _add_biases(self) -> None:
        line = self.timeline
        for name, group in self.groups.items():
            node = self.layout[name]
            if isinstance(group, InputGroup) or (isinstance(node, Area) and not self._biased(node)):
                continue
            projection = Projection(bias_name(name), None, End(group, 0, node.size), self.clock)
            first = self._windows(name)[0].ticks[:1]
            projection.drives(self.cycle, first, "", "b", add=False, order=DRIVE)
            has_error = name in line.learning or isinstance(group, OutputGroup)
            if self.rule.bias_plasticity and has_error:
                projection.learns(self.rule, self.cycle, line.length - 1, self.feed)
            self.projections[projection.parameter] = projection

    def _add_pathways(self) -> None:
        for kind, drive in (("inference", "I_inf"), ("error", "I_err")):
            paths = self.layout.open(self.tasks, kind)
            for target in dict.fromkeys(p.target_node for p in paths):
                windows = self.timeline.inference if kind == "inference" else self.timeline.learning
                window = windows[target]
                ticks = window.ticks if self.timeline.concurrent else window.ticks[:1]
                self._drive([p for p in paths if p.target_node == target], drive, ticks)

    def _drive(self, paths: Sequence[Pathway], drive: str, ticks: range) -> None:
        """Let `paths` write their sum into one drive of one node."""
        sites = [self.layout.site(p.target) for p in paths]
        shared = any(a.start < b.stop and b.start < a.stop for k, a in enumerate(sites) for b in sites[:k])
        target = self.groups[sites[0].node]
        if shared:
            target.at(self.cycle, ticks, f"{drive} = 0", "start", CLEAR, f"clear_{drive.lower()}")
        for pathway, site in zip(paths, sites, strict=True):
            source = self.layout.site(pathway.source)
            ends = (
                End(self.groups[source.node], source.start, source.stop),
                End(target, site.start, site.stop),
            )
            projection = Projection(pathway.name, *ends, self.clock)
            projection.drives(self.cycle, ticks, self._sends(pathway), drive, add=shared, order=DRIVE)
            if pathway.plastic and self._has_error(site.node):
                projection.learns(self.rule, self.cycle, self.timeline.length - 1, self.feed)
            self.projections[pathway.name] = projection

    def _sends(self, pathway: Pathway) -> str:
        """The variable of the source that a pathway transmits."""
        if pathway.kind == "error":
            return "err"
        # One area after the other: the source has settled when its targets open.
        return "r" if self.timeline.concurrent or pathway.source_node not in self.layout_areas else "r_inf"

    @property
    def layout_areas(self) -> set[str]:
        """Names of the areas of the layout."""
        return {a.name for a in self.layout.areas}

    def _has_error(self, node: str) -> bool:
        return node in self.timeline.learning or isinstance(self.groups[node], OutputGroup)

    def _areas(self) -> list[Area]:
        return [a for a in self.layout.areas if a.name in self.groups]

    def _windows(self, name: str) -> list[Window]:
        return [w[name] for w in (self.timeline.inference, self.timeline.learning) if name in w]

    # -- running -------------------------------------------------------------------------------

    @property
    def plastic(self) -> tuple[str, ...]:
        """Names of the weights that learn in this network."""
        return tuple(n for n, p in self.projections.items() if "eta" in p.variables)

    def load(
        self, weights: Mapping[str, Array], state: Mapping[str, Mapping[str, Array]] | None = None
    ) -> None:
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
        """
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
        (total,) = {len(order.get(t, data[t][0])) for t in self.tasks}
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
        with _default_dtype(self.dtype), _frozen_garbage():
            try:
                self.net.run(cycles * length * self.clock.dt, namespace={})
            finally:
                # After an error Brian2 believes that it still runs, and swallows the next Ctrl-C.
                Network._globally_running = False
        if (self.cycle.index, self.cycle.position) != (cycles - 1, length - 1):
            raise KeyboardInterrupt("the simulation was stopped before its end")

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
        return Stream(inputs, output, x, labels, order, outputs)  # type: ignore[arg-type]


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
