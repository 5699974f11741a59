"""Psychometric functions, accuracy against noise, and thresholds in the course of learning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from neuroap.analysis.accuracy import accuracy
from neuroap.analysis.conditions import conditions, short, with_units
from neuroap.errors import DataError, SettingError
from neuroap.plotting.learning import COLORS, FONT, GRID, INK

LARGEST, SMALLEST = 36.0, 4.0  # area of a data point, in square points
BAND = 0.18  # opacity
FLOOR = -1.0  # below every axis of probabilities
ALONE = "fit"  # a single curve that needs no legend
KEY = "diamond: PSE, bar: PSE ± JND"
NAMES = {"pse": "PSE", "jnd": "JND", "slope": "slope", "lapse": "lapse rate", "width": "width"}
LEGEND: dict[str, Any] = {"frameon": False, "fontsize": FONT, "handlelength": 1.4, "title_fontsize": FONT}


def plot_psychometric(
    fit: xr.Dataset,
    ax: Axes | None = None,
    *,
    label: str | None = None,
    colors: Sequence[Any] | None = None,
    mark: bool = True,
) -> Axes:
    """Plot data, fitted curves and their credible bands; mark PSE and JND. Nothing is fitted.

    The area of a point goes with its number of trials. At half height a diamond marks the PSE, and a bar on
    both sides of it the JND; for percent correct a diamond on the curve marks the JND, with lapses a bit below 75%.
    The curve is dashed where its spread is not identifiable.

    Parameters
    ----------
    fit : Dataset
        As `fit_psychometric` returns it; each condition gets a colour.
    ax : Axes, optional
        Where to plot, also on top of another fit; by default in a new figure of 5 x 3.5 inches.
    label : str, optional
        Of this fit in the legend; of several conditions, put before each.
    colors : sequence of colours, optional
        One per condition; by default those that the Axes does not have yet.
    mark : bool
        Whether to mark PSE and JND.

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        Trials in place of a fit.
    SettingError
        Another number of colours than of conditions.
    """
    _check_fit(fit, "plot_psychometric")
    ax = _axes(ax)
    every = list(conditions(fit))
    chosen = list(colors) if colors is not None else _next_colors(ax, len(every))
    if len(chosen) != len(every):
        raise SettingError("plot_psychometric.colors", f"must be {len(every)}, one per condition", len(chosen))
    largest = int(fit["n_trials"].max())
    for (key, one), color in zip(every, chosen, strict=True):
        _draw_curve(ax, one, color, _label(label, key))
        _draw_points(ax, one, color, largest)
        if mark:
            _mark(ax, one, color)
    _frame(ax, with_units(fit["x"]), str(fit["curve"].attrs["long_name"]))
    _frame_probability(ax, fit)
    if mark and _has_choices(fit):
        _explain_marks(ax)
    if ax.get_legend_handles_labels()[1] != [ALONE]:
        _legend(ax, _legend_title(fit), "upper left" if _has_choices(fit) else "lower right")
    return ax


def plot_accuracy(data: Any, ax: Axes | None = None, *, by: str = "noise", label: str | None = None) -> Axes:
    """Plot accuracy in % against a condition, with binomial (Wilson) intervals.

    Parameters
    ----------
    data : Dataset or trials
        As `neuroap.analysis.accuracy` returns it, or trials that it takes.
    ax : Axes, optional
        Where to plot; by default in a new figure of 5 x 3.5 inches.
    by : str
        The condition on the horizontal axis.
    label : str, optional
        In the legend.

    Returns
    -------
    Axes
    """
    found = data if isinstance(data, xr.Dataset) and "accuracy" in data else accuracy(data, by)
    ax = _axes(ax)
    (color,) = _next_colors(ax, 1)
    _error_bars(ax, found[by].values, 100 * found["accuracy"], 100 * found["accuracy_interval"], color, label)
    _frame(ax, with_units(found[by]), "accuracy (%)")
    ax.set_ylim(top=100 + 0.02 * (100 - ax.get_ylim()[0]))
    if label:
        _legend(ax, "", "lower left")
    return ax


def plot_threshold(
    fit: xr.Dataset, ax: Axes | None = None, *, name: str = "jnd", along: str = "epoch", label: str | None = None
) -> Axes:
    """Plot one parameter against a condition, for example the JND in the course of training.

    Where the parameter is not identifiable, a cross on the axis says so and the line has a gap.

    Parameters
    ----------
    fit : Dataset
        As `fit_psychometric` returns it with ``by="epoch"``, or by two conditions, of which the
        other gives the colours.
    ax : Axes, optional
        Where to plot; by default in a new figure of 5 x 3.5 inches.
    name : str
        pse, jnd, slope, lapse or width.
    along : str
        The condition on the horizontal axis.
    label : str, optional
        In the legend.

    Returns
    -------
    Axes
    """
    _check_fit(fit, "plot_threshold")
    if along not in fit["identifiable"].dims:
        raise DataError("plot_threshold.along", "is no condition of the fit", along, f'fit with by="{along}"')
    ax = _axes(ax)
    lines = list(conditions(fit, keep=along))
    for (key, one), color in zip(lines, _next_colors(ax, len(lines)), strict=True):
        _error_bars(ax, one[along].values, one[name], one[f"{name}_interval"], color, _label(label, key) or None)
        unknown = one[along].values[np.isnan(one[name].values)]
        ax.plot(unknown, np.full(len(unknown), 0.02), "x", color=color, ms=5, transform=ax.get_xaxis_transform())
    _frame(ax, with_units(fit[along]), with_units(fit[name], NAMES[name]))
    if label or len(lines) > 1:
        _legend(ax, _legend_title(fit, keep=along), "upper right")
    return ax


def _check_fit(fit: Any, where: str) -> None:
    if not isinstance(fit, xr.Dataset) or "identifiable" not in fit:
        got = list(fit) if isinstance(fit, xr.Dataset) else type(fit).__name__
        raise DataError(f"{where}.fit", "is no fit", got, f"fit the trials first: {where}(fit_psychometric(trials))")


def _axes(ax: Axes | None) -> Axes:
    return plt.subplots(figsize=(5, 3.5), layout="constrained")[1] if ax is None else ax


def _label(label: str | None, key: Mapping[str, Any]) -> str:
    return " ".join(part for part in (label, ", ".join(map(short, key.values()))) if part)


def _next_colors(ax: Axes, n: int) -> list[str]:
    """Colours that follow those of the entries which the legend has already."""
    taken = len(ax.get_legend_handles_labels()[1])
    return [COLORS[(taken + k) % len(COLORS)] for k in range(n)]


def _draw_curve(ax: Axes, one: xr.Dataset, color: Any, label: str) -> None:
    partly = "spread not identifiable" if np.isfinite(one["curve"]).all() else "not identifiable"
    what = "" if one["identifiable"] else partly
    style = (0, (3, 1.5)) if what else "-"
    text = f"{label} ({what})".strip() if what else label or ALONE
    ax.plot(one["x"], one["curve"], color=color, lw=1.6, ls=style, label=text, zorder=3)
    ax.fill_between(one["x"], *one["curve_interval"].values, color=color, alpha=BAND, lw=0, zorder=2)


def _draw_points(ax: Axes, one: xr.Dataset, color: Any, largest: int) -> None:
    n = one["n_trials"].values
    there = n > 0
    area = np.maximum(LARGEST * n[there] / largest, SMALLEST)
    proportion = one["n_right"].values[there] / n[there]
    ax.scatter(one["level"].values[there], proportion, s=area, color=color, lw=0.5, ec="white", zorder=4, clip_on=False)


def _mark(ax: Axes, one: xr.Dataset, color: Any) -> None:
    """PSE and JND on the line of 1/2; for percent correct the JND on the curve, at 75% but for lapses."""
    pse, jnd = float(one["pse"]), float(one["jnd"])
    choices = _has_choices(one)
    if choices and np.isfinite(jnd):
        share = jnd / float(one["x"][-1] - one["x"][0])
        short_first = 2.9 - 0.4 * min(share, 1)  # short bars lie on long ones
        ax.plot([pse - jnd, pse + jnd], [0.5, 0.5], color=color, lw=3.5, solid_capstyle="butt", zorder=short_first)
    x, y = (pse, 0.5) if choices else (jnd, float(np.interp(jnd, one["x"], one["curve"])))
    if np.isfinite(x):
        ax.plot(x, y, "D", color="white", mec=color, mew=1.2, ms=4.5, zorder=5)
        ax.plot([x, x], [FLOOR, y], color=color, lw=0.8, ls=":", zorder=1.5, scaley=False)


def _explain_marks(ax: Axes) -> None:
    """Once, however many fits are plotted."""
    if KEY not in [text.get_text() for text in ax.texts]:
        ax.text(0.99, 0.03, KEY, transform=ax.transAxes, ha="right", fontsize=FONT - 1, color=INK)


def _error_bars(ax: Axes, x: Any, y: xr.DataArray, interval: xr.DataArray, color: str, label: str | None) -> None:
    low, high = interval.transpose("bound", ...).values
    around = np.array([y.values - low, high - y.values]).clip(min=0)
    style: dict[str, Any] = {"marker": "o", "ms": 4, "lw": 1.4, "elinewidth": 1, "capsize": 2, "clip_on": False}
    ax.errorbar(x, y.values, around, color=color, label=label, zorder=3, **style)


def _frame(ax: Axes, x: str, y: str) -> None:
    ax.set(xlabel=x, ylabel=y)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=9, steps=[1, 2, 3, 5, 10]))
    ax.grid(color=GRID, lw=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(INK)
    ax.tick_params(labelsize=FONT, color=INK, labelcolor=INK)
    for axis in (ax.xaxis, ax.yaxis):
        axis.label.set(size=FONT + 1, color=INK)


def _frame_probability(ax: Axes, fit: xr.Dataset) -> None:
    lowest = float((fit["n_right"] / fit["n_trials"]).min())  # NaN, where there are no trials, is left out
    low = 0.0 if _has_choices(fit) else min(0.4, lowest)
    ax.set_ylim(low - 0.02, 1.02)
    ax.set_yticks(np.arange(np.ceil(low * 4) / 4, 1.01, 0.25))
    ax.axhline(0.5, color=INK, lw=0.6, zorder=1)


def _legend(ax: Axes, title: str, place: Any) -> None:
    legend = ax.legend(loc=place, title=title, **LEGEND)
    legend.set_zorder(1)


def _legend_title(fit: xr.Dataset, keep: str = "") -> str:
    dims = [d for d in fit["identifiable"].dims if d != keep]
    return ", ".join(with_units(fit[d]) for d in dims)


def _has_choices(fit: xr.Dataset) -> bool:
    return bool(fit.attrs["experiment_type"] == "equal asymptote")
