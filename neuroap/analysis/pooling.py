"""Conditions of an experiment that a fit pools because nobody told them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroap.analysis.files import Columns

CONDITION = "condition"


@dataclass(frozen=True, eq=False)
class Pool:
    """Conditions as the table numbers or names them in its column ``condition``.

    Attributes
    ----------
    condition : array of str, shape (n,)
        Of each trial; all alike where the table has no such column.
    columns : tuple of str
        What differs from condition to condition, but is the same within each.
    """

    condition: NDArray[np.str_]
    columns: tuple[str, ...]

    def several(self, rows: NDArray[np.bool_]) -> bool:
        """Whether these trials are of more than one condition."""
        return len(np.unique(self.condition[rows])) > 1

    @property
    def advice(self) -> str:
        """How to fit the conditions one by one."""
        return f"by={self.columns[0]!r} fits them one by one (what differs: {', '.join(self.columns)})"


def pool_of(table: Columns, kept: NDArray[np.bool_], but: Sequence[str]) -> Pool:
    """The conditions of a table.

    Parameters
    ----------
    table : Columns
    kept : array of bool
        Trials that count.
    but : sequence of str
        Columns that hold stimuli and answers.
    """
    if CONDITION not in table.values:
        return Pool(np.full(int(kept.sum()), ""), ())
    condition = table.values[CONDITION][kept].astype(str)
    groups = [condition == each for each in np.unique(condition)]
    columns = [c for c in table.values if c not in (*but, CONDITION) and _tells_apart(table.values[c][kept], groups)]
    return Pool(condition, (*columns, CONDITION))


def _tells_apart(values: NDArray[Any], groups: Sequence[NDArray[np.bool_]]) -> bool:
    """Whether values are alike within each group, and not alike in all."""
    values = values.astype(str) if values.dtype == object else values
    return all(len(np.unique(values[rows])) == 1 for rows in groups) and len(np.unique(values)) > 1
