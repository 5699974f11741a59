"""Dynamical regimes: exponents against spectral radius, the spectrum of exponents, eigenvalues of weights."""

from __future__ import annotations

import numbers
from collections.abc import Hashable
from typing import Any, Literal

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from numpy.typing import ArrayLike, NDArray

from neuroap.analysis.conditions import with_units
from neuroap.analysis.eigenvalues import outliers
from neuroap.analysis.regimes import CHAOTIC, DIVERGED, PERIODIC, REGIMES, STABLE, UNDECIDED
from neuroap.errors import DataError, SettingError
from neuroap.plotting.learning import COLORS, FONT, GRID, INK

Array = NDArray[np.float64]
SHADES = {STABLE: COLORS[4], PERIODIC: COLORS[5], CHAOTIC: COLORS[1], DIVERGED: "#7A3E9D", UNDECIDED: "#999999"}
SHADE = 0.22  # opacity of regimes
BAND = 0.18  # of standard deviations
LEGEND: dict[str, Any] = {"frameon": False, "fontsize": FONT, "handlelength": 1.6}
MLE, FTMLE, ACCURACY = COLORS[0], COLORS[3], COLORS[2]


def plot_regimes(dataset: xr.Dataset, ax: Axes | None = None, *, along: str = "spectral_radius") -> Axes:
    """Plot Lyapunov exponents against the spectral radius, on the regimes that they were classified into.

    Lines are means over all other dimensions (seeds, networks), bands their standard deviations. The legend says how
    many values were left out, which are not finite: of networks that failed or diverged, or where perturbations vanish.
    Where seeds differ in their regime, each takes its share of the height; that of networks that failed stays white.
    Accuracy has a second axis, on the right.

    Parameters
    ----------
    dataset : Dataset
        ``mle``, and if they are there ``ftmle``, ``regime`` and ``accuracy`` (a fraction), along `along` and any
        other dimensions.
    ax : Axes, optional
        Where to plot; by default in a new figure of 5 x 3.5 inches.
    along : str
        The dimension on the horizontal axis.

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If there is no ``mle``, or it does not depend on `along`.
    """
    if "mle" not in dataset or along not in dataset["mle"].dims:
        raise DataError("plot_regimes", f"must hold 'mle' along {along!r}", dict(dataset.sizes))
    if "horizon" in dataset.get("ftmle", dataset["mle"]).dims:
        raise DataError(
            "plot_regimes.ftmle", "must have one horizon", hint="dataset.sel(horizon=8) takes one of several"
        )
    ax, data = new_axes(ax), dataset.sortby(along)
    if "regime" in data:
        _shade(ax, data["regime"], along)
    ax.axhline(0, color=INK, lw=0.8, zorder=1.5)
    _line(ax, data["mle"], along, color=MLE, label="MLE", ls="-", marker="o")
    if "ftmle" in data:
        _line(ax, data["ftmle"], along, color=FTMLE, label=_ftmle_label(data), ls=(0, (3, 1.5)), marker="s")
    frame(ax, with_units(data[along]), f"Lyapunov exponent ({data['mle'].attrs.get('units', '1/step')})")
    ax.set_xlim(*_edges(data[along].values)[[0, -1]])
    if "accuracy" in data:
        _accuracy(ax, data["accuracy"], along)
    # Below the Axes: within them it would cover curves, which fill the whole height.
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3, columnspacing=1.4, **LEGEND)
    return ax


def plot_spectrum(exponents: xr.Dataset, ax: Axes | None = None, *, label: str = "", color: Any = MLE) -> Axes:
    """Plot the spectrum of Lyapunov exponents, and say which dimension and entropy follow from it.

    Parameters
    ----------
    exponents : Dataset
        As `neuroap.analysis.lyapunov_spectrum` returns it.
    ax : Axes, optional
        Where to plot, also on top of another spectrum; by default in a new figure of 5 x 3.5 inches.
    label : str
        In the legend, before dimension and entropy.
    color : colour

    Returns
    -------
    Axes
    """
    ax = new_axes(ax)
    x, y = exponents["index"].values, exponents["spectrum"].values
    error = np.nan_to_num(exponents["spectrum_se"].values)
    ax.fill_between(x, y - error, y + error, color=color, alpha=BAND, lw=0)
    ax.plot(x, y, "o-", color=color, ms=3, lw=1, label=", ".join(filter(None, [label, _what_follows(exponents)])))
    ax.axhline(0, color=INK, lw=0.8, zorder=1.5)
    frame(ax, "number of the exponent", with_units(exponents["spectrum"], "Lyapunov exponent"))
    ax.legend(loc="lower left", **LEGEND)
    return ax


def plot_eigenvalues(
    weights: ArrayLike,
    ax: Axes | None = None,
    *,
    margin: float | None = None,
    signs: ArrayLike | None = None,
    gain: float = 1.0,
) -> Axes:
    """Plot eigenvalues in the complex plane, with the border of stability and the disc that random weights would fill.

    A fixed point of the map of an area is stable if all eigenvalues of its Jacobian, weights times gain, lie within the
    unit circle: those of the weights within a circle of radius 1 / gain, if all neurons have the same gain.

    Parameters
    ----------
    weights : array, shape (N, N)
        Recurrent weights; or the Jacobian of a map, ``weights * gain`` with the gain of each neuron.
    ax : Axes, optional
        Where to plot; by default in a new figure of 4 x 4 inches.
    margin : float, optional
        How far beyond the disc an outlier lies, see `neuroap.analysis.outliers`.
    signs : array, shape (N,), optional
        Of the cells, if the weights obey Dale's law.
    gain : float
        The slope f'(u) of all neurons: at rest 1 for tanh, 1/2 for the sigmoid
        (``neuroap.layout.activation("sigmoid").slope``).

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If `weights` is not square and finite.
    SettingError
        If `gain` is not a positive number.
    """
    if not isinstance(gain, numbers.Real) or not 0 < gain < np.inf:
        raise SettingError("plot_eigenvalues.gain", "must be a positive number", gain)
    modes = outliers(weights, margin, signs)
    ax = plt.subplots(figsize=(4, 4), layout="constrained")[1] if ax is None else ax
    radius = float(modes["bulk_radius"])
    ax.add_patch(Circle((0, 0), radius, fc=COLORS[4], ec="none", alpha=SHADE, zorder=1, label="bulk"))
    border, name = 1 / gain, "unit circle" if gain == 1 else f"border of stability, gain {gain:.3g}"
    ax.add_patch(Circle((0, 0), border, fc="none", ec=INK, lw=1, ls="--", zorder=2, label=name))
    beyond = modes["outlier"].values
    for chosen, color, size, label in ((~beyond, MLE, 5, "eigenvalues"), (beyond, COLORS[1], 20, "outliers")):
        if chosen.any():
            real, imaginary = (modes[name].values[chosen] for name in ("real", "imaginary"))
            ax.scatter(real, imaginary, s=size, color=color, lw=0, zorder=3, label=label)
    frame(ax, "real part", "imaginary part")
    reach = 1.08 * max(border, radius, float(modes["spectral_radius"]))
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    # Below the Axes: within them it would cover the circles.
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, columnspacing=1.4, **LEGEND)
    return ax


def new_axes(ax: Axes | None) -> Axes:
    """Return `ax`, or the Axes of a new figure of 5 x 3.5 inches."""
    return plt.subplots(figsize=(5, 3.5), layout="constrained")[1] if ax is None else ax


def frame(ax: Axes, x: str, y: str, grid: bool = True) -> None:
    """Label the axes, and keep frame and grid in the background.

    Parameters
    ----------
    ax : Axes
    x, y : str
        Labels.
    grid : bool
    """
    ax.set(xlabel=x, ylabel=y)
    if grid:
        ax.grid(color=GRID, lw=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(INK)
    ax.tick_params(labelsize=FONT, color=INK, labelcolor=INK)
    for axis in (ax.xaxis, ax.yaxis):
        axis.label.set(size=FONT + 1, color=INK)


def _shade(ax: Axes, regime: xr.DataArray, along: str) -> None:
    """Bars behind the curves: of each regime, the share of seeds."""
    edges = _edges(regime[along].values)
    bottom = np.zeros(regime.sizes[along])
    for name in REGIMES:
        share = (regime == name).mean(_others(regime, along)).values
        if share.any():
            style: dict[str, Any] = {"color": SHADES[name], "alpha": SHADE, "lw": 0, "zorder": 0, "label": name}
            ax.bar(edges[:-1], share, np.diff(edges), bottom, align="edge", transform=ax.get_xaxis_transform(), **style)
        bottom += share


def _line(ax: Axes, values: xr.DataArray, along: str, color: str, label: str, ls: Any, marker: str) -> None:
    """Mean and standard deviation over all dimensions but one, of what is finite."""
    finite = values.where(np.isfinite(values))
    label = _counted(label, finite)
    mean, sd = finite.mean(_others(values, along)).values, finite.std(_others(values, along)).values
    x = values[along].values
    ax.fill_between(x, mean - sd, mean + sd, color=color, alpha=BAND, lw=0, zorder=2)
    ax.plot(x, mean, color=color, ls=ls, lw=1.6, marker=marker, ms=3.5, label=label, zorder=3)


def _accuracy(ax: Axes, accuracy: xr.DataArray, along: str) -> None:
    right: Axes = ax.twinx()
    _line(right, 100 * accuracy, along, ACCURACY, "accuracy", "-", "^")
    frame(right, "", "accuracy (%)", grid=False)
    right.spines["right"].set(visible=True, color=ACCURACY)
    right.tick_params(color=ACCURACY, labelcolor=ACCURACY)
    right.yaxis.label.set_color(ACCURACY)
    label = _counted("accuracy", accuracy)
    ax.plot([], [], "^-", color=ACCURACY, lw=1.6, ms=3.5, label=label)  # one legend for both axes


def _counted(label: str, values: xr.DataArray) -> str:
    """The label, and how many values are missing."""
    missing = values.size - int(np.isfinite(values).sum())
    return f"{label} ({missing} left out)" if missing else label


def _edges(x: Array) -> Array:
    """Borders half-way between values, shape (n + 1,); where all values are positive, none lies below 0."""
    if len(x) == 1:
        return np.array([0.5, 1.5]) * x if x[0] > 0 else np.array([-0.5, 0.5]) + x
    middle = (x[:-1] + x[1:]) / 2
    first, last = 2 * x[0] - middle[0], 2 * x[-1] - middle[-1]
    return np.concatenate([[max(first, 0.0) if x[0] >= 0 else first], middle, [last]])


def _others(values: xr.DataArray, along: str) -> list[Hashable]:
    return [dim for dim in values.dims if dim != along]


def _ftmle_label(data: xr.Dataset) -> str:
    return f"FTMLE, {int(data['horizon'])} steps" if "horizon" in data["ftmle"].coords else "FTMLE"


def _what_follows(exponents: xr.Dataset) -> str:
    dimension, entropy = float(exponents["kaplan_yorke"]), float(exponents["entropy"])
    sign: Literal["=", "≥"] = "=" if np.isfinite(dimension) else "≥"
    shown = dimension if sign == "=" else float(exponents["kaplan_yorke_at_least"])
    parts = [f"$D_{{KY}}$ {sign} {shown:.3g}", f"h = {entropy:.3g}" if np.isfinite(entropy) else ""]
    return ", ".join(filter(None, parts))
