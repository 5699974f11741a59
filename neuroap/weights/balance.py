"""Excitation and inhibition in balance: signed weights, the outlier of their mean, the radius of their bulk."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroap.errors import LayoutError
from neuroap.layout import Recurrence

Array = NDArray[np.floating]


def signed(values: Array, signs: Array) -> Array:
    r"""Weights of a pathway with the signs of their source cells.

    Excitatory cells: :math:`c |w|`; inhibitory cells: :math:`-c\, (n_E / n_I) |w|`; c keeps the root mean square.

    Parameters
    ----------
    values : array, shape (n_source, n_target)
    signs : array, shape (n_source,)
        1 or -1.

    Returns
    -------
    array, shape (n_source, n_target)
    """
    excitatory, inhibitory = (signs > 0).sum(), (signs < 0).sum()
    size = np.where(signs > 0, 1.0, excitatory / inhibitory if excitatory and inhibitory else 1.0)
    found = np.abs(values) * (size * signs)[:, None]
    before, after = np.square(values).sum(), np.square(found).sum()
    return found * np.sqrt(before / after) if after else found


def balanced(magnitudes: Array, signs: Array, recurrence: Recurrence) -> Array:
    r"""Recurrent weights with the signs of their source cells, inhibition scaled against excitation.

    With :math:`E_j = \sum_{i \in E} m_{ij}` and :math:`I_j = \sum_{i \in I} m_{ij}`, the weights of inhibitory cells
    are :math:`-g_j m_{ij}`:

    .. math:: g_j = b\, E_j / I_j \ \text{for a balance b}, \qquad g_j = (E_j - T) / I_j \ \text{for an outlier}

    A neuron without inhibitory inputs keeps its excitation. The outlier is T, the sum of the inputs of every neuron, before the matrix is scaled; so T is the fixed point of
    T = outlier / radius * bulk(g(T)). Without exact balance the means over j stand for E and I.

    Parameters
    ----------
    magnitudes : array, shape (N, N)
        Not negative, ``[pre, post]``.
    signs : array, shape (N,)
    recurrence : Recurrence

    Returns
    -------
    array, shape (N, N)

    Raises
    ------
    LayoutError
        If the outlier that is asked for is larger than without any inhibition.
    """
    excitation = magnitudes[signs > 0].sum(axis=0)  # (post,)
    inhibition = magnitudes[signs < 0].sum(axis=0)
    if not recurrence.exact_balance:
        excitation, inhibition = (np.full_like(x, x.mean()) for x in (excitation, inhibition))

    def leaving(target: float) -> Array:
        g = np.divide(excitation - target, inhibition, out=np.zeros_like(inhibition), where=inhibition > 0)
        return magnitudes * np.where(signs[:, None] > 0, 1.0, -g)  # (pre, post)

    balance = recurrence.balance_or_default
    if balance is not None:
        # A balance is relative to the excitation of each neuron, so that none needs negative inhibition.
        return magnitudes * np.where(signs[:, None] > 0, 1.0, -balance * _ratio(excitation, inhibition))
    assert recurrence.outlier is not None
    target = _target(lambda t: bulk_radius(leaving(t), signs), recurrence.outlier / recurrence.radius)
    least = float(excitation.min())
    if target > least:
        most = recurrence.radius * least / bulk_radius(leaving(least), signs)
        rule = f"without inhibition the outlier is at most {most:.3g} at this bulk radius"
        raise LayoutError("Recurrence.outlier", rule, recurrence.outlier, "give a smaller one, or a larger bulk_radius")
    return leaving(target)


def bulk_radius(weights: ArrayLike, signs: ArrayLike | None = None) -> float:
    r"""Radius of the disc that the eigenvalues of random weights fill, but for outliers.

    .. math:: R = \sqrt{\sum_{pre} \sigma^2_{pre}}

    with the variance of the outgoing weights about the mean of their cell type, or about 0 without cell types
    (Rajan & Abbott 2006, https://doi.org/10.1103/PhysRevLett.97.188104).

    Parameters
    ----------
    weights : array, shape (N, N)
        ``weights[i, j]`` from neuron i to neuron j.
    signs : array, shape (N,), optional
        1 for excitatory, -1 for inhibitory cells; 0 for others.
    """
    W = np.asarray(weights, float)
    if signs is None:
        return float(np.sqrt(np.square(W).sum() / len(W)))
    signs = np.asarray(signs)
    return float(np.sqrt(sum((signs == s).sum() * W[signs == s].var() for s in np.unique(signs))))


def outlier(weights: ArrayLike) -> float:
    r"""The eigenvalue of the mean of signed weights, :math:`\lambda = \tfrac{1}{N} \sum_{ij} w_{ij}`.

    It is one of the weights themselves where the inputs of every neuron have the same sum (exact balance).

    Parameters
    ----------
    weights : array, shape (N, N)
    """
    W = np.asarray(weights, float)
    return float(W.sum() / len(W))


def _ratio(excitation: Array, inhibition: Array) -> Array:
    return np.divide(excitation, inhibition, out=np.zeros_like(inhibition), where=inhibition > 0)


def _target(bulk: Callable[[float], float], quotient: float) -> float:
    """The fixed point T = quotient * bulk(T)."""
    target = 0.0
    for _ in range(ROUNDS):
        new = quotient * bulk(target)
        if abs(new - target) <= CLOSE * abs(new):
            break
        target = new
    return target
