"""Cell types: which neurons of an area are excitatory, which inhibitory, and what Dale's law asks of the area."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from neuroap.errors import LayoutError, did_you_mean
from neuroap.layout.activations import ACTIVATIONS, activation
from neuroap.layout.blocks import CELL_TYPES, EXCITATORY, INHIBITORY, WHOLE, Block

if TYPE_CHECKING:
    from neuroap.layout.initial import Recurrence
    from neuroap.layout.nodes import Area

UNTOLD = ""  # the type of cells that have none


class Run(NamedTuple):
    """Neighbouring neurons ``[start, stop)`` of one type: "E", "I", or "" where none is told."""

    start: int
    stop: int
    kind: str

    @property
    def size(self) -> int:
        """Number of neurons."""
        return self.stop - self.start


def with_cells(blocks: tuple[Block, ...], excitatory: float | None) -> tuple[Block, ...]:
    """Give each block that does not tell them its number of excitatory cells, the fraction `excitatory` of it.

    Raises
    ------
    LayoutError
        If `excitatory` is no fraction.
    """
    if excitatory is None:
        return blocks
    is_number = isinstance(excitatory, numbers.Real) and not isinstance(excitatory, bool)
    if not (is_number and 0 <= excitatory <= 1):
        hint = "for example excitatory=0.8: four of five cells are excitatory, the others inhibitory"
        raise LayoutError("Area.excitatory", "must be a fraction from 0 to 1, or None", excitatory, hint)
    return tuple(b if b.excitatory is not None else replace(b, excitatory=_share(b.size, excitatory)) for b in blocks)


def runs(area: Area) -> tuple[Run, ...]:
    """Cell types of all neurons of an area, as runs from the first neuron to the last.

    Neurons in no block are split like a block, by `Area.excitatory`.

    Raises
    ------
    LayoutError
        If blocks that overlap make the same neurons excitatory and inhibitory.
    """
    merged: list[Run] = []
    for run in _pieces(area):
        if merged and merged[-1].kind == run.kind:
            merged[-1] = Run(merged[-1].start, run.stop, run.kind)
        else:
            merged.append(run)
    return tuple(merged)


def check_cells(area: Area) -> None:
    """Check lesions, cell types and, for an area that obeys Dale's law, what that needs.

    Raises
    ------
    LayoutError
        Lesions of cells that the area does not have; blocks that contradict each other; with ``dale=True`` neurons
        without a type, rates that can be negative, a balance that nothing can bring about, or a block so small that
        rounding the fraction leaves it cells of one type.
    """
    told = runs(area)
    if not isinstance(area.dale, bool):
        raise LayoutError("Area.dale", "must be True or False", area.dale)
    for lesion in area.lesions:
        ranges_of(area, lesion)
    if area.dale:
        _check_dale(area, told)
    elif area.recurrence is not None and area.recurrence.signed:
        hint = "add excitatory=0.8, dale=True; or leave out balance, outlier and exact_balance"
        raise LayoutError("Area.recurrence", "only inhibition can balance excitation", area.recurrence, hint)


def ranges_of(area: Area, address: str) -> tuple[tuple[int, int], ...]:
    """Ranges of neurons that an address within an area names.

    Parameters
    ----------
    area : Area
    address : str
        ``"all"``, ``"SI"``, ``"SI.E"``, or ``"E"``: the excitatory cells of all blocks and of none.

    Raises
    ------
    LayoutError
        If the area has no such block, or no such cells.
    """
    name, dot, kind = address.partition(".")
    if name in CELL_TYPES and not dot:
        name, dot, kind = WHOLE, ".", name
    if name == WHOLE and not dot:
        return ((0, area.size),)
    if name == WHOLE:
        _check_kind(area, kind, address)
        return tuple((r.start, r.stop) for r in runs(area) if r.kind == kind) or (_refuse(area, kind, address),)
    block = block_named(area, name, address)
    return (block_range(area, block, kind, address) if dot else (block.start, block.stop),)


def silent_ranges(area: Area) -> tuple[tuple[int, int], ...]:
    """Ranges of neurons that lesions silence, from the first to the last, none of which touch."""
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(r for lesion in area.lesions for r in ranges_of(area, lesion)):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return tuple(merged)


def block_named(area: Area, name: str, address: str) -> Block:
    """The block of that name.

    Raises
    ------
    LayoutError
        If there is none; the hint names the nearest one.
    """
    names = [b.name for b in area.block_list]
    if name in names:
        return area.block_list[names.index(name)]
    if not name:
        hint = f"for example '{area.name}.{names[0]}', or '{area.name}.{WHOLE}'"
        raise LayoutError("Layout", f"name a block of area {area.name!r}", address, hint)
    raise LayoutError("Layout", f"area {area.name!r} has no block {name!r}", address, did_you_mean(name, names))


def block_range(area: Area, block: Block, kind: str, address: str) -> tuple[int, int]:
    """The range of the excitatory or inhibitory cells of a block.

    Raises
    ------
    LayoutError
        If it has no cells of that type, or cell types are not told.
    """
    _check_kind(area, kind, address)
    if block.excitatory is None:
        hint = f"declare Area({area.name!r}, ..., excitatory=0.8)"
        raise LayoutError("Layout", f"block {block.name!r} of {area.name!r} tells no cell types", address, hint)
    start, stop = block.cells(kind)
    return (start, stop) if start < stop else _refuse(area, kind, address)


def _check_kind(area: Area, kind: str, address: str) -> None:
    if kind not in CELL_TYPES:
        rule = f"cells of area {area.name!r} are 'E' (excitatory) or 'I' (inhibitory)"
        raise LayoutError("Layout", rule, address, did_you_mean(kind, CELL_TYPES))


def _refuse(area: Area, kind: str, address: str) -> tuple[int, int]:
    full = {EXCITATORY: "excitatory", INHIBITORY: "inhibitory"}[kind]
    raise LayoutError("Layout", f"there are no {full} cells here", address, f"see excitatory= of Area {area.name!r}")


def _share(size: int, fraction: float) -> int:
    return round(size * fraction)


def _pieces(area: Area) -> Iterator[Run]:
    """Runs between all borders of blocks and cell types."""
    typed = [(b, Run(*b.cells(kind), kind)) for b in area.block_list if b.excitatory is not None for kind in CELL_TYPES]
    within = {0, area.size, *(x for b in area.block_list for x in (b.start, b.stop)), *(r.start for _, r in typed)}
    borders = sorted(within)
    for start, stop in pairwise(borders):
        here = [(b, r) for b, r in typed if r.start <= start < r.stop]
        kinds = {r.kind for _, r in here}
        if len(kinds) > 1:
            rule = f"blocks of {area.name!r} make neurons {start} to {stop - 1} excitatory and inhibitory"
            hint = "give blocks that overlap the same range, or cell types that agree"
            raise LayoutError("Area.blocks", rule, [b.name for b, _ in here], hint)
        covered = any(b.start <= start < b.stop for b in area.block_list)
        if kinds or covered or area.excitatory is None:
            yield Run(start, stop, kinds.pop() if kinds else UNTOLD)
        else:
            yield from _split(start, stop, area.excitatory)


def _split(start: int, stop: int, excitatory: float) -> Iterable[Run]:
    border = start + _share(stop - start, excitatory)
    return (r for r in (Run(start, border, EXCITATORY), Run(border, stop, INHIBITORY)) if r.size)


def _check_dale(area: Area, told: tuple[Run, ...]) -> None:
    where = f"Area {area.name!r} with dale=True"
    if untold := [(r.start, r.stop) for r in told if r.kind == UNTOLD]:
        hint = 'give excitatory=0.8, or sizes such as blocks={"RI": {"E": 205, "I": 51}, ...}'
        raise LayoutError(where, "every neuron must be excitatory or inhibitory", untold, hint)
    if area.equations is None and activation(area.activation).low < 0:
        good = ", ".join(repr(a.name) for a in ACTIVATIONS.values() if a.low >= 0)
        raise LayoutError(where, "rates must never be negative", area.activation, f"activation= one of {good}")
    if area.recurrence is not None:
        _check_balance(where, area, area.recurrence, {r.kind for r in told})
    _check_rounding(where, area)


def _check_balance(where: str, area: Area, recurrence: Recurrence, kinds: set[str]) -> None:
    if EXCITATORY not in kinds:
        rule, hint = "without excitatory cells there is nothing to balance", "give excitatory > 0, or recurrence=None"
        raise LayoutError(where, rule, area.excitatory, hint)
    if INHIBITORY not in kinds and recurrence.balance_or_default != 0:
        hint = "give a smaller fraction or larger blocks, or recurrence=Recurrence(balance=0): no inhibition"
        raise LayoutError(where, "without inhibitory cells nothing balances excitation", area.excitatory, hint)


def _check_rounding(where: str, area: Area) -> None:
    """Refuse a block that is too small for cells of both types: a fraction asks for both."""
    if area.excitatory is None or not 0 < area.excitatory < 1:
        return
    assert isinstance(area.blocks, tuple)
    for block in area.blocks:
        excitatory = _share(block.size, area.excitatory)
        if block.excitatory is None and excitatory in (0, block.size):
            lacking = "inhibitory" if excitatory else "excitatory"
            rule = f"block {block.name!r} is too small for {lacking} cells, it has {block.size} neurons"
            sizes = {block.name: {EXCITATORY: excitatory, INHIBITORY: block.size - excitatory}}
            raise LayoutError(where, rule, area.excitatory, f"give a larger block, or count its cells: {sizes}")


def check_lesions(lesions: object) -> tuple[str, ...]:
    """Lesions as a tuple of addresses within an area.

    Raises
    ------
    LayoutError
        If they are anything else.
    """
    listed = (lesions,) if isinstance(lesions, str) else tuple(lesions) if isinstance(lesions, Iterable) else (None,)
    if not all(isinstance(each, str) and each for each in listed):
        hint = 'for example lesions=("SE.I",)'
        raise LayoutError("Area.lesions", "must be names of cells within the area", lesions, hint)
    return tuple(dict.fromkeys(listed))
