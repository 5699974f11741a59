"""Where the parts of a drawn layout lie: columns by depth, boxes of nodes, tiles of blocks (in inches)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from neuroap.layout.nodes import Area, Input, Node
from neuroap.layout.tiles import CHARACTER, PADDING, PORT, Box, Shape, block_of, lay_tiles

if TYPE_CHECKING:
    from neuroap.layout.layout import Layout

Edge = tuple[str, str]

BAR_WIDTH, BAR_HEIGHT = 0.32, 1.1  # of inputs and outputs
COLUMN_GAP, ROW_GAP = 0.58, 0.4


def arrange(layout: Layout) -> tuple[dict[str, Shape], dict[str, int]]:
    """Place all nodes; return their shapes and their columns, by name."""
    column = columns(layout)
    shapes = {n.name: _shape(layout, n) for n in layout.nodes}
    y = _heights(layout, column, {name: s.box.height for name, s in shapes.items()})
    x, left = {}, 0.0
    for i in sorted(set(column.values())):
        width = max(s.box.width for name, s in shapes.items() if column[name] == i)
        x[i] = left + width / 2
        left += width + COLUMN_GAP
    placed = {name: s.moved(x[column[name]], y[name]) for name, s in shapes.items()}
    for ends in (layout.inputs, layout.outputs):
        placed |= _slide(layout, placed, [n.name for n in ends])
    return placed, column


def columns(layout: Layout) -> dict[str, int]:
    """Columns by depth: inputs in column 0, each area right of what drives it, outputs in the last one."""
    depth = {n.name: 1 for n in layout.nodes} | {i.name: 0 for i in layout.inputs}
    graph: dict[str, list[str]] = {}
    for lower, upper in _acyclic(_edges(layout)):
        graph.setdefault(upper, []).append(lower)
    for name in TopologicalSorter(graph).static_order():
        depth[name] = max([depth[name], *(depth[lower] + 1 for lower in graph.get(name, ()))])
    return depth


def _edges(layout: Layout) -> list[Edge]:
    """Pairs (lower, upper), those that matter most first; error comes from above."""
    inference = sorted((p for p in layout.pathways if p.kind == "inference"), key=lambda p: not p.plastic)
    errors = [p for p in layout.pathways if p.kind == "error"]
    above = [(p.target_node, p.source_node) for p in errors]
    ends = [(a.name, o.name) for a in layout.areas for o in layout.outputs]
    return [*((p.source_node, p.target_node) for p in inference), *above, *ends]


def _acyclic(edges: Iterable[Edge]) -> list[Edge]:
    """Edges without those that close a cycle (tasks may use the areas in opposite orders)."""
    kept: list[Edge] = []
    for lower, upper in edges:
        found, new = {upper}, {upper}
        while new:
            new = {b for a, b in kept if a in found} - found
            found |= new
        if lower not in found:
            kept.append((lower, upper))
    return kept


def _heights(layout: Layout, column: Mapping[str, int], height: Mapping[str, float]) -> dict[str, float]:
    """Centres of the nodes: at the height of what drives them, as far as there is room."""
    y: dict[str, float] = {}
    for i in sorted(set(column.values())):
        names = [n.name for n in layout.nodes if column[n.name] == i]
        wanted = {name: _wanted(layout, name, y) for name in names}
        names.sort(key=lambda name: -wanted[name])
        y |= _spread(names, wanted, height)
    return y


def _wanted(layout: Layout, name: str, y: Mapping[str, float]) -> float:
    """Mean height of the sources of a node, of its plastic pathways if it has some."""
    sources = [p for p in layout.pathways if (p.kind, p.target_node) == ("inference", name)]
    placed = [p for p in sources if p.source_node in y]
    main = [p for p in placed if p.plastic] or placed
    return sum(y[p.source_node] for p in main) / len(main) if main else 0.0


def _slide(layout: Layout, shapes: Mapping[str, Shape], names: Sequence[str]) -> dict[str, Shape]:
    """Move the bars `names` up or down until what they drive, or what drives them, lies beside them."""
    wanted = {}
    for name in names:
        box, beside = shapes[name].box, _beside(layout, shapes, name)
        reach = box.height / 2 - PORT
        low, high = (max(beside) - reach, min(beside) + reach) if beside else (box.y, box.y)
        wanted[name] = min(max(box.y, low), high) if low <= high else (low + high) / 2
    y = _spread(names, wanted, {name: shapes[name].box.height for name in names})
    return {name: shapes[name].moved(0, y[name] - shapes[name].box.y) for name in names}


def _beside(layout: Layout, shapes: Mapping[str, Shape], name: str) -> list[float]:
    """Heights of the tiles that plastic pathways join to a bar."""
    joined = [p for p in layout.pathways if p.plastic and name in (p.source, p.target)]
    sites = [layout.site(block_of(p.target if p.source == name else p.source)) for p in joined]
    return [shapes[site.node].part(site.start, site.stop).y for site in sites]


def _spread(names: Sequence[str], wanted: Mapping[str, float], height: Mapping[str, float]) -> dict[str, float]:
    """Stack `names` downwards without overlap, their mean where they want it."""
    y: dict[str, float] = {}
    floor = float("inf")
    for name in names:
        y[name] = min(wanted[name], floor - height[name] / 2)
        floor = y[name] - height[name] / 2 - ROW_GAP
    shift = sum(wanted[name] - y[name] for name in names) / len(names)
    return {name: y[name] + shift for name in names}


def _shape(layout: Layout, node: Node) -> Shape:
    if isinstance(node, Area):
        return lay_tiles(layout, node)
    return Shape(node, Box(0, 0, BAR_WIDTH, max(BAR_HEIGHT, CHARACTER * len(bar_label(node)) + 2 * PADDING)))


def bar_label(node: Node) -> str:
    """What stands on the bar of an input or output."""
    frames = f" x {node.frames}" if isinstance(node, Input) and node.frames > 1 else ""
    return f"{node.name} · {node.size}{frames}"
