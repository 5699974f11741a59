"""Orientation discrimination: is a Gabor patch in pixel noise tilted to the left or to the right?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroap.errors import SettingError
from neuroap.seeds import generator
from neuroap.tasks import checks
from neuroap.tasks.task import Levels, Stimuli, TwoAlternative, chunks
from neuroap.tasks.viewing import Viewing

Array = NDArray[np.float64]
ENVELOPES = ("gaussian", "circular", "none")
NYQUIST = 0.5  # cycles per pixel: a finer grating looks like a coarser one, and this one can vanish


@dataclass(frozen=True, kw_only=True)
class GaborOrientation(TwoAlternative):
    """Gabor patches of orientation a, tilted left (a < 0) or right of the vertical.

    ``g(x, y) = cos(2 pi f (x cos a + y sin a) + phase) envelope(x, y)``,
    ``patch = contrast g / max|g| + noise z``, cut to [-1, 1]; ``z ~ normal(0, 1)`` for each pixel.

    x runs to the right and y downward, in pixels from -size/2 to size/2 - 1. The defaults are the stimuli of
    appendix 2 of Liu et al. 2026 (doi 10.7554/eLife.108237), shape (size, size).

    Parameters
    ----------
    noise : float
        Standard deviation of the pixel noise, in units of the patch (full contrast is 1).
    train_levels, jitter : tuple of float, float
        Orientations of the training trials, and their standard deviation, in degrees.
    size : int
        Width and height in pixels.
    frequency : float or (float, float)
        Spatial frequency f in cycles per pixel, or in cycles per degree if `viewing` is given. A pair is a
        range: each trial draws its own, uniformly.
    phase : float or "random"
        Phase of the grating in degrees; 0 has a bright bar at the centre, 90 an edge. "random": each trial
        draws its own.
    contrast : float
        Michelson contrast of the patch in [0, 1]; the noise keeps its size.
    envelope : {"gaussian", "circular", "none"}
        A Gaussian ``exp(-(x^2 + y^2) / (2 sigma^2))``, a disc of diameter `size`, or the whole square.
    sigma : float
        Standard deviation of the Gaussian in pixels (`Viewing.pixels` converts degrees).
    noise_clip : bool
        Whether the noise is in the patch when that is cut to [-1, 1]; False adds it afterwards, so that it stays
        normal.
    viewing : Viewing, optional
        Pixels per degree of visual angle.

    Raises
    ------
    SettingError
        Settings out of range; a frequency of less than half a cycle per patch, or not below half a
        cycle per pixel.

    Examples
    --------
    >>> task = GaborOrientation(noise=2)
    >>> X, y, levels = task.sample(400, seed=0)
    >>> X.shape
    (400, 1024)
    """

    train_levels: tuple[float, ...] = (-6.0, 6.0)
    jitter: float = 0.5
    size: int = 32
    frequency: float | tuple[float, float] = 0.15
    phase: float | str = 0.0
    contrast: float = 1.0
    envelope: str = "gaussian"
    sigma: float = 10.0
    noise_clip: bool = True
    viewing: Viewing | None = None

    name = "gabor"
    level_name = "orientation"
    level_units = "deg"
    largest_level = 90.0  # a tilt beyond the horizontal is one to the other side
    noise_name = "pixel noise"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set("size", checks.count(self._where("size"), self.size, least=2))
        self._set("contrast", checks.number(self._where("contrast"), self.contrast, 0, 1))
        self._set("sigma", checks.number(self._where("sigma"), self.sigma, least=1e-3))
        self._check_phase()
        checks.one_of(self._where("envelope"), self.envelope, ENVELOPES)
        if not isinstance(self.noise_clip, bool):
            raise SettingError(self._where("noise_clip"), "must be True or False", self.noise_clip)
        if not isinstance(self.viewing, Viewing | None):
            hint = "for example Viewing(pixels_per_degree=30)"
            raise SettingError(self._where("viewing"), "must be a Viewing or None", self.viewing, hint)
        self._check_frequency()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a patch."""
        return (self.size, self.size)

    def stimuli(self, levels: ArrayLike, seed: object) -> Stimuli:
        """Draw one fresh patch for each level, shape (n, size * size); see `TwoAlternative.stimuli`."""
        X = super().stimuli(levels, seed)
        return X.clip(-1, 1, out=X) if self.noise_clip else X

    def signal(self, levels: Levels, seed: int) -> Stimuli:
        """Return patches without noise, shape (n, size * size)."""
        n = len(levels)
        X = np.empty((n, self.columns), np.float32)
        frequency, phase = self._frequencies(n, seed), self._phases(n, seed)
        for k in chunks(n, self.columns):
            patches = self._patches(np.radians(levels[k]), frequency[k], phase[k])
            X[k] = patches.reshape(-1, self.columns)
        return X

    def _patches(self, angle: Array, frequency: Array, phase: Array) -> Array:
        """Patches of n angles (radians), frequencies (cycles per pixel) and phases (radians), (n, size, size)."""
        place = np.arange(-self.size // 2, self.size // 2, dtype=float)
        wave = 2 * np.pi * frequency[:, None] * place  # (n, size)
        across = wave * np.cos(angle)[:, None] + phase[:, None]
        down = wave * np.sin(angle)[:, None]
        # cos(down + across) = cos(down) cos(across) - sin(down) sin(across): a sum of outer products.
        patches: Array = np.cos(down)[:, :, None] * np.cos(across)[:, None, :]
        patches -= np.sin(down)[:, :, None] * np.sin(across)[:, None, :]
        patches *= self._envelope(place)
        largest = np.maximum(patches.max((1, 2)), -patches.min((1, 2)))
        patches *= (self.contrast / largest)[:, None, None]
        return patches

    def _envelope(self, place: Array) -> Array:
        """The window over a patch, (size, size)."""
        square: Array = place**2 + place[:, None] ** 2
        if self.envelope == "gaussian":
            return np.exp(-square / (2 * self.sigma**2))
        inside = square <= (self.size / 2) ** 2 if self.envelope == "circular" else square >= 0
        return inside.astype(float)

    def _frequencies(self, n: int, seed: int) -> Array:
        low, high = self._range()
        if low == high:
            return np.full(n, low)
        return low + (high - low) * generator(seed, self.name, "frequency").random(n)

    def _phases(self, n: int, seed: int) -> Array:
        if isinstance(self.phase, str):
            return 2 * np.pi * generator(seed, self.name, "phase").random(n)
        return np.full(n, np.radians(self.phase))

    def _range(self) -> tuple[float, float]:
        """The lowest and highest frequency in cycles per pixel."""
        low, high = self.frequency if isinstance(self.frequency, tuple) else (self.frequency, self.frequency)
        if self.viewing is None:
            return low, high
        return self.viewing.cycles_per_pixel(low), self.viewing.cycles_per_pixel(high)

    def _check_phase(self) -> None:
        if isinstance(self.phase, str):
            checks.one_of(self._where("phase"), self.phase, ["random"])
        else:
            self._set("phase", checks.number(self._where("phase"), self.phase))

    def _check_frequency(self) -> None:
        where, given = self._where("frequency"), self.frequency
        if isinstance(given, tuple | list):
            if len(given) != 2:
                raise SettingError(where, "a range must be a pair (lowest, highest)", given)
            self._set("frequency", tuple(checks.number(where, f, least=0) for f in given))
        else:
            self._set("frequency", checks.number(where, given, least=0))
        lowest, highest = self._range()
        if not 0.5 / self.size <= lowest <= highest < NYQUIST:
            rule = "must ascend from at least half a cycle in the patch to less than half a cycle per pixel"
            scale = 1 if self.viewing is None else self.viewing.pixels_per_degree
            units = "cycles per pixel" if self.viewing is None else "cycles per degree"
            hint = f"here from {0.5 / self.size * scale:.3g} to {NYQUIST * scale:.3g} {units}"
            raise SettingError(where, rule, given, hint)
