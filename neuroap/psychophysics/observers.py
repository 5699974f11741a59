"""A model as an observer: it sees stimuli of a task, and answers with one of two choices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroap.errors import DataError
from neuroap.tasks import TwoAlternative
from neuroap.training.learner import choose

CHOICE_RULES = ("max", "sample")
# Labels that say which choice is the second one, beside the names of the choices.
PAIRS = ((0, 1), (-1, 1))
ROUNDING = 1e-3  # by which a sum of probabilities may miss 1


class Observer:
    """A model that answers the trials of a task.

    Parameters
    ----------
    model : object
        It has ``predict_proba(X)``, of shape (n, 2), and ``classes_``: 0 and 1, -1 and 1 or the names of the
        task's choices.
    task : TwoAlternative
    rule : {"max", "sample"}
        The choice with the larger probability (a fair coin where both are equal), or one drawn with the
        probabilities.

    Raises
    ------
    SettingError
        An unknown rule.
    DataError
        A model that was trained on other labels, or not trained, or gives no probabilities.
    """

    def __init__(self, model: Any, task: TwoAlternative, rule: str = "max") -> None:
        choose("choice", rule, CHOICE_RULES)
        self.model, self.task, self.rule = model, task, rule
        if not callable(getattr(model, "predict_proba", None)):
            hint = "write predict_proba(X), shape (n, 2); scikit-learn's SVC has it with probability=True"
            raise DataError("model", "must have a method predict_proba", type(model).__name__, hint)
        self.column = _column_of_second_choice(model, task)

    def p_right(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probability of the second choice for each stimulus, shape (n,).

        Raises
        ------
        DataError
            The model returned something else than probabilities of two choices.
        """
        return _probabilities(self.model.predict_proba(X), len(X))[:, self.column]

    def choices(self, p_right: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int8]:
        """Choose: 1 for the second choice, 0 for the first, shape (n,)."""
        coin = rng.random(len(p_right))
        criterion = coin if self.rule == "sample" else np.where(p_right == 0.5, coin, 0.5)
        return (p_right > criterion).astype(np.int8)


def _probabilities(given: Any, n: int) -> NDArray[np.float64]:
    """What a model returned, if it is probabilities of two choices for n stimuli."""
    where, hint = "model.predict_proba", "one row per stimulus, one column per label of classes_; rows sum to 1"
    try:
        p = np.asarray(given, np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(where, "must return numbers", type(given).__name__, hint) from error
    if p.shape != (n, 2):
        raise DataError(where, f"must return an array of shape ({n}, 2)", f"shape {p.shape}", hint)
    # NaN fails every comparison
    fine = (p >= -ROUNDING).all(1) & (np.abs(p.sum(1) - 1) <= ROUNDING)
    if not fine.all():
        raise DataError(where, "must return probabilities", p[~fine][0].tolist(), hint)
    return p


def _column_of_second_choice(model: Any, task: TwoAlternative) -> int:
    classes = getattr(model, "classes_", None)
    known = [] if classes is None or isinstance(classes, dict) else np.asarray(classes).tolist()
    for pair in (*PAIRS, task.choices):
        if set(known) == set(pair):
            return known.index(pair[1])
    hint = "train it on the labels 0 and 1 of this task: model = neuroap.train(task)"
    if len(known) > len(task.choices):
        hint = 'give the network two choices, Output("choice", 2), and train it on the labels 0 and 1'
    got = "an untrained model" if classes is None else classes
    raise DataError("model", f"must have learnt to choose between {' and '.join(task.choices)}", got, hint)
