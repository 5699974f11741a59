"""Checkpoint files: what is written comes back bit for bit, and other programs can read it."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from training.small import RULE, TASKS, assert_same_bits, copy_of_fitted, fitted, model, trials, unseen

from neuroap import SGD, AdjointPropagation, CorticalClassifier
from neuroap.errors import CheckpointError
from neuroap.training.checkpoint import Checkpoint, read, write
from neuroap.training.history import Epoch, as_dataset
from neuroap.training.keeping import as_checkpoint
from neuroap.training.learner import OptimizerState

HINT = "\n  choose a folder that exists, is writable and has room"
NAMES = ["V1.SI -> V2.RI", "V1_SI_to_V2_RI", "größe/m", "V1.bias"]


def example(dtype: str = "float32") -> Checkpoint:
    """Awkward names and numbers, without any training."""
    rng = np.random.default_rng(4)
    weights = {name: rng.normal(size=(2, 3)).astype(dtype) for name in NAMES}
    weights["V1.bias"][0] = [-0.0, np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max]
    arrays = {n: {"m": w * 2, "mask": w > 0} for n, w in weights.items() if n != "V1.bias"}
    states = {"one+two": OptimizerState(7, arrays), "one two": OptimizerState(2**40), "one_two": OptimizerState(3)}
    scores = {("loss", "one"): 0.1, ("train_accuracy", "one two"): 1 / 3}
    history = as_dataset([Epoch(0.5, scores), Epoch(1.5)], ["one", "one two"])
    return Checkpoint("name = 'α'\n", {"b": [1, 2.5, None], "a": {"text": "ü", "yes": True}}, weights, states, history)


def assert_identical(one: Checkpoint, other: Checkpoint) -> None:
    """All parts are equal, arrays bit for bit."""
    assert (one.layout, one.settings) == (other.layout, other.settings)
    assert one.history.identical(other.history)
    assert one.states.keys() == other.states.keys()
    sets = [(one.weights, other.weights)]
    for tasks, state in one.states.items():
        assert state.updates == other.states[tasks].updates
        assert state.arrays.keys() == other.states[tasks].arrays.keys()
        sets += [(arrays, other.states[tasks].arrays[name]) for name, arrays in state.arrays.items()]
    for arrays, others in sets:
        assert arrays.keys() == others.keys()
        for name, array in arrays.items():
            assert array.dtype == others[name].dtype, name
            assert array.tobytes() == others[name].tobytes(), name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_round_trip_is_exact(dtype: str, tmp_path: Path) -> None:
    """Names that netCDF cannot hold, or that would be the same in it; signed zeros and subnormal numbers."""
    write(example(dtype), tmp_path / "a.nc")
    assert_identical(read(tmp_path / "a.nc"), example(dtype))


def test_an_empty_run_can_be_kept(tmp_path: Path) -> None:
    """Before the first epoch there is no history and no optimiser state."""
    empty = replace(example(), states={}, history=as_dataset([], ["one"]))
    write(empty, tmp_path / "a.nc")
    assert_identical(read(tmp_path / "a.nc"), empty)


def test_a_model_comes_back_whole(tmp_path: Path) -> None:
    """Answers, history with times, settings and everything that more training needs."""
    fitted().save(tmp_path / "a.nc")
    loaded = CorticalClassifier.load(tmp_path / "a.nc")
    assert_same_bits(fitted(), loaded)
    assert loaded.history_.identical(fitted().history_)
    assert loaded.layout_ == fitted().layout_
    assert loaded.learner_.rule == RULE
    assert loaded.classes_.tolist() == fitted().classes_.tolist()
    assert loaded.n_features_in_ == 64
    settings = ("epochs", "batch_size", "dt_ms", "dtype", "device", "task_order", "stop_at", "shuffle", "random_state")
    assert {s: getattr(loaded, s) for s in settings} == {s: getattr(fitted(), s) for s in settings}
    np.testing.assert_array_equal(loaded.predict_proba(unseen()[0]), fitted().predict_proba(unseen()[0]))
    assert_same_bits(loaded.partial_fit(*trials()), copy_of_fitted().partial_fit(*trials()))


def test_a_model_of_several_tasks_and_named_classes_comes_back_whole(tmp_path: Path) -> None:
    """With recurrent plasticity, whose mask is kept too."""
    text = "dw = -phase*r_pre*e_post"
    rule = AdjointPropagation((2, 2), recurrent_plasticity=0.5, bias_plasticity=True, plasticity=text)
    x, y = trials(40)
    data = {"mnist": (x, y), "fashion": (x, np.array(list("abcdefghij"))[y])}
    study = model(TASKS["reuse"], rule, task_order="simultaneous", dtype="float64", random_state=9).fit(data)
    study.save(tmp_path / "a.nc")
    loaded = CorticalClassifier.load(tmp_path / "a.nc")
    assert_same_bits(study, loaded)
    assert loaded.learner_.rule == rule
    assert {t: c.tolist() for t, c in loaded.classes_.items()} == {t: c.tolist() for t, c in study.classes_.items()}
    assert_same_bits(loaded.partial_fit(data), study.partial_fit(data))


def test_plain_gradient_descent_comes_back_whole(tmp_path: Path) -> None:
    """An optimiser without arrays of its own."""
    study = model(rule=AdjointPropagation((2, 2), optimizer=SGD(), learning_rate=0.1), epochs=1).fit(*trials(50))
    study.save(tmp_path / "a.nc")
    loaded = CorticalClassifier.load(tmp_path / "a.nc")
    assert loaded.learner_.rule == study.learner_.rule
    assert loaded.learner_.states["task"].updates == 1


def test_other_programs_read_the_file(tmp_path: Path) -> None:
    """Plain xarray, in a process without neuroap: labelled variables, units, layout and settings as text."""
    fitted().save(tmp_path / "a.nc")
    program = """
import sys, json, tomllib, xarray as xr
with xr.open_datatree(sys.argv[1]) as tree:
    assert "neuroap" not in sys.modules
    weights = tree["weights"]["V1_SI_to_choice"]
    print(weights.dims, weights.shape, weights.attrs, float(weights.sum()))
    print(sorted(tree["history"].data_vars), tree["history"]["loss"].attrs["units"], tree["history"].task.values)
    print(tree["optimizer/task"].attrs["updates"], tree["optimizer/task/V1_SI_to_choice_m"].attrs["name"])
    print(tomllib.loads(tree.attrs["layout"])["name"], json.loads(tree.attrs["settings"])["estimator"]["epochs"])
    print(tree.attrs["format"], tree.attrs["format_version"], "brian2" in tree.attrs["software"])
"""
    run = [sys.executable, "-c", program, str(tmp_path / "a.nc")]
    lines = subprocess.run(run, capture_output=True, text=True, check=True).stdout.splitlines()
    total = float(fitted().weights_["V1.SI -> choice"].sum())
    attrs = {"name": "V1.SI -> choice", "long_name": "V1.SI -> choice", "units": "1"}
    assert lines == [
        f"('V1_SI_to_choice_pre', 'V1_SI_to_choice_post') (8, 10) {attrs} {total}",
        "['loss', 'seconds', 'test_accuracy', 'train_accuracy'] nats ['task']",
        "12 V1.SI -> choice/m",
        "hierarchy_1 3",
        "neuroap checkpoint 1 True",
    ]


def test_every_array_has_a_name_and_a_unit(tmp_path: Path) -> None:
    fitted().save(tmp_path / "a.nc")
    with xr.open_datatree(tmp_path / "a.nc") as tree:
        arrays = [a for node in tree.subtree for a in node.data_vars.values()]
        assert len(arrays) == 4 + 6 + 4
        assert [a.name for a in arrays if not a.attrs.get("units") or not a.attrs.get("long_name")] == []


UNWRITABLE = {
    "missing": "No such file or directory",
    "file": "Not a directory",
    "folder": "Is a directory",
}


@pytest.mark.parametrize("kind", UNWRITABLE)
def test_a_place_that_cannot_be_written_is_refused(kind: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "folder").mkdir()
    path = tmp_path / {"missing": "no/a.nc", "file": "file/a.nc", "folder": "folder"}[kind]
    with pytest.raises(CheckpointError) as caught:
        write(example(), path)
    assert str(caught.value) == f"{path}: cannot be written: {UNWRITABLE[kind]}{HINT}"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "folder"]


def test_training_does_not_begin_where_nothing_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    study = model(checkpoint=tmp_path / "file" / "a.nc")
    with pytest.raises(CheckpointError, match="cannot be written: Not a directory"):
        study.fit(*trials(20))
    assert study.n_iter_ == 0


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_runs_full_costs_nothing_but_the_new_file(tmp_path: Path) -> None:
    """The process lives on (HDF5 would crash it), no partial file is left, and the old one is untouched."""
    before = _written(tmp_path / "a.nc")
    for size in (1, len(before) // 2, len(before) - 10):
        with full_disk(size), pytest.raises(CheckpointError) as caught:
            write(replace(example(), layout="another"), tmp_path / "a.nc")
        assert str(caught.value) == f"{tmp_path / 'a.nc'}: cannot be written: File too large{HINT}"
        assert (tmp_path / "a.nc").read_bytes() == before
        assert [p.name for p in tmp_path.iterdir()] == ["a.nc"]


def _written(path: Path) -> bytes:
    write(example(), path)
    return path.read_bytes()


def test_a_failure_while_writing_leaves_no_partial_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever happens before the move, interruption included; the old file is still there."""
    before = _written(tmp_path / "a.nc")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("neuroap.files.os.fsync", interrupted)
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        write(replace(example(), layout="another"), tmp_path / "a.nc")
    assert [p.name for p in tmp_path.iterdir()] == ["a.nc"]
    assert (tmp_path / "a.nc").read_bytes() == before


def test_settings_that_json_cannot_hold_are_a_bug_not_a_file(tmp_path: Path) -> None:
    study = copy_of_fitted()
    study.batch_size = object()
    with pytest.raises(TypeError, match="object cannot be kept in a checkpoint"):
        as_checkpoint(study)
