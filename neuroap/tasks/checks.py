"""Checks of what a user passes to a task: numbers, names, levels, seeds."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroap.errors import DataError, SettingError, did_you_mean
from neuroap.seeds import as_seed


def number(where: str, value: object, least: float = -math.inf, most: float = math.inf) -> float:
    """Return `value` as a float, if it is a finite number in [least, most]."""
    if not (is_number(value) and least <= value <= most):  # type: ignore[operator]
        raise SettingError(where, f"must be a finite number{_range(least, most)}", value)
    return float(value)  # type: ignore[arg-type]


def count(where: str, value: object, least: int = 1) -> int:
    """Return `value` as an int, if it is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) < least:
        raise SettingError(where, f"must be an integer >= {least}", value)
    return int(value)


def one_of(where: str, value: object, known: Iterable[str]) -> None:
    """Refuse a name that is not known, and suggest the nearest one."""
    names = list(known)
    if value not in names:
        raise SettingError(where, f"must be one of {', '.join(map(repr, names))}", value, did_you_mean(value, names))


def two_names(where: str, choices: object) -> tuple[str, str]:
    """Return the names of two choices, if they are different, whatever their case."""
    names = list(choices) if isinstance(choices, tuple | list) else []
    if [type(name) for name in names] != [str, str] or not all(map(str.strip, names)):
        raise SettingError(where, "must be two names", choices, 'for example ("left", "right")')
    first, second = map(str.strip, names)
    if first.lower() == second.lower():
        raise SettingError(where, "must be two different names", choices, 'for example ("left", "right")')
    return first, second


def both_signs(where: str, values: object) -> tuple[float, ...]:
    """Return the levels to train at: numbers of both signs, and no 0, which has no right answer."""
    row = tuple(values) if isinstance(values, Iterable) else (values,)
    if not all(map(is_number, row)) or 0 in row or {level > 0 for level in row} != {False, True}:
        raise SettingError(where, "must hold negative and positive numbers, and no 0", values, "for example (-6, 6)")
    return tuple(map(float, row))


def seed(where: str, value: object) -> int:
    """Return one integer for what seeds the draws; None means fresh entropy."""
    try:
        return as_seed(value)
    except SettingError as error:
        raise SettingError(where, error.rule, error.got, error.hint) from error


def row_of_levels(where: str, values: ArrayLike, largest: float) -> NDArray[np.float64]:
    """Return levels as an array of shape (n,), if they are finite and at most `largest` in size.

    Raises
    ------
    DataError
    """
    try:
        levels = np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(where, "levels must be numbers", values) from error
    if levels.ndim != 1 or not levels.size:
        raise DataError(where, "levels must be a row with one number per trial", f"shape {levels.shape}")
    for wrong in levels[~(np.isfinite(levels) & (np.abs(levels) <= largest))]:
        raise DataError(where, f"levels must be finite numbers{_range(-largest, largest)}", float(wrong))
    return levels


def is_number(value: object) -> bool:
    """Say whether `value` is a finite real number; True and False are none."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_) and math.isfinite(value)


def _range(least: float, most: float) -> str:
    if math.isinf(most):
        return "" if math.isinf(least) else f" >= {least:g}"
    return f" in [{least:g}, {most:g}]"
