"""Trials of a two-alternative task: what was shown, what was answered, under which conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroap.analysis.answers import coded, missing, plain, words_of
from neuroap.analysis.files import Columns, read_columns
from neuroap.analysis.pooling import Pool, pool_of
from neuroap.errors import DataError, did_you_mean

LEVEL = ("level", "stimulus")
CHOICE = ("choice", "response")
CORRECT = ("correct",)


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
    pool : Pool
        Conditions of the experiment, whether or not they are told apart.
    """

    level: NDArray[np.float64]
    positive: NDArray[np.bool_]
    kind: str
    words: tuple[str, str]
    conditions: dict[str, NDArray[Any]]
    attrs: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Any]
    pool: Pool


def read_trials(data: Any, by: Sequence[str] = (), choices: Sequence[Any] | None = None) -> Trials:
    """Read levels, answers and conditions from a table or a file.

    Parameters
    ----------
    data : Dataset, DataFrame, mapping of arrays, str or Path
        Columns ``level`` (or ``stimulus``) and ``choice`` (or ``response``): 0 and 1, -1 and 1, False and True, or
        left and right; or ``correct`` (0 and 1) in place of choices, for levels from 0 on. Names may be written in
        capitals. Trials whose ``correct`` is NaN at level 0, where no answer is right, are left out.
    by : sequence of str
        Columns that tell conditions apart.
    choices : pair, optional
        How the table writes the choices, that for negative levels first: ``("ccw", "cw")``, ``(1, 2)``.

    Raises
    ------
    SettingError
        For `choices` that are no pair, or of a table without choices.
    DataError
        For a column that is missing, and for levels, answers and conditions that cannot be read.
    """
    table = read_columns(data)
    name = _named(table, LEVEL)
    level = _levels(table, name)
    # A response of two-interval tasks may be anything; where levels have signs, or its codes are named, it is a choice.
    chosen = CHOICE if choices is not None or (level < 0).any() else CHOICE[:1]
    kind = "correct" if _has(table, CORRECT) and not _has(table, chosen) else "choice"
    column = _named(table, CORRECT if kind == "correct" else CHOICE)
    columns = {c: _named(table, (c,)) for c in by}
    kept = np.ones(len(level), bool)
    if kind == "correct":
        _check_unsigned(table, level)
        kept = ~((level == 0) & missing(table.values[column]))
    positive = coded(table, column, kind, kept, choices)
    attrs = {**table.attrs, **{c: table.attrs.get(own, {}) for c, own in columns.items()}}
    attrs |= {"level": {"long_name": name} | dict(table.attrs.get(name, {}))}
    conditions = {c: _condition(table, own)[kept] for c, own in columns.items()}
    words = words_of(table, column, kind, choices)
    pool = pool_of(table, kept, (name, column), [*columns.values()])
    return Trials(level[kept], positive[kept], kind, words, conditions, attrs, table.settings, pool)


def _has(table: Columns, names: Sequence[str]) -> bool:
    return any(each.lower() in names for each in table.values)


def _named(table: Columns, names: Sequence[str]) -> str:
    """The first of `names` that is a column, as it is written there."""
    for name in names:
        found = [each for each in table.values if each.lower() == name.lower()]
        if name in found:
            return name
        if len(found) > 1:
            raise DataError(table.source, f"names of columns must differ by more than capitals: {name!r}", found)
        if found:
            return found[0]
    near = {did_you_mean(name, table.values) for name in names}
    hint = next((text for text in sorted(near) if text.startswith("did you")), sorted(near)[0])
    raise DataError(table.source, f"has no column {' or '.join(map(repr, names))}", list(table.values), hint)


def _levels(table: Columns, name: str) -> NDArray[np.float64]:
    values = table.values[name]
    if not len(values):
        raise DataError(table.source, "holds no trials")
    level = np.array([_number(v) for v in values])
    for index in np.flatnonzero(~np.isfinite(level))[:1]:
        hint = "write decimals with a point" if "," in str(values[index]) else ""
        raise DataError(table.place(index), f"{name} must be a finite number", plain(values[index]), hint)
    return level


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def _condition(table: Columns, name: str) -> NDArray[Any]:
    values = table.values[name]
    for index in np.flatnonzero(missing(values))[:1]:
        raise DataError(table.place(index), f"the condition {name!r} is missing")
    return values


def _check_unsigned(table: Columns, level: NDArray[np.float64]) -> None:
    for index in np.flatnonzero(level < 0)[:1]:
        hint = "signed levels need the column 'choice', which tells a bias from a lack of sensitivity"
        raise DataError(table.place(index), "percent correct needs levels from 0 on", float(level[index]), hint)
