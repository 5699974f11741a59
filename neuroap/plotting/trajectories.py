"""Trajectories: rasters of states, and both phases in one basis of principal components."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, SymLogNorm

from neuroap.analysis.conditions import with_units
from neuroap.analysis.trajectories import as_trajectories
from neuroap.errors import DataError
from neuroap.plotting.learning import COLORS, INK
from neuroap.plotting.regimes import LEGEND, frame

PHASE_COLORS = {"inference": COLORS[0], "learning": COLORS[1]}
DECADES = 1e-3  # of the limit: below it a logarithmic raster is linear


def plot_raster(
    states: xr.DataArray, ax: Axes | None = None, *, limit: float | None = None, logarithmic: bool = False
) -> Axes:
    """Plot states, or what becomes of a perturbation, as a raster: steps from left to right, a row per neuron.

    Parameters
    ----------
    states : DataArray or array, dimensions (step, neuron)
        For example the states of one trial, a perturbation, or ``states.diff("step")``.
    ax : Axes, optional
        Where to plot; by default in a new figure of 5 x 2.5 inches.
    limit : float, optional
        The colours span [-limit, limit]; by default the largest absolute value.
    logarithmic : bool
        Colours go with the logarithm, for values that grow or shrink by decades.

    Returns
    -------
    Axes
        With a colour bar beside it.

    Raises
    ------
    DataError
        If there are other dimensions, such as trials.
    """
    data = as_trajectories("plot_raster", states)
    if data.ndim != 2:
        raise DataError(
            "plot_raster", "must have the dimensions (step, neuron)", data.dims, "choose one trial: .isel(trial=0)"
        )
    ax = plt.subplots(figsize=(5, 2.5), layout="constrained")[1] if ax is None else ax
    limit = float(abs(data).max()) or 1.0 if limit is None else limit
    norm = SymLogNorm(DECADES * limit, vmin=-limit, vmax=limit) if logarithmic else Normalize(-limit, limit)
    steps = data["step"].values
    extent = (float(steps[0]) - 0.5, float(steps[-1]) + 0.5, 0, data.sizes["neuron"])
    style = {"aspect": "auto", "interpolation": "nearest", "origin": "lower", "cmap": "RdBu_r"}
    image = ax.imshow(data.values.T, extent=extent, norm=norm, **style)  # type: ignore[arg-type]
    frame(ax, with_units(data["step"], "step"), "neuron", grid=False)
    bar = ax.figure.colorbar(image, ax=ax, pad=0.02, fraction=0.05)
    bar.ax.tick_params(labelsize=LEGEND["fontsize"] - 1, color=INK, labelcolor=INK)
    bar.outline.set_visible(False)
    return ax


def plot_trajectories(components: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Plot inference and learning phases in one basis of principal components.

    A dot is a step; rings are the last states of inference, filled dots those of learning, and a dotted line
    between both is the difference that synapses learn from.

    Parameters
    ----------
    components : Dataset
        As `neuroap.analysis.pca` returns it for one area: ``score(phase, trial, step, component)`` with at least two
        components (three for a 3-D Axes); trials may be missing.
    ax : Axes, optional
        Where to plot, in two or three dimensions; by default in a new figure of 4 x 4 inches.

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If there is no phase, too few components, or another dimension such as area.
    """
    ax = plt.subplots(figsize=(4, 4), layout="constrained")[1] if ax is None else ax
    axes = ("x", "y", "z") if ax.name == "3d" else ("x", "y")
    score = _score(components, len(axes))
    for k in range(score.sizes["trial"]):
        last = {}
        for phase, color in PHASE_COLORS.items():
            path = score.sel(phase=phase).isel(trial=k).dropna("step").transpose("component", "step").values
            ax.plot(*path, ".-", color=color, lw=1, ms=3, alpha=0.7, label=phase if k == 0 else None)
            last[phase] = path[:, -1]
        _mark_ends(ax, last["inference"], last["learning"])
    frame(ax, "", "")
    ratios = components["explained_variance_ratio"].values[: len(axes)]
    for axis, component, ratio in zip(axes, score["component"].values, ratios, strict=True):
        getattr(ax, f"set_{axis}label")(f"PC {component} ({100 * ratio:.0f}%)")
    ax.legend(loc="best", **LEGEND)
    return ax


def _score(components: xr.Dataset, needed: int) -> xr.DataArray:
    score = components["score"] if "trial" in components["score"].dims else components["score"].expand_dims("trial")
    wrong = set(score.dims) ^ {"phase", "trial", "step", "component"}
    if wrong or score.sizes["component"] < needed or not set(PHASE_COLORS) <= set(score["phase"].values.tolist()):
        rule = f"must hold the score of both phases and {needed} components in (phase, trial, step, component)"
        raise DataError("plot_trajectories", rule, dict(components["score"].sizes), 'choose one area: .sel(area="V1")')
    return score.isel(component=slice(needed))


def _mark_ends(ax: Axes, inference: np.ndarray, learning: np.ndarray) -> None:
    ax.plot(*np.stack([inference, learning], axis=1), color=INK, lw=1, ls=":", zorder=4)
    for end, face, color in ((inference, "white", "inference"), (learning, PHASE_COLORS["learning"], "learning")):
        ax.plot(*end[:, None], "o", ms=5, mfc=face, mec=PHASE_COLORS[color], zorder=5)
