"""Trials of a two-alternative task: what was shown, what was answered, under which conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroap.analysis.files import Columns, read_columns
from neuroap.errors import DataError, did_you_mean

LEVEL = ("level", "stimulus")
LEFT_RIGHT = ("left", "right")
CHOICES = "0 and 1, -1 and 1, or left and right"


@dataclass(frozen=True, eq=False)
class Trials:
    """Levels and answers, one per trial.

    Attributes
    ----------
    level : array of float64, shape (n,)
        What was shown: signed evidence where choices are known.
    positive : array of bool, shape (n,)
        The answer was the positive alternative ("right"), or it was correct (see `kind`).
    kind : str
        ``"choice"`` or ``"correct"``.
    words : pair of str
        Names of both answers.
    conditions : dict of str to array of shape (n,)
        Values of the columns that tell conditions apart.
    attrs : mapping of str to mapping
        Units and long names by column; those of the levels are under ``"level"``.
    settings : mapping
        Attributes of the table that the trials come from.
    """

    level: NDArray[np.float64]
    positive: NDArray[np.bool_]
    kind: str
    words: tuple[str, str]
    conditions: dict[str, NDArray[Any]]
    attrs: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Any]


def read_trials(data: Any, by: Sequence[str] = ()) -> Trials:
    """Read levels, answers and conditions from a table or a file.

    Parameters
    ----------
    data : Dataset, DataFrame, mapping of arrays, str or Path
        Columns ``level`` (or ``stimulus``) and ``choice`` (0 and 1, -1 and 1, or left and right); or
        ``correct`` (0 and 1) in place of choices, for levels from 0 on. Trials whose ``correct`` is NaN
        at level 0, where no answer is right, are left out.
    by : sequence of str
        Columns that tell conditions apart.

    Raises
    ------
    DataError
        For a column that is missing, and for levels, answers and conditions that cannot be read.
    """
    table = read_columns(data)
    name = _named(table, LEVEL)
    level = _levels(table, name)
    kind = "correct" if "choice" not in table.values and "correct" in table.values else "choice"
    answers = table.values[_named(table, (kind,))]
    conditions = {c: _condition(table, c) for c in by}
    kept = np.ones(len(level), bool)
    if kind == "correct":
        _check_unsigned(table, level)
        kept = ~((level == 0) & _missing(answers))
    positive = _answers(table, answers, kind, kept)
    attrs = {**table.attrs, "level": {"long_name": name} | dict(table.attrs.get(name, {}))}
    conditions = {c: values[kept] for c, values in conditions.items()}
    words = _words(table) if kind == "choice" else ("wrong", "correct")
    return Trials(level[kept], positive[kept], kind, words, conditions, attrs, table.settings)


def _named(table: Columns, names: Sequence[str]) -> str:
    """The first of `names` that is a column."""
    for name in names:
        if name in table.values:
            return name
    near = {did_you_mean(name, table.values) for name in names}
    hint = next((text for text in sorted(near) if text.startswith("did you")), sorted(near)[0])
    raise DataError(table.source, f"has no column {' or '.join(map(repr, names))}", list(table.values), hint)


def _levels(table: Columns, name: str) -> NDArray[np.float64]:
    values = table.values[name]
    if not len(values):
        raise DataError(table.source, "holds no trials")
    level = np.array([_number(v) for v in values])
    for index in np.flatnonzero(~np.isfinite(level))[:1]:
        raise DataError(table.place(index), f"{name} must be a finite number", _plain(values[index]))
    return level


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def _answers(table: Columns, values: NDArray[Any], kind: str, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """True where the answer is the positive alternative, or correct."""
    pairs = (LEFT_RIGHT, _words(table)) if kind == "choice" else ()
    words = {word.lower(): k for pair in pairs for k, word in enumerate(pair)}
    codes = np.array([float(words.get(str(v).strip().lower(), _number(v))) for v in values])
    allowed = (-1, 1) if kind == "choice" and -1 in codes else (0, 1)
    for index in np.flatnonzero(kept & ~np.isin(codes, allowed))[:1]:
        rule = f"{kind} must be {CHOICES if kind == 'choice' else '0 or 1'}"
        hint = "leave out trials that were not answered" if _missing(values[index : index + 1])[0] else ""
        if kind == "choice" and codes[index] == 0:
            hint = "other choices in this table are -1: use one coding"
        raise DataError(table.place(index), rule, _plain(values[index]), hint)
    return codes > 0


def _words(table: Columns) -> tuple[str, str]:
    """The words that a Dataset has for its choices, the first of which is coded as 0."""
    words = str(table.attrs.get("choice", {}).get("flag_meanings", "")).split()
    return (words[0], words[1]) if len(words) == 2 else LEFT_RIGHT


def _condition(table: Columns, name: str) -> NDArray[Any]:
    values = table.values[_named(table, (name,))]
    for index in np.flatnonzero(_missing(values))[:1]:
        raise DataError(table.place(index), f"the condition {name!r} is missing")
    return values


def _check_unsigned(table: Columns, level: NDArray[np.float64]) -> None:
    for index in np.flatnonzero(level < 0)[:1]:
        hint = "signed levels need the column 'choice', which tells a bias from a lack of sensitivity"
        raise DataError(table.place(index), "percent correct needs levels from 0 on", float(level[index]), hint)


def _missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """True where a value is NaN, None or empty."""
    return np.array([v is None or v != v or str(v).strip() == "" for v in values], bool)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
