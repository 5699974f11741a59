"""A small study under Dale's law, trained once for several tests."""

from __future__ import annotations

import pickle
from functools import cache
from typing import Any

from training.small import model, trials

from neuroap import AdjointPropagation, CorticalClassifier, Recurrence, hierarchy

LAYOUT = hierarchy(
    1,
    64,
    10,
    {name: {"E": 6, "I": 2} for name in ("RI", "SI", "RE", "SE")},
    neurons=34,
    activation="sigmoid",
    recurrence=Recurrence(bulk_radius=1.2, balance=0.9, exact_balance=True),
    excitatory=0.5,
    dale=True,
)
UPDATES = ("clip", "multiplicative")


def rule(update: str = "clip") -> AdjointPropagation:
    """Everything learns, fast enough that weights meet their bounds."""
    return AdjointPropagation(
        (3, 3), learning_rate=0.02, recurrent_plasticity=0.5, bias_plasticity=True, weight_decay=0.01, dale=update
    )


def study(update: str = "clip", **settings: Any) -> CorticalClassifier:
    """An estimator that is to learn `LAYOUT`."""
    return model(LAYOUT, rule(update), **{"epochs": 2, **settings})


@cache
def fitted(update: str = "clip") -> CorticalClassifier:
    """The same, trained; shared by tests that leave it as it is."""
    return study(update).fit(*trials())


def copy_of_fitted(update: str = "clip") -> CorticalClassifier:
    """A copy that a test may change."""
    return pickle.loads(pickle.dumps(fitted(update)))  # type: ignore[no-any-return]
