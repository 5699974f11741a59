"""Where weights come from: a trained model, or a layout whose initial weights are drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroap.analysis.maps import next_multiple
from neuroap.errors import DataError, DataTypeError
from neuroap.layout import Layout
from neuroap.names import bias_name
from neuroap.rules import AdjointPropagation
from neuroap.training import CorticalClassifier
from neuroap.training.trials import check_labels, check_stimuli, encode
from neuroap.weights import draw_weights

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Source:
    """Weights, and the rule by which a network with them runs.

    Attributes
    ----------
    layout : Layout
    rule : AdjointPropagation
    weights : mapping of str to array
        In float64.
    dt_ms : float or None
    classes : mapping of str to array
        Labels by task; empty for layouts, whose labels are indices of output nodes.
    """

    layout: Layout
    rule: AdjointPropagation
    weights: Mapping[str, Floats]
    dt_ms: float | None
    classes: Mapping[str, NDArray[Any]]

    def task(self, task: str | None) -> str:
        """The task asked for, or the only one."""
        if task is None and len(self.layout.tasks) > 1:
            raise DataError("task", "name one: the layout has several", list(self.layout.tasks))
        return task if task and self.layout.check_tasks(task) else self.layout.tasks[0]

    def stimuli(self, X: Any, task: str) -> Floats:
        """Checked stimuli, shape (trials, inputs)."""
        return np.asarray(check_stimuli(self.layout, task, X, "float64", "X"))

    def labels(self, y: Any, n: int, task: str) -> NDArray[np.integer]:
        """Indices of output nodes, shape (trials,)."""
        known = self.classes.get(task, np.arange(self.layout.task_output(task).size))
        return encode(check_labels(y, n, "y"), known, n, "y")

    def bias(self, area: str) -> Floats:
        """Bias of an area, shape (N,)."""
        return self.weights[bias_name(area)].reshape(-1)


def as_source(source: CorticalClassifier | Layout | Source, seed: int) -> Source:
    """Read weights and rule of a model, or draw those of a layout; a source stays what it is.

    Raises
    ------
    DataTypeError
        If it is neither, or a model that has learnt nothing.
    """
    if isinstance(source, Source):
        return source
    if isinstance(source, Layout):
        return Source(source, _rule(source), _double(draw_weights(source, seed)), None, {})
    if not isinstance(source, CorticalClassifier) or not hasattr(source, "learner_"):
        hint = "for example hierarchy(2), or CorticalClassifier(...).fit(X, y)"
        raise DataTypeError("source", "must be a layout or a trained CorticalClassifier", type(source).__name__, hint)
    learner = source.learner_
    return Source(source.layout_, learner.rule, _double(source.weights_), source.dt_ms, source._classes)


def _rule(layout: Layout) -> AdjointPropagation:
    """The default rule, whose phases are made to last for as many steps as show all frames of stimuli that change."""
    rule = AdjointPropagation()
    frames = math.lcm(*(i.frames for i in layout.inputs))
    inference, learning = (next_multiple(n, frames) for n in rule.steps)
    return replace(rule, steps=(inference, learning))


def _double(weights: Mapping[str, Any]) -> dict[str, Floats]:
    return {name: np.asarray(w, np.float64) for name, w in weights.items()}
