"""How the pathways of a drawn layout run: from block to block, around the areas between (in inches)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neuroap.layout.pathways import Pathway
from neuroap.layout.tiles import PORT, Box, Shape, attaches

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


@dataclass
class _Line:
    vertices: list[Point]
    codes: list[int] = field(default_factory=lambda: [MOVETO])

    def curve(self, by: float, to: Point) -> None:
        """An S whose ends are horizontal, or a U if `by` lies beyond both ends."""
        start = self.vertices[-1]
        self.vertices += [(by, start[1]), (by, to[1]), to]
        self.codes += [CURVE4] * 3

    def straight(self, to: Point) -> None:
        self.vertices.append(to)
        self.codes.append(LINETO)


@dataclass(frozen=True)
class _Column:
    left: float
    right: float
    taken: list[tuple[float, float]]  # heights that arrows must not use


def routes(layout: Layout, shapes: Mapping[str, Shape], column: Mapping[str, int]) -> list[Route]:
    """Lead every pathway from its source to its target; those between neighbours have the first choice."""
    ports = _ports(_ends(layout, shapes))
    walls = [_wall([s.box for name, s in shapes.items() if column[name] == i]) for i in sorted(set(column.values()))]
    found = {}
    for p in sorted(layout.pathways, key=lambda p: abs(column[p.source_node] - column[p.target_node])):
        start, end = ports[p.name, "source"], ports[p.name, "target"]
        line = _lead(p, start, end, column[p.source_node], column[p.target_node], walls)
        found[p.name] = Route(p, tuple(line.vertices), tuple(line.codes))
    return [found[p.name] for p in layout.pathways]


def _wall(boxes: Sequence[Box]) -> _Column:
    return _Column(min(b.left for b in boxes), max(b.right for b in boxes), [(b.bottom, b.top) for b in boxes])


def _lead(p: Pathway, start: Point, end: Point, first: int, last: int, walls: Sequence[_Column]) -> _Line:
    line = _Line([start])
    way = 1 if p.kind == "inference" else -1
    onward = (last - first) * way > 0
    passed = [walls[i] for i in range(min(first, last) + onward, max(first, last) + (not onward))]
    if not passed:
        line.curve((start[0] + end[0]) / 2, end)
        return line
    lane = _lane(start[1], end[1], passed, way)
    for wall in passed:
        wall.taken.append((lane, lane))
    left, right = min(w.left for w in passed), max(w.right for w in passed)
    if onward:
        enter, leave = (left, right) if way > 0 else (right, left)
        line.curve((start[0] + enter) / 2, (enter, lane))
        line.straight((leave, lane))
        line.curve((leave + end[0]) / 2, end)
    else:
        enter, leave = (right, left) if way > 0 else (left, right)
        line.curve(enter + way * BEND, (enter, lane))
        line.straight((leave, lane))
        line.curve(leave - way * BEND, end)
    return line


def _lane(start: float, end: float, passed: Sequence[_Column], way: int) -> float:
    """The height nearest to both ends that is free in all columns passed; inference rather above."""
    taken = [span for wall in passed for span in wall.taken]
    edges = [y for low, high in taken for y in (low - CLEARANCE, high + CLEARANCE)]
    free = [
        y for y in (start, end, *edges) if not any(low - CLEARANCE < y < high + CLEARANCE for low, high in taken)
    ]
    return min(free, key=lambda y: abs(y - start) + abs(y - end) - 1e-3 * way * y)


@dataclass(frozen=True)
class _End:
    """Where a pathway touches a node: the source end or the target end."""

    pathway: Pathway
    name: str
    box: Box
    is_tile: bool
    other: Box

    @property
    def key(self) -> tuple[str, str]:
        return self.pathway.name, self.name

    @property
    def other_key(self) -> tuple[str, str]:
        return self.pathway.name, "target" if self.name == "source" else "source"

    @property
    def side(self) -> str:
        return attaches(self.pathway, self.name)


def _ends(layout: Layout, shapes: Mapping[str, Shape]) -> list[_End]:
    ends = []
    for p in layout.pathways:
        source, target = (layout.site(address) for address in (p.source, p.target))
        boxes = [shapes[s.node].part(s.start, s.stop) for s in (source, target)]
        ends.append(_End(p, "source", boxes[0], bool(shapes[source.node].tiles), boxes[1]))
        ends.append(_End(p, "target", boxes[1], bool(shapes[target.node].tiles), boxes[0]))
    return ends


def _ports(ends: Sequence[_End]) -> dict[tuple[str, str], Point]:
    """Points where the pathways attach, sorted on each side of a box so that arrows do not cross."""
    groups: dict[tuple[Box, str], list[_End]] = {}
    # Bars come after tiles: an arrow leaves them at the height of the tile where it goes.
    for end in sorted(ends, key=lambda e: not e.is_tile):
        groups.setdefault((end.box, end.side), []).append(end)
    ports: dict[tuple[str, str], Point] = {}
    for (box, side), group in groups.items():
        height = {e.key: ports.get(e.other_key, (0.0, e.other.y))[1] for e in group}
        group.sort(key=lambda e: (-round(height[e.key], 3), e.pathway.kind == "error"))
        if group[0].is_tile:
            y = [box.top - box.height * (i + 1) / (len(group) + 1) for i in range(len(group))]
        else:
            y = _on_bar(box, [height[e.key] for e in group])
        x = box.left if side == "left" else box.right
        ports |= {e.key: (x, y) for e, y in zip(group, y, strict=True)}
    return ports


def _on_bar(box: Box, wanted: Sequence[float]) -> list[float]:
    """Heights on the side of a bar, near those wanted (from the top), and apart."""
    gap = min(PORT, box.height / (len(wanted) + 1))
    heights: list[float] = []
    for y in wanted:
        heights.append(min(y, (heights[-1] if heights else box.top) - gap))
    floor = box.bottom
    for i in reversed(range(len(heights))):
        heights[i] = max(heights[i], floor + gap)
        floor = heights[i]
    return heights
