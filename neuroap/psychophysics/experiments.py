"""Experiments: a model answers the trials of a task, and each trial becomes a row of a Dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

import neuroap
from neuroap.errors import DataError, SettingError
from neuroap.psychophysics.labels import labelled
from neuroap.psychophysics.methods import METHODS
from neuroap.psychophysics.observers import Observer
from neuroap.seeds import as_seed, generator
from neuroap.tasks import TwoAlternative
from neuroap.tasks.checks import count
from neuroap.training.learner import choose

LEVELS = 25
NOISE = "task_noise"


def experiment(
    model: Any,
    task: TwoAlternative | Sequence[TwoAlternative],
    levels: ArrayLike | None = None,
    trials: int = 100,
    *,
    noise: float | Sequence[float] | None = None,
    method: str = "constant",
    choice: str = "max",
    seed: Any = 0,
) -> xr.Dataset:
    """Let a model answer the trials of a task, in one or several conditions.

    Every trial shows a fresh stimulus, and every condition draws its own, so that their results are independent.

    Parameters
    ----------
    model : object, or sequence of them
        Has ``predict_proba`` and ``classes_`` (0 and 1), for example what `train` returns or a classifier of
        scikit-learn. A sequence gives the model of each condition.
    task : TwoAlternative, or sequence of them
        A sequence gives the task of each condition.
    levels : array, shape (levels,), optional
        Levels to show; None: 25 between plus and minus twice the largest level of training.
    trials : int
        Trials per level; with "quest+" trials in all.
    noise : float or sequence of float, optional
        Noise levels, each a condition of its own; None: as the task says.
    method : {"constant", "quest+"}
        Constant stimuli: every level equally often. QUEST+: the level that will say most, see `QuestPlus`.
    choice : {"max", "sample"}
        The choice with the larger probability, or one drawn with the probabilities.
    seed : int
        Seeds stimuli and choices.

    Returns
    -------
    Dataset
        One row per trial: ``level``, ``choice`` (1: the second choice), ``p_right`` (its probability), ``correct``
        (NaN at level 0, where nothing is right), ``noise``, ``seed`` and ``draw``: the trials that share a seed
        saw ``task.stimuli(level, seed)``, in the order of ``draw``. Settings in which the conditions differ are
        variables, all others attributes.

    Raises
    ------
    DataError
        A model that is untrained or knows other labels; levels that the task does not have.
    SettingError
        Settings out of range; models and tasks of different numbers.

    Examples
    --------
    >>> trials = experiment(model, task, noise=[1, 2, 4])  # doctest: +SKIP
    >>> fit_psychometric(trials, by="noise")  # doctest: +SKIP
    """
    choose("method", method, tuple(METHODS))
    count("trials", trials)
    pairs = _conditions(model, task, noise)
    root = as_seed(seed)
    shown = usual_levels(pairs[0][1]) if levels is None else _row(levels)
    parts = []
    for number, (observing, shown_task) in enumerate(pairs):
        observer = Observer(observing, shown_task, choice)
        own = as_seed(generator(root, "condition", number))
        parts.append(labelled(METHODS[method](observer, shown, trials, own), shown_task))
    common, varied = _sorted_out([_settings(*pair) for pair in pairs])
    run = {"method": method, "choice_rule": choice, "experiment_seed": root, "neuroap_version": neuroap.__version__}
    return join(parts, **varied).assign_attrs(run | common)


def join(parts: Sequence[xr.Dataset], **conditions: Sequence[Any]) -> xr.Dataset:
    """Put the trials of several experiments into one Dataset.

    Parameters
    ----------
    parts : sequence of Dataset
        Trials, as `experiment` returns them. Attributes in which they differ are left out.
    **conditions : sequence
        New variables, with one value for each part.

    Raises
    ------
    SettingError
        A condition that has not one value for each part.

    Examples
    --------
    >>> join([before, after], learning=["before", "after"])  # doctest: +SKIP
    """
    for name, values in conditions.items():
        if len(values) != len(parts):
            raise SettingError(f"join.{name}", f"must hold one value for each of {len(parts)} parts", values)
    rows = []
    for k, part in enumerate(parts):
        own = {
            n: ("trial", np.full(part.sizes["trial"], v[k]), {"long_name": _words(n)}) for n, v in conditions.items()
        }
        rows.append(part.assign(own))
    return xr.concat(rows, "trial", data_vars="all", combine_attrs="drop_conflicts")


def usual_levels(task: TwoAlternative) -> NDArray[np.float64]:
    """The levels of an experiment that names none, shape (25,)."""
    reach = min(2 * max(map(abs, task.train_levels)), task.largest_level)
    return np.linspace(-reach, reach, LEVELS)


def _conditions(model: Any, task: Any, noise: Any) -> list[tuple[Any, TwoAlternative]]:
    """One pair of model and task for each condition."""
    tasks = list(task) if isinstance(task, Sequence) else [task]
    if not tasks or not all(isinstance(t, TwoAlternative) for t in tasks):
        raise SettingError("task", "must be a TwoAlternative, or a sequence of them", task, "GaborOrientation()")
    if noise is not None:
        tasks = [t.replace(noise=sd) for t in tasks for sd in np.atleast_1d(noise).tolist()]
    models = list(model) if isinstance(model, Sequence) else [model] * len(tasks)
    tasks = tasks * len(models) if len(tasks) == 1 else tasks
    if len(models) != len(tasks) or not models:
        raise SettingError("model", f"must be one, or one for each of {len(tasks)} conditions", len(models))
    if len({(t.level_name, t.level_units, t.choices) for t in tasks}) > 1:
        raise SettingError("task", "all must vary the same level and offer the same choices", [t.name for t in tasks])
    return list(zip(models, tasks, strict=True))


def _row(levels: ArrayLike) -> NDArray[np.float64]:
    """Levels as an array; the task looks at the numbers."""
    try:
        return np.array(levels, np.float64, ndmin=1)
    except (TypeError, ValueError) as error:
        raise DataError("levels", "must be numbers", levels) from error


def _settings(model: Any, task: TwoAlternative) -> dict[str, Any]:
    """What decides about the answers of a condition; of a trained network also which one it is."""
    found = {f"task_{name}": value for name, value in task.settings().items()}
    layout = getattr(model, "layout_", None)
    if layout is None:
        return found | {"model": type(model).__name__}
    return found | {"model": layout.name, "network_seed": model.seed_, "network_epochs": model.n_iter_}


def _sorted_out(settings: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Settings that all conditions share, and values of those in which they differ."""
    common, varied = dict[str, Any](), dict[str, list[Any]]()
    for name in dict.fromkeys(n for each in settings for n in each if n != NOISE):
        values = [each.get(name, "") for each in settings]
        if all(value == values[0] for value in values):
            common[name] = values[0]
        else:
            varied[name] = [str(value) if isinstance(value, list) else value for value in values]
    return common, varied


def _words(name: str) -> str:
    return name.replace("_", " ")
