"""Conditions of an experiment: which model sees which task, and what tells one condition from another."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neuroap.errors import SettingError
from neuroap.layout import Layout
from neuroap.layout.blocks import WHOLE
from neuroap.rules import AdjointPropagation
from neuroap.tasks import TwoAlternative

NOISE = "task_noise"
NONE = "none"  # in place of a setting that a condition does not have
LARGEST = 2**63  # netCDF has no larger integers with a sign


def tasks_of(task: Any, noise: Any = None) -> list[TwoAlternative]:
    """The tasks, one for each noise level.

    Raises
    ------
    SettingError
        Something else than tasks, tasks of different levels or choices, and noise levels that are none.
    """
    tasks = list(task) if isinstance(task, Sequence) else [task]
    if not tasks or not all(isinstance(t, TwoAlternative) for t in tasks):
        raise SettingError("task", "must be a TwoAlternative, or a sequence of them", task, "GaborOrientation()")
    if noise is not None:
        levels = np.atleast_1d(np.asarray(noise)).tolist()
        if not levels:
            raise SettingError("noise", "must be a number, or a sequence of at least one", noise, "noise=[1, 2, 4]")
        tasks = [t.replace(noise=sd) for t in tasks for sd in levels]
    if len({(t.level_name, t.level_units, t.choices) for t in tasks}) > 1:
        raise SettingError("task", "all must vary the same level and offer the same choices", [t.name for t in tasks])
    return tasks


def pairs_of(model: Any, tasks: list[TwoAlternative]) -> list[tuple[Any, TwoAlternative]]:
    """One pair of model and task for each condition; what is single goes with every other.

    Raises
    ------
    SettingError
        Different numbers of models and of tasks.
    """
    models = list(model) if isinstance(model, Sequence) else [model] * len(tasks)
    tasks = tasks * len(models) if len(tasks) == 1 else tasks
    if len(models) != len(tasks) or not models:
        rule = f"must be one, or one for each of {len(tasks)} conditions"
        hint = "models and tasks are paired, not crossed: repeat them, as in [a, a, b, b] with [t, u, t, u]"
        raise SettingError("model", rule, len(models), hint)
    return list(zip(models, tasks, strict=True))


def settings_of(model: Any, task: TwoAlternative) -> dict[str, Any]:
    """What decides about the answers of a condition, as far as model and task tell, in texts and numbers."""
    found = {f"task_{name}": value for name, value in task.settings().items()}
    layout = getattr(model, "layout_", None)
    found |= _of_network(model, layout) if isinstance(layout, Layout) else _of_another(model)
    return {name: plain(value) for name, value in found.items()}


def sorted_out(settings: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Settings that all conditions share, and values of those in which they differ; the noise is a variable anyway."""
    common, varied = dict[str, Any](), dict[str, list[Any]]()
    for name in dict.fromkeys(n for each in settings for n in each if n != NOISE):
        values = [each.get(name, NONE) for each in settings]
        if all(value == values[0] for value in values):
            common[name] = values[0]
        else:
            varied[name] = _of_one_type(values)
    return common, varied


def plain(value: Any) -> Any:
    """What an attribute of a netCDF file can hold."""
    value = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
    if value is None or value == "":
        return NONE
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, tuple | list):
        return list(value)
    return value if isinstance(value, str | float) or (isinstance(value, int) and abs(value) < LARGEST) else str(value)


def _of_network(model: Any, layout: Layout) -> dict[str, Any]:
    """Layout, lesions, rule, training."""
    lesions = [f"{a.name}.{cells}".removesuffix(f".{WHOLE}") for a in layout.areas for cells in a.lesions]
    found = {
        "model": layout.name,
        "lesion": ", ".join(lesions),
        "network_sizes": ", ".join(f"{node.name} {node.size}" for node in layout.nodes),
        "network_seed": model.seed_,
        "network_epochs": model.n_iter_,
        "network_dt_ms": model.dt_ms,
        "network_batch_size": model.batch_size,
    }
    rule = model.rule or AdjointPropagation()
    of_rule = {f"rule_{field.name}": getattr(rule, field.name) for field in dataclasses.fields(rule)}
    of_task = {n: v for n, v in model.history_.attrs.items() if n.startswith("task_")}
    trained_on = {f"trained_on_{n.removeprefix('task_')}": v for n, v in of_task.items()}
    return found | of_rule | {"rule_plasticity": rule.plasticity_text} | trained_on


def _of_another(model: Any) -> dict[str, Any]:
    """The class; of an estimator of scikit-learn its settings too."""
    found = {"model": type(model).__name__}
    return found | ({"model_settings": " ".join(repr(model).split())} if hasattr(model, "get_params") else {})


def _of_one_type(values: list[Any]) -> list[Any]:
    """Numbers, or everything as text: a variable has one type."""
    numbers = all(isinstance(value, int | float) for value in values)
    return values if numbers else [str(value) for value in values]
