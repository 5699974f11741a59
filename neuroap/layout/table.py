"""A layout as a table of text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from neuroap.layout.blocks import Block
from neuroap.layout.cells import runs
from neuroap.layout.initial import Constant, Initial, Normal, Recurrence, Uniform, Zeros
from neuroap.layout.nodes import Area, Input, Node
from neuroap.layout.pathways import Pathway

if TYPE_CHECKING:
    from neuroap.layout.layout import Layout


def table(layout: Layout) -> str:
    """Write `layout` as two tables: its nodes, then its pathways."""
    neurons = sum(a.size for a in layout.areas)
    weights = sum(layout.site(p.source).size * layout.site(p.target).size for p in layout.pathways if p.plastic)
    head = f"{layout.name}: {len(layout.areas)} areas, {neurons} neurons, {weights} plastic weights"
    if len(layout.tasks) > 1:
        head += f", tasks {', '.join(layout.tasks)}"
    nodes = columns(("node", "size", "activation", "recurrence", "bias", "blocks"), map(_node_row, layout.nodes))
    paths = columns(
        ("kind", "source", "target", "shape", "plastic", "initial weights", "tasks"),
        (_pathway_row(layout, p) for p in layout.pathways),
    )
    return f"{head}\n\n{nodes}\n\n{paths}"


def columns(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Align rows of text in columns under `head`."""
    lines = [tuple(head), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("-" * w for w in widths))
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def _node_row(node: Node) -> tuple[str, ...]:
    if not isinstance(node, Area):
        if isinstance(node, Input):
            frames = f" x {node.frames} frames" if node.frames > 1 else ""
            return (node.name, f"{node.size}{frames}", "identity", "", "", "")
        return (node.name, str(node.size), "softmax", "", describe(node.bias), "")
    rec = node.recurrence
    recurrence = _recurrence(rec) if rec else "none"
    blocks = "  ".join(f"{b.name} {b.start}:{b.stop}{_cells(b)}" for b in node.block_list)
    activation = node.activation if node.equations is None else "own equations"
    activation += ", Dale's law" if node.dale else ""
    blocks += f"  silent: {', '.join(node.lesions)}" if node.lesions else ""
    return (node.name, str(node.size), activation, recurrence, describe(node.bias, scale="N"), blocks)


def _recurrence(rec: Recurrence) -> str:
    """Radius, rate and, where it is told, the balance of excitation and inhibition."""
    parts = [f"{'SR' if rec.bulk_radius is None else 'bulk'} {rec.radius:g}", f"rate {rec.connection_rate:g}"]
    for name in ("balance", "outlier"):
        if (value := getattr(rec, name)) is not None:
            parts.append(f"{name} {value:g}")
    return ", ".join([*parts, *(["exact balance"] if rec.exact_balance else [])])


def _cells(block: Block) -> str:
    return "" if block.excitatory is None else f" ({block.excitatory} E, {block.size - block.excitatory} I)"


def _pathway_row(layout: Layout, p: Pathway) -> tuple[str, ...]:
    shape = f"{layout.site(p.source).size} x {layout.site(p.target).size}"
    plastic = "no" if not p.plastic else "yes" if _is_taught(layout, p) else "no error"
    weights = describe(p.weights or default_weights(layout, p), _signed_cells(layout, p))
    return (p.kind, p.source, p.target, shape, plastic, weights, ", ".join(p.tasks) or "all")


def _is_taught(layout: Layout, p: Pathway) -> bool:
    """Whether an error reaches the target of a pathway in a task in which it is open; else it never learns."""
    together = [e for e in layout.pathways if not (e.tasks and p.tasks) or set(e.tasks) & set(p.tasks)]
    taught = {e.target_node for e in together if e.kind == "error"}
    return p.target_node in taught or not isinstance(layout[p.target_node], Area)


def _signed_cells(layout: Layout, p: Pathway) -> tuple[int, int] | None:
    """Excitatory and inhibitory cells that a pathway leaves, if their area obeys Dale's law."""
    site = layout.site(p.source)
    area = layout[site.node]
    if not isinstance(area, Area) or not area.dale:
        return None
    shared = [(r.kind, max(0, min(r.stop, site.stop) - max(r.start, site.start))) for r in runs(area)]
    excitatory, inhibitory = (sum(size for told, size in shared if told == kind) for kind in "EI")
    return excitatory, inhibitory


def describe(weights: Initial | None, cells: tuple[int, int] | None = None, scale: str = "n_source") -> str:
    """Say in a few characters how weights are drawn.

    Parameters
    ----------
    weights : Initial or None
        None means zeros.
    cells : (int, int), optional
        Numbers of excitatory and inhibitory cells that the weights leave under Dale's law: each type has its sign, and
        a range that follows from the root mean square, up to what the sample of weights adds to it.
    scale : str
        The number of neurons by whose root a limit is divided.
    """
    if isinstance(weights, Uniform):
        over = f"/sqrt({scale})" if weights.scaled else ""
        if cells is None:
            return f"uniform ±{weights.limit:g}{over}"
        return f"uniform ({_by_type(weights.limit, cells, '[0, {:.3g}]', '[-{:.3g}, 0]')}){over}"
    if isinstance(weights, Normal):
        if cells is None:
            return f"normal sd {weights.sd:g}"
        return f"half-normal rms {_by_type(weights.sd, cells, '+{:.3g}', '-{:.3g}')}"
    if isinstance(weights, Constant):
        return f"constant {weights.value:g}"
    return "zeros" if weights is None else weights.kind


def _by_type(size: float, cells: tuple[int, int], excitatory: str, inhibitory: str) -> str:
    """What cells of each type draw from: inhibition n_E / n_I times stronger, the root mean square that of `size`."""
    ratio = math.sqrt(cells[1] / cells[0]) if all(cells) else 1.0
    parts = (f"E {excitatory}".format(size * ratio), f"I {inhibitory}".format(size / ratio))
    return ", ".join(text for text, number in zip(parts, cells, strict=True) if number)


def default_weights(layout: Layout, pathway: Pathway) -> Uniform | Normal | Zeros:
    """The initial weights of a pathway that declares none (see `Pathway`)."""
    from_area = isinstance(layout[pathway.source_node], Area)
    return Uniform(scaled=not (pathway.kind == "error" and from_area))
