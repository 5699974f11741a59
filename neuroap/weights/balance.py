"""Excitation and inhibition in balance: signed weights, the outlier of their mean, the radius of their bulk."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroap.errors import DataError, LayoutError
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

    The outlier is T, the sum of the inputs of every neuron, before the matrix is scaled; so T solves
    T = outlier / radius * bulk(g(T)). Without exact balance the means over j stand for E and I. A neuron without
    inhibitory inputs keeps its excitation.

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
        If no inhibition leaves the outlier that is asked for.
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
    quotient, least = recurrence.outlier / recurrence.radius, float(excitation.min())
    target, lowest = _target(lambda t: bulk_radius(leaving(t), signs), quotient, float(excitation.mean()))
    if target > least:
        most = recurrence.radius * least / bulk_radius(leaving(least), signs)
        rule = f"without inhibition the outlier is at most {most:.3g} at this bulk radius"
        raise LayoutError("Recurrence.outlier", rule, recurrence.outlier, "give a smaller one, or a larger bulk_radius")
    if target == -math.inf:
        rule = (
            f"inhibition widens the bulk too: the outlier stays above {recurrence.radius * lowest:.3g} at this radius"
        )
        hint = "give a larger one, or a larger bulk_radius or connection_rate"
        raise LayoutError("Recurrence.outlier", rule, recurrence.outlier, hint)
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

    Raises
    ------
    DataError
        If `weights` is not square, or `signs` are not one per neuron.
    """
    W = _square("bulk_radius", weights)
    if signs is None:
        return float(np.sqrt(np.square(W).sum() / len(W)))
    signs = np.asarray(signs)
    if signs.shape != (len(W),):
        hint = "cell_signs(area) gives those of an area"
        raise DataError("bulk_radius.signs", f"must be {len(W)} numbers, one per neuron", signs.shape, hint)
    return float(np.sqrt(sum((signs == s).sum() * W[signs == s].var() for s in np.unique(signs))))


def outlier(weights: ArrayLike) -> float:
    r"""The eigenvalue of the mean of signed weights, :math:`\lambda = \tfrac{1}{N} \sum_{ij} w_{ij}`.

    It is one of the weights themselves where the inputs of every neuron have the same sum (exact balance).

    Parameters
    ----------
    weights : array, shape (N, N)

    Raises
    ------
    DataError
        If `weights` is not square.
    """
    W = _square("outlier", weights)
    return float(W.sum() / len(W))


def _square(where: str, weights: ArrayLike) -> Array:
    W = np.asarray(weights, float)
    if W.ndim != 2 or W.shape[0] != W.shape[1] or not W.size:
        raise DataError(f"{where}.weights", "must be a square matrix", W.shape)
    return W


def _ratio(excitation: Array, inhibition: Array) -> Array:
    return np.divide(excitation, inhibition, out=np.zeros_like(inhibition), where=inhibition > 0)


def _target(bulk: Callable[[float], float], quotient: float, unit: float) -> tuple[float, float]:
    """The T of the sign of `quotient` nearest to 0 with T = quotient * bulk(T), and the lowest quotient that has one.

    Weights are linear in T, so that bulk(T)**2 is a parabola, known from its values at -1, 0 and 1 times `unit`. Where
    there is no T, it is infinite.
    """
    left, middle, right = (bulk(t * unit) ** 2 / unit**2 for t in (-1, 0, 1))
    slope, curvature = (right - left) / 2, (right + left) / 2 - middle
    lowest = -1 / math.sqrt(curvature) if curvature > 0 else -math.inf
    if not quotient:
        return 0.0, lowest
    roots = np.roots([1 - quotient**2 * curvature, -(quotient**2) * slope, -(quotient**2) * middle])
    found = [r.real for r in roots if np.isreal(r) and r.real * quotient > 0]
    return min(found, key=abs, default=math.copysign(math.inf, quotient)) * unit, lowest
