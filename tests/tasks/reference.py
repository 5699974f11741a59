"""Gabor patches pixel by pixel, written to be read."""

import math

import numpy as np


def gabor(level, size=32, frequency=0.15, phase=0.0, sigma=10.0, contrast=1.0, inside=None):
    """One patch, shape (size * size,); `inside(x, y)` replaces the Gaussian, `phase` is in degrees."""
    a = math.radians(level)
    places = np.linspace(-size // 2, size // 2 - 1, size)
    values = []
    for y in places:
        for x in places:
            wave = math.cos(2 * math.pi * frequency * (x * math.cos(a) + y * math.sin(a)) + math.radians(phase))
            window = math.exp(-(x * x + y * y) / (2 * sigma * sigma)) if inside is None else float(inside(x, y))
            values.append(wave * window)
    largest = max(abs(v) for v in values)
    return np.array([contrast * v / largest for v in values])
