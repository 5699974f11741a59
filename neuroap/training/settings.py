"""Checks of the settings of the estimator, before anything is drawn or trained."""

from __future__ import annotations

import numbers
import os
from typing import TYPE_CHECKING

from neuroap.errors import RuleError, SettingError
from neuroap.layout import Area, Layout, Zeros
from neuroap.rules import AdjointPropagation
from neuroap.seeds import as_seed
from neuroap.training.learner import DEVICE_CHOICES, DTYPES, check_precision, choose
from neuroap.training.loop import TASK_ORDERS

if TYPE_CHECKING:
    from neuroap.training.estimator import CorticalClassifier


def check_settings(model: CorticalClassifier) -> None:
    """Raise SettingError for the first setting of `model` that is out of range."""
    if model.layout is not None and not isinstance(model.layout, Layout):
        raise SettingError("layout", "must be a Layout", model.layout, "for example neuroap.hierarchy()")
    if model.rule is not None and not isinstance(model.rule, AdjointPropagation):
        hint = "for example AdjointPropagation(learning_rate=1e-3)"
        raise SettingError("rule", "must be an AdjointPropagation", model.rule, hint)
    if not _is_count(model.epochs):
        raise SettingError("epochs", "must be a positive integer", model.epochs)
    if model.batch_size != "auto" and not _is_count(model.batch_size):
        raise SettingError("batch_size", 'must be a positive integer or "auto"', model.batch_size)
    for name, known in (("dtype", DTYPES), ("device", DEVICE_CHOICES), ("task_order", TASK_ORDERS)):
        choose(name, getattr(model, name), known)
    check_precision(model.precision, model.dtype, model.device)
    if model.dt_ms is not None and not _is_number(model.dt_ms):
        raise SettingError("dt_ms", "must be a positive number of milliseconds, or None for tau", model.dt_ms)
    if not hasattr(model.random_state, "random"):  # a generator would be asked for a number
        as_seed(model.random_state)
    if not _is_number(model.stop_at):
        raise SettingError("stop_at", "must be a positive accuracy; above 1 training never stops early", model.stop_at)
    if not isinstance(model.checkpoint, str | os.PathLike | None):
        raise SettingError("checkpoint", "must be a path, or None for none", model.checkpoint)


def check_rule(layout: Layout, rule: AdjointPropagation) -> None:
    """Raise RuleError if the rule can never change weights that it lets learn."""
    for p in layout.pathways if rule.dale == "multiplicative" else ():
        source = layout[p.source_node]
        if p.plastic and isinstance(p.weights, Zeros) and isinstance(source, Area) and source.dale:
            where = f"AdjointPropagation.dale, Pathway {p.name!r}"
            hint = "give it other initial weights, or learn with dale='clip'"
            raise RuleError(where, "no factor changes weights that are 0", rule.dale, hint)


def _is_count(value: object) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and int(value) >= 1


def _is_number(value: object) -> bool:
    """Whether it is a positive number; NaN is not."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and float(value) > 0
