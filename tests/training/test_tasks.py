"""Several tasks on one layout: which are trained when, what they share, and what stays untouched."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from training.small import TASKS, model, trials, unseen

from neuroap import AdjointPropagation, CorticalClassifier
from neuroap.errors import DataError

# 120 and 80 trials in batches of 50: three and two updates an epoch.
DATA = {"mnist": trials(120), "fashion": trials(80, start=200)}
UNSEEN = {"mnist": unseen(), "fashion": unseen()}
EPOCHS = 2
ORDERS = ("alternating", "simultaneous", "sequential")


@cache
def trained(layout: str, order: str) -> CorticalClassifier:
    """A model of both tasks, shared by tests that leave it as it is."""
    return model(TASKS[layout], task_order=order, epochs=EPOCHS).fit(DATA, test=UNSEEN)


def measured(study: CorticalClassifier, score: str) -> dict[str, list[bool]]:
    """By task: in which epochs a score is not NaN."""
    return {task: (~np.isnan(study.history_[score].sel(task=task).values)).tolist() for task in study.layout_.tasks}


@pytest.mark.parametrize("layout", ["reuse", "recruitment 5c"])
@pytest.mark.parametrize("order", ORDERS)
def test_history_shows_which_task_was_trained_when(layout: str, order: str) -> None:
    """NaN where a task was not trained; its test accuracy is measured nevertheless, after every epoch."""
    study = trained(layout, order)
    first, second = study.layout_.tasks
    epochs = 2 * EPOCHS if order == "sequential" else EPOCHS
    assert study.history_.task.values.tolist() == [first, second]
    assert study.n_iter_ == study.history_.sizes["epoch"] == epochs
    trained_in = {first: [True] * EPOCHS, second: [True] * EPOCHS}
    if order == "sequential":
        trained_in = {first: [True] * EPOCHS + [False] * EPOCHS, second: [False] * EPOCHS + [True] * EPOCHS}
    assert measured(study, "loss") == measured(study, "train_accuracy") == trained_in
    assert measured(study, "test_accuracy") == {first: [True] * epochs, second: [True] * epochs}
    for task in (first, second):
        last = study.history_.test_accuracy.sel(task=task).values[-1]
        assert last == study.score(*UNSEEN[task], task=task)


@pytest.mark.parametrize(
    ("order", "updates"),
    [
        ("alternating", {"mnist": 3 * EPOCHS, "fashion": 2 * EPOCHS}),
        ("simultaneous", {"mnist+fashion": 3 * EPOCHS}),
        ("sequential", {"mnist": 3 * EPOCHS, "fashion": 2 * EPOCHS}),
    ],
)
def test_one_optimiser_state_for_each_set_of_tasks(order: str, updates: dict[str, int]) -> None:
    """At once, the task with fewer trials begins again until the longer one is through."""
    study = trained("reuse", order)
    assert {tasks: state.updates for tasks, state in study.learner_.states.items()} == updates
    for tasks, state in study.learner_.states.items():
        open_in = study.layout_.open(tasks.split("+"), "inference")
        assert sorted(state.arrays) == sorted(p.name for p in open_in if p.plastic)


def test_a_task_learnt_second_leaves_the_blocks_of_the_first_alone() -> None:
    """Figure 5a: each task has blocks of its own, and the recurrence that they share is fixed."""
    study = trained("reuse", "sequential")
    only_first = model(TASKS["reuse"], epochs=EPOCHS).fit({"mnist": DATA["mnist"]})
    unchanged = {name for name, w in study.weights_.items() if np.array_equal(w, only_first.weights_[name])}
    learnt_second = {p.name for p in study.layout_.open("fashion", "inference")}
    assert unchanged == set(study.weights_) - learnt_second
    np.testing.assert_array_equal(
        study.predict_proba(UNSEEN["mnist"][0], task="mnist"), only_first.predict_proba(UNSEEN["mnist"][0])
    )


def test_borrowed_pathways_stay_fixed() -> None:
    """Figure 5c: "fashion" infers through areas of "mnist" by pathways that are not plastic."""
    study = trained("recruitment 5c", "alternating")
    untrained = model(TASKS["recruitment 5c"], epochs=1, rule=AdjointPropagation(learning_rate=0)).fit(DATA)
    for pathway in study.layout_.pathways:
        same = np.array_equal(study.weights_[pathway.name], untrained.weights_[pathway.name])
        assert same == (not pathway.plastic), pathway.name


def test_each_task_has_classes_of_its_own() -> None:
    x, y = DATA["fashion"]
    names = np.array([f"garment {k}" for k in range(10)])
    study = model(TASKS["reuse"], epochs=1).fit({"mnist": DATA["mnist"], "fashion": (x, names[y])})
    assert {task: classes[0] for task, classes in study.classes_.items()} == {"mnist": 0, "fashion": "garment 0"}
    assert set(study.predict(x, task="fashion")) <= set(names)
    assert set(study.predict(x, task="mnist")) <= set(range(10))


def test_partial_fit_trains_every_task_that_is_given() -> None:
    """Whatever the order: all of them, once; tasks with unequal numbers of trials may run at once."""
    for order, updates in {"simultaneous": {"mnist+fashion": 3}, "sequential": {"mnist": 3, "fashion": 2}}.items():
        study = model(TASKS["reuse"], task_order=order).partial_fit(DATA)
        assert {tasks: state.updates for tasks, state in study.learner_.states.items()} == updates


def test_sequential_training_stops_early_in_each_phase() -> None:
    """The accuracy of the task at hand decides, not that of the one before."""
    study = model(TASKS["reuse"], task_order="sequential", epochs=5, stop_at=0.05).fit(DATA)
    assert measured(study, "loss") == {"mnist": [True, False], "fashion": [False, True]}


def test_a_task_that_was_not_trained_is_not_answered() -> None:
    study = model(TASKS["reuse"], epochs=1).fit({"mnist": DATA["mnist"]})
    assert measured(study, "loss") == {"mnist": [True], "fashion": [False]}
    assert study.predict(DATA["mnist"][0]).shape == (120,)
    with pytest.raises(DataError, match=r"task: name a task that was learnt \(got 'fashion'\)"):
        study.predict(DATA["fashion"][0], task="fashion")
