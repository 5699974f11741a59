"""The grid of a sweep: axes, seeds, and the points that they span."""

from __future__ import annotations

import hashlib
import itertools
import json
import numbers
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroap.errors import SettingError
from neuroap.seeds import generator

Value = bool | int | float | str
KINDS = {"b": "truth values", "i": "numbers", "u": "numbers", "f": "numbers", "U": "texts"}
READABLE = 100  # characters of a file's name that people read; a digest follows


@dataclass(frozen=True)
class Point:
    """One point of a grid.

    Attributes
    ----------
    values : dict of str to bool, int, float or str
        By axis.
    seed : int or None
        As the user counts; None for functions that take no seed.
    """

    values: dict[str, Value]
    seed: int | None

    @property
    def key(self) -> str:
        """What makes this point: the same for every order of the axes, and for 1 and 1.0."""
        return json.dumps({name: _whole(value) for name, value in sorted(self.values.items())})

    @property
    def arguments(self) -> dict[str, Any]:
        """What the function is called with."""
        return dict(self.values) if self.seed is None else {**self.values, "seed": self.own_seed}

    @property
    def own_seed(self) -> int:
        """The seed that belongs to this point alone."""
        return int(generator(self.seed or 0, "sweep", self.key).integers(2**31))

    @property
    def name(self) -> str:
        """A name for its file: readable, and unique by the digest at its end."""
        digest = hashlib.sha256(f"{self.key} {self.seed}".encode()).hexdigest()[:12]
        text = ",".join(f"{name}={_whole(value)}" for name, value in sorted(self._named.items()))
        plain = re.sub(r"[^\w.,+=-]", "_", text, flags=re.ASCII)
        return f"{plain[:READABLE]}-{digest}"

    def __str__(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self._named.items())

    @property
    def _named(self) -> dict[str, Value]:
        return self.values if self.seed is None else {**self.values, "seed": self.seed}


@dataclass(frozen=True)
class Grid:
    """The axes of a sweep.

    Attributes
    ----------
    values : dict of str to list
        The values of each argument, as the user wrote them: 1 beside 0.5 is no 1.0.
    seeds : tuple of int, or None
        None: the function takes no seed, and the grid has no such dimension.
    """

    values: dict[str, list[Value]]
    seeds: tuple[int, ...] | None

    @property
    def axes(self) -> dict[str, NDArray[Any]]:
        """The values of each argument as an array, shape (n,): whole numbers beside others become such too."""
        return {name: np.asarray(values) for name, values in self.values.items()}

    @property
    def coords(self) -> dict[str, NDArray[Any]]:
        """The values along each dimension."""
        return self.axes if self.seeds is None else {**self.axes, "seed": np.array(self.seeds)}

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values along each dimension."""
        return tuple(len(values) for values in self.coords.values())

    def points(self) -> list[Point]:
        """All points; the last dimension changes fastest."""
        rows = [dict(zip(self.values, row, strict=True)) for row in itertools.product(*self.values.values())]
        return [Point(dict(values), seed) for values in rows for seed in self.seeds or (None,)]


def grid(over: Mapping[str, Sequence[Value]], seeds: int | Sequence[int] | None) -> Grid:
    """Check the axes and the seeds of a sweep.

    Parameters
    ----------
    over : mapping of str to sequence
        Numbers, texts or truth values, no two the same.
    seeds : int, sequence of int, or None
        A number n stands for the seeds 0 to n - 1.

    Raises
    ------
    SettingError
        For axes or seeds that are empty, repeat themselves, or hold something else.
    """
    if not isinstance(over, Mapping) or (not over and seeds is None):
        raise SettingError("sweep.over", "must name arguments and their values", over, 'like over={"beta": [0.5, 1]}')
    return Grid({str(name): _axis(name, values) for name, values in over.items()}, _seeds(seeds))


def _axis(name: str, values: Sequence[Value]) -> list[Value]:
    where = f"sweep.over[{name!r}]"
    plain = list(values) if isinstance(values, Sequence | np.ndarray | range) and not isinstance(values, str) else []
    if not plain:
        raise SettingError(where, "must be a list of at least one value", values)
    kinds = {_kind(value) for value in plain}
    if len(kinds) > 1 or None in kinds:
        hint = "sweep over a name or a number, and let the function make from it what it needs"
        raise SettingError(where, "must be all numbers, all texts or all truth values", values, hint)
    found: list[Value] = [np.asarray(value).item() for value in plain]
    array = np.asarray(found)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise SettingError(where, "must be finite", values)
    _refuse_repeats(where, array.tolist())
    return found


def _kind(value: object) -> str | None:
    """What a value is; None for what no axis can hold."""
    try:
        array = np.asarray(value)
    except Exception:  # lists of different lengths, and whatever an object does that is asked for its array
        return None
    return KINDS.get(array.dtype.kind) if array.ndim == 0 else None


def _seeds(seeds: int | Sequence[int] | None) -> tuple[int, ...] | None:
    if seeds is None:
        return None
    listed = range(int(seeds)) if isinstance(seeds, numbers.Integral) else seeds
    if isinstance(seeds, bool | str) or not isinstance(listed, Sequence | np.ndarray) or not len(listed):
        raise SettingError("sweep.seeds", "must be the number of seeds, or a list of them", seeds)
    for seed in listed:
        # Not None or a generator, as elsewhere: a seed that is another on each run finds no result again.
        if not isinstance(seed, numbers.Integral) or isinstance(seed, bool) or seed < 0:
            raise SettingError("sweep.seeds", "each must be an integer >= 0", seed, "the number of seeds alone will do")
    found = tuple(int(seed) for seed in listed)
    _refuse_repeats("sweep.seeds", found)
    return found


def _refuse_repeats(where: str, values: Sequence[Any]) -> None:
    seen = set()
    for value in values:
        if value in seen:
            raise SettingError(where, "must not repeat a value", value)
        seen.add(value)


def _whole(value: Value) -> Value:
    """1 for 1.0: equal numbers make the same point."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
