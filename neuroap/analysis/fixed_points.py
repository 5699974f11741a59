"""Fixed points of a map and their linear stability."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import root as find_root

from neuroap.analysis.eigenvalues import by_modulus, modes_dataset
from neuroap.analysis.maps import double
from neuroap.analysis.trajectories import ROUNDING, Array, labelled, named, rms
from neuroap.errors import DataError, SettingError

Step = Callable[[Array], Array]
Jacobian = Callable[[Array], Array]
DIFFERENCE = 6e-6  # the cube root of the rounding error: the best step of a central difference


def fixed_point(
    step: Step,
    start: ArrayLike | xr.DataArray,
    tolerance: float = 1e-10,
    most_steps: int = 1000,
    polish: bool = True,
    jacobian: Jacobian | None = None,
) -> xr.Dataset:
    r"""Fixed points of a map, :math:`x^* = step(x^*)`: by iteration, and by a root finder where this does not settle.

    Iteration finds the fixed point that attracts the state it starts from. The root finder (Powell's hybrid method,
    `scipy.optimize.root`) also finds unstable ones, near to where the iteration ended.

    Parameters
    ----------
    step : callable
        One step of the map; shapes (k, N) -> (k, N), a state per row.
    start : array, shape (N,) or (k, N), or DataArray with dimension ``neuron``
        Where to start from.
    tolerance : float
        A state is a fixed point when one step changes it by less than this (root mean square over neurons).
    most_steps : int
        After which iteration ends.
    polish : bool
        Let the root finder look where iteration did not settle.
    jacobian : callable, optional
        J(x), shape (N,) -> (N, N): ``J[i, j]`` is the derivative of component i of the step by component j of x.
        By default central differences.

    Returns
    -------
    Dataset
        ``state(..., neuron)``; ``residual(...)``, the change in one step; ``steps(...)``, NaN where iteration did not
        settle; ``found(...)``, whether the residual is below the tolerance.

    Raises
    ------
    DataError
        If `start` is not finite, or `step` changes its shape.
    SettingError
        If `tolerance` is not positive, or `most_steps` is no positive integer.
    """
    if not tolerance > 0:
        raise SettingError("fixed_point.tolerance", "must be positive", tolerance)
    if not isinstance(most_steps, int | np.integer) or most_steps < 1:
        raise SettingError("fixed_point.most_steps", "must be a positive integer", most_steps)
    states = named("fixed_point", start, ("neuron",)).transpose(..., "neuron").astype(float)
    if not np.isfinite(states).all():
        raise DataError("fixed_point.start", "must be finite")
    x, steps = _iterate(step, states.values.reshape(-1, states.sizes["neuron"]), tolerance, most_steps)
    if polish:
        for k in np.flatnonzero(np.isnan(steps) & np.isfinite(x).all(1)):
            x[k] = _root(step, x[k], jacobian, tolerance)
    residual = _change(step, x)
    shape = states.shape[:-1]
    state = states.copy(data=x.reshape(states.shape))

    def each(values: NDArray[Any], name: str, unit: str = "1") -> xr.DataArray:
        return labelled(state.isel(neuron=0, drop=True).copy(data=values.reshape(shape)), "", name, unit)

    return xr.Dataset(
        {
            "state": labelled(state, "", "fixed point"),
            "residual": each(residual, "root mean square change in one step"),
            "steps": each(steps, "steps until iteration settled", "step"),
            "found": each(residual < tolerance, "one step changes the state by less than the tolerance"),
        },
        attrs={"tolerance": tolerance},
    )


def linear_stability(step: Step, state: ArrayLike, jacobian: Jacobian | None = None) -> xr.Dataset:
    r"""Eigenvalues of the Jacobian of a map at a fixed point.

    A fixed point is stable if all eigenvalues lie inside the unit circle. Then perturbations shrink by the spectral
    radius :math:`\rho` per step, and :math:`\ln \rho` is the maximum Lyapunov exponent.

    Parameters
    ----------
    step : callable
        One step of the map; shapes (k, N) -> (k, N), a state per row.
    state : array, shape (N,)
        The fixed point, for example the ``state`` of `fixed_point`.
    jacobian : callable, optional
        J(x), shape (N,) -> (N, N); by default `numerical_jacobian`.

    Returns
    -------
    Dataset
        ``real(mode)`` and ``imaginary(mode)``, by falling modulus; ``spectral_radius``; ``exponent``, its logarithm;
        ``stable``.

    Raises
    ------
    DataError
        If `state` is no single finite state; without `jacobian`, as of `numerical_jacobian`.
    """
    x = np.asarray(state, float)
    if x.ndim != 1 or not x.size or not np.isfinite(x).all():
        raise DataError("linear_stability.state", "must be one finite state, of shape (N,)", x.shape)
    modes = by_modulus(np.linalg.eigvals(_jacobian(step, jacobian, x)))
    radius = float(np.abs(modes[0]))
    with np.errstate(divide="ignore"):  # a radius of 0: perturbations vanish in finitely many steps
        exponent = float(np.log(radius))
    return modes_dataset(modes).assign(
        exponent=labelled(exponent, "", "logarithm of the spectral radius", "1/step"),
        stable=labelled(radius < 1, "", "all eigenvalues inside the unit circle"),
    )


def numerical_jacobian(step: Step, x: ArrayLike) -> Array:
    """Jacobian of a map by central differences, all in one call of `step`.

    Parameters
    ----------
    step : callable
        One step of the map; shapes (k, N) -> (k, N), a state per row.
    x : array, shape (N,)
        The state.

    Returns
    -------
    array, shape (N, N)
        ``J[i, j]``, the derivative of component i of the step by component j of x.

    Raises
    ------
    DataError
        If `step` computes in single precision, or does not treat all rows alike: a map of several stimuli.
    """
    x = np.asarray(x, float)
    h = DIFFERENCE * np.maximum(1, np.abs(x))
    ahead, behind = x + np.diag(h), x - np.diag(h)
    images = double("numerical_jacobian.step", step(np.concatenate([ahead, behind])))  # (2 N, N)
    _check_rows(step, np.tile(x, (2 * len(x), 1)))
    differences = images[: len(x)] - images[len(x) :]
    return np.asarray(differences.T / (np.diag(ahead) - np.diag(behind)))


def _jacobian(step: Step, jacobian: Jacobian | None, x: Array) -> Array:
    return numerical_jacobian(step, x) if jacobian is None else np.asarray(jacobian(x), float)


def _check_rows(step: Step, same: Array) -> None:
    """Refuse a step that leads rows (k, N) which are all the same to different states."""
    images = np.asarray(step(same), float)
    if np.ptp(images, axis=0).max() > ROUNDING * max(float(np.abs(same).max()), float(np.abs(images).max())):
        hint = "take the map of one stimulus, for example area_map(model, area, X[:1])"
        raise DataError("numerical_jacobian.step", "must lead the same state to the same one in every row", hint=hint)


def _stepped(step: Step, x: Array) -> Array:
    found = np.asarray(step(x), float)
    if found.shape != x.shape:
        raise DataError("fixed_point.step", f"must return the shape of its states, {x.shape}", found.shape)
    return found


def _change(step: Step, x: Array) -> Array:
    with np.errstate(all="ignore"):  # states that run away
        return rms(_stepped(step, x) - x)


def _iterate(step: Step, x: Array, tolerance: float, most: int) -> tuple[Array, Array]:
    """States (k, N) after iteration, and steps until each settled (k,), NaN where it did not."""
    steps = np.full(len(x), np.nan)
    with np.errstate(all="ignore"):
        for t in range(most):
            after = _stepped(step, x)
            steps[np.isnan(steps) & (rms(after - x) < tolerance)] = t
            if not np.isnan(steps).any():
                break
            x = np.where(np.isnan(steps)[:, None], after, x)
    return x.copy(), steps


def _root(step: Step, x: Array, jacobian: Jacobian | None, tolerance: float) -> Array:
    """One root (N,) of step(x) - x, or the best that the search came to."""

    def residual(y: Array) -> Any:
        return _stepped(step, y[None])[0] - y

    def slope(y: Array) -> Array:
        return _jacobian(step, jacobian, y) - np.eye(len(y))

    with np.errstate(all="ignore"):
        found = find_root(residual, x, jac=slope, method="hybr", options={"xtol": min(tolerance, 1e-8) / 100})
    return np.asarray(found.x, float)
