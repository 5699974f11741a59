"""Checks of what a user passes: stimuli and labels of one or several tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from neuroap.errors import DataError, DataTypeError, did_you_mean
from neuroap.layout import Layout
from neuroap.training.learner import Array


def by_task(layout: Layout, X: Any, y: Any, where: str) -> dict[str, tuple[Any, Any]]:
    """Turn ``(X, y)`` or ``{task: (X, y)}`` into the latter.

    Raises
    ------
    DataError
        Unknown tasks, or no task named where the layout has several.
    """
    if isinstance(X, Mapping):
        if not X or y is not None:
            hint = f"for example {{{layout.tasks[0]!r}: (X, y)}}"
            raise DataError(where, "a mapping must hold X and y of at least one task, and y comes in it", hint=hint)
        for task in X:
            if task not in layout.tasks:
                raise DataError(where, "the layout has no such task", task, did_you_mean(str(task), layout.tasks))
        return {task: as_pair(X[task], where) for task in layout.tasks if task in X}
    if len(layout.tasks) > 1:
        hint = f"for example {{{layout.tasks[0]!r}: (X, y)}}"
        raise DataError(where, "name the task: the layout has several", list(layout.tasks), hint)
    return {layout.tasks[0]: (X, y)}


def as_pair(trials: Any, where: str) -> tuple[Any, Any]:
    """Check that trials are a pair of stimuli and labels.

    Raises
    ------
    DataError
    """
    if not isinstance(trials, tuple | list) or len(trials) != 2:
        raise DataError(where, "must be a pair of stimuli and labels (X, y)", type(trials).__name__)
    return trials[0], trials[1]


def refusal(where: str, error: Exception) -> DataError:
    """What scikit-learn found wrong with stimuli or labels, as an error of neuroap."""
    first, *rest = str(error).splitlines()
    kind = DataTypeError if isinstance(error, TypeError) else DataError
    return kind(where, first.rstrip("."), hint="\n  ".join(rest))


def check_stimuli(layout: Layout, task: str, X: Any, dtype: str, where: str) -> Array:
    """Check stimuli, shape (trials, inputs), finite numbers; convert them to `dtype` if need be.

    Parameters
    ----------
    layout : Layout
    task : str
        The task whose inputs take the columns of `X`.
    X : array-like, shape (trials, inputs)
    dtype : str
    where : str
        What the error names.

    Raises
    ------
    DataError
    """
    try:
        x = check_array(X, dtype=np.dtype(dtype), input_name="X")
    except (ValueError, TypeError) as error:
        raise refusal(where, error) from error
    inputs = layout.task_inputs(task)
    expected = sum(i.columns for i in inputs)
    if x.shape[1] != expected:
        names = " + ".join(f"{i.name} {i.size}" + f" x {i.frames} frames" * (i.frames > 1) for i in inputs)
        raise DataError(where, f"X must have {expected} columns ({names})", x.shape)
    return x


def find_classes(y: Any, n_output: int | None, where: str) -> NDArray[Any]:
    """Classes in the order of the output nodes.

    Integers that fit are the indices of the output nodes themselves; other labels are sorted.

    Raises
    ------
    DataError
        More classes than output nodes, integers out of range, or only one class.
    """
    labels = _labels(y, where)
    classes = np.unique(labels)
    if n_output is None:
        if len(classes) < 2:
            raise DataError(where, "y must hold at least two classes, but holds one class", classes.tolist())
        return classes
    if classes.dtype.kind in "iu":
        if classes.min() < 0 or classes.max() >= n_output:
            outside = classes.min() if classes.min() < 0 else classes.max()
            hint = f"the output has {n_output} nodes: labels are 0 to {n_output - 1}"
            raise DataError(where, "labels must be indices of output nodes", int(outside), hint)
        return np.arange(n_output, dtype=classes.dtype)
    if len(classes) > n_output:
        raise DataError(where, f"y must hold at most {n_output} classes, one per output node", len(classes))
    return classes


def check_labels(y: Any, n: int, where: str) -> NDArray[Any]:
    """Check that `y` holds labels for each of `n` trials; returns them, shape (n,).

    Raises
    ------
    DataError
    """
    labels = _labels(y, where)
    if len(labels) != n:
        raise DataError(where, f"y must hold one label for each of {n} trials", len(labels))
    return labels


def encode(y: Any, classes: NDArray[Any], n: int, where: str) -> NDArray[np.integer]:
    """Turn labels into indices of output nodes, shape (n,).

    Raises
    ------
    DataError
        Labels of another number than trials, or that are no class.
    """
    labels = check_labels(y, n, where)
    index = np.searchsorted(classes, labels).clip(0, len(classes) - 1)
    unknown = classes[index] != labels
    if unknown.any():
        known = classes.tolist()
        raise DataError(where, "labels must be among the classes", labels[unknown][0].item(), f"known: {known}")
    return index


def _labels(y: Any, where: str) -> NDArray[Any]:
    if y is None:
        raise DataError(where, "requires y to be passed, but the target y is None")
    try:
        check_classification_targets(y)
        return column_or_1d(y, warn=True)
    except (ValueError, TypeError) as error:
        raise refusal(where, error) from error
