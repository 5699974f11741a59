"""Excitatory and inhibitory populations: rates through both phases, and which way errors nudge them."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from neuroap.analysis.conditions import with_units
from neuroap.analysis.populations import CELLS, NAMES, silent_cells
from neuroap.errors import DataError, did_you_mean
from neuroap.plotting.learning import COLORS, INK
from neuroap.plotting.regimes import BAND, LEGEND, frame, new_axes

CELL_COLORS = {"E": COLORS[1], "I": COLORS[0]}
PHASES = ("inference", "learning")
GAP = 1.0  # steps between the phases
BINS = 61
TICKS = 4  # intervals between ticks of errors, whose labels are long


def plot_population(rates: xr.Dataset, area: str, block: str, ax: Axes | None = None) -> Axes:
    """Plot mean rates of the excitatory and inhibitory cells of a block through both phases.

    Lines are means over trials, bands their standard deviation. The learning phase stands behind the inference phase,
    on a grey ground. Silent cells are left out; the legend tells a type that is silent.

    Parameters
    ----------
    rates : Dataset
        As `neuroap.analysis.population_rates` returns it.
    area, block : str
    ax : Axes, optional
        Where to plot; by default in a new figure of 5 x 3.5 inches.

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If there is no such area or block, all its cells are silent, or the Dataset is one of another kind.
    """
    if "rate" not in rates or not {"block", "cell"} <= set(rates["rate"].dims):
        hint = "give those of a recording: plot_population(population_rates(recording), ...)"
        raise DataError("plot_population", "needs the rates of populations", dict(rates.sizes), hint)
    population = _chosen(_chosen(rates, "area", area), "block", block)
    one, silent = population["rate"], _silent(population)
    if not one.notnull().any():
        rule = "has only silent cells in this block" if silent else "has no cells in this block, or did not settle"
        raise DataError("plot_population", f"area {area!r} {rule}", block)
    ax = new_axes(ax)
    named = set[str]()
    shift, ticks = 0.0, dict[float, str]()
    for phase in one["phase"].values:
        shown = one.sel(phase=phase).dropna("step", how="all")
        if not shown.sizes["step"]:
            continue
        x = shown["step"].values + shift
        if phase == PHASES[1]:
            ax.axvspan(x[0] - GAP / 2, x[-1] + GAP / 2, color="#EFEFEF", lw=0, zorder=0)
        ax.text(
            x.mean(),
            1.0,
            str(phase),
            transform=ax.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize=7,
            color=INK,
        )
        for cell in CELLS:
            if shown.sel(cell=cell).notnull().any():
                _line(ax, x, shown.sel(cell=cell), cell, label="" if cell in named else NAMES[cell])
                named.add(cell)
        ticks |= {float(x[0]): f"{shown['step'].values[0]:g}", float(x[-1]): f"{shown['step'].values[-1]:g}"}
        shift = float(x[-1]) + GAP - 1
    frame(ax, with_units(one["step"], "step"), "mean rate")
    ax.set_xticks(list(ticks), list(ticks.values()))
    _name_silent(ax, silent)
    ax.legend(loc="best", **LEGEND)
    return ax


def plot_errors(recording: xr.Dataset, area: str, block: str, ax: Axes | None = None) -> Axes:
    """Plot the distribution of errors of the excitatory and inhibitory cells of a block, over trials and cells.

    Parameters
    ----------
    recording : Dataset
        As `CorticalClassifier.record` returns it with labels.
    area, block : str
    ax : Axes, optional
        Where to plot; by default in a new figure of 5 x 3.5 inches.

    Returns
    -------
    Axes
        With a legend that says in which fraction of cases the error raised the rate. Silent cells have no error.

    Raises
    ------
    DataError
        If there are no errors, no such area or block, or the Dataset is one of another kind.
    """
    if "error" not in recording.data_vars:
        raise DataError("plot_errors", "the recording holds no errors", hint="record with labels: model.record(X, y)")
    if "neuron" not in recording["error"].dims:
        hint = "give the recording itself: plot_errors(model.record(X, y), ...)"
        raise DataError("plot_errors", "needs the error of every neuron", dict(recording["error"].sizes), hint)
    one = _chosen(recording, "area", area)
    belongs = np.array([block in str(text).split("+") for text in one["block"].values])
    if not belongs.any():
        known = {part for text in np.unique(one["block"]) for part in str(text).split("+") if part}
        raise DataError("plot_errors", "no such block", block, did_you_mean(block, sorted(known)))
    of_type = {c: belongs & (one["cell"].values == c) for c in CELLS}
    living = ~silent_cells(one).values
    silent = [c for c, chosen in of_type.items() if chosen.any() and not (chosen & living).any()]
    errors = {c: one["error"].values[:, chosen & living].ravel() for c, chosen in of_type.items()}
    errors = {cell: e[np.isfinite(e)] for cell, e in errors.items() if np.isfinite(e).any()}
    if not errors and silent:
        raise DataError("plot_errors", f"all cells of {area}.{block} are silent", silent)
    if not errors:
        hint = "it takes Area(..., excitatory=0.8), and an error that reaches the area"
        raise DataError("plot_errors", f"no errors of excitatory or inhibitory cells in {area}.{block}", hint=hint)
    ax, reach = new_axes(ax), max(float(np.quantile(abs(e), 0.99)) for e in errors.values()) or 1.0
    for cell, e in errors.items():
        label = f"{NAMES[cell]}, raised in {100 * (e < 0).mean():.0f}%"
        style: dict[str, Any] = {"histtype": "step", "lw": 1.5, "color": CELL_COLORS[cell], "label": label}
        ax.hist(e, list(np.linspace(-reach, reach, BINS)), density=True, **style)
    _name_silent(ax, silent)
    ax.axvline(0, color=INK, lw=0.8, zorder=1.5)
    ax.set_ylim(top=1.3 * ax.get_ylim()[1])  # room for the legend
    frame(ax, "error, r inference - r learning", "density")
    ax.xaxis.set_major_locator(MaxNLocator(TICKS))
    ax.legend(loc="upper left", **LEGEND)
    return ax


def _chosen(dataset: xr.Dataset, dim: str, name: str) -> xr.Dataset:
    known = [str(each) for each in dataset[dim].values]
    if name not in known:
        raise DataError("populations", f"no such {dim}", name, did_you_mean(name, known))
    return dataset.sel({dim: name})


def _silent(population: xr.Dataset) -> list[str]:
    """Types of which a population has only silent cells."""
    if not {"cells", "silent"} <= set(population):
        return []
    gone = (population["cells"] > 0) & (population["silent"] == population["cells"])
    return [cell for cell in CELLS if bool(gone.sel(cell=cell))]


def _name_silent(ax: Axes, cells: list[str]) -> None:
    """Tell in the legend what is left out."""
    for cell in cells:
        ax.plot([], [], color=CELL_COLORS[cell], lw=1.5, ls=":", label=f"{NAMES[cell]}, silent")


def _line(ax: Axes, x: Any, values: xr.DataArray, cell: str, label: str) -> None:
    """Mean and standard deviation over trials."""
    mean, sd = values.mean("trial").values, values.std("trial").values
    ax.fill_between(x, mean - sd, mean + sd, color=CELL_COLORS[cell], alpha=BAND, lw=0)
    ax.plot(x, mean, ".-", color=CELL_COLORS[cell], lw=1.6, ms=4, label=label or None)
