"""Stimuli that change while the areas settle: frames are shown when they should be, and to whom."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from brian.frames import with_frames
from brian.graphs import draw_trials, part
from brian.judging import assert_states_agree, assert_weights_agree, oracle_of

from neuroap import AdjointPropagation, CorticalClassifier, draw_weights, hierarchy
from neuroap.errors import DataError, LayoutError, SettingError
from neuroap.floor import products
from neuroap.frames import frame_ticks
from neuroap.layout import Area, Input, Layout, Output, error, inference
from neuroap.timeline import timeline
from neuroap.training.learner import Learner

SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_layouts_with_frames_do_what_the_oracle_does(seed: int) -> None:
    """Rates, errors, outputs, weights; several inputs with their own frames, dt < tau, both kinds of error."""
    case = with_frames(seed)
    weights = draw_weights(case.layout, seed)
    learner = Learner(case.layout, case.rule, weights, case.trials, case.dt_ms, "float64")
    oracle = oracle_of(case.layout, case.rule, weights, case.dt_ms)
    data = draw_trials(case.layout, case.shown, seed)
    borders = [0, case.trials, 2 * case.trials, case.shown]
    for tasks in case.runs:
        outputs = learner.learn({t: data[t] for t in tasks})
        records = [oracle.batch(tasks, part(data, a, b)) for a, b in pairwise(borders)]
        assert assert_states_agree(learner.network(tasks), records[-1]) >= 2 * len(tasks)
        for task in tasks:
            expected = np.concatenate([r.output[case.layout.task_output(task).name] for r in records])
            np.testing.assert_allclose(outputs[task], expected, rtol=1e-9, atol=1e-9)
    assert_weights_agree(learner.weights, oracle)


def test_the_random_layouts_have_frames_of_both_kinds() -> None:
    """Frames that are shown once more for the error (STE), and frames of which the last one stays (EPE)."""
    seen = set()
    for seed in SEEDS:
        case = with_frames(seed)
        line = timeline(case.layout, case.rule, dt_ms=case.dt_ms) if len(case.runs) == 1 else None
        if line is not None and line.frames:
            seen.add((case.rule.error, any(t >= line.inference_length for f in line.frames.values() for t in f)))
    assert {("STE", True), ("EPE", False)} <= seen


def follower(frames: int, **rule: object) -> tuple[Layout, AdjointPropagation]:
    """An area without recurrence that copies its input: r(t) = W frame(t)."""
    area = Area("A", {"in": 2, "out": 2}, activation="identity", recurrence=None)
    paths = inference("x", "A.in"), inference("A.in", "y"), error("y", "A.out")
    layout = Layout(Input("x", 2, frames), area, Output("y", 2), *paths)
    return layout, AdjointPropagation(**{"steps": (4, 4), **rule})  # type: ignore[arg-type]


@pytest.mark.parametrize(("error_kind", "second"), [("STE", [0, 0, 1, 1]), ("EPE", [1, 1, 1, 1])])
def test_rates_follow_the_frames(error_kind: str, second: list[int]) -> None:
    layout, rule = follower(2, error=error_kind)
    X = np.array([[1.0, 2.0, 3.0, 4.0], [-1.0, 0.5, 0.25, 8.0]])
    model = CorticalClassifier(layout, rule, epochs=1, dtype="float64").fit(X, [0, 1])
    rates = model.record(X, [0, 1]).rate.sel(area="A")
    driven = X.reshape(2, 2, 2) @ model.weights_["x -> A.in"]  # trial, frame, neuron
    steps = {"inference": [0, 0, 1, 1], "learning": second}
    for phase, shown in steps.items():
        found = rates.sel(phase=phase).dropna("step").values[..., -len(shown) :, :2]
        np.testing.assert_allclose(found, driven[:, shown], rtol=1e-12, err_msg=phase)


def test_synapses_from_an_input_learn_from_the_mean_of_its_frames() -> None:
    layout, rule = follower(2, optimizer="sgd", learning_rate=1.0)
    layout = Layout(*layout.nodes, *layout.pathways[:2], error("y", "A.in"))
    weights = draw_weights(layout, 0)
    learner = Learner(layout, rule, weights, 1, dtype="float64")
    x = np.array([[1.0, 2.0, 3.0, 6.0]])
    learner.learn({"task": (x, np.array([0]))})
    change = learner.weights["x -> A.in"] - weights["x -> A.in"]  # - mean(x) e
    np.testing.assert_allclose(change[1], 2 * change[0], rtol=1e-12)  # means 2 and 4
    assert np.abs(change).min() > 1e-6


def test_one_repeated_frame_is_a_stimulus_that_stands_still() -> None:
    x = np.random.default_rng(0).uniform(size=(5, 6))
    outputs = []
    for frames in (1, 4):
        layout = hierarchy(2, 6, 3, 4, frames=frames)
        learner = Learner(layout, AdjointPropagation(), draw_weights(layout, 0), 5, dtype="float64")
        learner.learn({"task": (np.tile(x, frames), np.arange(5) % 3)})
        outputs.append(learner.infer("task", np.tile(x, frames)))
    np.testing.assert_allclose(outputs[1], outputs[0], rtol=1e-12)


def test_the_concurrent_schedule_shows_frames_too() -> None:
    """The area that the input drives, alone, does the same in both schedules while it infers."""
    layout, _ = follower(4)
    X = np.random.default_rng(0).uniform(size=(3, 8))
    rates = []
    for schedule in ("sequential", "concurrent"):
        _, rule = follower(4, error="EPE", schedule=schedule)
        model = CorticalClassifier(layout, rule, epochs=1, dtype="float64").fit(X, [0, 1, 0])
        driven = X.reshape(3, 4, 2) @ model.weights_["x -> A.in"]
        found = model.record(X).rate.sel(area="A", phase="inference").dropna("step").values[..., -4:, :2]
        np.testing.assert_allclose(found, driven, rtol=1e-12)
        rates.append(found)
    assert len(rates) == 2


@pytest.mark.parametrize("learn", [True, False])
def test_the_floor_has_the_products_of_every_frame(learn: bool) -> None:
    layout, rule = hierarchy(2, 6, 3, 4, frames=4), AdjointPropagation()
    chain = products(layout, rule, learn)
    drives = [p for p in chain if p.weights == "image -> V1.RI" and not p.correlates]
    assert len(drives) == (8 if learn else 4)


def test_frame_ticks() -> None:
    assert frame_ticks(3, 4, 10) == {4: 0, 6: 1, 8: 2}
    assert frame_ticks(1, 4, 10) == {4: 0}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"steps": (6, 8)}, r"steps: 'V1' must settle in a multiple of the 4 frames of input 'image' \(got 6\)"),
        ({"steps": (8, 6)}, r"multiple of the 4 frames .*\(got 6\)\n  for example steps=\(4, 4\)"),
        ({"tolerance": 1e-3}, r"tolerance: windows cannot end early while input 'image' shows 4 frames"),
        ({"schedule": "concurrent"}, r"error: with schedule='concurrent' .*\n  use error='EPE'"),
    ],
)
def test_rules_that_do_not_go_with_frames(rule: dict[str, object], message: str) -> None:
    layout = hierarchy(2, 6, 3, 4, frames=4)
    with pytest.raises(SettingError, match=message):
        timeline(layout, AdjointPropagation(**rule))  # type: ignore[arg-type]
    if rule != {"tolerance": 1e-3}:
        timeline(replace_frames(layout), AdjointPropagation(**rule))  # type: ignore[arg-type]


def replace_frames(layout: Layout) -> Layout:
    """The layout with stimuli that stand still."""
    inputs = [replace(i, frames=1) for i in layout.inputs]
    return Layout(*inputs, *layout.areas, *layout.outputs, *layout.pathways)


def test_an_output_takes_one_frame() -> None:
    layout, rule = follower(2)
    layout = Layout(*layout.nodes, *layout.pathways, inference("x", "y"))
    with pytest.raises(LayoutError, match=r"an output takes one frame, not the 2 of input 'x' .*\n  let an area"):
        timeline(layout, rule)


def test_steps_of_learning_are_free_where_the_last_frame_stays() -> None:
    line = timeline(hierarchy(2, 6, 3, 4, frames=4), AdjointPropagation((8, 3), error="EPE"))
    assert line.frames == {"image": {0: 0, 2: 1, 4: 2, 6: 3}}


def test_stimuli_must_have_the_columns_of_all_frames() -> None:
    layout = hierarchy(2, 6, 3, 4, frames=4)
    with pytest.raises(DataError, match=r"X must have 24 columns \(image 6 x 4 frames\) \(got \(3, 6\)\)"):
        CorticalClassifier(layout).fit(np.ones((3, 6)), [0, 1, 2])
