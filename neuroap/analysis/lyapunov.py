"""Maximum and finite-time Lyapunov exponents of any map, from many initial conditions at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from neuroap.analysis.growth import errors, flushed, follow, labelled, log_norms, rates, reasons, settings, unbounded
from neuroap.analysis.maps import Floats, Map, directions, norms, scales, starts, whole

LONG_NAMES = {
    "mle": "maximum Lyapunov exponent, mean over initial conditions",
    "mle_se": "standard error of the maximum exponent, the largest of the three",
    "mle_se_initial": "standard error over initial conditions",
    "mle_se_time": "standard error by batch means over time",
    "mle_drift": "second half of the steps against all",
}


def max_lyapunov(
    system: Map,
    initial: ArrayLike | int | None = None,
    steps: int = 1000,
    transient: int = 500,
    seed: int = 0,
    keep: bool = False,
) -> xr.Dataset:
    r"""Maximum Lyapunov exponent of a map: the mean growth of a small perturbation.

    .. math:: \lambda = \lim_{T \to \infty} \frac1T \sum_{t < T} \ln \lVert DF(x_t)\, p_t \rVert

    with p scaled back to norm 1 after every step (Benettin, Galgani, Giorgilli and Strelcyn 1980,
    https://doi.org/10.1007/BF02128236; Eckmann and Ruelle 1985, https://doi.org/10.1103/RevModPhys.57.617).
    A map without Jacobian is followed by two trajectories, brought back to their distance in every step,
    whether they part or approach.

    Parameters
    ----------
    system : Map
    initial : int or array, shape (B, N), optional
        Initial states, or how many to draw uniformly from [-1, 1]. None: 8, or the next multiple of the stimuli.
    steps : int
        T.
    transient : int
        Steps of state and perturbation before these. Near a fixed point of a random network the perturbation
        needs 60 to 600 of them to find the slowest direction.
    seed : int
        Of initial states and perturbations.
    keep : bool
        Keep the growth of every step too.

    Returns
    -------
    Dataset
        ``mle`` in nats per step, with ``mle_se_initial`` (over initial conditions), ``mle_se_time`` (20 blocks of
        time), ``mle_drift`` (second half against all) and ``mle_se``, the largest of these; ``exponent(initial)``
        and the ``reason(initial)`` why one is not finite: NaN if the state diverged, -inf if the
        perturbation vanished (for two trajectories: if they met). ``mle`` is not finite if one of them is not.
        ``diverged(initial)`` says whether the state grows without bound, by norms that grow as perturbations do: then
        a positive exponent is no sign of chaos. With `keep`, ``growth(step, initial)``. `per_unit_of_time` changes the
        units.

    Raises
    ------
    SettingError, DataError
        For settings out of range, and arrays of a wrong shape.

    Examples
    --------
    >>> logistic = Map(lambda x: 4 * x * (1 - x), size=1, jvp=lambda x, p: 4 * (1 - 2 * x) * p)
    >>> found = max_lyapunov(logistic, initial=[[0.3]], steps=10000)
    >>> round(float(found.mle), 3)  # ln 2
    0.693
    """
    whole("max_lyapunov.steps", steps, least=1)
    whole("max_lyapunov.transient", transient, least=0)
    x = starts(system, initial, seed, usual=8)
    advance = system.advance(scales(x))
    x, p, _ = follow(advance, x, directions(x, 1, seed), transient)
    sizes, halves = [log_norms(x)], []
    for span in (steps // 2, steps - steps // 2):
        x, p, growth = follow(advance, x, p, span)
        sizes.append(log_norms(x))
        halves.append(growth[..., 0])
    attrs = settings(system, initial, steps=steps, transient=transient, seed=seed)
    return maximum(np.concatenate(halves), x, np.stack(sizes), keep).assign_attrs(attrs)


def maximum(growth: Floats, x: Floats, sizes: Floats, keep: bool = False) -> xr.Dataset:
    """Arrange exponents as `max_lyapunov` does.

    Parameters
    ----------
    growth : array, shape (steps, B)
        Of perturbations.
    x : array, shape (B, N)
        The last states.
    sizes : array, shape (3, B)
        As of `unbounded`.
    keep : bool
    """
    exponents = rates(growth, x)
    values = {"mle": exponents.mean()} | {f"mle_{k}": v for k, v in errors(growth, exponents).items()}
    result = xr.Dataset({name: ((), value, labelled(LONG_NAMES[name])) for name, value in values.items()})
    result["exponent"] = ("initial", exponents, labelled("exponent from each initial condition"))
    result["reason"] = ("initial", reasons(exponents), labelled("why the exponent is not finite", "1"))
    diverged = unbounded(sizes, exponents, len(growth))
    result["diverged"] = ("initial", diverged, labelled("whether the state grows without bound", "1"))
    if keep:
        result["growth"] = (("step", "initial"), growth, labelled("logarithm of the growth in each step"))
    return result


def finite_time(
    system: Map,
    horizon: int | Sequence[int],
    initial: ArrayLike | int | None = None,
    transient: int = 0,
    vectors: int = 1,
    seed: int = 0,
) -> xr.Dataset:
    r"""Finite-time exponent (FTMLE): growth of a random perturbation over a number of steps.

    .. math:: \lambda_T(x_0, p_0) = \frac1T \ln \lVert DF(x_{T-1}) \cdots DF(x_0)\, p_0 \rVert

    averaged over initial states and over random directions p_0 of norm 1. It depends on where it starts: above
    the onset of chaos states near a fixed point give the exponent of that point, not of the attractor. The growth
    of the direction that grows most is another quantity, `ftle_max`.

    Parameters
    ----------
    system : Map
    horizon : int or sequence of int
        T; with several, a perturbation is followed to the longest, and read at each.
    initial : int or array, shape (B, N), optional
        Initial states, or how many to draw uniformly from [-1, 1]. None: 64, or the next multiple of the stimuli.
    transient : int
        Steps of the state before the perturbation, to start on the attractor.
    vectors : int
        Directions for each state.
    seed : int
        Of initial states and directions.

    Returns
    -------
    Dataset
        Along `horizon`: ``ftmle``, its ``ftmle_sd`` over states and directions, ``ftmle_se`` over states (nats per
        step), and ``exponent(horizon, initial, vector)``; ``reason(initial)``.

    Raises
    ------
    SettingError, DataError
        For settings out of range, and arrays of a wrong shape.
    """
    horizons, x = _prepared("finite_time", system, horizon, initial, transient, seed, usual=64)
    p = directions(x, whole("finite_time.vectors", vectors, least=1), seed)
    advance, total, exponents = system.advance(scales(x)), np.zeros(p.shape[:2]), []
    for before, t in pairwise([0, *horizons]):
        x, p, growth = follow(advance, x, p, t - before)
        with np.errstate(invalid="ignore"):
            total += growth.sum(0)  # (B, vectors)
        exponents.append(rates(total[None] / t, x))
    attrs = settings(system, initial, transient=transient, seed=seed)
    return _over_horizons("ftmle", horizons, np.stack(exponents)).assign_attrs(attrs)


def ftle_max(
    system: Map, horizon: int | Sequence[int], initial: ArrayLike | int | None = None, transient: int = 0, seed: int = 0
) -> xr.Dataset:
    r"""Largest finite-time exponent: growth of the direction that grows most.

    .. math:: \frac1T \ln s_{\max}\bigl(DF(x_{T-1}) \cdots DF(x_0)\bigr)

    It exceeds the FTMLE, for random networks by 0.69 at T = 1 and 0.2 at T = 8. All N directions are followed:
    memory for B N^2 numbers, and a singular value decomposition for each state and horizon.

    Parameters
    ----------
    system : Map
    horizon : int or sequence of int
        T.
    initial, transient, seed
        As of `finite_time`, but for None: 8.

    Returns
    -------
    Dataset
        Along `horizon`: ``ftle_max``, ``ftle_max_sd`` and ``ftle_max_se`` over states, ``exponent(horizon, initial)``;
        ``reason(initial)``.

    Raises
    ------
    SettingError, DataError
        For settings out of range, and arrays of a wrong shape.
    """
    horizons, x = _prepared("ftle_max", system, horizon, initial, transient, seed, usual=8)
    exponents = _largest(system, x, horizons)[..., None]
    attrs = settings(system, initial, transient=transient, seed=seed)
    return _over_horizons("ftle_max", horizons, exponents).isel(vector=0).assign_attrs(attrs)


def _largest(system: Map, x: Floats, horizons: Sequence[int]) -> Floats:
    """Shape (horizons, B). The product is divided by its norm in every step, for it would overflow."""
    advance = system.advance(scales(x))
    product = np.repeat(np.eye(system.size)[None], len(x), axis=0)  # rows: images of unit vectors
    log_norm, wanted, found = np.zeros(len(x)), set(horizons), {}
    with np.errstate(all="ignore"):
        for t in range(1, horizons[-1] + 1):
            x, product = advance(x, product)
            norm = norms(product.reshape(len(x), -1))
            product = product / np.where(norm > 0, norm, 1)[:, None, None]
            log_norm += np.log(norm)
            if t in wanted:
                found[t] = rates((log_norm + np.log(_first_singular_values(product)))[None] / t, x)
    return np.stack([found[t] for t in horizons])


def _first_singular_values(matrices: Floats) -> Floats:
    """NaN for matrices that are not finite, which the decomposition refuses; 1 for a matrix that vanished."""
    values = np.full(len(matrices), np.nan)
    finite = np.isfinite(matrices).all((1, 2))
    values[finite] = np.linalg.svd(matrices[finite], compute_uv=False)[:, 0]
    return np.where(values == 0, 1, values)


def _prepared(
    where: str, system: Map, horizon: Any, initial: ArrayLike | int | None, transient: int, seed: int, usual: int
) -> tuple[list[int], Floats]:
    """Horizons in ascending order, and the states after the transient."""
    horizons = sorted({whole(f"{where}.horizon", t, least=1) for t in np.ravel(horizon).tolist()})
    x = starts(system, initial, seed, usual)
    with np.errstate(all="ignore"):
        for _ in range(whole(f"{where}.transient", transient, least=0)):
            x = flushed(system(x))
    return horizons, x


def _over_horizons(name: str, horizons: Sequence[int], exponents: Floats) -> xr.Dataset:
    """Means of exponents, shape (horizons, B, vectors)."""
    n_initial = exponents.shape[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, sd = exponents.mean((1, 2)), _sd(exponents.reshape(len(horizons), -1))
        se = _sd(exponents.mean(2)) / np.sqrt(n_initial)
    across = ("horizon", "initial", "vector")
    return xr.Dataset(
        {
            name: ("horizon", mean, labelled("finite-time exponent, mean")),
            f"{name}_sd": ("horizon", sd, labelled("standard deviation of finite-time exponents")),
            f"{name}_se": ("horizon", se, labelled("standard error over initial conditions")),
            "exponent": (across, exponents, labelled("finite-time exponent of each perturbation")),
            "reason": ("initial", reasons(exponents.swapaxes(0, 1)), labelled("why an exponent is not finite", "1")),
        },
        {"horizon": ("horizon", horizons, labelled("length of the time", "step"))},
    )


def _sd(values: Floats) -> Floats:
    """Along the last axis; NaN for one value."""
    return values.std(-1, ddof=1) if values.shape[-1] > 1 else np.full(values.shape[:-1], np.nan)
