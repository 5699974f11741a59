"""A layout as a figure: areas with their blocks, inference to the right, error to the left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neuroap.layout.cells import silent_ranges
from neuroap.layout.geometry import arrange, bar_label
from neuroap.layout.nodes import Area
from neuroap.layout.routes import Route, routes
from neuroap.layout.tiles import HEADER, PADDING, RULER_LANE, TWO_LINES, Box, Shape, Tile, attaches, cells_of

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.patches import FancyBboxPatch, Patch

    from neuroap.layout.layout import Layout
    from neuroap.layout.pathways import Pathway

# Blue and vermillion of the palette of Okabe and Ito, which colour-blind readers tell apart.
COLORS = {"inference": "#0072B2", "error": "#D55E00"}
FILLS = {"inference": "#D3E6F3", "error": "#FADFCB", "both": "#E8E1EC", "none": "#F0F0F0"}
CLOSED, CLOSED_FILL, CLOSED_TEXT = "#D4D4D4", "#F3F3F3", "#A8A8A8"
INK, SOFT = "#222222", "#6B6B6B"
BORDER, BOX_FILL = "#9A9A9A", "#FBFBFB"
SILENT: dict[str, Any] = {"fc": "#F0F0F0", "ec": "#B4B4B4", "lw": 0, "hatch": "/////"}  # cells of lesions

MARGIN, LEGEND, TITLE = 0.12, 0.36, 0.3
NARROWEST, WIDEST = 3.6, 16.0  # inches of a figure made here; wider layouts are scaled down
LETTER = 0.07  # from the border of an area to the letter of a cell type
READABLE = 0.5  # scale below which sizes are left out
DASHES = (0, (3.2, 1.6))  # relative to the line width


def draw(layout: Layout, ax: Axes | None = None, task: str | None = None) -> Axes:
    """Draw a layout.

    Inputs stand at the left, outputs at the right; inference (solid) runs to the right and error
    (dashed) to the left. Blocks that are the same neurons are one tile ("RI = SI"); a ruler under
    the blocks shows ranges that overlap in part, and neurons in no block. Silent cells are hatched, from left to
    right as they are numbered; a pathway of cells of one type has their letter, E or I, at that end.

    Parameters
    ----------
    layout : Layout
    ax : Axes, optional
        Where to draw; by default in a new figure of fitting size.
    task : str, optional
        The task whose pathways are shown in colour, all others in grey.

    Returns
    -------
    Axes
        One arrow per pathway, whose ``get_gid()`` is the pathway's name.

    Raises
    ------
    LayoutError
        If the layout has no such task.
    """
    open_names = {p.name for p in layout.open(task)}
    shapes, column = arrange(layout)
    lines = routes(layout, shapes, column)
    frame = _frame(shapes.values(), lines)
    pen = _Pen(_axes(frame) if ax is None else ax, frozenset(open_names))
    pen.fit(frame)
    for shape in shapes.values():
        pen.node(shape, layout)
    for line in lines:
        pen.arrow(line)
    pen.title(layout.name if task is None else f"{layout.name}, task {task!r}", frame)
    pen.legend(layout.pathways, any(a.lesions for a in layout.areas))
    return pen.ax


def _frame(shapes: Iterable[Shape], lines: Iterable[Route]) -> Box:
    """What the drawing covers, with room for the title above and the legend below."""
    boxes = [s.box for s in shapes]
    bends = [point for line in lines for point in line.vertices]
    left = min([b.left for b in boxes] + [x for x, _ in bends]) - MARGIN
    right = max([b.right for b in boxes] + [x for x, _ in bends]) + MARGIN
    bottom = min([b.bottom for b in boxes] + [y for _, y in bends]) - MARGIN - LEGEND
    top = max([b.top for b in boxes] + [y for _, y in bends]) + MARGIN + TITLE
    return Box((left + right) / 2, (bottom + top) / 2, max(right - left, NARROWEST), top - bottom)


def _axes(frame: Box) -> Axes:
    import matplotlib.pyplot as plt

    scale = min(1.0, WIDEST / frame.width)
    figure = plt.figure(figsize=(scale * frame.width, scale * frame.height))
    return figure.add_axes((0, 0, 1, 1))


@dataclass
class _Pen:
    """Draws on `ax`; pathways that are not open are grey."""

    ax: Axes
    open: frozenset[str]
    scale: float = 1.0

    def fit(self, frame: Box) -> None:
        """Show `frame`, one unit of it an inch in both directions if there is room."""
        self.ax.set(xlim=(frame.left, frame.right), ylim=(frame.bottom, frame.top), aspect="equal")
        self.ax.set_axis_off()
        extent, dpi = self.ax.get_window_extent(), self.ax.figure.dpi
        self.scale = min(extent.width / frame.width, extent.height / frame.height) / dpi

    def text(self, x: float, y: float, text: str, size: float, color: str = INK, **settings: Any) -> None:
        """Write, centred on the point unless told otherwise, on white where lines or hatches cross."""
        from matplotlib.patheffects import withStroke

        if settings.pop("crossed", False):
            settings["path_effects"] = [withStroke(linewidth=2.2 * self.scale, foreground="white")]
        settings = {"ha": "center", "va": "center_baseline", **settings}
        self.ax.text(x, y, text, fontsize=size * self.scale, color=color, **settings)

    def box(self, box: Box, fill: str, border: str, gid: str, rounding: float = 0.05) -> FancyBboxPatch:
        """Fill a rounded rectangle."""
        from matplotlib.patches import FancyBboxPatch

        style = f"round,pad=0,rounding_size={rounding}"
        corner = (box.left, box.bottom)
        patch = FancyBboxPatch(corner, box.width, box.height, style, fc=fill, ec=border, lw=0.8 * self.scale)
        patch.set_gid(gid)
        self.ax.add_patch(patch)
        return patch

    def node(self, shape: Shape, layout: Layout) -> None:
        """Draw an area with its blocks, or the bar of an input or output."""
        name = shape.node.name
        is_open = any(name in (p.source_node, p.target_node) for p in layout.pathways if p.name in self.open)
        self.box(shape.box, BOX_FILL, BORDER if is_open else CLOSED, name, rounding=0.08)
        ink, soft = (INK, SOFT) if is_open else (CLOSED_TEXT, CLOSED_TEXT)
        if not isinstance(shape.node, Area):
            self.text(shape.box.x, shape.box.y, bar_label(shape.node), 8, ink, rotation=90, va="center")
            return
        y = shape.box.top - 0.55 * HEADER
        self.text(shape.box.left + PADDING, y, name, 9, ink, ha="left", weight="bold")
        if self.scale >= READABLE:
            self.text(shape.box.right - PADDING, y, f"N = {shape.node.size}", 6.5, soft, ha="right")
        for tile in shape.tiles:
            self.tile(tile, shape.node)
        if shape.lanes:
            self.ruler(shape, shape.node)

    def tile(self, tile: Tile, area: Area) -> None:
        """Draw a block, or several that are the same neurons."""
        fill, border, is_open = self.colors(tile)
        box, ink, soft = tile.box, INK if is_open else CLOSED_TEXT, SOFT if is_open else CLOSED_TEXT
        gid, size = f"{area.name}.{tile.names[0]}", tile.size
        outline = self.box(box, fill, border, gid)
        crossed = self.silent(area, (tile.start, tile.stop), box, gid, outline)
        ink, soft = (SOFT, SOFT) if crossed and not is_open else (ink, soft)  # a hatch would hide what is paler
        if self.scale < READABLE:
            self.text(box.x, box.y, tile.label, 8, ink, crossed=crossed)
        elif box.height > TWO_LINES:
            self.text(box.x, box.y + 0.075, tile.label, 8, ink, crossed=crossed)
            self.text(box.x, box.y - 0.095, size, 6.5, soft, crossed=crossed)
        else:
            self.text(box.left + 0.06, box.y, tile.label, 8, ink, ha="left", crossed=crossed)
            self.text(box.right - 0.06, box.y, size, 6.5, soft, ha="right", crossed=crossed)

    def silent(self, area: Area, shown: tuple[int, int], box: Box, gid: str, outline: Patch | None = None) -> bool:
        """Hatch the cells of lesions in a box that shows a range of neurons, within its outline; tell if there are."""
        from matplotlib.patches import Rectangle

        unit, found = box.width / (shown[1] - shown[0]), False
        for start, stop in silent_ranges(area):
            first, last = max(start, shown[0]), min(stop, shown[1])
            if first < last:
                found = True
                corner = (box.left + unit * (first - shown[0]), box.bottom)
                patch = Rectangle(corner, unit * (last - first), box.height, gid=f"{gid} silent", **SILENT)
                self.ax.add_patch(patch)
                if outline is not None:
                    patch.set_clip_path(outline)
        return found

    def colors(self, tile: Tile) -> tuple[str, str, bool]:
        """Fill and border of a block by what it does, and whether a pathway of it is open."""
        if not tile.pathways:
            return FILLS["none"], CLOSED, False
        if self.open.isdisjoint(p.name for p in tile.pathways):
            return CLOSED_FILL, CLOSED, False
        kinds = {p.kind for p in tile.pathways if p.name in self.open}
        kind = kinds.pop() if len(kinds) == 1 else "both"
        return FILLS[kind], COLORS.get(kind, BORDER), True

    def ruler(self, shape: Shape, area: Area) -> None:
        """Draw the blocks against the neurons 0 to N, those that overlap in lanes of their own."""
        from matplotlib.patches import Rectangle

        left, width = shape.box.left + PADDING, shape.box.width - 2 * PADDING
        bottom, height = shape.box.bottom + PADDING, len(shape.lanes) * RULER_LANE
        self.ax.add_patch(Rectangle((left, bottom), width, height, fc=FILLS["none"], ec="none"))
        whole = Box(left + width / 2, bottom + height / 2, width, height)
        self.silent(area, (0, area.size), whole, f"{area.name}.all")
        unit = width / area.size
        for i, tile in _numbered(shape.lanes):
            fill, border, _ = self.colors(tile)
            x, y = left + unit * tile.start, bottom + height - (i + 1) * RULER_LANE + 0.015
            extent = unit * (tile.stop - tile.start)
            patch = Rectangle((x, y), extent, RULER_LANE - 0.03, fc=fill, ec=border, lw=0.5 * self.scale)
            self.ax.add_patch(patch)
            if 0.05 * len(tile.label) < extent:
                self.text(x + extent / 2, y + RULER_LANE / 2 - 0.018, tile.label, 5, SOFT)

    def arrow(self, line: Route) -> None:
        """Draw a pathway: thick if it learns, dashed if it carries error."""
        from matplotlib.patches import FancyArrowPatch
        from matplotlib.path import Path

        p, is_open = line.pathway, line.pathway.name in self.open
        arrow = FancyArrowPatch(
            path=Path(line.vertices, line.codes),
            arrowstyle="-|>,head_length=0.5,head_width=0.22",
            mutation_scale=11 * self.scale,
            lw=_line_width(p) * self.scale,
            ls=DASHES if p.kind == "error" else "-",
            color=COLORS[p.kind] if is_open else CLOSED,
            fill=True,
            zorder=3 if is_open else 2,
            joinstyle="miter",
        )
        arrow.set_gid(p.name)
        self.ax.add_patch(arrow)
        for end, address, (x, y) in (("source", p.source, line.vertices[0]), ("target", p.target, line.vertices[-1])):
            if kind := cells_of(address):
                # Beside the border of the area, above the line.
                outward = (PADDING + LETTER) * (1 if attaches(p, end) == "right" else -1)
                color = COLORS[p.kind] if is_open else CLOSED_TEXT
                style = {"va": "bottom", "weight": "bold", "crossed": True}
                self.text(x + outward, y + 0.02, kind, 6.5, color, gid=f"{p.name} {end}", **style)

    def title(self, text: str, frame: Box) -> None:
        """Name the layout in the upper left corner."""
        self.text(frame.left + MARGIN, frame.top - 0.55 * TITLE, text, 9, SOFT, ha="left")

    def legend(self, pathways: Iterable[Pathway], silent: bool) -> None:
        """Explain the lines that occur, and what is silent."""
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        handles: dict[str, Artist] = {}
        for p in sorted(pathways, key=lambda p: (p.name not in self.open, p.kind == "error", not p.plastic)):
            is_open = p.name in self.open
            label = f"{p.kind}, {'plastic' if p.plastic else 'fixed'}" if is_open else "closed"
            color, style = (
                COLORS[p.kind] if is_open else CLOSED,
                DASHES if p.kind == "error" and is_open else "-",
            )
            handles.setdefault(
                label, Line2D([], [], color=color, ls=style, lw=_line_width(p) * self.scale, label=label)
            )
        if silent:
            handles["silent"] = Patch(label="silent cells", **SILENT)
        self.ax.legend(
            handles=list(handles.values()),
            loc="lower center",
            ncols=len(handles),
            frameon=False,
            fontsize=7 * self.scale,
            handlelength=2.8,
            columnspacing=1.6,
            borderaxespad=0.4,
        )


def _line_width(pathway: Pathway) -> float:
    """Pathways that learn are thick."""
    return 1.8 if pathway.plastic else 1.0


def _numbered(lanes: Iterable[Iterable[Tile]]) -> list[tuple[int, Tile]]:
    """Tiles with the number of their lane."""
    return [(i, tile) for i, lane in enumerate(lanes) for tile in lane]
