"""Eigenvalues of recurrent weights: radius with the gain of the neurons, bulk and outliers."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from neuroap.analysis.trajectories import Array, labelled, named
from neuroap.errors import DataError, SettingError
from neuroap.weights import bulk_radius, outlier


def effective_spectral_radius(weights: ArrayLike, gain: Any, dt_over_tau: float = 1.0) -> xr.DataArray:
    r"""Spectral radius of the map's Jacobian: that of the weights with the gain of the neurons.

    .. math:: \rho\left((1 - s) I + s \, \mathrm{diag}(f'(u)) W^T\right), \qquad s = dt / \tau

    The gain of a saturated neuron is small: an area with strong input is stable at a spectral radius of W above 1.
    At a fixed point a value below 1 means that it is stable, and its logarithm is the maximum Lyapunov exponent per
    step. Elsewhere the value belongs to one state only, and tells neither stability nor chaos.

    Parameters
    ----------
    weights : array, shape (N, N)
        ``weights[i, j]`` from neuron i to neuron j.
    gain : DataArray or array, shape (..., neuron)
        f'(u) of each neuron: 1 - rate**2 for tanh.
    dt_over_tau : float
        s, in (0, 1]: 1 for the map of an area whose time step is tau.

    Returns
    -------
    DataArray, dimensions (...)
        NaN where a gain is missing.

    Raises
    ------
    DataError
        If `weights` is not square and finite, or `gain` does not have one value for each neuron.
    SettingError
        If `dt_over_tau` is not in (0, 1].
    """
    if not 0 < dt_over_tau <= 1:
        raise SettingError("effective_spectral_radius.dt_over_tau", "must lie in (0, 1]", dt_over_tau)
    W = _square("effective_spectral_radius", weights)
    gains = named("effective_spectral_radius", gain, ("neuron",)).astype(float)
    if gains.sizes["neuron"] != len(W):
        raise DataError("effective_spectral_radius.gain", f"must have {len(W)} neurons", gains.sizes["neuron"])

    def radius(g: Array) -> float:
        if not np.isfinite(g).all():
            return np.nan
        return _radius((1 - dt_over_tau) * np.eye(len(W)) + dt_over_tau * g[:, None] * W.T)

    found = xr.apply_ufunc(radius, gains, input_core_dims=[["neuron"]], vectorize=True)
    return labelled(found, "effective_spectral_radius", "spectral radius with the gain of the neurons")


def outliers(weights: ArrayLike, margin: float | None = None, signs: ArrayLike | None = None) -> xr.Dataset:
    r"""Eigenvalues of a weight matrix, the bulk that they would fill if it were random, and those beyond it.

    .. math:: R = \sqrt{\tfrac{1}{N} \sum_{ij} w_{ij}^2}

    is the radius of the disc that the eigenvalues of a matrix of independent entries of mean 0 fill as N grows (Rajan &
    Abbott 2006, https://doi.org/10.1103/PhysRevLett.97.188104). A structure of low rank, for example what learning
    adds, shows as eigenvalues outside (Tao 2013, https://doi.org/10.1007/s00440-011-0397-9). The mean of weights that
    obey Dale's law is such a structure: with the cells' `signs`, R is that of the deviations from the mean of each
    cell type, see `neuroap.weights.bulk_radius`.

    Parameters
    ----------
    weights : array, shape (N, N)
        ``weights[i, j]`` from neuron i to neuron j.
    margin : float, optional
        An outlier lies beyond (1 + margin) R. By default 2 / sqrt(N): the largest of N eigenvalues of a random matrix
        lies half of 1 / sqrt(N) beyond R on average, and in 19 of 20 matrices (N = 16 to 512) no farther than this.
    signs : array, shape (N,), optional
        1 for excitatory, -1 for inhibitory cells (`neuroap.weights.cell_signs`).

    Returns
    -------
    Dataset
        ``real(mode)`` and ``imaginary(mode)``, by falling modulus; ``outlier(mode)``; ``spectral_radius``,
        ``bulk_radius`` and ``outlier_count``; ``mean_eigenvalue``, that of the mean of all weights, which under Dale's
        law is the outlier of an imbalance.

    Raises
    ------
    DataError
        If `weights` is not square and finite, or `signs` are not one per neuron.
    SettingError
        If `margin` is negative.
    """
    W = _square("outliers", weights)
    margin = 2 / np.sqrt(len(W)) if margin is None else margin
    if not margin >= 0:
        raise SettingError("outliers.margin", "must not be negative", margin)
    if signs is not None and np.shape(signs) != (len(W),):
        raise DataError("outliers.signs", f"must be {len(W)} numbers", np.shape(signs))
    bulk = bulk_radius(W, signs)
    modes = by_modulus(np.linalg.eigvals(W))
    beyond = np.abs(modes) > (1 + margin) * bulk
    return modes_dataset(modes).assign(
        outlier=labelled(xr.DataArray(beyond, dims="mode"), "", "beyond the bulk"),
        outlier_count=labelled(int(beyond.sum()), "", "number of eigenvalues beyond the bulk"),
        bulk_radius=labelled(bulk, "", "radius of the bulk of eigenvalues"),
        mean_eigenvalue=labelled(outlier(W), "", "eigenvalue of the mean of the weights"),
    )


def by_modulus(modes: NDArray[Any]) -> NDArray[np.complex128]:
    """Sort eigenvalues by falling modulus; of a conjugate pair, the one with positive imaginary part comes first."""
    order = np.lexsort((-modes.imag, -np.abs(modes)))
    return np.asarray(modes[order], complex)


def modes_dataset(modes: NDArray[np.complex128]) -> xr.Dataset:
    """Hold eigenvalues in real numbers, as files want them; shape (mode,), sorted by modulus."""
    return xr.Dataset(
        {
            "real": labelled(xr.DataArray(modes.real, dims="mode"), "", "real part"),
            "imaginary": labelled(xr.DataArray(modes.imag, dims="mode"), "", "imaginary part"),
            "spectral_radius": labelled(float(np.abs(modes[0])), "", "largest modulus of the eigenvalues"),
        }
    )


def _radius(matrix: Array) -> float:
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def _square(where: str, weights: ArrayLike) -> Array:
    W = np.asarray(weights, float)
    if W.ndim != 2 or W.shape[0] != W.shape[1] or not W.size:
        raise DataError(f"{where}.weights", "must be a square matrix", W.shape)
    if not np.isfinite(W).all():
        raise DataError(f"{where}.weights", "must be finite")
    return W
