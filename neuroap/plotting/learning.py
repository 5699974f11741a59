"""The learning curve: accuracy against epoch."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

if TYPE_CHECKING:
    from xarray import Dataset

# The palette of Okabe and Ito, which colour-blind readers tell apart.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
INK, GRID = "#444444", "#E4E4E4"
FEW = 12  # epochs up to which every one gets a marker
NARROWEST = 5.0  # percentage points that the axis shows at least: less makes noise look like progress
LINE_HEIGHT = 1.2  # of the labels, in font sizes
FONT = 8.0


@dataclass(frozen=True)
class _Curve:
    """One accuracy of one task, where it was measured."""

    label: str
    color: str
    test: bool
    epochs: NDArray[np.integer]
    percent: NDArray[np.floating]


def plot_learning(history: Dataset, ax: Axes | None = None) -> Axes:
    """Plot training and test accuracy in % against the epoch, one colour per task.

    Parameters
    ----------
    history : Dataset
        As `CorticalClassifier.history_`: ``train_accuracy`` and ``test_accuracy`` (epoch, task), fractions;
        NaN in epochs in which they were not measured, over which the line goes on.
    ax : Axes, optional
        Where to plot; by default in a new figure of 5 x 3.5 inches.

    Returns
    -------
    Axes
    """
    if ax is None:
        ax = plt.subplots(figsize=(5, 3.5), layout="constrained")[1]
    curves = list(_curves(history))
    for curve in curves:
        _draw(ax, curve, with_markers=history.sizes["epoch"] <= FEW)
    _frame(ax, history)
    last = max((int(c.epochs[-1]) for c in curves), default=0)
    _label_ends(ax, [c for c in curves if c.epochs[-1] == last])
    if curves:
        legend = ax.legend(loc="lower right", frameon=False, fontsize=FONT, handlelength=2.4)
        legend.set_zorder(1)
    return ax


def _curves(history: Dataset) -> Iterable[_Curve]:
    tasks = [str(t) for t in history["task"].values]
    for k, task in enumerate(tasks):
        for name, test in (("test_accuracy", True), ("train_accuracy", False)):
            values = 100 * np.asarray(history[name].sel(task=task), float)
            there = np.isfinite(values)
            if there.any():
                kind = "test" if test else "training"
                label = f"{task}, {kind}" if len(tasks) > 1 else kind
                epochs = np.asarray(history["epoch"])[there]
                yield _Curve(label, COLORS[k % len(COLORS)], test, epochs, values[there])


def _draw(ax: Axes, curve: _Curve, with_markers: bool) -> None:
    width, style = (1.8, "-") if curve.test else (1.2, (0, (3, 1.5)))
    ax.plot(
        curve.epochs,
        curve.percent,
        color=curve.color,
        lw=width,
        ls=style,
        label=curve.label,
        alpha=1 if curve.test else 0.75,
        markerfacecolor=curve.color if curve.test else "white",
        zorder=3 if curve.test else 2.5,
        clip_on=False,
        marker="o" if with_markers else None,
        markersize=3.5,
    )


def _frame(ax: Axes, history: Dataset) -> None:
    """Axes, their labels and limits, and a grid that stays in the background."""
    last = int(history["epoch"].max()) if history.sizes["epoch"] else 1
    margin = max(0.02 * (last - 1), 0.5 if last == 1 else 0.0)
    # There is no epoch 0, so it gets no tick.
    ax.set(xlabel="epoch", ylabel="accuracy (%)", xlim=(max(1 - margin, 0.5), last + margin))
    low, high = ax.get_ylim()
    short = max(NARROWEST - (high - low), 0) / 2
    ax.set_ylim(max(low - short, 0), min(high + short, 100))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7, min_n_ticks=1))
    ax.grid(color=GRID, lw=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(INK)
    ax.tick_params(labelsize=FONT, color=INK, labelcolor=INK)
    for axis in (ax.xaxis, ax.yaxis):
        axis.label.set(size=FONT + 1, color=INK)


def _label_ends(ax: Axes, curves: Iterable[_Curve]) -> None:
    """Write the last value at the end of each curve, moved apart where two would overlap."""
    ordered = sorted(curves, key=lambda c: float(c.percent[-1]))
    points = ax.get_window_extent().height / ax.figure.dpi * 72
    low, high = ax.get_ylim()
    apart = LINE_HEIGHT * FONT / points * (high - low)
    heights = spread([float(c.percent[-1]) for c in ordered], apart, high)
    for curve, height in zip(ordered, heights, strict=True):
        ax.annotate(
            f"{curve.percent[-1]:.1f}",
            (1, height),
            (6, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=FONT,
            color=curve.color,
            weight="bold" if curve.test else "normal",
            annotation_clip=False,
        )


def spread(values: list[float], apart: float, high: float = math.inf) -> list[float]:
    """Move ascending values to be at least `apart` from each other, and not above `high`.

    Values that are too near each other are spread around their mean.
    """
    groups: list[list[float]] = []
    for value in values:
        groups.append([value])
        while len(groups) > 1 and _end(groups[-1], -apart) - _end(groups[-2], apart) < apart:
            last = groups.pop()
            groups[-1] += last
    moved = [_end(g, -apart) + k * apart for g in groups for k in range(len(g))]
    for k in reversed(range(len(moved))):
        moved[k] = min(moved[k], high)
        high = moved[k] - apart
    return moved


def _end(group: list[float], apart: float) -> float:
    """The lowest (`apart` negative) or highest place of values spread around their mean."""
    return sum(group) / len(group) + (len(group) - 1) * apart / 2
