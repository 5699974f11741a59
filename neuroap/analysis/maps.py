"""Maps of any dynamical system, and what they do to small perturbations of a state."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroap.errors import DataError, SettingError
from neuroap.seeds import generator

Floats = NDArray[np.float64]
Advance = Callable[[Floats, Floats], tuple[Floats, Floats]]
DISTANCE = 1e-7  # of two trajectories, in norms of the state: errors of O(distance) and O(1e-16 / distance)


@dataclass(frozen=True, eq=False)
class Map:
    r"""A map of states to states, many rows at once, and its Jacobian if it is known.

    .. math:: x_{t+1} = F(x_t), \qquad p_{t+1} = DF(x_t)\, p_t

    One of `jvp` and `step_with_tangent` is enough. Without them perturbations are followed by two trajectories.
    Row k always is trajectory k, so that parameters and stimuli may have a row for each.

    Parameters
    ----------
    step : callable
        x (B, N) to F(x) (B, N), row by row, in a new array; x stays as it is.
    size : int
        N, the number of variables.
    jvp : callable, optional
        x and p, both (B, N), to DF(x) p (B, N): the Jacobian at x, times the vector in the same row.
    step_with_tangent : callable, optional
        x (B, N) and p (B, K, N) to F(x) and DF(x) p, of the same shapes: K vectors for each state, so that one
        matrix product can serve all of them. The caller writes over p and over what is returned.
    steps_per_unit : float, optional
        How many steps a unit of time has, where time is continuous: tau / dt.
    time_unit : str
        The name of that unit.
    name : str
        What results call the map.
    multiple : int
        The number of states must be a multiple of it: of the stimuli that rows see, the first the first and so on.

    Raises
    ------
    SettingError
        For a size or a multiple that is no positive integer, and steps that are not positive.

    Examples
    --------
    >>> logistic = Map(lambda x: 4 * x * (1 - x), size=1, jvp=lambda x, p: 4 * (1 - 2 * x) * p)
    >>> logistic(np.array([[0.25]]))
    array([[0.75]])
    """

    step: Callable[[Floats], Floats]
    size: int
    jvp: Callable[[Floats, Floats], Floats] | None = None
    step_with_tangent: Advance | None = None
    steps_per_unit: float | None = None
    time_unit: str = "tau"
    name: str = "map"
    multiple: int = 1

    def __post_init__(self) -> None:
        whole("Map.size", self.size, least=1)
        whole("Map.multiple", self.multiple, least=1)
        if self.steps_per_unit is not None and not 0 < self.steps_per_unit < np.inf:
            raise SettingError("Map.steps_per_unit", "must be a positive number", self.steps_per_unit)

    @property
    def method(self) -> str:
        """How perturbations are followed."""
        return "tangent space" if self.jvp or self.step_with_tangent else "two trajectories"

    def __call__(self, x: Floats) -> Floats:
        """Apply `step`, and check the shape of what it gives."""
        return _shaped("step", self.step(x), x.shape)

    def advance(self, scale: Floats) -> Advance:
        """The function that moves states and perturbations by one step.

        Parameters
        ----------
        scale : array, shape (B,)
            Norm of a typical state of each row; only used for two trajectories.

        Returns
        -------
        callable
            x (B, N) and p (B, K, N) to F(x) and DF(x) p.
        """
        if self.step_with_tangent is not None:
            return self._checked
        if self.jvp is not None:
            return self._with_jvp
        return self._two_trajectories(DISTANCE * scale[:, None])

    def _checked(self, x: Floats, p: Floats) -> tuple[Floats, Floats]:
        assert self.step_with_tangent is not None
        moved, grown = self.step_with_tangent(x, p)
        return _shaped("step_with_tangent", moved, x.shape), _shaped("step_with_tangent", grown, p.shape)

    def _with_jvp(self, x: Floats, p: Floats) -> tuple[Floats, Floats]:
        assert self.jvp is not None
        grown = [_shaped("jvp", self.jvp(x, p[:, k]), x.shape) for k in range(p.shape[1])]
        return self(x), np.stack(grown, axis=1)

    def _two_trajectories(self, distance: Floats) -> Advance:
        """Difference quotients; as p has norm 1, this is to rescale the distance in every step."""

        def advance(x: Floats, p: Floats) -> tuple[Floats, Floats]:
            moved = double("Map.step", self.step(x))
            copies = [self(x + distance * p[:, k]) for k in range(p.shape[1])]
            return _shaped("step", moved, x.shape), np.stack([(y - moved) / distance for y in copies], axis=1)

        return advance


def jvp_error(system: Map, initial: ArrayLike | int | None = None, seed: int = 0, epsilon: float = 1e-5) -> float:
    """Compare a Jacobian-vector product with the central difference of the step.

    A random network tells nothing about a Jacobian with a transposed matrix or a derivative at the wrong time:
    its exponents stay nearly the same. This does.

    Parameters
    ----------
    system : Map
        With `jvp` or `step_with_tangent`.
    initial : int or array, shape (B, N), optional
        As of `max_lyapunov`; None: 1, or one for each stimulus.
    seed : int
    epsilon : float
        Half of the difference of states.

    Returns
    -------
    float
        Norm of the difference over the norm of the central difference; 1e-8 or less for smooth maps.

    Raises
    ------
    SettingError
        If the map has no Jacobian.
    """
    if system.method != "tangent space":
        raise SettingError("jvp_error.system", "has neither jvp nor step_with_tangent", system.name)
    x = starts(system, initial, seed, usual=1)
    p = directions(x, 1, seed)
    difference = (system(x + epsilon * p[:, 0]) - system(x - epsilon * p[:, 0])) / (2 * epsilon)
    grown = system.advance(norms(x))(x, p)[1][:, 0]
    return float(np.linalg.norm(grown - difference) / np.linalg.norm(difference))


def starts(system: Map, initial: ArrayLike | int | None, seed: int, usual: int = 1) -> Floats:
    """States to start from, shape (B, N), in an array of their own.

    Parameters
    ----------
    system : Map
    initial : int or array, shape (B, N), optional
        Given, or this many drawn uniformly from [-1, 1].
    seed : int
    usual : int
        How many to draw where nothing is said, or the next multiple of the stimuli of the map.

    Raises
    ------
    DataError
        For an array of another shape, and a number that is no multiple of the stimuli.
    SettingError
        For a number below 1.
    """
    if initial is None:
        initial = next_multiple(usual, system.multiple)
    if isinstance(initial, numbers.Integral):
        check_multiple(whole("initial", initial, least=1), system.multiple)
        return generator(seed, "lyapunov", "initial").uniform(-1, 1, (int(initial), system.size))
    x = np.array(initial, float, ndmin=2)
    if x.ndim != 2 or x.shape[1] != system.size or not len(x):
        hint = "one row per initial condition; an integer draws that many"
        raise DataError("initial", f"must have the shape (B, {system.size})", np.shape(initial), hint)
    check_multiple(len(x), system.multiple)
    return x


def check_multiple(states: int, stimuli: int) -> None:
    """Refuse a number of states of which stimuli cannot have the same number each.

    Raises
    ------
    DataError
        With the next number that would do.
    """
    if states % stimuli:
        hint = f"for example {next_multiple(states, stimuli)}: each stimulus has the same number of states"
        raise DataError("initial", f"must be a multiple of the {stimuli} stimuli", states, hint)


def next_multiple(least: int, of: int) -> int:
    """The smallest multiple of a number that is not below `least`."""
    return -(-least // of) * of


def directions(x: Floats, k: int, seed: int) -> Floats:
    """Random unit vectors, `k` for each state: shape (B, k, N)."""
    p = generator(seed, "lyapunov", "tangents").standard_normal((len(x), k, x.shape[1]))
    p /= norms(p)[..., None]
    return p


def norms(p: Floats) -> Floats:
    """Euclidean norms along the last axis."""
    return np.asarray(np.sqrt(np.vecdot(p, p)))


def scales(x: Floats) -> Floats:
    """Norms of states, and 1 for a state that is at rest or not finite."""
    norm = norms(x)
    return np.where((norm > 0) & np.isfinite(norm), norm, 1.0)


def whole(where: str, value: object, least: int) -> int:
    """Check an integer from `least` on."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or int(value) < least:
        raise SettingError(where, f"must be an integer from {least} on", value)
    return int(value)


def double(where: str, state: ArrayLike) -> Floats:
    """A state as float64; one in lower precision is refused, as two trajectories would differ by rounding errors.

    Raises
    ------
    DataError
        For float32 and float16.
    """
    array = np.asarray(state)
    if array.dtype in (np.float32, np.float16):
        hint = "compute in double precision, or give the map its Jacobian"
        raise DataError(where, "must give float64 to tell two near trajectories apart", str(array.dtype), hint)
    return array.astype(np.float64, copy=False)


def _shaped(function: str, result: ArrayLike, shape: tuple[int, ...]) -> Floats:
    array = np.asarray(result, np.float64)
    if array.shape != shape:
        raise DataError(f"Map.{function}", f"must return an array of shape {shape}", array.shape)
    return array
