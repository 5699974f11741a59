"""The oracle against the reference program, and by hand: it must be right before it judges."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from oracle import Oracle, in_order

from neuroap.layout import Area, Input, Layout, Output, Recurrence, Uniform, error, hierarchy, inference
from neuroap.traces import Trace, read_trace
from neuroap.weights import draw_weights

GOLDEN = Path(__file__).parents[1].parent / "shared" / "golden"
TRACES = (
    "chaotic_sr",
    "figure5b_alternating",
    "figure5b_simultaneous",
    "figure5c_simultaneous",
    "five_area_epe_beta",
    "no_role_constraint",
    "no_sender_receiver_constraint",
    "one_area_ste",
    "online_sgd",
    "recurrent_and_bias_plasticity",
    "two_area_epe",
    "two_area_ste",
    "unequal_blocks",
)
SMALL = Recurrence(spectral_radius=0.5, connection_rate=0.5)


def golden(name: str) -> Trace:
    """The golden trace `name`; the test is skipped where there is none."""
    path = GOLDEN / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"no golden trace at {path}: it lies beside the checkout, not in it")
    return read_trace(path)


def oracle_of(trace: Trace) -> Oracle:
    """The oracle that replays `trace`."""
    settings = asdict(trace.settings)
    del settings["batch_size"], settings["updates"]
    return Oracle(trace.layout, trace.initial, **settings)


def data_for(layout: Layout, trials: int = 6, seed: int = 0) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Random stimuli and labels for every task of `layout`."""
    rng = np.random.default_rng(seed)
    data = {}
    for task in layout.tasks:
        n = sum(i.size for i in layout.task_inputs(task))
        data[task] = rng.uniform(0, 1, (trials, n)), rng.integers(0, layout.task_output(task).size, trials)
    return data


def largest_change(got: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference, relative to the largest entry of `expected`."""
    return float(np.abs(got - expected).max() / np.abs(expected).max())


# ---------------------------------------------------------------------- the reference program


@pytest.mark.parametrize("name", TRACES)
def test_first_batch_agrees_with_the_reference_program(name: str) -> None:
    trace = golden(name)
    oracle, seen = oracle_of(trace), 0
    first = dict(reversed(trace.batches))
    for tasks in dict.fromkeys(tasks for tasks, _ in trace.batches):
        record = oracle.batch(tasks, first[tasks])
        for (quantity, node), expected in trace.expected_in(tasks).items():
            got = record.e[node] if quantity == "e_out" else getattr(record, quantity)[node]
            if quantity == "grad":
                assert largest_change(got, expected) < 1e-9, (quantity, node)
            np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9, err_msg=f"{quantity} of {node}")
            seen += 1
    assert seen == len(trace.expected) >= 8


@pytest.mark.parametrize("name", TRACES)
def test_final_weights_agree_with_the_reference_program(name: str) -> None:
    trace = golden(name)
    oracle = oracle_of(trace)
    for tasks, data in trace.batches:
        oracle.batch(tasks, data)
    assert oracle.weights.keys() == trace.final.keys()
    for parameter, expected in trace.final.items():
        np.testing.assert_allclose(oracle.weights[parameter], expected, rtol=0, atol=1e-9, err_msg=parameter)
    moved = {p for p in trace.final if not np.array_equal(trace.final[p], trace.initial[p])}
    plastic = {p.name for p in trace.layout.pathways if p.plastic}
    assert moved >= plastic
    assert all(np.array_equal(oracle.weights[p], trace.initial[p]) for p in trace.final.keys() - moved)


@pytest.mark.parametrize("name", ["two_area_ste", "figure5b_simultaneous"])
def test_a_wrong_setting_disagrees_with_the_reference_program(name: str) -> None:
    trace = golden(name)
    wrong = replace(trace, settings=replace(trace.settings, steps=(8, 7)))
    oracle = oracle_of(wrong)
    for tasks, data in trace.batches:
        oracle.batch(tasks, data)
    assert max(np.abs(oracle.weights[p] - w).max() for p, w in trace.final.items()) > 1e-6


# ---------------------------------------------------------------------- any layout


def test_overlapping_and_skipping_pathways_add() -> None:
    """A layout small enough to write out: two steps, by hand."""
    layout = Layout(
        Input("x", 2),
        Area("low", {"a": (0, 3), "b": (2, 5)}, recurrence=None),
        Area("high", {"a": (0, 3), "b": (1, 4)}, 6, recurrence=None),
        Output("y", 2),
        inference("x", "low.a"),
        inference("x", "high.a"),
        inference("low.b", "high.b"),
        inference("low.all", "y"),
        inference("high.all", "y"),
        error("y", "high.b"),
        error("y", "low.a"),
        error("high.a", "low.b"),
    )
    w = draw_weights(layout, seed=7)
    data = data_for(layout)
    x, labels = data["task"]
    record = Oracle(layout, w, (1, 1), beta=0.7).batch("task", data)

    low = np.zeros((6, 5))
    low[:, 0:3] += x @ w["x -> low.a"]
    high = np.zeros((6, 6))
    high[:, 0:3] += x @ w["x -> high.a"]
    high[:, 1:4] += np.tanh(low)[:, 2:5] @ w["low.b -> high.b"]
    logits = np.tanh(low) @ w["low.all -> y"] + np.tanh(high) @ w["high.all -> y"] + w["y.bias"]
    e_out = np.exp(logits) / np.exp(logits).sum(1, keepdims=True) - np.eye(2)[labels]
    pushed = high.copy()
    pushed[:, 1:4] -= 0.7 * e_out @ w["y -> high.b"]
    e_high = np.tanh(high) - np.tanh(pushed)
    pushed = low.copy()
    pushed[:, 0:3] -= 0.7 * e_out @ w["y -> low.a"]
    pushed[:, 2:5] -= 0.7 * e_high[:, 0:3] @ w["high.a -> low.b"]
    e_low = np.tanh(low) - np.tanh(pushed)

    for got, expected in ((record.e["y"], e_out), (record.e["high"], e_high), (record.e["low"], e_low)):
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-14)
    np.testing.assert_allclose(record.grad["low.b -> high.b"], np.tanh(low)[:, 2:5].T @ e_high[:, 1:4] / 6)
    np.testing.assert_allclose(record.grad["x -> low.a"], x.T @ e_low[:, 0:3] / 6)


def two_tasks() -> Layout:
    """Task one drives A and perturbs B, which it does not reach; task two drives B. Each has its ends."""
    return Layout(
        Input("x1", 4),
        Input("x2", 3),
        Area("A", 3, recurrence=SMALL),
        Area("B", 3, recurrence=SMALL, bias=Uniform(0.1)),
        Output("y1", 2),
        Output("y2", 3),
        inference("x1", "A.RI", tasks="one"),
        inference("A.SI", "y1", tasks="one"),
        inference("x2", "B.RI", tasks="two"),
        inference("B.SI", "y2", tasks="two"),
        error("y1", "B.RE", tasks="one"),
        error("B.SE", "A.RE", tasks="one"),
        error("y2", "B.RE", tasks="two"),
    )


def test_an_area_without_drive_settles_under_its_bias_and_is_perturbed() -> None:
    layout = two_tasks()
    weights, data = draw_weights(layout, seed=8), data_for(layout)
    record = Oracle(layout, weights, (50, 50)).batch("one", data)
    r = record.r_inference["B"]
    assert np.abs(r).max() > 0.01
    assert np.array_equal(r, np.broadcast_to(r[0], r.shape))
    np.testing.assert_allclose(r, np.tanh(r @ weights["B.recurrence"] + weights["B.bias"]), atol=1e-14)
    assert np.abs(record.e["B"]).max() > 0.01
    assert np.abs(record.e["A"]).max() > 1e-4
    assert record.grad.keys() == {"x1 -> A.RI", "A.SI -> y1"}
    assert record.output.keys() == {"y1"}


def test_an_area_that_no_error_reaches_has_none_and_learns_nothing() -> None:
    layout = two_tasks()
    weights = draw_weights(layout, seed=9)
    oracle = Oracle(layout, weights, (8, 2), recurrent_plasticity=0.1, bias_plasticity=True, weight_decay=0.1)
    record = oracle.batch("two", data_for(layout))
    assert not record.e["A"].any()
    assert np.array_equal(record.r_learning["A"], record.r_inference["A"])
    moved = {name for name in weights if not np.array_equal(weights[name], oracle.weights[name])}
    assert moved == {"x2 -> B.RI", "B.SI -> y2", "B.recurrence", "B.bias", "y2.bias"}


def test_errors_of_tasks_that_run_at_once_add() -> None:
    layout = two_tasks()
    weights, data = draw_weights(layout, seed=10), data_for(layout)
    weights["B.recurrence"] *= 0  # one step, linear drive: u of B is the sum of its parts
    both = Oracle(layout, weights, (1, 1)).batch(("one", "two"), data)
    u_learning = np.arctanh(both.r_learning["B"])
    expected = both.u_inference["B"].copy()
    expected[:, 6:9] -= both.e["y1"] @ weights["y1 -> B.RE"] + both.e["y2"] @ weights["y2 -> B.RE"]
    np.testing.assert_allclose(u_learning, expected, rtol=0, atol=1e-12)
    assert both.grad.keys() == {p.name for p in layout.pathways if p.plastic}


def test_optimisers_are_apart_for_each_combination_of_tasks() -> None:
    layout = two_tasks()
    weights, data = draw_weights(layout, seed=11), data_for(layout)
    alternating, alone = Oracle(layout, weights), Oracle(layout, weights)
    for _ in range(3):
        alternating.batch("two", data)
        alternating.batch("one", data)
        alone.batch("one", data)
    assert np.array_equal(alternating.weights["A.SI -> y1"], alone.weights["A.SI -> y1"])
    assert {tuple(k): adam.t for k, adam in alternating.optimisers.items()} == {("two",): 3, ("one",): 3}


# ---------------------------------------------------------------------- options of learning


def test_first_update_of_each_optimiser() -> None:
    layout = hierarchy(1, 5, 3, 4, recurrence=SMALL)
    weights, data = draw_weights(layout, seed=12), data_for(layout)
    for optimizer in ("sgd", "adam"):
        oracle = Oracle(layout, weights, optimizer=optimizer, learning_rate=0.1, weight_decay=0.2)
        grad = oracle.batch("task", data).grad
        for name, g in grad.items():
            step = g if optimizer == "sgd" else g / (np.abs(g) + 1e-8)
            expected = weights[name] - 0.1 * step - 0.1 * 0.2 * weights[name]
            np.testing.assert_allclose(oracle.weights[name], expected, rtol=0, atol=1e-13)
        fixed = weights.keys() - grad.keys()
        assert fixed == {"choice -> V1.RE", "V1.recurrence", "V1.bias", "choice.bias"}
        assert all(np.array_equal(oracle.weights[name], weights[name]) for name in fixed)


def test_recurrent_plasticity_adds_no_connection_and_scales_with_alpha() -> None:
    layout = hierarchy(1, 5, 3, 4, recurrence=SMALL)
    weights, data = draw_weights(layout, seed=13), data_for(layout)
    absent, changes = weights["V1.recurrence"] == 0, {}
    for alpha in (0.1, 0.2):
        oracle = Oracle(layout, weights, recurrent_plasticity=alpha)
        record = oracle.batch("task", data)
        changes[alpha] = oracle.weights["V1.recurrence"] - weights["V1.recurrence"]
        expected = record.r_inference["V1"].T @ record.e["V1"] / 6
        np.testing.assert_allclose(record.grad["V1.recurrence"], expected, rtol=1e-14)
    assert absent.any()
    assert not changes[0.1][absent].any()
    assert changes[0.1][~absent].all()
    np.testing.assert_allclose(changes[0.2], 2 * changes[0.1], rtol=0, atol=1e-15)


def test_derivative_weighs_errors_of_areas_by_the_slope_at_inference() -> None:
    layout = hierarchy(1, 5, 3, 4, recurrence=SMALL, activation="sigmoid")
    weights, data = draw_weights(layout, seed=14), data_for(layout)
    plain, weighed = (Oracle(layout, weights, derivative=d).batch("task", data) for d in (False, True))
    slope = 2 * plain.r_inference["V1"] * (1 - plain.r_inference["V1"])
    expected = data["task"][0].T @ (plain.e["V1"] * slope)[:, :4] / 6
    np.testing.assert_allclose(weighed.grad["image -> V1.RI"], expected, rtol=1e-12)
    assert np.array_equal(weighed.e["V1"], plain.e["V1"])
    assert np.array_equal(weighed.grad["V1.SI -> choice"], plain.grad["V1.SI -> choice"])


def test_the_given_weights_stay_as_they_are() -> None:
    layout = hierarchy(1, 5, 3, 4, recurrence=SMALL)
    weights = draw_weights(layout, seed=15)
    before = {name: w.copy() for name, w in weights.items()}
    Oracle(layout, weights).batch("task", data_for(layout))
    assert all(np.array_equal(weights[name], before[name]) for name in weights)


def test_what_cannot_run_is_refused() -> None:
    layout = Layout(
        Input("x", 4),
        Area("A", 3),
        Output("y", 2),
        inference("x", "A.RI"),
        inference("A.SI", "y"),
        error("y", "A.RE", tasks="one"),
        error("y", "A.SE", tasks="two"),
    )
    x, labels = data_for(layout)["one"]
    oracle = Oracle(layout, draw_weights(layout, seed=16))
    with pytest.raises(ValueError, match="different stimuli at 'x'"):
        oracle.batch(("one", "two"), {"one": (x, labels), "two": (x + 1, labels)})
    with pytest.raises(ValueError, match="share an output"):
        oracle.batch(("one", "two"), {"one": (x, labels), "two": (x, labels)})
    with pytest.raises(ValueError, match=r"cycle among \['A', 'B'\]"):
        in_order(["A", "B"], [inference("A.SI", "B.RI"), inference("B.SI", "A.RI")])
