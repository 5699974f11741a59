"""Experiments: a model answers the trials of a task, and each trial becomes a row of a Dataset."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

import neuroap
from neuroap.errors import SettingError
from neuroap.psychophysics.conditions import pairs_of, plain, settings_of, sorted_out, tasks_of
from neuroap.psychophysics.labels import CONDITION, labelled, numbered
from neuroap.psychophysics.methods import METHODS, QUEST_PLUS
from neuroap.psychophysics.observers import CHOICE_RULES, Observer
from neuroap.psychophysics.questplus import QuestPlus
from neuroap.seeds import as_seed, generator
from neuroap.tasks import TwoAlternative
from neuroap.tasks.checks import count, row_of_levels
from neuroap.training.learner import choose

LEVELS = 25


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
    Sequences are paired, not crossed: the first model sees the first task, the second model the second.

    Parameters
    ----------
    model : object, or sequence of them
        Has ``predict_proba`` and ``classes_`` (0 and 1), for example what `train` returns or a classifier of
        scikit-learn. A sequence gives the model of each condition.
    task : TwoAlternative, or sequence of them
        A sequence gives the task of each condition; one task goes with every model.
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
        (NaN at level 0, where nothing is right), ``noise``, ``condition`` (its number, from 0), ``seed`` and
        ``draw``: the trials that share a seed saw ``task.stimuli(level, seed)``, in the order of ``draw``. Settings
        in which the conditions differ are variables, all others attributes; of networks also lesions, learning rule
        and the task of `train`. What no setting tells apart, ``condition`` does.

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
    tasks = check_experiment(task, levels, trials, noise=noise, method=method, choice=choice, seed=seed)
    pairs = pairs_of(model, tasks)
    observers = [Observer(observing, shown, choice) for observing, shown in pairs]
    root = as_seed(seed)
    shown = _levels(tasks[0], levels)
    parts = []
    for number, observer in enumerate(observers):
        own = as_seed(generator(root, "condition", number))
        parts.append(labelled(METHODS[method](observer, shown, trials, own), observer.task, number))
    common, varied = sorted_out([settings_of(*pair) for pair in pairs])
    run = {"method": method, "choice_rule": choice, "experiment_seed": plain(root)}
    return join(parts, **varied).assign_attrs(run | {"neuroap_version": neuroap.__version__} | common)


def check_experiment(
    task: TwoAlternative | Sequence[TwoAlternative],
    levels: ArrayLike | None = None,
    trials: int = 100,
    *,
    noise: float | Sequence[float] | None = None,
    method: str = "constant",
    choice: str = "max",
    seed: Any = 0,
) -> list[TwoAlternative]:
    """Check the settings of `experiment` before there is a model, and return the task of each condition.

    Parameters
    ----------
    task, levels, trials, noise, method, choice, seed
        As of `experiment`.

    Raises
    ------
    DataError, SettingError
        As `experiment` does.
    """
    choose("method", method, tuple(METHODS))
    choose("choice", choice, CHOICE_RULES)
    count("trials", trials)
    if not isinstance(seed, np.random.Generator | np.random.RandomState):  # asking them would change what they draw
        as_seed(seed)
    tasks = tasks_of(task, noise)
    for each in tasks:
        shown = _levels(each, levels)
    if method == QUEST_PLUS:
        QuestPlus(shown)
    return tasks


def join(parts: Sequence[xr.Dataset], **conditions: Sequence[Any]) -> xr.Dataset:
    """Put the trials of several experiments into one Dataset.

    Parameters
    ----------
    parts : sequence of Dataset
        Trials, as `experiment` returns them. Attributes in which they differ are left out, but for those that are
        variables in one part; the numbers in ``condition`` go on from part to part.
    **conditions : sequence
        New variables, with one value for each part.

    Raises
    ------
    SettingError
        A condition that has not one value for each part, or the name ``condition`` for parts of several.

    Examples
    --------
    >>> join([before, after], learning=["before", "after"])  # doctest: +SKIP
    """
    for name, values in conditions.items():
        if len(values) != len(parts):
            raise SettingError(f"join.{name}", f"must hold one value for each of {len(parts)} parts", values)
    rows, taken = [], 0
    for k, part in enumerate(_with_all_variables(parts)):
        part, own = numbered(part, taken)
        if own > 1 and CONDITION in conditions:
            rule = "numbers the conditions within each part, of which there are several"
            raise SettingError(f"join.{CONDITION}", rule, conditions[CONDITION], "choose another name")
        taken += own
        rows.append(part.assign({name: _column(part, name, values[k]) for name, values in conditions.items()}))
    joined = xr.concat(rows, "trial", data_vars="all", combine_attrs="drop_conflicts")
    mixed = {n: v.astype(str) for n, v in joined.data_vars.items() if v.dtype == object}  # files hold one type
    joined.attrs = {n: v for n, v in rows[0].attrs.items() if all(_same(v, r.attrs.get(n)) for r in rows)}
    return joined.assign(mixed)


def _with_all_variables(parts: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Parts with the same variables: one in which a setting did not vary has it as an attribute."""
    names = dict.fromkeys(name for part in parts for name in part.data_vars)
    lacking = [[n for n in names if n not in part] for part in parts]
    return [
        part.assign({n: _column(part, str(n), plain(part.attrs.get(n))) for n in own})
        for part, own in zip(parts, lacking, strict=True)
    ]


def _same(one: Any, other: Any) -> bool:
    return bool(plain(one) == plain(other))


def _column(part: xr.Dataset, name: str, value: Any) -> tuple[str, NDArray[Any], dict[str, str]]:
    """A variable with the same value in each trial; of a list its text."""
    value = str(value) if isinstance(value, list) else value
    return "trial", np.full(part.sizes["trial"], value), {"long_name": name.replace("_", " ")}


def usual_levels(task: TwoAlternative) -> NDArray[np.float64]:
    """The levels of an experiment that names none, shape (25,)."""
    reach = min(2 * max(map(abs, task.train_levels)), task.largest_level)
    return np.linspace(-reach, reach, LEVELS)


def _levels(task: TwoAlternative, levels: ArrayLike | None) -> NDArray[np.float64]:
    """The levels to show, if the task has them."""
    if levels is None:
        return usual_levels(task)
    row: Any = [levels] if isinstance(levels, numbers.Real) else levels
    return row_of_levels("experiment", row, task.largest_level)
