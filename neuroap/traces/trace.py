"""A trace: initial weights, batches, what the first batch gave, and the weights after all updates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neuroap.errors import LayoutError, TraceError, did_you_mean
from neuroap.layout import Layout
from neuroap.layout.nodes import Node
from neuroap.names import bias_name, recurrence_name
from neuroap.traces.archive import Archive, Array, TraceSettings
from neuroap.traces.terms import Terms, terms_of

Step = tuple[tuple[str, ...], dict[str, tuple[Array, Array]]]
Expected = dict[tuple[str, str], Array]

QUANTITY = re.compile(r"(?:task\d_)?(output|loss|r_inference|r_learning|e_out|e|grad)_?(\w*)")


@dataclass(frozen=True)
class Trace:
    """A trace of the reference program in our terms.

    Attributes
    ----------
    name : str
        Name of the file, without suffix.
    layout : Layout
    settings : TraceSettings
    initial, final : dict of str to ndarray
        Weights under our names (see `neuroap.weights.draw_weights`), ``[pre, post]``.
    batches : list of (tasks, data)
        One entry per update of weights, in the order of the reference program; data is
        ``{task: (x, labels)}``.
    expected : dict of (quantity, name) to ndarray
        What the first batch gave: "output", "loss" and "e_out" of an output; "r_inference",
        "r_learning" and "e" of an area; "grad" of a parameter. Where the tasks ran one after the
        other, the quantity names the task too, ``("e@mnist", "A3")``: see `expected_in`.
    """

    name: str
    layout: Layout
    settings: TraceSettings
    initial: dict[str, Array]
    final: dict[str, Array]
    batches: list[Step]
    expected: Expected

    def expected_in(self, tasks: Iterable[str]) -> Expected:
        """What the first step that ran `tasks` gave, by plain (quantity, name)."""
        ran = "+".join(tasks)
        found: Expected = {}
        for (quantity, name), value in self.expected.items():
            plain, _, task = quantity.partition("@")
            if task in ("", ran):
                found[plain, name] = value
        return found


def read_trace(path: str | Path) -> Trace:
    """Read a golden trace of the reference program.

    Parameters
    ----------
    path : str or Path
        A `.npz` file. A figure-5 trace is one of configuration 5c if its file name holds
        ``figure5c``: the file itself does not say.

    Returns
    -------
    Trace

    Raises
    ------
    TraceError
        A file that is missing, damaged or foreign.
    """
    path = Path(path)
    archive = Archive(path)
    try:
        terms = terms_of(archive, path.stem)
    except LayoutError as error:
        raise TraceError(archive.where, f"its metadata declare no layout: {error}") from None
    settings = archive.settings()
    return Trace(
        name=path.stem,
        layout=terms.layout,
        settings=settings,
        initial=_weights(archive, terms, "initial"),
        final=_weights(archive, terms, "final"),
        batches=_batches(archive, terms, settings),
        expected=_expected(archive, terms, settings),
    )


def _shapes(layout: Layout) -> dict[str, tuple[int, int]]:
    """Shapes of all weights of a layout, by name."""
    biased: list[Node] = [*layout.areas, *layout.outputs]
    shapes = {p.name: (layout.site(p.source).size, layout.site(p.target).size) for p in layout.pathways}
    shapes |= {recurrence_name(area.name): (area.size, area.size) for area in layout.areas}
    return shapes | {bias_name(node.name): (1, node.size) for node in biased}


def _weights(archive: Archive, terms: Terms, moment: str) -> dict[str, Array]:
    """Weights at a moment, "initial" or "final"; biases that the trace does not have are zero."""
    shapes = _shapes(terms.layout)
    weights: dict[str, Array] = {n: np.zeros(s) for n, s in shapes.items() if n.endswith(".bias")}
    weights |= {
        ours: _parameter(archive, terms, f"{moment}/{theirs}", ours) for theirs, ours in terms.parameters.items()
    }
    for key in archive.arrays:
        head, _, matrix = key.partition("/")
        if head == moment and matrix not in (*terms.parameters, *terms.unused):
            rule = "its layout has no such weights"
            raise TraceError(archive.where, rule, key, did_you_mean(matrix, terms.parameters))
    return weights


def _parameter(archive: Archive, terms: Terms, key: str, name: str) -> Array:
    """The array `key`, shaped like the parameter `name` (biases have one dimension in the file)."""
    shape = _shapes(terms.layout)[name]
    return archive.array(key, shape[1:] if name.endswith(".bias") else shape).reshape(shape)


def _batches(archive: Archive, terms: Terms, settings: TraceSettings) -> list[Step]:
    shape = (settings.updates, settings.batch_size)
    streams: dict[str, tuple[Array, Array]] = {}
    for task, (x, labels) in terms.streams.items():
        n_input = sum(i.columns for i in terms.layout.task_inputs(task))
        classes = terms.layout.task_output(task).size
        streams[task] = archive.array(x, (*shape, n_input)), archive.labels(labels, shape, classes)
    return [
        (tasks, {task: (streams[task][0][update], streams[task][1][update]) for task in tasks})
        for update in range(settings.updates)
        for tasks in terms.order
    ]


def _expected(archive: Archive, terms: Terms, settings: TraceSettings) -> Expected:
    expected: Expected = {}
    for key in archive.arrays:
        head, _, theirs = key.partition("/")
        if head == "batch0":
            quantity, name = _quantity(archive, terms, theirs)
            if quantity == "grad":
                value = _parameter(archive, terms, key, name)
            else:
                trials = settings.batch_size, terms.layout[name].size
                value = archive.array(key, () if quantity == "loss" else trials)
            if len(terms.order) > 1:
                quantity += "@" + _task(archive, terms, theirs)
            expected[quantity, name] = value
    return expected


def _quantity(archive: Archive, terms: Terms, theirs: str) -> tuple[str, str]:
    """Split ``e_3`` into the quantity and the name it has here: ("e", "V3")."""
    match = QUANTITY.fullmatch(theirs)
    quantity, rest = match.groups() if match else ("", "")
    by_output = dict.fromkeys(("output", "loss", "e_out"), terms.outputs)
    names = {"grad": terms.parameters, **by_output}.get(quantity, terms.areas)
    if rest not in names:
        raise TraceError(archive.where, "its layout has no such quantity", f"batch0/{theirs}")
    return quantity, names[rest]


def _task(archive: Archive, terms: Terms, theirs: str) -> str:
    """The task that ``task2_e_3`` or ``output2`` belongs to, where tasks ran one after the other."""
    match = re.match(r"(?:task|output)(\d)", theirs)
    tasks = dict(zip("123456789", terms.streams, strict=False))
    if not match or match[1] not in tasks:
        rule = "quantity must name its task: 'task1_' or 'task2_'"
        raise TraceError(archive.where, rule, f"batch0/{theirs}")
    return tasks[match[1]]
