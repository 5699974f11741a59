"""Mistakes across the package, and the exact first line of what neuroap says (those of layouts: tests/layout)."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from mistakes import Mistake, Table, check

from neuroap import AdjointPropagation, Area, CorticalClassifier, Input, Layout, Output, hierarchy, inference
from neuroap.data import load
from neuroap.errors import (
    CheckpointError,
    DataError,
    EquationsError,
    RuleError,
    SettingError,
    TraceError,
)
from neuroap.rules import Adam
from neuroap.seeds import as_seed
from neuroap.timeline import timeline
from neuroap.verify import verify

mistake = Table(SettingError)

LAYOUT = hierarchy(1, input=4, output=3, block=2)
TWO_TASKS = Layout(
    Input("image", 4), Area("V1", 2), Output("left", 2), Output("right", 2),
    inference("image", "V1.RI"), inference("V1.SI", "left", tasks="a"), inference("V1.SI", "right", tasks="b"),
)  # fmt: skip
X = np.linspace(0, 1, 24).reshape(6, 4)
Y = np.array([0, 1, 2, 0, 1, 2])


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mistakes with files happen in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEUROAP_DATA", str(tmp_path / "nothing"))


def model(**settings: object) -> CorticalClassifier:
    """A small one, quick to train."""
    return CorticalClassifier(LAYOUT, **{"epochs": 1, "progress": False, **settings})  # type: ignore[arg-type]


def area(equations: str) -> CorticalClassifier:
    """A model whose area has equations of its own."""
    layout = Layout(
        Input("image", 4), Area("V1", 2, equations=equations), Output("choice", 3),
        inference("image", "V1.RI"), inference("V1.SI", "choice"),
    )  # fmt: skip
    return CorticalClassifier(layout, epochs=1, progress=False)


# Rules


@mistake("AdjointPropagation.error: must be one of ('STE', 'EPE') (got 'SET')", "did you mean 'STE'?", RuleError)
def error_of_unknown_kind() -> None:
    AdjointPropagation(error="SET")  # <- mistake


@mistake("AdjointPropagation.steps: must be two positive integers (got 8)", "steps=(8, 8)", RuleError)
def one_number_of_steps() -> None:
    AdjointPropagation(steps=8)  # type: ignore[arg-type]  # <- mistake


@mistake("Adam.beta1: must lie in [0, 1) (got 1.0)", "", RuleError)
def adam_that_never_forgets() -> None:
    AdjointPropagation(optimizer=Adam(beta1=1.0))  # <- mistake


@mistake("plasticity: name 'target' is not local to the synapse (got 'dw = phase*r_pre*target')", "known:", RuleError)
def plasticity_that_knows_the_target() -> None:
    AdjointPropagation(plasticity="dw = phase*r_pre*target")  # <- mistake


@mistake(
    "plasticity: tanh(e_post*r_pre) mixes e_post, r_pre and is no sum of products "
    "(got 'dw = -phase*tanh(r_pre*e_post)')",
    "write it as a sum of products",
    RuleError,
)
def plasticity_that_does_not_separate() -> None:
    AdjointPropagation(plasticity="dw = -phase*tanh(r_pre*e_post)")  # <- mistake


@mistake(
    "plasticity: errors are used outside the learning phase (got 'dw = -r_pre*e_post')",
    "multiply the errors by phase",
    RuleError,
)
def plasticity_without_phase() -> None:
    AdjointPropagation(plasticity="dw = -r_pre*e_post")  # <- mistake


# Equations, which Brian2 reads when the network is built


@mistake("Area.equations: 'V1': unknown name 'I_info', in 'du/dt = (-u + I_info)/tau : 1'", "'I_inf'", EquationsError)
def equations_with_unknown_name() -> None:
    area("du/dt = (-u + I_info)/tau : 1\nr = tanh(u) : 1").fit(X, Y)  # <- mistake


@mistake("Area.equations: 'V1': 'tau' is set by neuroap, in 'tau = 5*ms : s'", "do not define it", EquationsError)
def equations_that_define_tau() -> None:
    area("du/dt = -u/tau : 1\nr = tanh(u) : 1\ntau = 5*ms : second").fit(X, Y)  # <- mistake


@mistake(
    "Area.equations: 'V1': the right-hand side has unit 1, but must have Hz, in 'du/dt = -u + I_inf : 1'",
    "",
    EquationsError,
)
def equations_with_wrong_units() -> None:
    area("du/dt = -u + I_inf : 1\nr = tanh(u) : 1").fit(X, Y)  # <- mistake


# Settings


@mistake("epochs: must be a positive integer (got 0)")
def no_epochs() -> None:
    model(epochs=0).fit(X, Y)  # <- mistake


@mistake(
    "device: must be one of ('auto', 'runtime', 'cpp_standalone', 'cuda_standalone') (got 'cuda')",
    "known: 'auto', 'runtime'",
)
def unknown_device() -> None:
    model(device="cuda").fit(X, Y)  # <- mistake


@mistake("dtype: must be one of ('float32', 'float64') (got 'float16')", "did you mean 'float64'?")
def half_precision() -> None:
    model(dtype="float16").fit(X, Y)  # <- mistake


@mistake(
    "task_order: must be one of ('alternating', 'simultaneous', 'sequential') (got 'parallel')",
)
def unknown_task_order() -> None:
    model(task_order="parallel").fit(X, Y)  # <- mistake


@mistake("dt_ms: tau of 'V1' (10 ms) must be a multiple of it (got 3)", "for example dt_ms=1")
def step_that_does_not_divide_tau() -> None:
    timeline(LAYOUT, AdjointPropagation(), dt_ms=3)  # <- mistake


@mistake("random_state: must be None, an integer >= 0 or a generator (got -1)", "one integer seeds everything")
def negative_seed() -> None:
    as_seed(-1)  # <- mistake


# Stimuli and labels


@mistake("fit: Input X contains NaN", "", DataError)
def nan_among_the_stimuli() -> None:
    model().fit(np.where(X > 0.5, np.nan, X), Y)  # <- mistake


@mistake("fit: X must have 4 columns (image 4) (got (6, 3))", "", DataError)
def too_few_columns() -> None:
    model().fit(X[:, :3], Y)  # <- mistake


@mistake("fit: labels must be indices of output nodes (got 3)", "labels are 0 to 2", DataError)
def label_out_of_range() -> None:
    model().fit(X, Y + 1)  # <- mistake


@mistake("fit: y must hold one label for each of 6 trials (got 5)", "", DataError)
def too_few_labels() -> None:
    model().fit(X, Y[:5])  # <- mistake


@mistake("fit: the layout has no such task (got 'digits')", "", DataError)
def unknown_task() -> None:
    model().fit({"digits": (X, Y)})  # <- mistake


@mistake("fit: name the task: the layout has several (got ['a', 'b'])", "{'a': (X, y)}", DataError)
def no_task_named() -> None:
    CorticalClassifier(TWO_TASKS, epochs=1).fit(X, Y % 2)  # <- mistake


# Files


@mistake("load: no data set and no folder of this name (got 'fashon-mnist')", "'fashion-mnist'", DataError)
def misspelt_data_set() -> None:
    load("fashon-mnist")  # <- mistake


@mistake("mine/train-labels-idx1-ubyte.gz: is a truncated gzip file", "", DataError)
def truncated_data_file() -> None:
    Path("mine").mkdir()
    whole = gzip.compress(bytes(1000))
    for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        Path(f"mine/{part}-ubyte.gz").write_bytes(whole[:-4])
    load("./mine")  # <- mistake


@mistake("mine/train-labels-idx1-ubyte: is not an IDX file: wrong magic number (got '6e 6f 6e 73')", "", DataError)
def corrupt_data_file() -> None:
    Path("mine").mkdir()
    for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        Path(f"mine/{part}-ubyte").write_bytes(b"nonsense" * 9)
    load("./mine")  # <- mistake


@mistake("file/checkpoint.nc: cannot be written: Not a directory", "choose a folder", CheckpointError)
def folder_that_cannot_be_written() -> None:
    Path("file").write_text("no folder")
    model(checkpoint="file/checkpoint.nc").fit(X, Y)  # <- mistake


@mistake("foreign.nc: is no neuroap checkpoint, or only a piece of one", "", CheckpointError)
def foreign_checkpoint() -> None:
    Path("foreign.nc").write_bytes(b"CDF\x01" + bytes(200))
    CorticalClassifier.load("foreign.nc")  # <- mistake


@mistake("missing.npz: no such file", "", TraceError)
def missing_trace() -> None:
    verify("missing.npz")  # <- mistake


@pytest.mark.parametrize("case", mistake, ids=mistake.names)
def test_message_names_the_mistake(case: Mistake) -> None:
    """The exact first line, at the user's line; every error is also one that Python users expect."""
    check(case)
    assert issubclass(case.exception, ValueError)


def test_there_are_enough_of_them() -> None:
    """At least 25 here, besides those of layouts."""
    assert len(mistake) >= 25
