"""The estimator against plain NumPy: batches, a smaller last one, orders, and recorded trajectories."""

from __future__ import annotations

import numpy as np
import pytest
from brian.judging import assert_weights_agree, oracle_of
from oracle import Oracle
from training.small import RULE, TASKS, model, trials

from neuroap import AdjointPropagation, Area, Input, Layout, Output, draw_weights, error, inference
from neuroap.seeds import generator

UNEQUAL = Layout(
    Input("image", 64),
    Area("V1", {"RI": 7, "SI": 5, "RE": 3, "SE": 4}, neurons=21),
    Area("V2", 3),
    Output("choice", 10),
    inference("image", "V1.RI"),
    inference("V1.SI", "V2.RI"),
    inference("V2.SI", "choice"),
    error("choice", "V2.RE"),
    error("V2.SE", "V1.RE"),
)
X, Y = trials(23)
BORDERS = ((0, 10), (10, 20), (20, 23))


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_last_batch_may_be_smaller(optimizer: str) -> None:
    """23 trials in batches of 10, two epochs: six updates, the third and sixth of them from three trials."""
    rule = AdjointPropagation(steps=(3, 4), learning_rate=0.02, optimizer=optimizer)  # type: ignore[arg-type]
    study = model(UNEQUAL, rule, dtype="float64", batch_size=10, shuffle=False, epochs=2).fit(X, Y)
    oracle = oracle_of(UNEQUAL, rule, draw_weights(UNEQUAL, 0))
    losses, correct = [], 0
    for _ in range(2):
        losses, correct = [], 0
        for start, stop in BORDERS:
            record = oracle.batch("task", {"task": (X[start:stop], Y[start:stop])})
            losses.append(record.loss["choice"] * (stop - start))
            correct += int((record.output["choice"].argmax(axis=1) == Y[start:stop]).sum())
    assert_weights_agree(study.weights_, oracle)
    assert study.history_.loss.values[-1, 0] == pytest.approx(sum(losses) / 23, rel=1e-9)
    assert study.history_.train_accuracy.values[-1, 0] == correct / 23
    np.testing.assert_allclose(study.predict_proba(X), oracle.predict("task", X)["choice"], rtol=0, atol=1e-9)


def test_each_epoch_has_an_order_of_its_own() -> None:
    """The order of epoch k is that of the generator ("order", task, k)."""
    study = model(UNEQUAL, dtype="float64", batch_size=10, epochs=2, random_state=8).fit(X, Y)
    oracle = oracle_of(UNEQUAL, RULE, draw_weights(UNEQUAL, 8))
    orders = [generator(8, "order", "task", epoch).permutation(23) for epoch in (1, 2)]
    assert not np.array_equal(*orders)
    for order in orders:
        for start, stop in BORDERS:
            rows = order[start:stop]
            oracle.batch("task", {"task": (X[rows], Y[rows])})
    assert_weights_agree(study.weights_, oracle)


def test_tasks_at_once_add_their_errors() -> None:
    """Simultaneous training of unequal numbers of trials: the shorter task begins again in a new order."""
    layout = TASKS["recruitment 5b"]
    data = {"fashion": trials(5, start=50), "mnist": trials(9)}
    study = model(layout, dtype="float64", batch_size=5, epochs=1, shuffle=False, task_order="simultaneous").fit(data)
    oracle = oracle_of(layout, RULE, draw_weights(layout, 0))
    again = np.arange(9) % 5
    for rows in (slice(0, 5), slice(5, 9)):
        (xf, yf), (xm, ym) = data["fashion"], data["mnist"]
        shown = {"fashion": (xf[again][rows], yf[again][rows]), "mnist": (xm[rows], ym[rows])}
        oracle.batch(("fashion", "mnist"), shown)
    assert_weights_agree(study.weights_, oracle)


def test_recorded_trajectories_end_where_the_oracle_does() -> None:
    """Rates at the end of both phases and the errors, of a trained model, to 1e-9."""
    rule = AdjointPropagation(steps=(3, 4), learning_rate=0.02, error="EPE", beta=0.7)
    study = model(UNEQUAL, rule, dtype="float64", epochs=2).fit(X, Y)
    oracle = oracle_of(UNEQUAL, rule, study.weights_)
    expected = oracle.batch("task", {"task": (X, Y)})
    recorded = study.record(X, Y)
    for name, neurons, (inference_steps, learning_steps) in (("V1", 21, rule.steps), ("V2", 12, rule.steps)):
        area = recorded.sel(area=name).isel(neuron=slice(neurons))
        ends = {
            "r_inference": area.rate.sel(phase="inference", step=inference_steps),
            "r_learning": area.rate.sel(phase="learning", step=learning_steps),
            "e": area.error,
        }
        for quantity, actual in ends.items():
            np.testing.assert_allclose(
                actual, getattr(expected, quantity)[name], rtol=0, atol=1e-9, err_msg=f"{quantity} of {name}"
            )
    np.testing.assert_allclose(recorded.output_task, expected.output["choice"], rtol=0, atol=1e-9)


def test_every_recorded_step_is_that_of_the_map() -> None:
    """One more step of the oracle is one more recorded step."""
    study = model(UNEQUAL, AdjointPropagation(steps=(4, 1)), dtype="float64", epochs=1).fit(X, Y)
    recorded = study.record(X[:3])
    for steps in (1, 2, 3, 4):
        rates = Oracle(UNEQUAL, study.weights_, steps=(steps, 1))._infer(("task",), {"task": X[:3]}).r_inference
        actual = recorded.rate.sel(phase="inference", area="V1", step=steps).isel(neuron=slice(21))
        np.testing.assert_allclose(actual, rates["V1"], rtol=0, atol=1e-9)
