"""How many dimensions trajectories use: participation ratio, and principal components in one basis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroap.analysis.trajectories import Array, as_trajectories, is_constant, labelled
from neuroap.errors import SettingError

Mask = NDArray[np.bool_]
ONE_BASIS = ("phase", "trial", "step")


def participation_ratio(trajectories: Any, over: Sequence[str] = ("step",)) -> xr.Dataset:
    r"""Effective number of dimensions of the states.

    .. math:: PR = \frac{(\sum_k \lambda_k)^2}{\sum_k \lambda_k^2}

    with the eigenvalues of the covariance matrix of neurons: 1 on a line, N for N independent neurons of equal
    variance. Abbott, Rajan & Sompolinsky (2011), https://arxiv.org/abs/0912.3832

    T independent samples show at most T dimensions, :math:`1/PR_T \approx 1/PR + 1/T`. ``corrected`` removes this bias;
    it is of use for states that are nearly independent from step to step, not for slow or regular ones.

    Parameters
    ----------
    trajectories : Dataset, DataArray or array, shape (..., step, neuron)
        After the transient.
    over : sequence of str
        Dimensions whose states are pooled; all others get a ratio each.

    Returns
    -------
    Dataset
        ``participation_ratio(...)``, ``corrected(...)`` and ``samples(...)``, the number of states. 0 where the
        states are constant, to 1e-9 of the largest, NaN where a state is incomplete.

    Raises
    ------
    DataError
        If `trajectories` has no step or neuron.
    SettingError
        If `over` names an unknown dimension.
    """
    data = as_trajectories("participation_ratio", trajectories)
    pooled = _pooled("participation_ratio", data, over, required=True)
    ratio, samples = xr.apply_ufunc(
        lambda X: _ratio(_complete(X)[0]),
        data,
        input_core_dims=[[*pooled, "neuron"]],
        output_core_dims=[[], []],
        vectorize=True,
    )
    corrected = xr.where(ratio > 0, 1 / (1 / ratio.where(ratio > 0) - 1 / samples), ratio)
    return xr.Dataset(
        {
            "participation_ratio": labelled(ratio, "", "participation ratio"),
            "corrected": labelled(corrected, "", "participation ratio, corrected for the number of samples"),
            "samples": labelled(samples, "", "number of states"),
        }
    )


def pca(trajectories: Any, components: int = 3, over: Sequence[str] = ONE_BASIS) -> xr.Dataset:
    """Principal components of trajectories, several phases and trials in one basis.

    Each area gets a basis of its own, in which the states of its inference and learning phases, of all trials, can
    be compared (as in figure 3 of Liu et al. 2026, https://doi.org/10.7554/eLife.108237). The largest loading of
    each component is positive.

    Parameters
    ----------
    trajectories : Dataset, DataArray or array, shape (..., step, neuron)
        For example what `CorticalClassifier.record` returns.
    components : int
        How many components, at most as many as there are neurons, or states.
    over : sequence of str
        Dimensions whose states share a basis, where `trajectories` has them.

    Returns
    -------
    Dataset
        ``score(..., component)`` of each state; ``explained_variance_ratio(component)``;
        ``loading(component, neuron)`` and ``mean(neuron)``: the last three also along dimensions that are not in
        `over`. NaN for states that are incomplete, and neurons that do not exist.

    Raises
    ------
    DataError
        If `trajectories` has no step or neuron.
    SettingError
        If `components` is no integer from 1 to the number of neurons or states.
    """
    data = as_trajectories("pca", trajectories)
    pooled = _pooled("pca", data, over)
    most = min(data.sizes["neuron"], math.prod(data.sizes[d] for d in pooled))
    if not isinstance(components, int | np.integer) or not 1 <= components <= most:
        raise SettingError("pca.components", f"must be an integer from 1 to {most}", components)
    score, ratio, loading, mean = xr.apply_ufunc(
        lambda X: _components(X, int(components)),
        data,
        input_core_dims=[[*pooled, "neuron"]],
        output_core_dims=[[*pooled, "component"], ["component"], ["component", "neuron"], ["neuron"]],
        vectorize=True,
    )
    return xr.Dataset(
        {
            "score": labelled(score, "", "score in the basis of all states"),
            "explained_variance_ratio": labelled(ratio, "", "part of the variance explained"),
            "loading": labelled(loading, "", "loading of each neuron"),
            "mean": labelled(mean, "", "mean over all states"),
        }
    ).assign_coords(component=("component", np.arange(1, components + 1), {"long_name": "principal component"}))


def _pooled(where: str, data: xr.DataArray, over: Sequence[str], required: bool = False) -> list[str]:
    """Dimensions of `data` that are in `over`."""
    unknown = [d for d in over if d not in data.dims]
    if "neuron" in over or "step" not in over or (required and unknown):
        hint = f"dimensions are {', '.join(map(str, data.dims))}"
        raise SettingError(f"{where}.over", "must name dimensions, 'step' among them and 'neuron' not", over, hint)
    return [str(d) for d in data.dims if d in over]


def _complete(X: Array) -> tuple[Array, Mask, Mask]:
    """States that are complete, shape (samples, neurons that exist); which states, and which neurons, these are."""
    X = X.reshape(-1, X.shape[-1])
    there = np.isfinite(X)
    neurons = there.any(0)
    states = there[:, neurons].all(1) & neurons.any()
    return X[np.ix_(states, neurons)], states, neurons


def _ratio(X: Array) -> tuple[float, int]:
    if not X.size:
        return np.nan, 0
    if is_constant(X):
        return 0.0, len(X)
    X = X - X.mean(0)
    X /= np.abs(X).max()  # fourth powers of small numbers would vanish
    K = X @ X.T if len(X) < X.shape[1] else X.T @ X  # both have the same eigenvalues but for zeros
    return float(np.trace(K) ** 2 / (K**2).sum()), len(X)


def _components(X: Array, k: int) -> tuple[Array, Array, Array, Array]:
    """Scores (..., k), explained variance (k,), loadings (k, neuron), mean (neuron,)."""
    chosen, states, neurons = _complete(X)
    score, ratio = np.full((len(states), k), np.nan), np.full(k, np.nan)
    loading, mean = np.full((k, len(neurons)), np.nan), np.full(len(neurons), np.nan)
    found = min(k, *chosen.shape)
    if found:
        mean[neurons] = chosen.mean(0)
        U, s, V = np.linalg.svd(chosen - mean[neurons], full_matrices=False)
        sign = np.sign(V[np.arange(found), np.abs(V[:found]).argmax(1)])
        score[states, :found] = (U * s)[:, :found] * sign
        loading[:found, neurons] = V[:found] * sign[:, None]
        ratio[:found] = 0 if is_constant(chosen) else (s**2 / (s @ s))[:found]
    return score.reshape(*X.shape[:-1], k), ratio, loading, mean
