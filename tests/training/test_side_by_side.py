"""Networks side by side: each model is left as its own fit would leave it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from brian.conftest import _quick_brian  # noqa: F401
from brian.graphs import draw_case, draw_trials
from training.small import LAYOUT, RULE, TASKS, assert_same_bits, digits, model, trials, unseen

from neuroap import AdjointPropagation, CorticalClassifier, Layout, Recurrence, Uniform, fit_side_by_side
from neuroap.training.learner import Learner
from neuroap.training.learners import Learners
from neuroap.weights import draw_weights

Models = list[CorticalClassifier]
DATA = {"mnist": trials(120), "fashion": trials(80, start=200)}
UNSEEN = {"mnist": unseen(), "fashion": unseen()}
# Everything that learns, in all ways.
FULL = AdjointPropagation(
    (3, 2),
    "EPE",
    learning_rate=0.02,
    recurrent_plasticity=0.5,
    bias_plasticity=True,
    weight_decay=0.01,
    derivative=True,
)


def with_weights(layout: Layout) -> Layout:
    """The same structure with other initial weights."""
    areas = [replace(a, recurrence=Recurrence(0.9, 0.5)) for a in layout.areas]
    pathways = [replace(p, weights=Uniform(0.2)) for p in layout.pathways]
    return Layout(*layout.inputs, *areas, *layout.outputs, *pathways, name="another")


def points(layout: Layout = LAYOUT, rule: AdjointPropagation = RULE, **settings: Any) -> Models:
    """Models that differ in all that may differ."""
    return [
        model(layout, rule, **settings),
        model(layout, rule, random_state=3, **settings),
        model(with_weights(layout), rule, **settings),
        model(layout, replace(rule, learning_rate=0.01, learning_rate_decay=0.5, beta=0.5), random_state=3, **settings),
    ]


def assert_as_alone(make: Callable[[], Models], *data: Any, **more: Any) -> tuple[Models, Models]:
    """Fit the same models alone and side by side, and compare all that they learnt."""
    alone = [m.fit(*data, **more) for m in make()]
    side = make()
    assert all(one is other for one, other in zip(side, fit_side_by_side(side, *data, **more), strict=True))
    for one, other in zip(alone, side, strict=True):
        assert_same_bits(one, other)
        assert one._position == other._position
        assert one.weights_ is one.learner_.weights
    return alone, side


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", [RULE, FULL, replace(RULE, optimizer="sgd", schedule="concurrent")])
def test_every_number_is_as_alone(rule: AdjointPropagation, dtype: str) -> None:
    """Seeds, initial weights, learning rates and betas differ; the last of four batches is smaller."""
    assert_as_alone(lambda: points(rule=rule, dtype=dtype, batch_size=60), *trials(), test=unseen())


@pytest.mark.parametrize("seed", range(5))
def test_random_layouts_learn_as_alone(seed: int) -> None:
    """Whatever can be declared: several tasks, overlapping blocks, several time constants."""
    case = draw_case(seed)
    rule = replace(case.rule, tolerance=None)
    rules = [rule, replace(rule, learning_rate=0.5 * rule.learning_rate, beta=0.7)]

    def learners() -> list[Learner]:
        settings = (case.trials, case.dt_ms, "float64")
        return [Learner(case.layout, r, draw_weights(case.layout, k), *settings) for k, r in enumerate(rules)]

    data = draw_trials(case.layout, case.shown, seed)
    order = [np.random.default_rng(k).permutation(case.shown) for k in range(2)]
    alone, side = learners(), learners()
    with Learners(side) as together:
        for tasks in case.runs:
            chosen, orders = {t: data[t] for t in tasks}, [dict.fromkeys(tasks, o) for o in order]
            outputs, places = together.learn(chosen, orders, [0, 1], lambda _: None, 0)
            assert places == {}
            for k, learner in enumerate(alone):
                expected = learner.learn(chosen, orders[k])
                for t in tasks:
                    np.testing.assert_allclose(outputs[k][t], expected[t], rtol=0, atol=1e-12)
    for one, other in zip(alone, side, strict=True):
        for name, w in one.weights.items():
            np.testing.assert_allclose(other.weights[name], w, rtol=0, atol=1e-12)


@pytest.mark.parametrize("order", ["alternating", "simultaneous", "sequential"])
def test_several_tasks(order: str) -> None:
    """Tasks with unequal numbers of trials, one of which begins again."""
    assert_as_alone(lambda: points(TASKS["reuse"], epochs=2, task_order=order)[1::2], DATA, test=UNSEEN)


def test_one_model_is_a_side_too() -> None:
    assert_as_alone(lambda: points()[:1], *trials(), test=unseen())


def test_layouts_that_the_data_decide() -> None:
    """Without a layout, labels are found and numbered as alone."""
    names = np.array([f"digit {k}" for k in range(10)])
    x, y = trials()
    _, side = assert_as_alone(lambda: [model(None, random_state=k, epochs=1) for k in range(2)], x, names[y])
    assert side[1].classes_.tolist() == sorted(names)
    assert side[1].n_features_in_ == 64


def test_generators_are_asked_once_per_model() -> None:
    def make() -> Models:
        rng = np.random.default_rng(5)
        return [model(random_state=rng, epochs=1) for _ in range(3)]

    alone, side = assert_as_alone(make, *trials())
    assert [m.seed_ for m in alone] == [m.seed_ for m in side]


def test_online() -> None:
    """One trial at a time."""
    assert_as_alone(lambda: points(epochs=2, batch_size=1), *trials(30))


def test_without_shuffling() -> None:
    assert_as_alone(lambda: points(shuffle=False), *trials())


# -- models that are through earlier


def early(**settings: Any) -> Models:
    """The second model learns faster than the first, the third not at all."""
    rates = (0.01, 0.03, 0.0)
    return [model(rule=replace(RULE, learning_rate=rate), epochs=12, **settings) for rate in rates]


def test_who_has_learnt_keeps_that_state() -> None:
    _, side = assert_as_alone(lambda: early(stop_at=0.5), *trials(), test=unseen())
    epochs = [m.n_iter_ for m in side]
    assert epochs[1] < epochs[0] <= epochs[2] == 12


def test_who_has_learnt_the_first_task_waits_for_the_others() -> None:
    """In each epoch all learn the same task; nothing is learnt while a model waits."""

    def make() -> Models:
        settings = dict(epochs=6, stop_at=0.12, task_order="sequential")
        return [model(TASKS["reuse"], replace(RULE, learning_rate=rate), **settings) for rate in (0.05, 0.1, 0.0)]

    _, side = assert_as_alone(make, DATA, test=UNSEEN)
    first = [int((~np.isnan(m.history_.loss.sel(task="mnist"))).sum()) for m in side]
    assert first[1] < first[0] <= first[2] == 6


# -- afterwards


def test_models_are_ready_for_all_that_follows(tmp_path: Any) -> None:
    """Answers, recordings, files and further learning are those of a model that was fitted alone."""
    alone, side = assert_as_alone(points, *trials(), test=unseen())
    for k in (1, 3):
        np.testing.assert_array_equal(side[k].predict_proba(unseen()[0]), alone[k].predict_proba(unseen()[0]))
        assert side[k].record(*trials(2)).identical(alone[k].record(*trials(2)))
        side[k].save(tmp_path / "model.nc")
        assert_same_bits(CorticalClassifier.load(tmp_path / "model.nc"), alone[k])
        assert_same_bits(side[k].partial_fit(*trials(50)), alone[k].partial_fit(*trials(50)))
    assert side[0].history_.test_accuracy.values[-1, 0] == side[0].score(*unseen())


def test_progress_tells_the_mean(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neuroap.training.progress.QUIET_SECONDS", -1.0)
    side = fit_side_by_side(points(epochs=2), *trials(), test=unseen(), progress=True)
    scores = ("loss", "train_accuracy", "test_accuracy")
    loss, train, test = (np.mean([m.history_[s].values[-1, 0] for m in side]) for s in scores)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith(f"epoch 2/2  mean of 4: loss {loss:.3f}, train {train:.1%}, test {test:.1%}")


def test_nothing_is_said_if_nothing_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    fit_side_by_side(points(epochs=1), *trials(), progress=False)
    assert capsys.readouterr() == ("", "")


# -- compiled devices


def test_a_compiled_program_gives_the_same_numbers() -> None:
    """Two models in one program, against each alone in this process."""

    def make(device: str) -> Models:
        return points(rule=FULL, dtype="float64", device=device, epochs=2, batch_size=60)[1::2]

    alone = [m.fit(*trials(), test=unseen()) for m in make("runtime")]
    side = fit_side_by_side(make("cpp_standalone"), *trials(), test=unseen(), progress=False)
    for one, other in zip(alone, side, strict=True):
        for name, w in one.weights_.items():
            np.testing.assert_allclose(other.weights_[name], w, rtol=0, atol=1e-12)
        assert {k: s.updates for k, s in other.learner_.states.items()} == {"task": 8}
        np.testing.assert_allclose(other.history_.loss, one.history_.loss, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(other.history_.test_accuracy, one.history_.test_accuracy)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("order", ["alternating", "simultaneous", "sequential"])
def test_compiled_networks_are_as_alone(order: str, dtype: str) -> None:
    settings = dict(device="cpp_standalone", dtype=dtype, epochs=2, task_order=order)
    assert_as_alone(lambda: points(TASKS["reuse"], FULL, **settings), DATA, test=UNSEEN)


# -- noise


def test_noise_depends_on_the_company_but_not_on_chance() -> None:
    """One stream of random numbers serves all networks: the same group, the same numbers."""
    text = "du/dt = (-u + I_rec + b + I_inf - beta*I_err)/tau + 0.3*xi*tau**-0.5 : 1\nr = tanh(u) : 1"
    areas = [replace(a, equations=text) for a in LAYOUT.areas]
    layout = Layout(*LAYOUT.inputs, *areas, *LAYOUT.outputs, *LAYOUT.pathways)
    one, other = (fit_side_by_side([model(layout), model(layout)], *trials()) for _ in range(2))
    assert_same_bits(one[0], other[0])
    assert_same_bits(one[1], other[1])
    assert not np.array_equal(one[0].weights_["image -> V1.RI"], one[1].weights_["image -> V1.RI"])


def test_digits_are_learnt() -> None:
    """Not only the same, but something."""
    images = digits()
    side = fit_side_by_side(
        [model(None, AdjointPropagation(learning_rate=rate), batch_size="auto", epochs=4) for rate in (8e-3, 1e-2)],
        images.X_train, images.y_train, progress=False,
    )  # fmt: skip
    assert min(m.score(images.X_test, images.y_test) for m in side) > 0.8
