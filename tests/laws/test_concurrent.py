"""Signals that flow continuously end where areas settling one after the other end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models import recruitment
from neuroap.brian import CorticalNetwork
from neuroap.layout import Layout, Recurrence, hierarchy
from neuroap.rules import AdjointPropagation
from neuroap.training.learner import Learner
from neuroap.weights import draw_weights

CALM = Recurrence(0.4, 0.7)
LAYOUTS = {
    "hierarchy": hierarchy(2, 4, 3, 3, recurrence=CALM),
    "sigmoid": hierarchy(2, 4, 3, 3, activation="sigmoid", recurrence=CALM),
    "figure 5c": recruitment.layout("5c", 20, 3, 10),
}


def data_for(layout: Layout, n: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Stimuli and labels of every task."""
    rng = np.random.default_rng(4)
    sizes = {t: sum(i.size for i in layout.task_inputs(t)) for t in layout.tasks}
    return {t: (rng.uniform(0, 1, (n, size)), rng.integers(0, 3, n)) for t, size in sizes.items()}


def learnt(layout: Layout, rule: AdjointPropagation, n: int, dt_ms: float | None) -> tuple[Learner, dict]:
    """A learner after `n` trials in batches of two."""
    learner = Learner(layout, rule, draw_weights(layout, 1), 2, dt_ms, "float64")
    return learner, learner.learn(data_for(layout, n))


@pytest.mark.parametrize(
    ("name", "start", "dt_ms"),
    [("hierarchy", "EPE", 5.0), ("sigmoid", "EPE", None), ("figure 5c", "STE", None)],
)
def test_concurrent_areas_settle_where_sequential_ones_do(name: str, start: str, dt_ms: float | None) -> None:
    """Outputs, errors, rates and weights of two updates agree to 1e-9 after 40 time constants."""
    layout = LAYOUTS[name]
    rule = AdjointPropagation((40, 40), error=start, optimizer="sgd", learning_rate=0.1, bias_plasticity=True)
    sequential, expected = learnt(layout, rule, 4, dt_ms)
    concurrent, outputs = learnt(layout, replace(rule, schedule="concurrent"), 4, dt_ms)
    for task, rates in expected.items():
        np.testing.assert_allclose(outputs[task], rates, rtol=0, atol=1e-9)
    networks: list[CorticalNetwork] = [sequential.network(), concurrent.network()]
    for area in layout.areas:
        for variable in ("r_inf", "r", "err"):
            first, second = (n.groups[area.name].array(variable) for n in networks)
            np.testing.assert_allclose(second, first, rtol=0, atol=1e-9, err_msg=f"{variable} of {area.name}")
        assert np.abs(first).max() > 1e-5
    for weights, values in sequential.weights.items():
        np.testing.assert_allclose(concurrent.weights[weights], values, rtol=0, atol=1e-9, err_msg=weights)


def test_they_differ_before_they_have_settled() -> None:
    """In two steps a signal does not cross two areas at once."""
    layout, rule = LAYOUTS["hierarchy"], AdjointPropagation((2, 2))
    (_, first), (_, second) = (learnt(layout, replace(rule, schedule=s), 2, None) for s in ("sequential", "concurrent"))
    assert np.abs(first["task"] - second["task"]).max() > 1e-5


@pytest.mark.parametrize("start", ["STE", "EPE"])
def test_a_batch_does_not_depend_on_the_one_before(start: str) -> None:
    """Also while signals flow: errors of the last batch are forgotten, so that runs can be resumed."""
    layout = LAYOUTS["hierarchy"]
    rule = AdjointPropagation((3, 2), error=start, schedule="concurrent", learning_rate=0.0)
    data = data_for(layout, 4)
    network = CorticalNetwork(layout, rule, trials=2, dtype="float64")
    network.load(draw_weights(layout, 1))
    network.run(data, learn=True)
    after_another = {n: network.groups[n].array("err").copy() for n in ("V1", "V2")}
    fresh = CorticalNetwork(layout, rule, trials=2, dtype="float64")
    fresh.load(draw_weights(layout, 1))
    fresh.run({"task": tuple(d[2:] for d in data["task"])}, learn=True)
    for name, errors in after_another.items():
        np.testing.assert_array_equal(errors, fresh.groups[name].array("err"))
        assert np.abs(errors).max() > 1e-4
