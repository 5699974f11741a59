"""How the pathways of a drawn layout run: from block to block, around the areas between (in inches)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neuroap.layout.pathways import Pathway
from neuroap.layout.tiles import PORT, Box, Shape, attaches, block_of

if TYPE_CHECKING:
    from neuroap.layout.layout import Layout

Point = tuple[float, float]

# Codes of matplotlib.path.Path, which is not loaded here.
MOVETO, LINETO, CURVE4 = 1, 2, 4

CLEARANCE = 0.13  # between an arrow and a box that it passes
BEND = 0.3  # how far an arrow that turns back leaves its block


@dataclass(frozen=True)
class Route:
    """The line of a pathway, as vertices and codes of a matplotlib path."""

    pathway: Pathway
    vertices: tuple[Point, ...]
    codes: tuple[int, ...]


@dataclass(frozen=True)
class _End:
    """Where a pathway touches a node: its source end or its target end."""

    pathway: Pathway
    name: str
    box: Box
    is_tile: bool

    @property
    def side(self) -> str:
        return attaches(self.pathway, self.name)


@dataclass(frozen=True)
class _Column:
    """Nodes above each other, and the heights that arrows must not use."""

    left: float
    right: float
    taken: list[tuple[float, float]]


@dataclass(frozen=True)
class _Way:
    """What a pathway passes on its way, and at which height; `onward` is False if it turns back."""

    passed: tuple[_Column, ...]
    lane: float
    onward: bool


def routes(layout: Layout, shapes: Mapping[str, Shape], column: Mapping[str, int]) -> list[Route]:
    """Lead every pathway from its source to its target."""
    ends = {p.name: _ends(layout, shapes, p) for p in layout.pathways}
    walls = [_wall([s.box for name, s in shapes.items() if column[name] == i]) for i in sorted(set(column.values()))]
    ways = {}
    # Pathways between neighbours have the first choice of heights.
    for p in sorted(layout.pathways, key=lambda p: abs(column[p.source_node] - column[p.target_node])):
        ways[p.name] = _way(p, ends[p.name], column, walls)
    ports = _ports(ends, ways)
    return [_lead(p, ports[p.name, "source"], ports[p.name, "target"], ways[p.name]) for p in layout.pathways]


def _ends(layout: Layout, shapes: Mapping[str, Shape], pathway: Pathway) -> tuple[_End, _End]:
    def end(name: str, address: str) -> _End:
        site = layout.site(block_of(address))
        shape = shapes[site.node]
        return _End(pathway, name, shape.part(site.start, site.stop), bool(shape.tiles))

    return end("source", pathway.source), end("target", pathway.target)


def _wall(boxes: Sequence[Box]) -> _Column:
    return _Column(min(b.left for b in boxes), max(b.right for b in boxes), [(b.bottom, b.top) for b in boxes])


def _way(p: Pathway, ends: Sequence[_End], column: Mapping[str, int], walls: Sequence[_Column]) -> _Way:
    first, last = column[p.source_node], column[p.target_node]
    direction = 1 if p.kind == "inference" else -1
    onward = (last - first) * direction > 0
    passed = tuple(walls[min(first, last) + onward : max(first, last) + (not onward)])
    # A bar is left at any height.
    wanted = [end.box.y for end in ends if end.is_tile] or [end.box.y for end in ends]
    lane = _lane(wanted, passed, direction)
    for wall in passed:
        wall.taken.append((lane, lane))
    return _Way(passed, lane, onward)


def _lane(wanted: Sequence[float], passed: Sequence[_Column], direction: int) -> float:
    """The height nearest to those wanted that is free in all columns; inference rather above, error below."""
    taken = [(low - CLEARANCE, high + CLEARANCE) for wall in passed for low, high in wall.taken]
    free = [
        y for y in (*wanted, *(y for span in taken for y in span)) if not any(low < y < high for low, high in taken)
    ]
    return min(free, key=lambda y: sum(abs(y - w) for w in wanted) - 1e-3 * direction * y)


def _ports(ends: Mapping[str, tuple[_End, _End]], ways: Mapping[str, _Way]) -> dict[tuple[str, str], Point]:
    """Points where the pathways attach, sorted on each side of a box so that arrows do not cross."""
    groups: dict[tuple[Box, str], list[_End]] = {}
    # Bars come after tiles: an arrow leaves them at the height of the tile where it goes.
    for end in sorted((e for pair in ends.values() for e in pair), key=lambda e: not e.is_tile):
        groups.setdefault((end.box, end.side), []).append(end)
    ports: dict[tuple[str, str], Point] = {}
    for (box, side), group in groups.items():
        far = {e.pathway.name: _far(e, ends, ways, ports) for e in group}
        group.sort(key=lambda e: (-round(far[e.pathway.name], 3), e.pathway.kind == "error"))
        wanted = [far[e.pathway.name] for e in group]
        heights = _on_tile(box, len(group)) if group[0].is_tile else _on_bar(box, wanted)
        x = box.left if side == "left" else box.right
        ports |= {(e.pathway.name, e.name): (x, y) for e, y in zip(group, heights, strict=True)}
    return ports


def _far(
    end: _End,
    ends: Mapping[str, tuple[_End, _End]],
    ways: Mapping[str, _Way],
    ports: Mapping[tuple[str, str], Point],
) -> float:
    """Height to which a pathway runs from `end`: that of its lane, or of its other end."""
    way, (source, target) = ways[end.pathway.name], ends[end.pathway.name]
    if way.passed:
        return way.lane
    other = target if end.name == "source" else source
    return ports.get((end.pathway.name, other.name), (0.0, other.box.y))[1]


def _on_tile(box: Box, n: int) -> list[float]:
    """Heights evenly spaced on the side of a tile, from the top."""
    return [box.top - box.height * (i + 1) / (n + 1) for i in range(n)]


def _on_bar(box: Box, wanted: Sequence[float]) -> list[float]:
    """Heights on the side of a bar near those wanted, which come from the top, and apart."""
    gap = min(PORT, box.height / (len(wanted) + 1))
    heights: list[float] = []
    for y in wanted:
        heights.append(min(y, (heights[-1] if heights else box.top) - gap))
    floor = box.bottom
    for i in reversed(range(len(heights))):
        heights[i] = max(heights[i], floor + gap)
        floor = heights[i]
    return heights


@dataclass
class _Line:
    vertices: list[Point]
    codes: list[int] = field(default_factory=lambda: [MOVETO])

    def curve(self, by: float, to: Point) -> None:
        """Run on as an S whose ends are horizontal, or as a U if `by` lies beyond both ends."""
        self.vertices += [(by, self.vertices[-1][1]), (by, to[1]), to]
        self.codes += [CURVE4] * 3

    def straight(self, to: Point) -> None:
        self.vertices.append(to)
        self.codes.append(LINETO)


def _lead(p: Pathway, start: Point, end: Point, way: _Way) -> Route:
    line = _Line([start])
    if not way.passed:
        line.curve((start[0] + end[0]) / 2, end)
        return Route(p, tuple(line.vertices), tuple(line.codes))
    left, right = min(w.left for w in way.passed), max(w.right for w in way.passed)
    direction = 1 if p.kind == "inference" else -1
    enter, leave = (left, right) if (direction > 0) == way.onward else (right, left)
    # Onward, the turns lie in the gaps before and behind; back, they lie outside.
    before = (start[0] + enter) / 2 if way.onward else enter + direction * BEND
    behind = (leave + end[0]) / 2 if way.onward else leave - direction * BEND
    line.curve(before, (enter, way.lane))
    line.straight((leave, way.lane))
    line.curve(behind, end)
    return Route(p, tuple(line.vertices), tuple(line.codes))
