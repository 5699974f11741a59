"""Going on from a checkpoint: the same numbers as without a break, and only where the run is the same."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from training.small import LAYOUT, RULE, TASKS, assert_same_bits, fitted, model, trials, unseen

from neuroap import SGD, CorticalClassifier, Layout, hierarchy
from neuroap.errors import CheckpointError
from neuroap.training import keeping

HINT = "\n  resume with the same settings, or remove the file"


@cache
def kept() -> bytes:
    """The checkpoint of `fitted` after one of its epochs."""
    with TemporaryDirectory() as folder:
        fitted(epochs=1).save(Path(folder) / "run.nc")
        return (Path(folder) / "run.nc").read_bytes()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that holds the checkpoint."""
    (tmp_path / "run.nc").write_bytes(kept())
    return tmp_path / "run.nc"


def test_more_epochs_go_on_where_the_run_ended(path: Path) -> None:
    """One epoch, then three: bit for bit as three in one go, history included."""
    study = model(checkpoint=path, epochs=3).fit(*trials(), test=unseen(), resume=True)
    assert_same_bits(fitted(), study)
    assert study.history_.epoch.values.tolist() == [1, 2, 3]
    assert study.history_.seconds.values[0] == fitted(epochs=1).history_.seconds.values[0]
    assert (study.history_.seconds > 0).all()
    assert_same_bits(fitted(), CorticalClassifier.load(path))


def test_a_finished_run_is_not_trained_again(path: Path) -> None:
    """Nor is one that is asked for fewer epochs than it has."""
    study = model(checkpoint=path, epochs=1).fit(*trials(), test=unseen(), resume=True)
    assert_same_bits(fitted(epochs=1), study)


def test_without_a_file_resuming_begins_afresh(tmp_path: Path) -> None:
    """So that the same call can be repeated until the run is through."""
    study = model(checkpoint=tmp_path / "new.nc").fit(*trials(), test=unseen(), resume=True)
    assert_same_bits(fitted(), study)
    assert (tmp_path / "new.nc").is_file()


def test_a_loaded_model_can_go_on(path: Path) -> None:
    """With a file of another name and progress shown: neither changes the numbers."""
    moved = path.rename(path.with_name("moved.nc"))
    study = CorticalClassifier.load(moved).set_params(checkpoint=str(moved), epochs=3, progress=True)
    assert_same_bits(fitted(), study.fit(*trials(), test=unseen(), resume=True))


def test_without_resume_training_begins_afresh(path: Path) -> None:
    study = model(checkpoint=path).fit(*trials(), test=unseen())
    assert_same_bits(fitted(), study)


@pytest.mark.parametrize("order", ["sequential", pytest.param("simultaneous", marks=pytest.mark.slow)])
def test_several_tasks_resume_bit_for_bit(order: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted after each epoch, and resumed each time in another object."""
    data = {"mnist": trials(60), "fashion": trials(40, start=100)}
    settings = {"task_order": order, "epochs": 1 if order == "sequential" else 2, "random_state": 6}
    whole = model(TASKS["reuse"], **settings).fit(data)
    path = tmp_path / "run.nc"
    for epochs in range(whole.n_iter_ + 1):
        study = model(TASKS["reuse"], checkpoint=path, **settings)
        with monkeypatch.context() as patch:
            patch.setattr(keeping.Keeper, "after_epoch", _interrupt_after_one(keeping.Keeper.after_epoch))
            if epochs < whole.n_iter_:
                with pytest.raises(KeyboardInterrupt, match="after one epoch"):
                    study.fit(data, resume=True)
                assert study.n_iter_ == epochs + 1
            else:
                study.fit(data, resume=True)
    assert_same_bits(whole, study)


def _interrupt_after_one(after_epoch: object) -> object:
    def interrupted(self: keeping.Keeper) -> None:
        after_epoch(self)  # type: ignore[operator]
        raise KeyboardInterrupt("after one epoch")

    return interrupted


def renamed(labels: np.ndarray) -> np.ndarray:
    """The same classes under other names."""
    return np.array(list("abcdefghij"))[labels]


OTHER_RUNS = {
    "was written for another layout": dict(layout=hierarchy(1, 64, 10, 9)),
    "was written with another rule.steps (got [2, 2])": dict(rule=replace(RULE, steps=(2, 3))),
    "was written with another rule.beta (got 1.0)": dict(rule=replace(RULE, beta=0.5)),
    "was written with another rule.optimizer.kind (got 'adam')": dict(rule=replace(RULE, optimizer=SGD())),
    "was written with another rule.learning_rate (got 0.03)": dict(rule=replace(RULE, learning_rate=0.01)),
    "was written with another random_state (got 0)": dict(random_state=1),
    "was written with another batch_size (got 50)": dict(batch_size=40),
    "was written with another dtype (got 'float32')": dict(dtype="float64"),
    "was written with another stop_at (got 0.9999)": dict(stop_at=0.5),
    "was written with another shuffle (got True)": dict(shuffle=False),
    "was written with another dt_ms (got None)": dict(dt_ms=10.0),
    "was written with another task_order (got 'alternating')": dict(task_order="sequential"),
}


@pytest.mark.parametrize("rule", OTHER_RUNS)
def test_the_checkpoint_of_another_run_is_refused(rule: str, path: Path) -> None:
    before = path.read_bytes()
    study = model(checkpoint=path, **OTHER_RUNS[rule])  # type: ignore[arg-type]
    with pytest.raises(CheckpointError) as caught:
        study.fit(*trials(), resume=True)
    assert str(caught.value) == f"{path}: {rule}{HINT}"
    assert path.read_bytes() == before


def test_a_layout_with_another_name_is_another_layout(path: Path) -> None:
    other = Layout(*LAYOUT.nodes, *LAYOUT.pathways, name="another")
    with pytest.raises(CheckpointError, match="was written for another layout"):
        model(other, checkpoint=path).fit(*trials(), resume=True)


OTHER_DATA = {
    "stimuli": lambda x, y: (x * np.float32(0.999), y),
    "labels": lambda x, y: (x, y[::-1]),
    "names of labels": lambda x, y: (x, renamed(y)),
    "order": lambda x, y: (x[::-1], y[::-1]),
    "number": lambda x, y: (x[:-1], y[:-1]),
}


@pytest.mark.parametrize("other", OTHER_DATA)
def test_the_checkpoint_of_other_data_is_refused(other: str, path: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        model(checkpoint=path).fit(*OTHER_DATA[other](*trials()), resume=True)
    assert str(caught.value) == f"{path}: was trained on other data{HINT}"


def test_resuming_needs_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CheckpointError) as caught:
        model().fit(*trials(), resume=True)
    assert str(caught.value) == "resume: there is no checkpoint to go on from\n  give checkpoint=PATH"
