"""The layout: a frozen graph of inputs, areas, outputs and pathways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from neuroap.errors import LayoutError, did_you_mean
from neuroap.layout.blocks import CELL_TYPES, WHOLE
from neuroap.layout.cells import block_named, block_range, ranges_of
from neuroap.layout.checks import check
from neuroap.layout.drawing import draw
from neuroap.layout.nodes import Area, Input, Node, Output
from neuroap.layout.pathways import Pathway
from neuroap.layout.table import table
from neuroap.layout.toml import from_document, read, to_document, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DEFAULT_TASK = "task"
Part = Node | Pathway


class Site(NamedTuple):
    """Where a pathway starts or ends: columns ``[start, stop)`` of a node's rates."""

    node: str
    start: int
    stop: int

    @property
    def size(self) -> int:
        """Number of neurons."""
        return self.stop - self.start


@dataclass(frozen=True, init=False, repr=False)
class Layout:
    """A declaration of areas and pathways; it holds no arrays and needs no simulator.

    Parameters
    ----------
    *parts : Input, Area, Output or Pathway
        In any order; the order of declaration is kept.
    name : str
        A name for tables, figures and files.

    Raises
    ------
    LayoutError
        Unknown nodes or blocks, cycles among the pathways of a task, outputs that no pathway reaches,
        error pathways from areas that no error reaches.

    Examples
    --------
    >>> from neuroap import Area, Input, Layout, Output, error, inference
    >>> layout = Layout(
    ...     Input("image", 784),
    ...     Area("V1", blocks=256),
    ...     Output("digit", 10),
    ...     inference("image", "V1.RI"),
    ...     inference("V1.SI", "digit"),
    ...     error("digit", "V1.RE"),
    ... )
    >>> layout["V1"].size
    1024
    """

    name: str
    inputs: tuple[Input, ...]
    areas: tuple[Area, ...]
    outputs: tuple[Output, ...]
    pathways: tuple[Pathway, ...]

    def __init__(self, *parts: Part, name: str = "layout") -> None:
        for part in parts:
            if not isinstance(part, Input | Area | Output | Pathway):
                hint = "Layout(Input(...), Area(...), inference(...), name='...')"
                raise LayoutError("Layout", "parts must be Input, Area, Output or pathways", part, hint)
        fields = {"inputs": Input, "areas": Area, "outputs": Output, "pathways": Pathway}
        object.__setattr__(self, "name", name)
        for attribute, kind in fields.items():
            object.__setattr__(self, attribute, tuple(p for p in parts if isinstance(p, kind)))
        check(self)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Inputs, areas and outputs."""
        return (*self.inputs, *self.areas, *self.outputs)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks, in the order in which pathways name them; one task if none is named."""
        named = tuple(dict.fromkeys(task for p in self.pathways for task in p.tasks))
        return named or (DEFAULT_TASK,)

    def __getitem__(self, name: str) -> Node:
        for node in self.nodes:
            if node.name == name:
                return node
        raise LayoutError("Layout", "no such node", name, did_you_mean(name, (n.name for n in self.nodes)))

    def __contains__(self, name: object) -> bool:
        """Whether a node has that name: ``"V1" in layout``."""
        return any(node.name == name for node in self.nodes)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the nodes, as a mapping does."""
        return (node.name for node in self.nodes)

    def site(self, address: str) -> Site:
        """Resolve ``"V1.SI"``, ``"V1.SI.E"``, ``"V1.all"`` or ``"image"`` to columns of a node's rates.

        Raises
        ------
        LayoutError
            Unknown node, block or cells, or an area named without a block.
        """
        name, _, block = address.partition(".")
        node = self[name]
        if not isinstance(node, Area):
            if block:
                raise LayoutError("Layout", f"{name!r} is no area and has no blocks", address)
            return Site(name, 0, node.size)
        block, dot, kind = block.partition(".")
        if block == WHOLE and not dot:
            return Site(name, 0, node.size)
        if block == WHOLE or block in CELL_TYPES:
            hint = f"for example '{name}.{node.block_list[0].name}.{kind or block}'"
            raise LayoutError("Layout", "cells of a whole area are no single range; name a block", address, hint)
        found = block_named(node, block, address)
        return Site(name, *(block_range(node, found, kind, address) if dot else (found.start, found.stop)))

    def sites(self, address: str) -> tuple[Site, ...]:
        """Resolve an address that may name several ranges: ``"V1.E"`` (cells of all blocks), ``"V1"`` (the area).

        Raises
        ------
        LayoutError
            Unknown node, block or cells.
        """
        name, dot, within = address.partition(".")
        node = self[name]
        if not isinstance(node, Area):
            return (self.site(address),)
        return tuple(Site(name, *r) for r in ranges_of(node, within if dot else WHOLE))

    def lesion(self, *addresses: str) -> Layout:
        """The same layout with cells silenced: nothing leaves them, and nothing that leaves them learns.

        Parameters
        ----------
        *addresses : str
            ``"V1.SE.I"``, ``"V1.SE"``, ``"V1.I"`` or ``"V1"``.

        Raises
        ------
        LayoutError
            Addresses of no cells of an area.
        """
        areas = {a.name: a for a in self.areas}
        for address in addresses:
            if not isinstance(address, str):
                listed = [each for each in address if isinstance(each, str)] if isinstance(address, Iterable) else []
                hint = f"lesion({', '.join(map(repr, listed or ['V1.SE.I', 'V2']))})"
                raise LayoutError("Layout.lesion", "each address is an argument of its own", address, hint)
            name, dot, within = address.partition(".")
            if name not in self:
                raise LayoutError("Layout.lesion", "no such node", address, did_you_mean(name, self))
            if name not in areas:
                rule, hint = "only cells of areas can be silenced", did_you_mean(name, areas)
                raise LayoutError("Layout.lesion", rule, address, hint)
            areas[name] = replace(areas[name], lesions=(*areas[name].lesions, within if dot else WHOLE))
        return Layout(*(areas.get(n.name, n) for n in self.nodes), *self.pathways, name=self.name)

    def open(self, tasks: str | Iterable[str] | None = None, kind: str | None = None) -> tuple[Pathway, ...]:
        """Pathways that are open in any of `tasks` (None: in any task), optionally of one kind."""
        chosen = self.check_tasks(tasks)
        return tuple(
            p
            for p in self.pathways
            if (kind is None or p.kind == kind) and (not p.tasks or not chosen.isdisjoint(p.tasks))
        )

    def check_tasks(self, tasks: str | Iterable[str] | None) -> frozenset[str]:
        """Return `tasks` as a set, or raise LayoutError for one that the layout does not have."""
        if tasks is None:
            return frozenset(self.tasks)
        chosen = (tasks,) if isinstance(tasks, str) else tuple(tasks)
        for task in chosen:
            if task not in self.tasks:
                raise LayoutError("Layout.tasks", "no such task", task, did_you_mean(task, self.tasks))
        return frozenset(chosen)

    def task_inputs(self, task: str) -> tuple[Input, ...]:
        """Inputs that a pathway of `task` leaves, in the order of declaration."""
        used = {p.source_node for p in self.open(task, "inference")}
        return tuple(i for i in self.inputs if i.name in used)

    def task_output(self, task: str) -> Output:
        """The one output that `task` reaches."""
        used = {p.target_node for p in self.open(task, "inference")}
        return next(o for o in self.outputs if o.name in used)

    def __str__(self) -> str:
        return table(self)

    def __repr__(self) -> str:
        parts = ", ".join(map(repr, (*self.nodes, *self.pathways)))
        return f"Layout({parts}, name={self.name!r})"

    def draw(self, ax: Axes | None = None, task: str | None = None) -> Axes:
        """Draw areas, blocks and pathways; see `neuroap.layout.drawing.draw`."""
        return draw(self, ax=ax, task=task)

    def to_toml(self, path: str | Path | None = None) -> str:
        """Return the layout as TOML text, and write it to `path` if one is given.

        Raises
        ------
        LayoutError
            If the file cannot be written.
        """
        return write(to_document(self), path)

    @classmethod
    def from_toml(cls, source: str | Path) -> Layout:
        """Read a layout back from TOML text or from a file.

        Raises
        ------
        LayoutError
            Text that is no TOML, or that declares something a layout does not have.
        """
        name, parts = from_document(read(source))
        return cls(*parts, name=name)
