"""Small studies that train in a fraction of a second, and what to compare of them."""

from __future__ import annotations

import pickle
from functools import cache
from typing import Any

import numpy as np

from models import recruitment, reuse
from neuroap import AdjointPropagation, CorticalClassifier, Layout, hierarchy, load
from neuroap.data import ImageSet

RULE = AdjointPropagation(steps=(2, 2), learning_rate=0.03)
LAYOUT = hierarchy(1, 64, 10, 8)
TASKS = {
    "reuse": reuse.layout(input=64, output=10, block=8),
    "recruitment 5b": recruitment.layout("5b", input=64, output=10, block=8),
    "recruitment 5c": recruitment.layout("5c", input=64, output=10, block=8),
}


@cache
def digits() -> ImageSet:
    """The handwritten digits."""
    return load("digits")


def trials(n: int = 200, start: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A few digits and their labels."""
    return digits().X_train[start : start + n], digits().y_train[start : start + n]


def unseen() -> tuple[np.ndarray, np.ndarray]:
    """Digits that are not trained on."""
    return digits().X_test[:100], digits().y_test[:100]


def model(layout: Layout | None = LAYOUT, rule: AdjointPropagation = RULE, **settings: Any) -> CorticalClassifier:
    """An estimator of one area of 32 neurons that trains for three epochs, silently."""
    return CorticalClassifier(layout, rule, **{"epochs": 3, "batch_size": 50, "progress": False, **settings})


@cache
def fitted(epochs: int = 3) -> CorticalClassifier:
    """The default model of this module, trained; shared by tests that leave it as it is."""
    return model(epochs=epochs).fit(*trials(), test=unseen())


def copy_of_fitted() -> CorticalClassifier:
    """A copy of `fitted` that a test may change."""
    return pickle.loads(pickle.dumps(fitted()))  # type: ignore[no-any-return]


def bits(model: CorticalClassifier) -> dict[str, bytes]:
    """Everything that training changes, bit for bit: weights, optimiser states, history without wall-clock times."""
    found = {f"weights {n}": w.tobytes() for n, w in model.weights_.items()}
    for tasks, state in model.learner_.states.items():
        found[f"{tasks} updates"] = str(state.updates).encode()
        for weight, arrays in state.arrays.items():
            found |= {f"{tasks} {weight} {n}": a.tobytes() for n, a in arrays.items()}
    for score in ("loss", "train_accuracy", "test_accuracy"):
        found[score] = model.history_[score].values.tobytes()
    return found


def assert_same_bits(one: CorticalClassifier, other: CorticalClassifier) -> None:
    """Both models learnt the very same numbers."""
    expected, actual = bits(one), bits(other)
    assert expected.keys() == actual.keys()
    assert [name for name in expected if expected[name] != actual[name]] == []
