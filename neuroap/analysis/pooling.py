"""Conditions of an experiment that a fit pools because nobody told them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroap.analysis.files import Columns

CONDITION = "condition"
DRAWS = ("seed", "draw")  # they differ between conditions, too, but are none


@dataclass(frozen=True, eq=False)
class Pool:
    """Conditions as the table numbers or names them in its column ``condition``.

    Attributes
    ----------
    condition : array of str, shape (n,)
        Of each trial; all alike where the table has no such column.
    advice : str
        How to fit the conditions one by one.
    """

    condition: NDArray[np.str_]
    advice: str = ""

    def several(self, rows: NDArray[np.bool_]) -> bool:
        """Whether these trials are of more than one condition."""
        return len(np.unique(self.condition[rows])) > 1


def pool_of(table: Columns, kept: NDArray[np.bool_], but: Sequence[str], by: Sequence[str] | None = None) -> Pool:
    """The conditions of a table.

    Parameters
    ----------
    table : Columns
    kept : array of bool
        Trials that count.
    but : sequence of str
        Columns that hold stimuli and answers.
    by : sequence of str, optional
        Columns that tell some conditions apart already; None: nothing can be told apart by more than one.
    """
    own = next((name for name in table.values if name.lower() == CONDITION), None)
    if own is None:
        return Pool(np.full(int(kept.sum()), ""))
    texts = {name: values[kept].astype(str) for name, values in table.values.items()}
    condition = texts[own]
    groups = [condition == each for each in np.unique(condition)]
    others = [c for c in texts if c not in (*but, *(by or ()), *DRAWS, own) and _tells_apart(texts[c], groups)]
    # One column if it suffices, else beside those by which the fit is made, else all, else the number of the condition.
    several = [] if by is None else [*([*by, name] for name in others), [*by, *others]]
    ways = [*([name] for name in others), *several, [own]]
    way = next(w for w in ways if len(set(zip(*(texts[name] for name in w), strict=True))) == len(groups))
    named = repr(way[0]) if len(way) == 1 else repr(way)
    return Pool(condition, f"by={named} fits them one by one (what differs: {', '.join([*others, own])})")


def _tells_apart(values: NDArray[np.str_], groups: Sequence[NDArray[np.bool_]]) -> bool:
    """Whether values are alike within each group, and not alike in all."""
    return all(len(np.unique(values[rows])) == 1 for rows in groups) and len(np.unique(values)) > 1
