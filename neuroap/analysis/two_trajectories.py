"""The maximum Lyapunov exponent from two trajectories, for systems that only a simulator can move on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from neuroap.analysis.growth import log_norms, rescaled
from neuroap.analysis.lyapunov import maximum
from neuroap.analysis.maps import DISTANCE, Floats, directions, double, scales, whole
from neuroap.errors import DataError, SettingError


class Benettin:
    r"""Perturbed copies of states, brought back to a small distance after every step.

    .. math:: y_t = x_t + d\, p_t, \qquad g_t = \ln \frac{\lVert y_{t+1} - x_{t+1} \rVert}{d}, \qquad
              p_{t+1} = \frac{y_{t+1} - x_{t+1}}{\lVert y_{t+1} - x_{t+1} \rVert}

    Copies are moved both nearer and farther: where trajectories approach, differences would else end in rounding
    errors (Benettin, Galgani, Giorgilli and Strelcyn 1980, https://doi.org/10.1007/BF02128236). All copies of a
    state must see the input and the noise that it sees.

    Parameters
    ----------
    copies : int
        K, the copies of each state.
    distance : float
        d in norms of the first state, or in units of the state if that is 0. States must be float64.
    seed : int
        Of the directions.

    Raises
    ------
    SettingError
        For settings out of range.

    Examples
    --------
    >>> benettin, x = Benettin(), np.array([[0.3]])
    >>> copies = benettin.perturb(x)
    >>> for _ in range(1000):
    ...     x, copies = 2.5 * x * (1 - x), 2.5 * copies * (1 - copies)
    ...     copies = benettin.update(x, copies)
    >>> round(float(benettin.result(transient=100).mle), 4)  # -ln 2
    -0.6931
    """

    def __init__(self, copies: int = 1, distance: float = DISTANCE, seed: int = 0) -> None:
        if not 0 < distance < 1:
            raise SettingError("Benettin.distance", "must lie between 0 and 1", distance)
        self.copies, self.distance, self.seed = whole("Benettin.copies", copies, least=1), distance, seed
        self._growth: list[Floats] = []
        self._sizes: list[Floats] = []
        self._state: Floats | None = None

    def perturb(self, reference: ArrayLike) -> Floats:
        """Make copies in random directions, shape (B, K, N), of states (B, N), and forget earlier steps."""
        self._state = x = _rows(reference)
        self._growth, self._sizes = [], [log_norms(x)]
        self._d = (self.distance * scales(x))[:, None, None]
        return x[:, None] + self._d * directions(x, self.copies, self.seed)

    def update(self, reference: ArrayLike, copies: ArrayLike) -> Floats:
        """Note how far copies are from their states after a step, and bring them back.

        Parameters
        ----------
        reference : array, shape (B, N)
        copies : array, shape (B, K, N)

        Returns
        -------
        array, shape (B, K, N)
            The copies from which the next step starts.

        Raises
        ------
        DataError
            For other shapes than those of `perturb`, or without it.
        """
        x, y = _rows(reference), double("Benettin.update", copies)
        if self._state is None:
            raise DataError("Benettin.update", "comes after `perturb`, which makes the copies")
        if x.shape != self._state.shape or y.shape != (len(x), self.copies, x.shape[1]):
            shapes = self._state.shape, (len(self._state), self.copies, self._state.shape[1])
            raise DataError("Benettin.update", f"takes arrays of shapes {shapes}", (x.shape, y.shape))
        with np.errstate(all="ignore"):
            norm, p = rescaled((y - x[:, None]) / self._d)
            self._growth.append(np.log(norm).mean(1))
            self._sizes.append(log_norms(x))
            self._state = x
            return x[:, None] + self._d * p

    def result(self, transient: int = 0, keep: bool = False) -> xr.Dataset:
        """The exponent of all steps but the first `transient`, arranged as by `max_lyapunov`.

        Growth is averaged over the copies of a state. Where a copy met its state, the exponent is -inf; in two
        trajectories that already happens where they approach by a factor of 1e9 in a step.

        Raises
        ------
        SettingError
            If no step is left.
        """
        growth = np.array(self._growth[whole("Benettin.transient", transient, least=0) :])
        if self._state is None or not len(growth):
            rule = f"must be less than the {len(self._growth)} steps that were noted"
            raise SettingError("Benettin.transient", rule, transient)
        attrs = {"method": "two trajectories", "logarithm": "natural", "steps": len(growth), "transient": transient}
        more = {"copies": self.copies, "distance": self.distance, "seed": self.seed}
        half = transient + len(growth) // 2
        sizes = np.stack([self._sizes[t] for t in (transient, half, -1)])
        return maximum(growth, self._state, sizes, keep).assign_attrs(attrs | more)


def two_trajectories(
    step_many: Callable[[Floats], Floats],
    initial: ArrayLike,
    steps: int,
    transient: int = 0,
    copies: int = 1,
    distance: float = DISTANCE,
    seed: int = 0,
    keep: bool = False,
) -> xr.Dataset:
    """Maximum exponent of a system that moves states and their copies as rows of one array.

    Parameters
    ----------
    step_many : callable
        Rows (B (1 + K), N) to the rows one step later: first the B states, then the K copies of the first state,
        of the second and so on.
    initial : array, shape (B, N)
    steps, transient : int
        Steps that count, and steps before them.
    copies, distance, seed
        As of `Benettin`.
    keep : bool
        Keep the growth of every step.

    Returns
    -------
    Dataset
        As of `max_lyapunov`.

    Raises
    ------
    SettingError, DataError
        For settings out of range, and arrays of a wrong shape.
    """
    whole("two_trajectories.steps", steps, least=1)
    whole("two_trajectories.transient", transient, least=0)
    benettin, x = Benettin(copies, distance, seed), _rows(initial)
    y = benettin.perturb(x)
    with np.errstate(all="ignore"):  # what is not finite is found in the result
        for _ in range(transient + steps):
            moved = _moved(step_many, np.concatenate([x, y.reshape(-1, x.shape[1])]))
            x = moved[: len(x)]
            y = benettin.update(x, moved[len(x) :].reshape(y.shape))
    return benettin.result(transient, keep)


def _moved(step_many: Callable[[Floats], Floats], rows: Floats) -> Floats:
    moved = double("two_trajectories.step_many", step_many(rows))
    if moved.shape != rows.shape:
        raise DataError("two_trajectories.step_many", f"must return the shape {rows.shape}", moved.shape)
    return moved


def _rows(state: ArrayLike) -> Floats:
    x = np.array(state, np.float64)
    if x.ndim != 2:
        raise DataError("Benettin", "takes states of shape (B, N), one row each", x.shape)
    return x
