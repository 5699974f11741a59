"""Names of arrays of weights."""

from __future__ import annotations

RECURRENCE, BIAS = ".recurrence", ".bias"


def recurrence_name(area: str) -> str:
    """Name of the recurrent weights of an area."""
    return f"{area}{RECURRENCE}"


def bias_name(node: str) -> str:
    """Name of the bias of an area or output."""
    return f"{node}{BIAS}"
