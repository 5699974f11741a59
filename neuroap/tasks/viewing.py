"""Viewing: how many pixels of a screen make a degree of visual angle."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from neuroap.errors import SettingError
from neuroap.tasks import checks


@dataclass(frozen=True)
class Viewing:
    """A viewing geometry.

    Parameters
    ----------
    pixels_per_degree : float
        Pixels in a degree of visual angle, at the centre of the screen.

    Raises
    ------
    SettingError
        If it is not positive.

    Examples
    --------
    >>> view = Viewing.screen(distance_cm=57.3, pixel_mm=0.25)
    >>> round(view.pixels_per_degree)
    40
    >>> round(view.pixels(0.25))
    10
    """

    pixels_per_degree: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "pixels_per_degree", _positive("Viewing.pixels_per_degree", self.pixels_per_degree))

    @classmethod
    def screen(cls, distance_cm: float, pixel_mm: float) -> Self:
        """Make it from the eye's distance to the screen and the size of a pixel.

        A degree around the line of sight covers ``2 distance tan(0.5 deg)`` of the screen.

        Parameters
        ----------
        distance_cm : float
            From the eye to the screen, in centimetres.
        pixel_mm : float
            Width of a pixel in millimetres: that of the screen over its number of pixels.
        """
        distance = 10 * _positive("Viewing.screen.distance_cm", distance_cm)
        return cls(2 * distance * math.tan(math.radians(0.5)) / _positive("Viewing.screen.pixel_mm", pixel_mm))

    def pixels(self, degrees: float) -> float:
        """Convert a length from degrees to pixels."""
        return degrees * self.pixels_per_degree

    def cycles_per_pixel(self, cycles_per_degree: float) -> float:
        """Convert a spatial frequency from cycles per degree to cycles per pixel."""
        return cycles_per_degree / self.pixels_per_degree


def _positive(where: str, value: float) -> float:
    if not (checks.is_number(value) and value > 0):
        raise SettingError(where, "must be a positive number", value)
    return float(value)
