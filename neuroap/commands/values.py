"""Values of an option: lists, and ranges with both ends."""

from __future__ import annotations

import ast
import math
from typing import Any

from neuroap.errors import SettingError

DIGITS = 12  # of the values of a range: 0.3, not 0.30000000000000004


def value(text: str) -> Any:
    """A Python literal such as 0.5, True or (8, 4); anything else is text."""
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError):  # the last one for {[]}
        return text


def values(option: str, text: str) -> list[Any]:
    """Read "0.5,1,2", or a range "START:STOP:NUMBER" that includes both ends.

    Parameters
    ----------
    option : str
        For the error.
    text : str

    Returns
    -------
    list
        Whole numbers where both ends of a range and its steps are.

    Raises
    ------
    SettingError
        For a range of fewer than two values.
    """
    parts = [value(part) for part in text.split(":")]
    if len(parts) == 3 and all(type(part) in (int, float) for part in parts):
        return _range(option, text, *parts)
    return [value(part) for part in text.split(",")]


def positive(option: str, text: str) -> list[float]:
    """As `values`, for positive numbers alone.

    Raises
    ------
    SettingError
        For anything else.
    """
    found = values(option, text)
    if not all(type(number) in (int, float) and 0 < number < math.inf for number in found):
        hint = "like 0.1:2:20 (20 values, both ends included), or 0.5,1,2"
        raise SettingError(option, "must be positive numbers", text, hint)
    return [float(number) for number in found]


def _range(option: str, text: str, start: float, stop: float, number: float) -> list[Any]:
    if not isinstance(number, int) or number < 2 or not math.isfinite(stop - start):
        raise SettingError(option, "a range is START:STOP:NUMBER, with at least two values", text)
    if isinstance(start, int) and isinstance(stop, int) and (stop - start) % (number - 1) == 0:
        return [start + k * ((stop - start) // (number - 1)) for k in range(number)]
    step = (stop - start) / (number - 1)
    return [float(f"{start + k * step:.{DIGITS}g}") for k in range(number)]
