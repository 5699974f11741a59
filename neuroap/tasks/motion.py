"""Random-dot motion as a stream of evidence: does it go to the left or to the right?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroap.tasks import checks
from neuroap.tasks.task import Levels, Stimuli, TwoAlternative


@dataclass(frozen=True, kw_only=True)
class DotMotion(TwoAlternative):
    """Random-dot motion reduced to its coherence C, in %; negative to the left, positive to the right.

    Each frame shows `channels` inputs, tuned to directions evenly around the circle:
    ``x[t, c] = (C / 100) cos(theta_c) + noise z[t, c]``, ``theta_c = 2 pi c / channels``, ``z ~ normal(0, 1)``
    for each frame and channel. Channel 0 prefers motion to the right; x is the activity relative to that at zero
    coherence. Neurons of area MT respond about linearly to coherence (doi 10.1017/S0952523800010269).

    One frame says little where `noise` is large: an observer does well to integrate
    (doi 10.1146/annurev.neuro.29.051605.113038). See `dprime` for how well one can do.

    Parameters
    ----------
    noise : float
        Standard deviation of the noise of a channel in a frame; full coherence moves the best channel by 1.
    train_levels, jitter : tuple of float, float
        Coherences of the training trials, and their standard deviation, in %.
    frames : int
        Frames in a trial. A row of X is frame after frame: ``X.reshape(n, frames, channels)``.
    channels : int
        Direction-tuned inputs.

    Raises
    ------
    SettingError
        Settings out of range.

    Examples
    --------
    >>> task = DotMotion(frames=8, channels=16, noise=1)
    >>> task.stimuli([-10, 10], seed=0).shape
    (2, 128)
    >>> task.dprime([0, 12.5])
    array([0., 2.])
    """

    noise: float = 1.0
    train_levels: tuple[float, ...] = (-50.0, 50.0)
    frames: int = 8
    channels: int = 16

    name = "motion"
    level_name = "coherence"
    level_units = "%"
    largest_level = 100.0
    noise_name = "noise per frame"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set("frames", checks.count(self._where("frames"), self.frames))
        self._set("channels", checks.count(self._where("channels"), self.channels, least=2))

    @property
    def shape(self) -> tuple[int]:
        """One frame is a row of channels."""
        return (self.channels,)

    @property
    def tuning(self) -> NDArray[np.float64]:
        """Response of each channel to full coherence to the right, shape (channels,)."""
        return np.cos(2 * np.pi * np.arange(self.channels) / self.channels)

    def signal(self, levels: Levels, seed: int) -> Stimuli:
        """Return the same mean activity in every frame, shape (n, frames * channels)."""
        means = np.outer(levels / 100, self.tuning).astype(np.float32)
        return np.tile(means, self.frames)

    def dprime(self, levels: ArrayLike) -> NDArray[np.float64]:
        """Return how well the ideal observer tells a coherence C from -C, shape (n,).

        ``d' = 2 (C / 100) sqrt(frames sum_c cos(theta_c)^2) / noise``, with the sign of C: the distance between
        the means of the two stimuli in standard deviations, along the direction that separates them best. The
        ideal observer adds up all frames, each channel weighed by its tuning, and says "right" with probability
        ``Phi(d' / 2)`` (Phi: the cumulative normal). With three channels or more, the sum is channels / 2.

        Parameters
        ----------
        levels : array of float, shape (n,)
            Coherences in %.

        Returns
        -------
        array of float
            Infinite without noise, but for 0 at level 0.
        """
        distance = 2 * self._checked(levels, "dprime") / 100 * np.sqrt(self.frames * np.sum(self.tuning**2))
        if self.noise == 0:
            return np.where(distance == 0, 0, np.copysign(np.inf, distance))
        return distance / self.noise
