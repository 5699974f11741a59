"""Simulated observers whose psychometric function is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from neuroap.seeds import generator

LEVELS = np.linspace(-8, 8, 9)


@dataclass(frozen=True)
class Observer:
    """Answers "right" with probability lapse + (1 - 2 lapse) Phi(z (level - pse) / width), z = 3.29."""

    pse: float = 0.7
    width: float = 6.0
    lapse: float = 0.02

    @property
    def jnd(self) -> float:
        """Written out anew: half of the distance between 25% and 75%."""
        sd = self.width / (ndtri(0.95) - ndtri(0.05))
        return sd * (ndtri(0.75) - ndtri(0.25)) / 2

    @property
    def slope(self) -> float:
        """By a difference quotient at the PSE."""
        h = 1e-5 * self.width
        return float((self.p(self.pse + h) - self.p(self.pse - h)) / (2 * h))

    def p(self, level):
        """Probability of "right"."""
        sd = self.width / (ndtri(0.95) - ndtri(0.05))
        return self.lapse + (1 - 2 * self.lapse) * ndtr((np.asarray(level) - self.pse) / sd)

    def trials(self, repeats: int, seed: int = 0, levels=LEVELS) -> dict[str, np.ndarray]:
        """Levels and choices, `repeats` of each level in random order."""
        rng = generator(seed, "observer", repr(self))
        level = rng.permutation(np.repeat(levels, repeats))
        return {"level": level, "choice": (rng.random(len(level)) < self.p(level)).astype(int)}
