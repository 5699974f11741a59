"""The blocks of a drawn area as tiles: which are one tile, and where they lie in its box (in inches)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from neuroap.layout.blocks import Block
from neuroap.layout.nodes import Area, Node
from neuroap.layout.pathways import Pathway

if TYPE_CHECKING:
    from neuroap.layout.layout import Layout

TALLEST, LOWEST = 0.5, 0.24  # heights of the largest block of a layout, and of a very small one
PADDING, TILE_GAP, HEADER, RULER_LANE = 0.1, 0.07, 0.27, 0.13
TWO_LINES = 0.36  # height of a tile whose size stands under its label
PORT = 0.15  # room for each pathway that attaches to a tile
CHARACTER = 0.075  # width of a character of a label


@dataclass(frozen=True)
class Box:
    """A rectangle; `x` and `y` are its centre."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        """Left edge."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """Right edge."""
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.y - self.height / 2

    @property
    def top(self) -> float:
        """Upper edge."""
        return self.y + self.height / 2

    def moved(self, x: float, y: float) -> Box:
        """Return the same rectangle, shifted."""
        return Box(self.x + x, self.y + y, self.width, self.height)


@dataclass(frozen=True)
class Tile:
    """The blocks of an area that are the same neurons ``[start, stop)``, drawn as one.

    Attributes
    ----------
    names : tuple of str
        Names of the blocks.
    start, stop : int
        Their neurons.
    pathways : tuple of Pathway
        Those that start or end here.
    sides : tuple of str
        Where each of them attaches, "left" or "right".
    excitatory : int or None
        How many of the neurons are excitatory, if cell types are told.
    ranged : bool
        Whether it tells which neurons it holds, because a ruler shows them.
    """

    names: tuple[str, ...]
    start: int
    stop: int
    pathways: tuple[Pathway, ...]
    sides: tuple[str, ...]
    box: Box = Box(0, 0, 0, 0)
    excitatory: int | None = None
    ranged: bool = False

    @property
    def size(self) -> str:
        """How many neurons there are, of each type if that is told, and which."""
        number = self.stop - self.start
        cells = "" if self.excitatory is None else f"{self.excitatory} E, {number - self.excitatory} I"
        if self.ranged:
            return f"{self.start}:{self.stop}" + (f" ({cells})" if cells else "")
        return cells or str(number)

    @property
    def label(self) -> str:
        """Names of the blocks, ``RI = SI``."""
        return " = ".join(self.names)

    @property
    def kinds(self) -> frozenset[str]:
        """What the pathways carry: "inference", "error"; empty if there are none."""
        return frozenset(p.kind for p in self.pathways)

    @property
    def rank(self) -> int:
        """Order from top to bottom: inference, both or neither, error."""
        return {frozenset({"inference"}): 0, frozenset({"error"}): 2}.get(self.kinds, 1)

    @property
    def wide(self) -> bool:
        """Whether the tile spans the area, because pathways attach on both sides."""
        return len(set(self.sides)) == 2

    def placed(self, box: Box) -> Tile:
        """Return the same tile in another place."""
        return dataclasses.replace(self, box=box)


@dataclass(frozen=True)
class Shape:
    """A node as drawn.

    Attributes
    ----------
    node : Input, Area or Output
    box : Box
    tiles : tuple of Tile
        The blocks of an area.
    lanes : tuple of tuple of Tile
        The ruler of an area whose blocks overlap in part or leave neurons out: its tiles against the
        neurons 0 to N, those in a lane disjoint. Empty if no ruler is needed.
    """

    node: Node
    box: Box
    tiles: tuple[Tile, ...] = ()
    lanes: tuple[tuple[Tile, ...], ...] = ()

    def moved(self, x: float, y: float) -> Shape:
        """Return the same shape, shifted."""
        tiles = tuple(t.placed(t.box.moved(x, y)) for t in self.tiles)
        return Shape(self.node, self.box.moved(x, y), tiles, self.lanes)

    def part(self, start: int, stop: int) -> Box:
        """The tile of these neurons, or the box of the whole node."""
        return next((t.box for t in self.tiles if (t.start, t.stop) == (start, stop)), self.box)


def attaches(pathway: Pathway, end: str) -> str:
    """Side of a block where a pathway starts or ends: inference runs to the right, error to the left."""
    return "right" if (pathway.kind == "inference") == (end == "source") else "left"


def block_of(address: str) -> str:
    """The block of an address: where a pathway of some of its cells is drawn."""
    return ".".join(address.split(".")[:2])


def cells_of(address: str) -> str:
    """The type of the cells that an address names, "E" or "I"; "" for whole blocks and nodes."""
    return ".".join(address.split(".")[2:])


def lay_tiles(layout: Layout, area: Area) -> Shape:
    """Lay the blocks of an area out as tiles in a box around 0."""
    tiles = _tiles(layout, area)
    largest = max(b.size for a in layout.areas for b in a.block_list)
    width = _tile_width(layout, largest)
    placed: list[Tile] = []
    y = 0.0
    for band in [band for group in _groups(tiles) for band in _bands(group)]:
        done, y = _place(band, y, width, largest)
        placed += done
    lanes = _lanes(area, tiles)
    height = HEADER - y - TILE_GAP + PADDING + (len(lanes) * RULER_LANE + PADDING if lanes else 0)
    box = Box(0, 0, 2 * width + TILE_GAP + 2 * PADDING, height)
    top = box.top - HEADER
    return Shape(area, box, tuple(t.placed(t.box.moved(0, top)) for t in placed), lanes)


def _tiles(layout: Layout, area: Area) -> tuple[Tile, ...]:
    """One tile for each range of neurons that has a name."""
    blocks: dict[tuple[int, int], list[Block]] = {}
    for block in area.block_list:
        blocks.setdefault((block.start, block.stop), []).append(block)
    tiles = []
    for (start, stop), same in blocks.items():
        site = (area.name, start, stop)
        ends = [
            (p, attaches(p, end))
            for p in layout.pathways
            for end, address in (("source", p.source), ("target", p.target))
            if layout.site(block_of(address)) == site
        ]
        names, paths, sides = (b.name for b in same), (p for p, _ in ends), (side for _, side in ends)
        told = next((b.excitatory for b in same if b.excitatory is not None), None)
        tiles.append(Tile(tuple(names), start, stop, tuple(paths), tuple(sides), excitatory=told))
    ranged = bool(_lanes(area, tiles))
    return tuple(dataclasses.replace(tile, ranged=ranged) for tile in tiles)


def _groups(tiles: Sequence[Tile]) -> list[list[Tile]]:
    """Tiles by task, if each task has blocks of its own for inference and for error; else all together."""
    groups: dict[tuple[str, ...], list[Tile]] = {}
    for tile in tiles:
        last = next(reversed(groups), ())  # a tile without pathways belongs to the one before it
        for tasks in {p.tasks for p in tile.pathways} or {last}:
            groups.setdefault(tasks, []).append(tile)
    ranks = [{t.rank for t in group} for group in groups.values()]
    apart = sum(map(len, groups.values())) == len(tiles) and all({0, 2} <= r for r in ranks)
    return list(groups.values()) if apart else [list(tiles)]


def _bands(tiles: Sequence[Tile]) -> list[list[Tile]]:
    """Rows of the box, from the top: a wide tile, or a stack of narrow tiles on each side."""
    wide = [[t] for t in tiles if t.wide]
    narrow = [t for t in tiles if not t.wide]
    upper, middle, lower = ([band for band in wide if band[0].rank == rank] for rank in (0, 1, 2))
    stacks = [[t for t in narrow if t.rank == 0], [t for t in narrow if t.rank > 0]] if middle else [[], narrow]
    return [band for band in (*upper, stacks[0], *middle, stacks[1], *lower) if band]


def _place(band: Sequence[Tile], top: float, width: float, largest: int) -> tuple[list[Tile], float]:
    """Place a band of tiles under `top`, row by row; return them, and where the next band starts."""
    placed = []
    for row in _rows(band):
        height = max(_tile_height(t, largest) for t in row.values())
        for side, tile in row.items():
            alone = len(row) == 1 and (tile.wide or len(tile.names) > 1)
            x, extent = (0.0, 2 * width + TILE_GAP) if alone else (side * (width + TILE_GAP) / 2, width)
            placed.append(tile.placed(Box(x, top - height / 2, extent, _tile_height(tile, largest))))
        top -= height + TILE_GAP
    return placed, top


def _rows(tiles: Iterable[Tile]) -> list[dict[int, Tile]]:
    """Tiles on the left (-1) and on the right (1): inference from the top, error up from the bottom."""
    stacks: dict[int, list[Tile]] = {-1: [], 1: []}
    # Tiles without pathways go where there is room.
    for tile in sorted(tiles, key=lambda t: not t.sides):
        on_left = "left" in tile.sides if tile.sides else len(stacks[-1]) <= len(stacks[1])
        stacks[-1 if on_left else 1].append(tile)
    n = max(map(len, stacks.values()))
    rows: list[dict[int, Tile]] = [{} for _ in range(n)]
    for side, stack in stacks.items():
        upper = [t for t in sorted(stack, key=lambda t: t.rank) if t.rank < 2]
        lower = [t for t in stack if t.rank == 2]
        for row, tile in zip((*range(len(upper)), *range(n - len(lower), n)), (*upper, *lower), strict=True):
            rows[row][side] = tile
    return rows


def _tile_height(tile: Tile, largest: int) -> float:
    """Proportional to the number of neurons, but no lower than its label and its arrows need."""
    ports = max((tile.sides.count(side) for side in tile.sides), default=0)
    return max(LOWEST, PORT * (ports + 0.5), TALLEST * (tile.stop - tile.start) / largest)


def _tile_width(layout: Layout, largest: int) -> float:
    """Wide enough for every label, and for the size beside it in a low tile; the same in all areas."""
    # The header of an area spans two tiles.
    width = max(0.08 * (len(a.name) + len(str(a.size))) + 0.25 for a in layout.areas) / 2
    width = max(width, 0.48)
    for tile in (t for a in layout.areas for t in _tiles(layout, a)):
        low = _tile_height(tile, largest) < TWO_LINES
        size = len(tile.size)
        label = CHARACTER * max(len(tile.label) + low * (1 + size), (not low) * 0.8 * size) + 0.1
        width = max(width, label / 2 if tile.wide else label)
    return width


def _lanes(area: Area, tiles: Sequence[Tile]) -> tuple[tuple[Tile, ...], ...]:
    overlap = any(a.start < b.stop and b.start < a.stop for a, b in combinations(tiles, 2))
    if not overlap and sum(t.stop - t.start for t in tiles) == area.size:
        return ()
    lanes: list[list[Tile]] = []
    for tile in sorted(tiles, key=lambda t: (t.start, t.stop)):
        free = next((lane for lane in lanes if lane[-1].stop <= tile.start), None)
        if free is None:
            lanes.append(free := [])
        free.append(tile)
    return tuple(map(tuple, lanes))
