"""Blocks: named ranges of an area's neurons, excitatory cells before inhibitory ones."""

from __future__ import annotations

import numbers
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from neuroap.errors import LayoutError, did_you_mean

STANDARD_BLOCKS = ("RI", "SI", "RE", "SE")
WHOLE = "all"
EXCITATORY, INHIBITORY = CELL_TYPES = ("E", "I")
RESERVED = {WHOLE: "the whole area", EXCITATORY: "excitatory cells", INHIBITORY: "inhibitory cells"}


@dataclass(frozen=True, repr=False)
class Block:
    """A named contiguous range ``[start, start + size)`` of an area's neurons.

    Parameters
    ----------
    name : str
    start, size : int
    excitatory : int, optional
        The first so many of its neurons are excitatory, the others inhibitory; None: cell types are not told.
    """

    name: str
    start: int
    size: int
    excitatory: int | None = None

    def __repr__(self) -> str:
        cells = "" if self.excitatory is None else f", excitatory={self.excitatory!r}"
        return f"Block(name={self.name!r}, start={self.start!r}, size={self.size!r}{cells})"

    @property
    def stop(self) -> int:
        """One past the last neuron."""
        return self.start + self.size

    def cells(self, kind: str) -> tuple[int, int]:
        """The range ``[start, stop)`` of its excitatory ("E") or inhibitory ("I") cells."""
        assert self.excitatory is not None
        border = self.start + self.excitatory
        return (self.start, border) if kind == EXCITATORY else (border, self.stop)


Extent = int | tuple[int, int] | Mapping[str, int]
Blocks = int | Mapping[str, Extent] | Iterable[Block]


def as_blocks(blocks: Blocks) -> tuple[Block, ...]:
    """Lay blocks out in an area; see `Area` for the forms they may be given in.

    Raises
    ------
    LayoutError
        Anything else, names that repeat or have another meaning, blocks without neurons.
    """
    if is_integer(blocks):
        blocks = dict.fromkeys(STANDARD_BLOCKS, blocks)  # type: ignore[assignment]
    try:
        laid = tuple(_from_mapping(blocks)) if isinstance(blocks, Mapping) else tuple(blocks)  # type: ignore[arg-type]
    except LayoutError:  # it says more
        raise
    except (TypeError, ValueError):  # not to be iterated, or no pair of start and stop
        laid = ()
    if not laid or not all(isinstance(b, Block) for b in laid):
        hint = 'for example blocks=256, {"RI": 256, "SI": 128}, {"RI": {"E": 205, "I": 51}} or {"RI": (0, 256)}'
        raise LayoutError("Area.blocks", "must be a size, a mapping or a sequence of Block", blocks, hint)
    laid = tuple(map(_checked, laid))
    if len({b.name for b in laid}) < len(laid):
        raise LayoutError("Area.blocks", "names must be different", [b.name for b in laid])
    return laid


def _from_mapping(blocks: Mapping[str, Extent]) -> Iterable[Block]:
    stop = 0
    for name, extent in blocks.items():
        if isinstance(extent, Mapping):
            block = _from_cells(name, extent, stop)
        else:
            start, end = extent if isinstance(extent, Iterable) else (stop, stop + extent)
            block = Block(name, start, end - start)
        yield block
        stop = max(stop, block.stop)


def _from_cells(name: str, sizes: Mapping[str, Any], stop: int) -> Block:
    """A block from its numbers of excitatory and inhibitory cells, after the others or where ``start`` says."""
    for key, number in sizes.items():
        if key not in (*CELL_TYPES, "start"):
            hint = did_you_mean(key, (*CELL_TYPES, "start"))
            raise LayoutError("Area.blocks", f"block {name!r} has cells of an unknown type", key, hint)
        if not is_integer(number) or number < 0:
            rule = f"cells of block {name!r} must be counted in integers"
            raise LayoutError("Area.blocks", rule, dict(sizes), _whole_numbers(sizes))
    excitatory, inhibitory = (int(sizes.get(kind, 0)) for kind in CELL_TYPES)
    return Block(name, int(sizes.get("start", stop)), excitatory + inhibitory, excitatory)


def _whole_numbers(sizes: Mapping[str, Any]) -> str:
    """What to write in place of sizes that are no integers."""
    real = {key: float(n) for key, n in sizes.items() if isinstance(n, numbers.Real) and not isinstance(n, bool)}
    if len(real) == len(sizes) and all(n >= 0 and n.is_integer() for n in real.values()):
        return f"write { ({key: int(n) for key, n in real.items()}) }"
    return "fractions are for the whole area: excitatory=0.8" if any(0 < n < 1 for n in real.values()) else ""


def _checked(block: Block) -> Block:
    check_name("Block.name", block.name)
    if block.name in RESERVED:
        hint = 'count cells block by block, {"RI": {"E": 205, "I": 51}, ...}, or give excitatory=0.8'
        hint = hint if block.name in CELL_TYPES else ""
        raise LayoutError("Block.name", f"{block.name!r} is the name of {RESERVED[block.name]}", block.name, hint)
    counts = (block.start, block.size, 0 if block.excitatory is None else block.excitatory)
    if not all(map(is_integer, counts)):
        rule = f"neurons of block {block.name!r} must be counted in integers"
        raise LayoutError("Area.blocks", rule, (block.start, block.stop))
    if block.size < 1 or block.start < 0:
        raise LayoutError("Area.blocks", f"block {block.name!r} must hold neurons", (block.start, block.stop))
    if not 0 <= counts[2] <= block.size:
        rule = f"block {block.name!r} has {block.size} neurons, and cannot have so many excitatory ones"
        raise LayoutError("Area.blocks", rule, block.excitatory)
    start, size, excitatory = map(int, counts)
    return Block(block.name, start, size, None if block.excitatory is None else excitatory)


def is_integer(value: object) -> bool:
    """Whether a value counts something: NumPy's integers do, truth values do not."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def check_name(where: str, name: object) -> None:
    """Raise LayoutError unless `name` is made of letters, digits and underscores, a letter first."""
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII):
        raise LayoutError(where, "must be letters, digits and underscores, a letter first", name)
