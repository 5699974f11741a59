"""Area equations of the user's own, with noise: one integer decides about every number."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
from training.small import LAYOUT, assert_same_bits, bits, model, trials, unseen

from neuroap import SGD, AdjointPropagation, CorticalClassifier, Layout

NOISY = """
du/dt = (-u + I_rec + b + I_inf - beta*I_err)/tau + 0.3*xi*tau**-0.5 : 1
r = tanh(u) : 1
"""
LAYOUT_WITH_NOISE = Layout(
    *LAYOUT.inputs,
    *(replace(area, equations=NOISY) for area in LAYOUT.areas),
    *LAYOUT.outputs,
    *LAYOUT.pathways,
)


def noisy(**settings: object) -> CorticalClassifier:
    """A model whose areas are noisy."""
    return model(LAYOUT_WITH_NOISE, **{"epochs": 2, **settings})


def test_noise_is_that_of_the_seed() -> None:
    """Same seed, same bits, whatever NumPy's global generator was asked before."""
    one = noisy().fit(*trials(), test=unseen())
    np.random.seed(12)  # noqa: NPY002
    other = noisy().fit(*trials(), test=unseen())
    assert_same_bits(one, other)
    assert one.score(*unseen()) == one.score(*unseen()) == one.history_.test_accuracy.values[-1, 0]
    first, again = one.record(*trials(2)), one.record(*trials(2))
    assert first.identical(again)


def test_noise_differs_between_seeds_and_epochs() -> None:
    """The same weights, the same order of trials, gradient descent without memory: only noise is left."""
    study = noisy(rule=AdjointPropagation((2, 2), optimizer=SGD()), shuffle=False, epochs=1).fit(*trials())
    kept = pickle.dumps(study)

    def learnt(seed: int, updates: int) -> bytes:
        study = pickle.loads(kept)
        study.seed_, study.learner_.states["task"].updates = seed, updates
        return study.partial_fit(*trials()).weights_["image -> V1.RI"].tobytes()

    first = learnt(0, 4)
    assert first == learnt(0, 4)
    assert first != learnt(0, 8)
    assert first != learnt(1, 4)


def test_noise_makes_a_difference() -> None:
    assert bits(noisy().fit(*trials())) != bits(model(epochs=2).fit(*trials()))


def test_noise_differs_between_neurons_and_trials() -> None:
    x = np.repeat(trials(1)[0], 2, axis=0)
    rates = noisy(epochs=1).fit(*trials()).record(x).rate.sel(phase="inference", area="V1", step=1)
    assert len(np.unique(rates)) == rates.size
