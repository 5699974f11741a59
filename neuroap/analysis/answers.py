"""Answers in a table: which code stands for which choice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroap.analysis.files import Columns
from neuroap.errors import DataError, SettingError

LEFT_RIGHT = ("left", "right")
FALSE_TRUE = ("false", "true")
CODES = "0 and 1, -1 and 1, or left and right"
WRONG_CORRECT = ("wrong", "correct")
EXAMPLE = 'name the codes, that for negative levels first: choices=("ccw", "cw"), or --choices ccw cw'


def coded(
    table: Columns, column: str, kind: str, kept: NDArray[np.bool_], choices: Sequence[Any] | None
) -> NDArray[np.bool_]:
    """True where the answer is the positive alternative, or correct.

    Parameters
    ----------
    table : Columns
    column : str
        Where the answers are.
    kind : str
        ``"choice"`` or ``"correct"``.
    kept : array of bool, shape (n,)
        Trials that count; the others may hold anything.
    choices : pair, optional
        The codes of the table; None: any that are usual.

    Raises
    ------
    DataError
        An answer that is neither.
    SettingError
        `choices` that are no two codes, or where there are none.
    """
    values = table.values[column]
    if choices is not None:
        return _by_name(table, column, kind, kept, choices)
    pairs = (FALSE_TRUE, LEFT_RIGHT, words_of(table, column, kind, None)) if kind == "choice" else (FALSE_TRUE,)
    words = {word.lower(): k for pair in pairs for k, word in enumerate(pair)}
    codes = np.array([float(words.get(_key(v), _number(v))) for v in values])
    allowed = (-1, 1) if kind == "choice" and -1 in codes else (0, 1)
    for index in np.flatnonzero(kept & ~np.isin(codes, allowed))[:1]:
        rule = f"{column} must be {CODES if kind == 'choice' else '0 or 1'}"
        hint = EXAMPLE if kind == "choice" else ""
        if kind == "choice" and codes[index] == 0:
            hint = "other choices in this table are -1: use one coding"
        raise DataError(table.place(index), rule, plain(values[index]), _unanswered(values, index) or hint)
    return codes > 0


def words_of(table: Columns, column: str, kind: str, choices: Sequence[Any] | None) -> tuple[str, str]:
    """Names of both answers, that of the negative one first.

    Parameters
    ----------
    table : Columns
        A Dataset names its choices in attributes: ``meaning_of_0`` and ``meaning_of_1``, or ``flag_meanings``, of
        which each choice has half of the words; an odd number says nothing.
    column, kind, choices
        As of `coded`.
    """
    if kind == "correct":
        return WRONG_CORRECT
    if choices is not None:
        return str(choices[0]), str(choices[1])
    attrs = table.attrs.get(column, {})
    if "meaning_of_0" in attrs and "meaning_of_1" in attrs:
        return str(attrs["meaning_of_0"]), str(attrs["meaning_of_1"])
    words = str(attrs.get("flag_meanings", "left right")).split()
    half, odd = divmod(len(words), 2)
    return LEFT_RIGHT if odd or not half else (" ".join(words[:half]), " ".join(words[half:]))


def missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """True where a value is NaN, None or empty."""
    return np.array([v is None or v != v or str(v).strip() == "" for v in values], bool)


def plain(value: Any) -> Any:
    """A number of NumPy as one of Python."""
    return value.item() if isinstance(value, np.generic) else value


def _by_name(
    table: Columns, column: str, kind: str, kept: NDArray[np.bool_], choices: Sequence[Any]
) -> NDArray[np.bool_]:
    pair = (
        [_key(code) for code in choices]
        if isinstance(choices, Sequence | np.ndarray) and not isinstance(choices, str)
        else []
    )
    if len(pair) != 2 or pair[0] == pair[1] or "" in pair:
        raise SettingError("choices", "must be two different codes", choices, 'for example ("ccw", "cw")')
    if kind == "correct":
        raise SettingError("choices", f"names codes of choices, and {table.source} only has {column!r}", choices)
    values = table.values[column]
    keys = np.array([pair.index(key) if (key := _key(v)) in pair else -1 for v in values])
    for index in np.flatnonzero(kept & (keys < 0))[:1]:
        rule = f"{column} must be {choices[0]!r} or {choices[1]!r}"
        raise DataError(table.place(index), rule, plain(values[index]), _unanswered(values, index))
    return keys == 1


def _unanswered(values: NDArray[Any], index: int) -> str:
    return "leave out trials that were not answered" if missing(values[index : index + 1])[0] else ""


def _key(value: Any) -> Any:
    """Equal for what stands for the same: 1, 1.0 and "1", or L and l; True is no number."""
    number = math.nan if isinstance(value, bool | np.bool_) else _number(value)
    return str(value).strip().lower() if math.isnan(number) else number


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
