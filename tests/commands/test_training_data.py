"""The option --data: which set each task learns."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from models import reuse, two_area
from neuroap.commands import training_data
from neuroap.commands.training_data import EVERY_TASK, by_task, load_sets, sizes
from neuroap.errors import DataError, SettingError


def images(name="a", pixels=64, classes=10):
    return SimpleNamespace(name=name, X_train=np.zeros((2, pixels)), classes=tuple(range(classes)))


@pytest.fixture(autouse=True)
def _no_files(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def opened(monkeypatch):
    """The names that were loaded."""
    names = []
    monkeypatch.setattr("neuroap.data.load", lambda name: names.append(name) or images(name))
    return names


def test_names_and_tasks(opened):
    sets = load_sets(["mnist=digits", "fashion=./my=folder"])
    assert {task: s.name for task, s in sets.items()} == {"mnist": "digits", "fashion": "./my=folder"}
    assert set(load_sets(["./my=folder"])) == {EVERY_TASK}


def test_a_folder_of_this_very_name_is_no_task(opened, tmp_path):
    (tmp_path / "a=b").mkdir()
    assert {task: s.name for task, s in load_sets(["a=b"]).items()} == {EVERY_TASK: "a=b"}


def test_two_tasks_of_one_set_hold_it_once(opened):
    sets = load_sets(["one=digits", "other=digits"])
    assert opened == ["digits"]
    assert sets["one"] is sets["other"]


@pytest.mark.parametrize("given", [["digits", "mnist"], ["a=digits", "a=mnist"]])
def test_a_task_named_twice(opened, given):
    with pytest.raises(SettingError, match=r"--data: names one data set per task \(got '.*mnist'\)"):
        load_sets(given)


def test_an_unknown_set_suggests_a_similar_one():
    with pytest.raises(DataError, match=r"no data set and no folder of this name .*\n  did you mean 'digits'"):
        load_sets(["digitz"])


def test_sizes_that_all_sets_share():
    assert sizes({"a": images(), "b": images()}) == {"input": 64, "output": 10}
    assert sizes({"a": images(), "b": images(pixels=9)}) == {"input": None, "output": 10}


def test_one_task_needs_no_name():
    layout = two_area.layout(64, 10, 4)
    (task,) = layout.tasks
    one = images()
    assert by_task(layout, {EVERY_TASK: one}) == {task: one}
    assert by_task(layout, {task: one}) == {task: one}


def test_several_tasks_in_the_order_of_the_layout():
    layout = reuse.layout(64, 10, 4)
    found = by_task(layout, {"fashion": images("f"), "mnist": images("m")})
    assert [(task, s.name) for task, s in found.items()] == [("mnist", "m"), ("fashion", "f")]


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([""], r"must name a task: the layout has 2 \(got 'mnist, fashion'\)\n  for example --data mnist=NAME"),
        (["mnist"], "misses the tasks fashion of reuse\n  add --data fashion=NAME"),
        (["mnist", "fashoin"], r"the layout has no such task \(got 'fashoin'\)\n  did you mean 'fashion'"),
    ],
)
def test_tasks_without_data_and_data_without_task(tasks, message):
    with pytest.raises(SettingError, match=f"--data: {message}"):
        by_task(reuse.layout(64, 10, 4), {task: images() for task in tasks})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (images(pixels=9), r"two_area: image must have 9 nodes for 'a' \(got 64\)"),
        (images(classes=11), r"two_area: choice must have 11 nodes for 'a' \(got 10\)"),
    ],
)
def test_data_that_do_not_fit(given, message):
    with pytest.raises(DataError, match=message):
        by_task(two_area.layout(64, 10, 4), {EVERY_TASK: given})


def test_fewer_classes_than_nodes_fit():
    assert by_task(two_area.layout(64, 10, 4), {EVERY_TASK: images(classes=3)})


def test_training_and_test_parts_are_not_mixed_up():
    part = SimpleNamespace(X_train="X", y_train="y", X_test="x", y_test="z")
    assert training_data.trials({"a": part}) == ({"a": ("X", "y")}, {"a": ("x", "z")})
