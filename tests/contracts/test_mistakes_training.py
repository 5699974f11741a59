"""Mistakes with the estimator: settings, stimuli, labels, recordings and checkpoints."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from mistakes import Mistake, Table, check

from neuroap import (
    AdjointPropagation,
    Area,
    CorticalClassifier,
    Input,
    Layout,
    Output,
    Zeros,
    error,
    hierarchy,
    inference,
)
from neuroap.errors import CheckpointError, DataError, DataTypeError, LayoutError, RuleError, SettingError

mistake = Table(DataError)

LAYOUT = hierarchy(1, input=4, output=3, block=2)
SHARED = Layout(
    Input("image", 4), Area("V1", 2), Output("choice", 3),
    inference("image", "V1.RI"), inference("V1.SI", "choice", tasks=("a", "b")), error("choice", "V1.RE"),
)  # fmt: skip
X = np.linspace(0, 1, 24).reshape(6, 4)
Y = np.array([0, 1, 2, 0, 1, 2])


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mistakes with files happen in a folder of their own."""
    monkeypatch.chdir(tmp_path)


def model(layout: object = LAYOUT, **settings: object) -> CorticalClassifier:
    """A small one, quick to train."""
    return CorticalClassifier(layout, **{"epochs": 1, "progress": False, **settings})  # type: ignore[arg-type]


@cache
def trained() -> CorticalClassifier:
    """A trained one, which no mistake changes."""
    return model().fit(X, Y)


# Settings


@mistake("layout: must be a Layout (got 'two_area')", "neuroap.hierarchy()", SettingError)
def name_instead_of_a_layout() -> None:
    model("two_area").fit(X, Y)  # <- mistake


@mistake("rule: must be an AdjointPropagation (got 'STE')", "AdjointPropagation(learning_rate=1e-3)", SettingError)
def name_instead_of_a_rule() -> None:
    model(rule="STE").fit(X, Y)  # <- mistake


@mistake(
    "AdjointPropagation.dale, Pathway 'V1.SI -> choice': no factor changes weights that are 0 (got 'multiplicative')",
    "give it other initial weights, or learn with dale='clip'",
    RuleError,
)
def zeros_that_a_factor_is_to_change() -> None:
    rule = AdjointPropagation(dale="multiplicative")
    model(hierarchy(1, 4, 2, 3, dale=True, weights=Zeros()), rule=rule).fit(X, Y)  # <- mistake


@mistake("random_state: must be None, an integer >= 0 or a generator (got -3)", "one integer", SettingError)
def a_negative_seed() -> None:
    model(random_state=-3).fit(X, Y)  # <- mistake


@mistake("epochs: must be a positive integer (got 1.5)", "", SettingError)
def half_an_epoch() -> None:
    model(epochs=1.5).fit(X, Y)  # <- mistake


@mistake("batch_size: must be a positive integer or \"auto\" (got 'all')", "", SettingError)
def batch_of_unknown_size() -> None:
    model(batch_size="all").fit(X, Y)  # <- mistake


@mistake("dt_ms: must be a positive number of milliseconds, or None for tau (got '1 ms')", "", SettingError)
def step_with_a_unit() -> None:
    model(dt_ms="1 ms").fit(X, Y)  # <- mistake


@mistake("stop_at: must be a positive accuracy; above 1 training never stops early (got None)", exception=SettingError)
def no_accuracy_to_stop_at() -> None:
    model(stop_at=None).fit(X, Y)  # <- mistake


@mistake("checkpoint: must be a path, or None for none (got True)", "", SettingError)
def checkpoint_without_a_path() -> None:
    model(checkpoint=True).fit(X, Y)  # <- mistake


@mistake("tasks: tasks that share an output cannot run at once (got ('a', 'b'))", "one after the other", SettingError)
def one_output_for_two_tasks_at_once() -> None:
    model(SHARED, task_order="simultaneous").fit({"a": (X, Y), "b": (X, Y)})  # <- mistake


@mistake("data: tasks that run at once show different stimuli at input 'image' (got ('a', 'b'))", "an input of its own")
def one_input_for_two_tasks_at_once() -> None:
    outputs = (Output("left", 3), Output("right", 3))
    to_outputs = (inference("V1.SI", "left", tasks="a"), inference("V1.SI", "right", tasks="b"))
    layout = Layout(*SHARED.inputs, *SHARED.areas, *outputs, inference("image", "V1.RI"), *to_outputs)
    model(layout, task_order="simultaneous").fit({"a": (X, Y), "b": (1 - X, Y)})  # <- mistake


# Stimuli


@mistake("fit: Input X contains infinity or a value too large for dtype('float32')")
def infinite_stimulus() -> None:
    model().fit(np.where(X > 0.9, np.inf, X), Y)  # <- mistake


@mistake("fit: Input X contains NaN", "HistGradientBoostingClassifier")
def nan_without_a_layout() -> None:
    model(None).fit(np.where(X > 0.5, np.nan, X), Y)  # <- mistake


@mistake("predict: X must have 4 columns (image 4) (got (6, 2))")
def too_few_columns_to_predict() -> None:
    trained().predict(X[:, :2])  # <- mistake


@mistake("predict: Expected 2D array, got 1D array instead:", "Reshape your data")
def one_trial_without_its_dimension() -> None:
    trained().predict(X[0])  # <- mistake


@mistake("fit: could not convert string to float: np.str_('bright')")
def words_as_stimuli() -> None:
    model().fit(np.full((6, 4), "bright"), Y)  # <- mistake


@mistake("fit: float() argument must be a string or a real number, not 'dict'", exception=DataTypeError)
def objects_as_stimuli() -> None:
    model().fit(np.array([[{}] * 4] * 6, dtype=object), Y)  # <- mistake


@mistake("fit: must be a pair of stimuli and labels (X, y) (got 'ndarray')")
def task_without_labels() -> None:
    model().fit({"task": X})  # <- mistake


@mistake("fit: a mapping must hold X and y of at least one task, and y comes in it", "{'task': (X, y)}")
def labels_beside_the_mapping() -> None:
    model().fit({"task": X}, Y)  # <- mistake


@mistake("test: must be a pair of stimuli and labels (X, y) (got 'ndarray')")
def stimuli_to_test_without_labels() -> None:
    model().fit(X, Y, test=X)  # <- mistake


# Labels


@mistake("fit: requires y to be passed, but the target y is None")
def no_labels() -> None:
    model().fit(X)  # <- mistake


@mistake("fit: labels must be indices of output nodes (got -1)", "labels are 0 to 2")
def negative_label() -> None:
    model().fit(X, Y - 1)  # <- mistake


@mistake("fit: y must hold at most 3 classes, one per output node (got 6)")
def more_names_than_output_nodes() -> None:
    model().fit(X, list("abcdef"))  # <- mistake


@mistake("fit: y must hold at least two classes, but holds one class (got [7])")
def a_single_class() -> None:
    model(None).fit(X, np.full(6, 7))  # <- mistake


@mistake("score: y must hold one label for each of 6 trials (got 5)")
def too_few_labels_to_score() -> None:
    trained().score(X, Y[:5])  # <- mistake


@mistake("test: labels must be among the classes (got 'c')", "known: ['a', 'b']")
def unknown_label_among_the_tests() -> None:
    model().fit(X, list("ababab"), test=(X, list("abcabc")))  # <- mistake


@mistake("record: labels must be among the classes (got 3)", "known: [0, 1, 2]")
def unknown_label_to_record() -> None:
    trained().record(X, Y + 1)  # <- mistake


@mistake("record.steps: must be two positive integers (got 100)", "steps=(100, 100)", SettingError)
def one_number_of_steps_to_record() -> None:
    trained().record(X, Y, steps=100)  # <- mistake


# Tasks and files


@mistake("task: name a task that was learnt (got 'tusk')", "did you mean 'task'?")
def misspelt_task() -> None:
    trained().predict(X, task="tusk")  # <- mistake


@mistake("Layout.tasks: no such task (got 'tusk')", "did you mean 'task'?", LayoutError)
def misspelt_task_of_the_layout() -> None:
    LAYOUT.open("tusk")  # <- mistake


@mistake("resume: there is no checkpoint to go on from", "give checkpoint=PATH", CheckpointError)
def resume_from_nowhere() -> None:
    model().fit(X, Y, resume=True)  # <- mistake


@mistake("no/run.nc: there is no such checkpoint", exception=CheckpointError)
def missing_checkpoint() -> None:
    CorticalClassifier.load("no/run.nc")  # <- mistake


@mistake("no/run.nc: cannot be written: No such file or directory", "a folder that exists", CheckpointError)
def save_into_a_missing_folder() -> None:
    trained().save("no/run.nc")  # <- mistake


@mistake("run.nc: is damaged: its content does not have the checksum that was written", exception=CheckpointError)
def damaged_checkpoint() -> None:
    trained().save("run.nc")
    Path("run.nc").write_bytes(Path("run.nc").read_bytes()[:-100])
    CorticalClassifier.load("run.nc")  # <- mistake


@mistake("run.nc: was written with another stop_at (got 0.5)", "resume with the same settings", CheckpointError)
def resume_with_another_setting() -> None:
    model(checkpoint="run.nc", stop_at=0.5).fit(X, Y)
    model(checkpoint="run.nc").fit(X, Y, resume=True)  # <- mistake


@pytest.mark.parametrize("case", mistake, ids=mistake.names)
def test_message_names_the_mistake(case: Mistake) -> None:
    """The exact first line, at the user's line; every error is also a ValueError."""
    check(case)
    assert issubclass(case.exception, ValueError)
