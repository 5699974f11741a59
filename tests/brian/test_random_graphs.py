"""Whatever can be declared: the network does what the oracle does, to 1e-9."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from brian.graphs import Case, draw_case, draw_trials, part
from brian.judging import assert_states_agree, assert_weights_agree, oracle_of

from neuroap.layout import Area, Input, Layout, Output, Uniform, hierarchy, inference
from neuroap.layout.graph import reached
from neuroap.rules import SGD, AdjointPropagation
from neuroap.timeline import stays_silent
from neuroap.training.learner import Learner
from neuroap.weights import draw_weights

SEEDS, MORE = range(14), range(14, 94)


def learner_of(case: Case, seed: int, dtype: str = "float64") -> Learner:
    """The networks of `case` with the weights of `seed`."""
    weights = draw_weights(case.layout, seed)
    return Learner(case.layout, case.rule, weights, case.trials, case.dt_ms, dtype)


@pytest.mark.parametrize("seed", [*SEEDS, *(pytest.param(seed, marks=pytest.mark.slow) for seed in MORE)])
def test_random_layout_does_what_the_oracle_does(seed: int) -> None:
    """Rates, errors and outputs of the first and of a partial third batch, all weights after three updates."""
    case = draw_case(seed)
    learner = learner_of(case, seed)
    oracle = oracle_of(case.layout, case.rule, draw_weights(case.layout, seed), case.dt_ms)
    data = draw_trials(case.layout, case.shown, seed)
    batches = [0, case.trials, 2 * case.trials, case.shown]
    # The first batch by itself, then a run over a full batch and a partial one.
    for borders in (batches[:2], batches[1:]):
        for tasks in case.runs:
            shown = {t: part(data, borders[0], borders[-1])[t] for t in tasks}
            outputs = learner.learn(shown)
            records = [oracle.batch(tasks, part(data, a, b)) for a, b in pairwise(borders)]
            assert assert_states_agree(learner.network(tasks), records[-1]) >= 2 * len(tasks)
            for task in tasks:
                expected = np.concatenate([r.output[case.layout.task_output(task).name] for r in records])
                np.testing.assert_allclose(outputs[task], expected, rtol=1e-9, atol=1e-9)
    assert_weights_agree(learner.weights, oracle)


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_outputs_without_learning_are_those_of_the_oracle(seed: int) -> None:
    """`infer` leaves the weights alone; each task runs by itself."""
    case = draw_case(seed)
    learner = learner_of(case, seed)
    oracle = oracle_of(case.layout, case.rule, learner.weights, case.dt_ms)
    for task, (x, _) in draw_trials(case.layout, case.shown, seed).items():
        expected = oracle.predict(task, x)[case.layout.task_output(task).name]
        np.testing.assert_allclose(learner.infer(task, x), expected, rtol=1e-9, atol=1e-9)
    assert_weights_agree(learner.weights, oracle, atol=0)


@pytest.mark.parametrize("schedule", ["sequential", "concurrent"])
def test_a_layout_without_areas_is_softmax_regression(schedule: str) -> None:
    """Input to output: one tick of inference, one in which the weights change."""
    layout = Layout(Input("x", 3), Output("y", 4, bias=Uniform(0.5)), inference("x", "y"))
    rule = AdjointPropagation(bias_plasticity=True, schedule=schedule)
    learner = Learner(layout, rule, draw_weights(layout, 1), 3, dtype="float64")
    oracle, data = oracle_of(layout, rule, draw_weights(layout, 1)), draw_trials(layout, 5, 1)
    learner.learn(data)
    for start in (0, 3):
        oracle.batch("task", part(data, start, start + 3))
    assert_weights_agree(learner.weights, oracle)
    assert learner.network().timeline.length == 2


def _overlap(layout: Layout, kind: str) -> bool:
    """Whether two pathways of a kind share columns of a target."""
    sites = [layout.site(p.target) for p in layout.pathways if p.kind == kind]
    return any(
        a.node == b.node and max(a.start, b.start) < min(a.stop, b.stop) and (a.start, a.stop) != (b.start, b.stop)
        for k, a in enumerate(sites)
        for b in sites[:k]
    )


def _shares(case: Case, kind: str) -> bool:
    """Whether a pathway of a kind is open in both of two tasks."""
    return any(len(p.tasks) > 1 for p in case.layout.pathways if p.kind == kind)


def _rests(case: Case, with_error: bool) -> bool:
    """Whether an area that no open inference pathway joins rests in some run, with or without error."""
    for tasks in case.runs:
        inference, errors = (case.layout.open(tasks, k) for k in ("inference", "error"))
        joined = {n for p in inference for n in (p.source_node, p.target_node)}
        for area in case.layout.areas:
            if area.name not in joined and with_error == any(p.target_node == area.name for p in errors):
                return True
    return False


def _undriven(case: Case, silent: bool) -> bool:
    """Whether in some run a pathway leaves an area that no stimulus reaches, silent or lively at rest."""
    inputs = [i.name for i in case.layout.inputs]
    for tasks in case.runs:
        paths = case.layout.open(tasks, "inference")
        still = {p.source_node for p in paths} - reached(paths, inputs)
        if any(stays_silent(case.layout, name, case.rule) == silent for name in still):
            return True
    return False


def _plastic_without_error(case: Case) -> bool:
    return any(
        p.plastic and isinstance(case.layout[p.target_node], Area) and p.target_node not in reached
        for tasks in case.runs
        for reached in [{e.target_node for e in case.layout.open(tasks, "error")}]
        for p in case.layout.open(tasks, "inference")
    )


def test_the_random_layouts_hold_everything_that_can_go_wrong() -> None:
    """Each feature occurs in the cases above, most of them in many."""
    cases = [draw_case(seed) for seed in SEEDS]
    areas = [a for c in cases for a in c.layout.areas]
    occurs = {
        "four areas": sum(len(c.layout.areas) == 4 for c in cases),
        "one area": sum(len(c.layout.areas) == 1 for c in cases),
        "alternating tasks": sum(len(c.runs) == 2 for c in cases),
        "simultaneous tasks": sum(len(c.runs[0]) == 2 for c in cases),
        "shared inference": sum(_shares(c, "inference") for c in cases),
        "shared errors": sum(_shares(c, "error") for c in cases),
        "shared output": sum(len(c.layout.outputs) < len(c.layout.tasks) for c in cases),
        "overlapping inference": sum(_overlap(c.layout, "inference") for c in cases),
        "overlapping errors": sum(_overlap(c.layout, "error") for c in cases),
        "rests with error": sum(_rests(c, True) for c in cases),
        "rests without error": sum(_rests(c, False) for c in cases),
        "silent sources": sum(_undriven(c, silent=True) for c in cases),
        "lively sources without drive": sum(_undriven(c, silent=False) for c in cases),
        "plastic without error": sum(_plastic_without_error(c) for c in cases),
        "no recurrence": sum(a.recurrence is None for a in areas),
        "bias": sum(a.bias is not None for a in areas),
        "dt < tau": sum(c.dt_ms is not None for c in cases),
        **{name: sum(a.activation == name for a in areas) for name in ("tanh", "identity", "relu", "sigmoid")},
        **{
            f"{e} {o}": sum((c.rule.error, c.rule.optimizer.kind) == (e, o) for c in cases)
            for e in ("STE", "EPE")
            for o in ("adam", "sgd")
        },
        "derivative": sum(c.rule.derivative for c in cases),
        "recurrent plasticity": sum(c.rule.recurrent_plasticity > 0 for c in cases),
        "bias plasticity": sum(c.rule.bias_plasticity for c in cases),
        "weight decay": sum(c.rule.weight_decay > 0 for c in cases),
    }
    assert {name: n for name, n in occurs.items() if n < 1} == {}


WRONG = {
    "steps": (3, 4),
    "error": "EPE",
    "beta": 1.001,
    "derivative": True,
    "optimizer": SGD(),
    "recurrent_plasticity": 0.1,
    "bias_plasticity": True,
    "weight_decay": 0.001,
}


@pytest.fixture(scope="module")
def learnt() -> tuple[Layout, AdjointPropagation, Learner]:
    """Two areas after one update."""
    layout, rule = hierarchy(2, 5, 3, 3), AdjointPropagation(steps=(3, 3))
    learner = Learner(layout, rule, draw_weights(layout, 0), 4, dtype="float64")
    learner.learn(draw_trials(layout, 4, 0))
    return layout, rule, learner


def judge(layout: Layout, rule: AdjointPropagation, learner: Learner) -> None:
    """Let the oracle that follows `rule` judge the learner."""
    oracle = oracle_of(layout, rule, draw_weights(layout, 0))
    assert_states_agree(learner.network(), oracle.batch("task", draw_trials(layout, 4, 0)))
    assert_weights_agree(learner.weights, oracle)


@pytest.mark.parametrize("setting", WRONG)
def test_a_wrong_rule_disagrees_with_the_oracle(
    setting: str, learnt: tuple[Layout, AdjointPropagation, Learner]
) -> None:
    """The judge judges: each setting alone is seen."""
    layout, rule, learner = learnt
    judge(layout, rule, learner)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        judge(layout, replace(rule, **{setting: WRONG[setting]}), learner)
