"""Which models can run side by side: those that differ in numbers only, not in what is computed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path
from typing import NoReturn

from neuroap.errors import SettingError
from neuroap.layout.structure import first_difference
from neuroap.rules import AdjointPropagation
from neuroap.training.estimator import CorticalClassifier
from neuroap.training.keeping import SETTINGS
from neuroap.training.settings import check_settings

# Copies of a network may differ in these.
FREE = ("learning_rate", "learning_rate_decay", "beta")


def check_alike(models: object) -> list[CorticalClassifier]:
    """Return `models` as a list of models that can run side by side.

    Raises
    ------
    SettingError
        No models, one that is none or comes twice, settings out of range, or a setting that differs
        between models.
    """
    listed = list(models) if isinstance(models, Iterable) else []
    if not listed or not all(isinstance(m, CorticalClassifier) for m in listed):
        hint = "for example [CorticalClassifier(layout, random_state=seed) for seed in range(10)]"
        raise SettingError("models", "must be a sequence of at least one CorticalClassifier", models, hint)
    for model in listed:
        check_settings(model)
    _check_apart(listed)
    for k, model in enumerate(listed):
        _check_pair(listed[0], model, k)
    if len(listed) > 1 and (tolerance := _rule(listed[0]).tolerance) is not None:
        hint = "give tolerance=None, or fit one model after the other"
        raise SettingError("rule.tolerance", "all models side by side take the same number of steps", tolerance, hint)
    return listed


def _check_apart(models: Sequence[CorticalClassifier]) -> None:
    """No model and no file may come twice."""
    for (i, one), (k, other) in combinations(enumerate(models), 2):
        if one is other:
            hint = "sklearn.base.clone makes another with the same settings"
            raise SettingError("models", f"models {i} and {k} are the same object", hint=hint)
        files = [m.checkpoint and Path(m.checkpoint).absolute() for m in (one, other)]
        if files[0] is not None and files[0] == files[1]:
            rule = f"models {i} and {k} would write the same file"
            raise SettingError("checkpoint", rule, str(one.checkpoint), "give each model a file of its own")


def _check_pair(first: CorticalClassifier, other: CorticalClassifier, k: int) -> None:
    for name in SETTINGS:
        if getattr(first, name) != getattr(other, name):
            _refuse(name, k, (getattr(first, name), getattr(other, name)))
    for rule_field in dataclasses.fields(AdjointPropagation):
        ours, theirs = (getattr(_rule(m), rule_field.name) for m in (first, other))
        if rule_field.name not in FREE and ours != theirs:
            _refuse(f"rule.{rule_field.name}", k, (ours, theirs))
    if first.layout is None or other.layout is None:
        if first.layout is not other.layout:
            _refuse("layout", k, (first.layout, other.layout))
    elif (part := first_difference(first.layout, other.layout)) is not None:
        rule = f"must be the same, but for initial weights, side by side; models 0 and {k} differ in {part!r}"
        raise SettingError("layout", rule, hint="fit models that differ in it one after the other")


def _refuse(name: str, k: int, values: tuple[object, object]) -> NoReturn:
    rule = f"must be the same for all models side by side; models 0 and {k} differ"
    raise SettingError(name, rule, values, "fit models that differ in it one after the other")


def _rule(model: CorticalClassifier) -> AdjointPropagation:
    return model.rule or AdjointPropagation()
