"""What a network of any device offers: weights in, trials in, output rates and weights out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroap.errors import DataError, SettingError
from neuroap.layout import Layout
from neuroap.rules import AdjointPropagation
from neuroap.timeline import Timeline, timeline
from neuroap.weights import fresh_state

Array = NDArray[np.floating]
Trials = tuple[Array, NDArray[np.integer] | None]
Orders = Mapping[str, NDArray[np.integer]]


@dataclass(frozen=True)
class Weights:
    """What there is of one projection.

    Attributes
    ----------
    shape : (int, int)
        Source neurons (1 for a bias), target neurons.
    kept : tuple of str
        Arrays of the optimiser, and those that say which weights learn and within which bounds.
    plastic : bool
        Whether the weights learn in this network.
    """

    shape: tuple[int, int]
    kept: tuple[str, ...] = ()
    plastic: bool = False


class SimulatedNetwork(ABC):
    """A layout, a rule and a set of tasks, simulated for a fixed number of trials side by side.

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
    copies : int
        Networks side by side, each with weights and an order of trials of its own.

    Raises
    ------
    LayoutError
        If the pathways of the tasks together form a cycle.
    SettingError
        Tasks that share an output, or time constants that are no multiple of the step.

    Attributes
    ----------
    timeline : Timeline
    rules : list of AdjointPropagation
        One per copy; they may differ in ``learning_rate``, its decay and ``beta``, nothing else.
    """

    weight_table: Mapping[str, Weights]
    # Whether arrays can be read while the network runs.
    readable_in_run = True
    # Ticks of the last run; fewer than cycles * length where windows ended early.
    ticks = 0

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
        self.layout, self.rule, self.trials, self.copies = layout, rule, trials, copies
        chosen = layout.check_tasks(tasks)
        self.tasks = tuple(t for t in layout.tasks if t in chosen)
        self.dtype, self.dt_ms = np.dtype(dtype), dt_ms
        self._check_outputs()
        self.timeline: Timeline = timeline(layout, rule, self.tasks, dt_ms)
        self.rules = [rule] * copies

    def _check_outputs(self) -> None:
        outputs = [self.layout.task_output(t).name for t in self.tasks]
        if len(set(outputs)) < len(outputs):
            hint = "run them one after the other, or give each task an output of its own"
            raise SettingError("tasks", "tasks that share an output cannot run at once", self.tasks, hint)

    # -- what a device has to offer ------------------------------------------------------------

    @abstractmethod
    def values(self, owner: str, variable: str) -> Array:
        """The values of a variable of a node, shape (copies * trials, size), or of a projection's weights.

        Those of weights have shape (copies, source, target). It is a view, or a copy read for the purpose:
        write with `assign`.
        """

    def bring(self, wanted: Iterable[tuple[str, str]]) -> None:  # noqa: B027  arrays of this process need no bringing
        """Announce variables whose `values` will be asked for: a device may then read them all at once."""

    @abstractmethod
    def assign(self, values: Sequence[tuple[str, str, int, Any]]) -> None:
        """Set variables of weights: (name of the weights, variable, copy, values)."""

    @abstractmethod
    def simulate(self, show: Show) -> dict[str, NDArray[np.floating]]:
        """Show trials; returns output rates by task, shape (copies, shown, output nodes)."""

    @abstractmethod
    def traced(self, show: Show, nodes: Sequence[str]) -> tuple[dict[str, Array], dict[str, Array]]:
        """As `simulate`, for one cycle; also the rates of `nodes` at the end of each tick.

        Returns output rates by task, and rates of shape (ticks, copies * trials, size), NaN in ticks that were left
        out.
        """

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names of the inputs, areas and outputs that take part."""
        joined = {n for p in self.layout.open(self.tasks) for n in (p.source_node, p.target_node)}
        return tuple(n.name for n in self.layout.nodes if n.name in joined)

    @property
    def step_ms(self) -> float:
        """Integration step in milliseconds."""
        return self.dt_ms or max((a.tau_ms for a in self.layout.areas), default=10.0)

    @contextmanager
    def holding(self, stimuli: Iterable[Array]) -> Iterator[None]:
        """Keep stimuli on the device for all runs within; they must not change meanwhile."""
        yield

    def close(self) -> None:  # noqa: B027  a network in this process holds nothing
        """Give back what the network holds outside this process."""

    # -- weights -------------------------------------------------------------------------------

    @property
    def plastic(self) -> tuple[str, ...]:
        """Names of the weights that learn in this network."""
        return tuple(n for n, w in self.weight_table.items() if w.plastic)

    def load(
        self,
        weights: Mapping[str, Array],
        state: Mapping[str, Mapping[str, Array]] | None = None,
        copy: int = 0,
    ) -> None:
        """Copy weights, and the optimiser's state of those that learn, into the network.

        Parameters
        ----------
        weights : mapping of str to ndarray, shape (source, target)
            Every projection of the network by its name; more are ignored.
        state : mapping of str to mapping, optional
            Per plastic weight the arrays of the optimiser (for Adam "m" and "v") and those of `KEPT` that it has
            (see `neuroap.weights.fresh_state`); what is missing is as in the beginning.
        copy : int
            Which of the networks side by side.
        """
        self.load_each({copy: (weights, state)})

    def load_each(
        self, each: Mapping[int, tuple[Mapping[str, Array], Mapping[str, Mapping[str, Array]] | None]]
    ) -> None:
        """As `load`, for several copies at once: what is on a device is written once.

        Parameters
        ----------
        each : mapping of int to (weights, state)
            By copy.
        """
        values: list[tuple[str, str, int, Any]] = []
        for name, about in self.weight_table.items():
            for copy, (weights, state) in each.items():
                values.append((name, "w", copy, weights[name]))
                for variable in about.kept:
                    there = (state or {}).get(name, {}).get(variable)
                    fresh = fresh_state(self.layout, name, variable, weights[name]) if there is None else there
                    values.append((name, variable, copy, fresh))
        self.assign(values)

    def weights(self, plastic_only: bool = False, copy: int = 0) -> dict[str, Array]:
        """Copies of the weights by name."""
        names = self.plastic if plastic_only else tuple(self.weight_table)
        self.bring((n, "w") for n in names)
        return {n: self.values(n, "w").reshape(-1, *self.weight_table[n].shape)[copy].copy() for n in names}

    def state(self, copy: int = 0) -> dict[str, dict[str, Array]]:
        """Copies of the optimiser's state (see `load`)."""
        found: dict[str, dict[str, Array]] = {}
        self.bring((n, v) for n in self.plastic for v in self.weight_table[n].kept)
        for name in self.plastic:
            about = self.weight_table[name]
            found[name] = {v: self.values(name, v).reshape(-1, *about.shape)[copy].copy() for v in about.kept}
        return found

    def learnt(self) -> list[tuple[dict[str, Array], dict[str, dict[str, Array]]]]:
        """`weights` that learn and `state` of every copy; what is on a device is read once."""
        found: list[tuple[dict[str, Array], dict[str, dict[str, Array]]]] = [({}, {}) for _ in range(self.copies)]
        self.bring((n, v) for n in self.plastic for v in ("w", *self.weight_table[n].kept))
        for name in self.plastic:
            about = self.weight_table[name]
            for variable in ("w", *about.kept):
                values = self.values(name, variable).reshape(-1, *about.shape)
                for (weights, state), value in zip(found, values, strict=True):
                    own = weights if variable == "w" else state.setdefault(name, {})
                    own[name if variable == "w" else variable] = value.copy()
        return found

    # -- running -------------------------------------------------------------------------------

    def run(
        self,
        data: Mapping[str, Trials],
        order: Orders | Sequence[Orders] | None = None,
        *,
        learn: bool = False,
        updates: int = 0,
        epochs: int = 0,
        on_batch: Callable[[int], None] | None = None,
        seed: int = 0,
    ) -> dict[str, Array]:
        """Show all trials once, batch by batch.

        Parameters
        ----------
        data : mapping of str to (x, labels)
            For each task of the network the stimuli, shape (n, inputs), and the target nodes, shape
            (n,), which may be None without learning.
        order : mapping of str to ndarray of int, or a sequence of them, optional
            Rows in the order in which they are shown, the same number for every task; one mapping per copy,
            or one for all.
        learn : bool
            Run the learning phase and change the weights after each batch.
        updates : int
            Number of updates made before (the optimiser's step counter).
        epochs : int
            Number of epochs before this run, after each of which the learning rate decays.
        on_batch : callable, optional
            Called with the index of each batch as it begins.
        seed : int
            Seeds Brian2's random numbers where area equations are noisy.

        Returns
        -------
        dict of str to ndarray, shape (n, output nodes)
            Output rates at the end of inference, in the order shown; with several copies (copies, n, output nodes).

        Raises
        ------
        DataError
            Tasks that show different numbers of trials, or different stimuli at an input that they share;
            learning without labels.
        """
        for task in self.tasks if learn else ():
            if data[task][1] is None:
                raise DataError("data", "learning needs labels of every task", task)
        length = self.timeline.length if learn else self.timeline.inference_length
        outputs = self.simulate(
            self.plan(data, order, length, updates=updates, epochs=epochs, on_batch=on_batch, seed=seed)
        )
        return {t: o if self.copies > 1 else o[0] for t, o in outputs.items()}

    def plan(
        self,
        data: Mapping[str, Trials],
        order: Orders | Sequence[Orders] | None,
        length: int,
        **more: Any,
    ) -> Show:
        """Lay out the trials of a run: `length` ticks per batch; see `run` for the rest."""
        orders = [order or {}] * self.copies if order is None or isinstance(order, Mapping) else order
        shown = {t: len(orders[0].get(t, data[t][0])) for t in self.tasks}
        total, *others = set(shown.values())
        if others:
            raise DataError("data", "tasks that run at once must show the same number of trials", shown)
        rows = np.arange(total)
        chosen = {t: np.stack([np.asarray(o.get(t, rows)) for o in orders]) for t in self.tasks}
        check_shared_inputs(self.layout, {t: data[t][0] for t in self.tasks}, chosen)
        return Show({t: data[t] for t in self.tasks}, chosen, total, -(-total // self.trials), length, **more)


@dataclass(frozen=True)
class Show:
    """The trials of one run.

    Attributes
    ----------
    data : mapping of str to (x, labels)
    order : mapping of str to ndarray of int, shape (copies, total)
    total, cycles, length : int
        Trials, batches and ticks per batch.
    updates, epochs : int
        What was before this run.
    on_batch : callable or None
    seed : int
    """

    data: Mapping[str, Trials]
    order: Orders
    total: int
    cycles: int
    length: int
    updates: int = 0
    epochs: int = 0
    on_batch: Callable[[int], None] | None = None
    seed: int = 0


def check_shared_inputs(layout: Layout, stimuli: Mapping[str, Array], orders: Orders) -> None:
    """Raise DataError if two tasks that run at once show different stimuli at an input that they share."""
    seen: dict[str, tuple[str, slice]] = {}
    for task, x in stimuli.items():
        for name, columns in input_columns(layout, task):
            other, theirs = seen.setdefault(name, (task, columns))
            same = stimuli[other] is x and theirs == columns and np.array_equal(orders[other], orders[task])
            if not (same or np.array_equal(stimuli[other][:, theirs][orders[other]], x[:, columns][orders[task]])):
                rule = f"tasks that run at once show different stimuli at input {name!r}"
                hint = "give both tasks the same trials in the same order, or give each an input of its own"
                raise DataError("data", rule, (other, task), hint)


def input_columns(layout: Layout, task: str) -> list[tuple[str, slice]]:
    """The inputs of a task, in order, each with its columns of the stimuli."""
    found, stop = [], 0
    for node in layout.task_inputs(task):
        start, stop = stop, stop + node.columns
        found.append((node.name, slice(start, stop)))
    return found
