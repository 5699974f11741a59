"""Sample stimuli of a two-alternative task: levels side by side, conditions one below the other."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from neuroap.errors import SettingError
from neuroap.tasks import TwoAlternative

GAP = 0.06  # between pictures, which are squares of size 1
PITCH = 1 + GAP
INK, GRID, FONT = "#444444", "#E4E4E4", 8.0


def plot_stimuli(
    tasks: TwoAlternative | Sequence[TwoAlternative],
    levels: ArrayLike | None = None,
    seed: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw a stimulus for each level (columns) and each task (rows), in grey.

    All rows share the seed, so that only what differs between the conditions differs in the figure. They share
    the grey scale too: it is symmetric around 0 and just holds the largest number without noise; noise beyond it
    is black or white. A stimulus with several frames is drawn as a matrix: time to the right, inputs downward.

    Parameters
    ----------
    tasks : TwoAlternative or sequence of them
        One per row, for example ``[task.replace(noise=s) for s in (0, 1, 4)]``.
    levels : array of float, optional
        By default five from the lowest to the highest training level.
    seed : int
        Seeds the draws; the first row shows ``tasks[0].stimuli(levels, seed)``.
    ax : Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    SettingError
        No task, or tasks whose levels are not the same thing.
    DataError
        Levels that a task does not have.
    """
    rows = [tasks] if isinstance(tasks, TwoAlternative) else list(tasks)
    _check(rows)
    columns = _default_levels(rows[0]) if levels is None else np.asarray(levels)
    drawn = [task.stimuli(columns, seed) for task in rows]
    limit = max(np.abs(task.replace(noise=0).stimuli(columns, seed)).max() for task in rows) or 1.0
    if ax is None:
        size = (1.0 + 0.9 * len(columns), 0.7 + 0.9 * len(rows))
        ax = plt.subplots(figsize=size, layout="constrained")[1]
    for k, (task, X) in enumerate(zip(rows, drawn, strict=True)):
        _draw_row(ax, k, [_as_matrix(task, x) for x in X], limit)
    _frame(ax, len(rows), len(columns))
    _label(ax, rows, columns)
    return ax


def _check(tasks: list[TwoAlternative]) -> None:
    if not tasks or not all(isinstance(task, TwoAlternative) for task in tasks):
        hint = "for example GaborOrientation(noise=1)"
        raise SettingError("plot_stimuli.tasks", "must be a task or several", tasks, hint)
    if len(names := {_quantity(task.level_name, task.level_units) for task in tasks}) > 1:
        raise SettingError("plot_stimuli.tasks", "tasks in one figure must have the same kind of level", sorted(names))


def _default_levels(task: TwoAlternative) -> NDArray[np.float64]:
    return np.linspace(min(task.train_levels), max(task.train_levels), 5)


def _as_matrix(task: TwoAlternative, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """A stimulus as a picture: inputs x time if it has frames; planes of a colour image below each other."""
    if task.frames > 1:
        return x.reshape(task.frames, -1).T
    return x.reshape(-1, task.shape[-1] if task.shape else 1)


def _draw_row(ax: Axes, row: int, pictures: list[NDArray[np.float32]], limit: float) -> None:
    for column, picture in enumerate(pictures):
        left, top = column * PITCH, row * PITCH
        extent = (left, left + 1, top + 1, top)
        ax.imshow(picture, "gray", vmin=-limit, vmax=limit, extent=extent, interpolation="nearest")
        ax.add_patch(Rectangle((left, top), 1, 1, fill=False, edgecolor=GRID, lw=0.6))


def _frame(ax: Axes, rows: int, columns: int) -> None:
    """One tick for each row and column, and no frame."""
    ax.set(xlim=(-GAP, columns * PITCH), ylim=(rows * PITCH, -GAP), aspect="equal")
    ax.set_xticks(0.5 + PITCH * np.arange(columns))
    ax.set_yticks(0.5 + PITCH * np.arange(rows))
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, labelsize=FONT, labelcolor=INK)


def _label(ax: Axes, tasks: list[TwoAlternative], levels: NDArray[np.float64]) -> None:
    """Levels below the columns, and beside the rows what differs between the tasks."""
    across = _quantity(tasks[0].level_name, tasks[0].level_units)
    if any(task.frames > 1 for task in tasks):
        across += "\nin each picture time runs to the right"
    down, conditions = _conditions(tasks)
    ax.set_xticklabels([_shown(level) for level in levels.tolist()])
    ax.set_yticklabels(conditions)
    ax.set_xlabel(across, color=INK, fontsize=FONT + 1)
    ax.set_ylabel(down, color=INK, fontsize=FONT + 1)


def _conditions(tasks: list[TwoAlternative]) -> tuple[str, list[str]]:
    """What differs between the tasks, and its value in each; the noise if nothing else does."""
    settings = [task.settings() for task in tasks]
    differing = [key for key in settings[0] if any(other.get(key) != settings[0][key] for other in settings)]
    if set(differing) <= {"noise"}:
        return _quantity(tasks[0].noise_name, tasks[0].noise_units), [_shown(task.noise) for task in tasks]
    return "", ["\n".join(f"{key} {_shown(s.get(key, ''))}" for key in differing) for s in settings]


def _quantity(name: str, units: str) -> str:
    return name if units == "1" else f"{name} ({units})"


def _shown(value: object) -> str:
    """A number with the minus sign that axes have, a range, or text."""
    if isinstance(value, list):
        return " to ".join(map(_shown, value))
    return f"{value:g}".replace("-", "\N{MINUS SIGN}") if isinstance(value, int | float) else str(value)
