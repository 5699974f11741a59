"""Names: what the reference program's matrices, areas and outputs are called in a layout of ours."""

from __future__ import annotations

from dataclasses import dataclass

from neuroap.errors import TraceError
from neuroap.layout import Area, Input, Layout, Normal, Output, Pathway, Zeros, hierarchy
from neuroap.layout.layout import DEFAULT_TASK
from neuroap.names import bias_name, recurrence_name
from neuroap.traces.archive import Archive

# The matrices of figure 5: source, target, tasks.
TASK1, TASK2 = "fashion", "mnist"
FIGURE5 = {
    "W_x1_1": ("x1", "A1.b1", (TASK1,)),
    "W_1_2": ("A1.b3", "A2.b1", (TASK1,)),
    "W_2_y1": ("A2.b3", "y1", (TASK1,)),
    "W_x2_3": ("x2", "A3.b5", (TASK2,)),
    "W_3_4": ("A3.b2", "A4.b1", (TASK2,)),
    "W_4_y2": ("A4.b3", "y2", (TASK2,)),
    "E_y1_2": ("y1", "A2.b4", (TASK1,)),
    "E_y1_4": ("y1", "A4.b5", (TASK1,)),
    "E_3_1": ("A3.b4", "A1.b6", (TASK1,)),
    "E_y2_4": ("y2", "A4.b4", (TASK2,)),
    "E_4_3": ("A4.b6", "A3.b3", (TASK1, TASK2)),
}
ONLY_5C = {"W_1_3": ("A1.b4", "A3.b1", (TASK1,)), "W_4_y1": ("A4.b2", "y1", (TASK1,))}


@dataclass(frozen=True)
class Terms:
    """A layout, and how the reference program's names translate into its names."""

    layout: Layout
    parameters: dict[str, str]  # "W_1_2" -> "V1.SI -> V2.RI"
    areas: dict[str, str]  # "1" -> "V1"
    outputs: dict[str, str]  # "" -> "choice", or "1" -> "y1"
    streams: dict[str, tuple[str, str]]  # task -> the arrays of its stimuli and labels
    order: tuple[tuple[str, ...], ...]  # the tasks of each step of an update
    unused: tuple[str, ...] = ()  # matrices that this configuration leaves out


def terms_of(archive: Archive, name: str) -> Terms:
    """The terms of a trace called `name`, from its metadata.

    Raises
    ------
    TraceError, LayoutError
        Metadata that are incomplete or contradict themselves.
    """
    if "configuration" in archive.meta:
        return _figure5(archive, with_5c="figure5c" in name)
    return _hierarchy(archive)


def _hierarchy(archive: Archive) -> Terms:
    n = archive.get("areas", int)
    layout = hierarchy(
        n,
        archive.get("n_input", int),
        archive.get("n_output", int),
        {block: _extent(archive, block, extent) for block, extent in archive.get("blocks", dict).items()},
        neurons=archive.get("neurons_per_area", int),
        activation=archive.get("activation", str),
        recurrence=archive.recurrence(),
    )
    names = {"W_in": "image -> V1.RI", "W_out": f"V{n}.SI -> choice", "E_out": f"choice -> V{n}.RE"}
    names["b_out"] = bias_name("choice")
    for k in range(1, n + 1):
        names |= {f"W_rec_{k}": recurrence_name(f"V{k}"), f"b_{k}": bias_name(f"V{k}")}
    for k in range(1, n):
        names |= {f"W_{k}_{k + 1}": f"V{k}.SI -> V{k + 1}.RI", f"E_{k + 1}_{k}": f"V{k + 1}.SE -> V{k}.RE"}
    areas = {str(k): f"V{k}" for k in range(1, n + 1)}
    return Terms(layout, names, areas, {"": "choice"}, {DEFAULT_TASK: ("x", "labels")}, ((DEFAULT_TASK,),))


def _extent(archive: Archive, block: str, extent: object) -> tuple[int, int]:
    if not (isinstance(extent, list) and len(extent) == 2 and all(type(i) is int for i in extent)):
        raise TraceError(archive.where, f"block {block!r} must be [start, stop]", extent)
    return extent[0], extent[1]


def _figure5(archive: Archive, with_5c: bool) -> Terms:
    orders = {"alternating": ((TASK2,), (TASK1,)), "simultaneous": ((TASK1, TASK2),)}
    order = orders[archive.one_of("configuration", orders)]
    table = {**FIGURE5, **(ONLY_5C if with_5c else {})}
    pathways = {matrix: _pathway(matrix, ends, archive) for matrix, ends in table.items()}
    layout = Layout(*_nodes(archive), *pathways.values(), name="figure5c" if with_5c else "figure5b")
    parameters = {matrix: pathway.name for matrix, pathway in pathways.items()}
    areas = {str(k): f"A{k}" for k in range(1, 5)}
    parameters |= {f"W_rec_{k}": recurrence_name(area) for k, area in areas.items()}
    streams = {TASK1: ("x1", "labels1"), TASK2: ("x2", "labels2")}
    unused = tuple(m for m in ONLY_5C if m not in table)
    return Terms(layout, parameters, areas, {"1": "y1", "2": "y2"}, streams, order, unused)


def _nodes(archive: Archive) -> list[Input | Area | Output]:
    n_input, n_output = archive.get("n_input", int), archive.get("n_output", int)
    size, count = archive.get("block_size", int), archive.get("blocks_per_area", int)
    blocks = {f"b{i + 1}": size for i in range(count)}
    neurons, recurrence = archive.get("neurons_per_area", int), archive.recurrence()
    areas = [Area(f"A{k}", blocks, neurons, recurrence=recurrence) for k in range(1, 5)]
    outputs = [Output(name, n_output, bias=Zeros()) for name in ("y1", "y2")]
    return [Input("x1", n_input), Input("x2", n_input), *areas, *outputs]


def _pathway(matrix: str, ends: tuple[str, str, tuple[str, ...]], archive: Archive) -> Pathway:
    source, target, tasks = ends
    kind, weights = ("inference", Normal(0.1)) if matrix.startswith("W") else ("error", Normal(0.5))
    return Pathway(source, target, kind, matrix in archive.get("plastic", list), weights, tasks)
