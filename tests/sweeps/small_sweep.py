"""A small sweep, and the function that it runs."""

from __future__ import annotations

from neuroap.sweeps import sweep


def scaled(x: float, seed: int, factor: object = 1) -> float:
    """A function to sweep."""
    return x


def settled(over: object = None, **settings: object) -> object:
    """A small sweep."""
    return sweep(scaled, over or {"x": [1]}, **{"store": "store", "workers": 1, **settings})  # type: ignore[arg-type]
