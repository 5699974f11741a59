"""Orbits whose period, dimension and regime are known."""

from __future__ import annotations

import numpy as np


def logistic(r: float, steps: int, start: float = 0.3, transient: int = 2000) -> np.ndarray:
    """x' = r x (1 - x) after a transient, shape (steps,)."""
    x, found = start, np.empty(steps)
    for t in range(-transient, steps):
        x = r * x * (1 - x)
        if t >= 0:
            found[t] = x
    return found


def rotation(angle: float, steps: int) -> np.ndarray:
    """Points on the unit circle, shape (steps, 2)."""
    turned = angle * np.arange(steps)
    return np.stack([np.cos(turned), np.sin(turned)], axis=1)


def orbit(step, start: np.ndarray, steps: int, transient: int = 0) -> np.ndarray:
    """States of a map after a transient, shape (steps, N)."""
    x, found = np.asarray(start, float)[None], []
    for _ in range(transient + steps):
        x = step(x)
        found.append(x[0])
    return np.array(found[transient:])
