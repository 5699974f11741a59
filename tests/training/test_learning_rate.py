"""A learning rate that decays from epoch to epoch, in every way of training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from brian.judging import assert_weights_agree, oracle_of
from training.small import LAYOUT, TASKS, assert_same_bits, model, trials

from neuroap import AdjointPropagation, CorticalClassifier, draw_weights, fit_side_by_side
from neuroap.errors import CheckpointError
from neuroap.psychophysics import train
from neuroap.tasks import DotMotion
from neuroap.training import checkpoint

# All that eta has a part in.
DECAYS = AdjointPropagation(
    (2, 2),
    learning_rate=0.03,
    learning_rate_decay=0.25,
    recurrent_plasticity=0.5,
    bias_plasticity=True,
    weight_decay=0.01,
)
STAYS = replace(DECAYS, learning_rate_decay=1.0)
X, Y = trials(40)


def test_each_epoch_learns_at_a_rate_of_its_own() -> None:
    """Plain NumPy with eta, eta / 4 and eta / 16; two batches in each epoch."""
    study = model(LAYOUT, DECAYS, dtype="float64", batch_size=20, shuffle=False).fit(X, Y)
    oracle = oracle_of(LAYOUT, DECAYS, draw_weights(LAYOUT, 0))
    for rate in (0.03, 0.0075, 0.001875):
        oracle.learning_rate = rate
        for start in (0, 20):
            oracle.batch("task", {"task": (X[start : start + 20], Y[start : start + 20])})
    assert_weights_agree(study.weights_, oracle)


def test_a_task_that_is_learnt_later_begins_at_the_full_rate() -> None:
    """Two epochs of one task, then two of the other; each task has an optimiser of its own."""
    layout, data = TASKS["reuse"], {"mnist": (X, Y), "fashion": (X[::-1], Y[::-1])}
    settings = {"dtype": "float64", "batch_size": 40, "shuffle": False, "epochs": 2, "task_order": "sequential"}
    rule = replace(DECAYS, optimizer="sgd", learning_rate=0.4)
    study = model(layout, rule, **settings).fit(data)
    oracle = oracle_of(layout, rule, draw_weights(layout, 0))
    for task in data:
        for rate in (0.4, 0.1):
            oracle.learning_rate = rate
            oracle.batch(task, {task: data[task]})
    assert_weights_agree(study.weights_, oracle)


def test_partial_fit_goes_on_at_the_rate_of_the_next_epoch() -> None:
    longer = model(LAYOUT, DECAYS, shuffle=False, epochs=3).fit(X, Y)
    study = model(LAYOUT, DECAYS, shuffle=False, epochs=2).fit(X, Y).partial_fit(X, Y)
    for name, weights in longer.weights_.items():
        np.testing.assert_array_equal(study.weights_[name], weights)
    fresh = model(LAYOUT, DECAYS).partial_fit(X, Y)  # nothing was trained before
    assert_same_bits(fresh, model(LAYOUT, STAYS).partial_fit(X, Y))


def test_fit_begins_at_the_full_rate_again() -> None:
    study = model(LAYOUT, DECAYS, epochs=2)
    study.fit(X, Y)
    assert_same_bits(study.fit(X, Y), model(LAYOUT, DECAYS, epochs=2).fit(X, Y))


@pytest.mark.parametrize("order", ["sequential", "alternating"])
def test_a_run_that_resumes_goes_on_at_its_rate(order: str, tmp_path: Path) -> None:
    data = {"mnist": (X, Y), "fashion": (X, Y)}
    layout, settings = TASKS["reuse"], {"task_order": order}
    path = tmp_path / "run.nc"
    model(layout, DECAYS, epochs=1, checkpoint=path, **settings).fit(data)
    study = model(layout, DECAYS, epochs=3, checkpoint=path, **settings).fit(data, resume=True)
    if order == "alternating":
        assert_same_bits(study, model(layout, DECAYS, epochs=3, **settings).fit(data))
    again = CorticalClassifier.load(path)
    assert again.learner_.rule == DECAYS
    assert_same_bits(again.partial_fit(data), study.partial_fit(data))


def test_a_checkpoint_of_another_decay_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.nc"
    model(LAYOUT, DECAYS, epochs=1, checkpoint=path).fit(X, Y)
    study = model(LAYOUT, STAYS, checkpoint=path)
    with pytest.raises(CheckpointError, match=r"was written with another rule\.learning_rate_decay \(got 0\.25\)"):
        study.fit(X, Y, resume=True)


def test_a_checkpoint_from_before_a_setting_existed_has_its_default(tmp_path: Path) -> None:
    """It resumes where the setting is the default, and nowhere else."""
    path = tmp_path / "run.nc"
    model(LAYOUT, STAYS, epochs=1, checkpoint=path).fit(X, Y)
    kept = checkpoint.read(path)
    for name in ("learning_rate_decay", "dale"):
        del kept.settings["estimator"]["rule"][name]
    checkpoint.write(kept, path)
    assert CorticalClassifier.load(path).learner_.rule == STAYS
    with pytest.raises(CheckpointError, match=r"was written with another rule\.learning_rate_decay \(got 1\.0\)"):
        model(LAYOUT, DECAYS, checkpoint=path).fit(X, Y, resume=True)
    study = model(LAYOUT, STAYS, checkpoint=path).fit(X, Y, resume=True)
    assert_same_bits(study, model(LAYOUT, STAYS).fit(X, Y))


@pytest.mark.parametrize("order", ["alternating", "sequential"])
def test_models_side_by_side_have_decays_of_their_own(order: str) -> None:
    data = {"mnist": (X, Y), "fashion": (X, Y)}

    def make() -> list[CorticalClassifier]:
        return [model(TASKS["reuse"], rule, epochs=3, task_order=order) for rule in (DECAYS, STAYS)]

    side = fit_side_by_side(make(), data)
    for one, other in zip(make(), side, strict=True):
        assert_same_bits(one.fit(data), other)
    assert all((side[0].weights_[name] != side[1].weights_[name]).any() for name in side[0].learner_.network().plastic)


def test_training_on_a_psychophysical_task_decays_too() -> None:
    """With a decay that leaves nothing, only the first of three epochs changes the weights."""
    task, settings = DotMotion(frames=2, channels=6), {"trials": 20, "test_trials": 2, "progress": False}
    one, three, free = (
        train(task, model(None, replace(DECAYS, learning_rate_decay=decay)), epochs=epochs, **settings)
        for epochs, decay in ((1, 1e-30), (3, 1e-30), (3, 1.0))
    )
    for name, weights in one.weights_.items():
        np.testing.assert_array_equal(three.weights_[name], weights)
    assert any((free.weights_[n] != w).any() for n, w in one.weights_.items())
