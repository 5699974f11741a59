"""Networks side by side that diverge, are interrupted, or do not belong together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from brian.conftest import _quick_brian  # noqa: F401
from mistakes import Mistake, Table, check
from sklearn.base import clone
from training.small import LAYOUT, RULE, TASKS, assert_same_bits, model, trials, unseen

from neuroap import SGD, AdjointPropagation, CorticalClassifier, Recurrence, fit_side_by_side, hierarchy
from neuroap.brian import CorticalNetwork
from neuroap.errors import DataError, DivergenceError, SettingError
from neuroap.training import keeping, progress
from neuroap.training.learners import Learners

Models = list[CorticalClassifier]
# A learning rate at which float32 overflows: rates stay bounded by tanh.
RISKY = AdjointPropagation(steps=(2, 2), learning_rate=0.1, weight_decay=1e38, optimizer=SGD())
EXPLODES = replace(RISKY, learning_rate=1e38)
HINT = "\n  lower the learning rate or the spectral radius; weights of the epoch before are kept"
OTHERS = "\n  the other models are trained to the end"


def fit(models: Models, **settings: Any) -> Models:
    """On a few trials, with tests after each epoch."""
    return fit_side_by_side(models, *trials(), test=unseen(), **settings)


def spoil(patch: pytest.MonkeyPatch, copy: int, epoch: int) -> None:
    """Make the weights of a copy infinite before the third batch of an epoch."""
    learn, calls = Learners.learn, [0]

    def spoilt(self: Learners, data: Any, orders: Any, active: Any, on_batch: Callable[[int], None], *more: int) -> Any:
        calls[0] += 1

        def begin(batch: int) -> None:
            if calls[0] == epoch and batch == 2:
                self.network(data).projections["V1.SI -> choice"].array("w")[copy, 0, 0] = np.inf  # type: ignore[attr-defined]
            on_batch(batch)

        return learn(self, data, orders, active, begin, *more)

    patch.setattr(Learners, "learn", spoilt)


# -- divergence


def test_one_that_diverges_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps the epoch before, says so in its history, and the others are trained as alone."""
    side = [model(random_state=k) for k in range(3)]
    spoil(monkeypatch, copy=1, epoch=2)
    with pytest.raises(DivergenceError) as caught:
        fit(side)
    said = "model 1, epoch 2: the rates of 'choice' became infinite or NaN"
    assert str(caught.value) == said + HINT + OTHERS
    for k, epochs in enumerate((3, 1, 3)):
        assert_same_bits(model(random_state=k, epochs=epochs).fit(*trials(), test=unseen()), side[k])
        assert side[k].n_iter_ == epochs
        assert side[k].history_.attrs == ({"diverged": said} if k == 1 else {})


def test_a_point_of_a_sweep_may_fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With a warning at the user's line; the mark is in the file too, and goes when the model is fitted again."""
    side = [model(random_state=k, checkpoint=tmp_path / f"{k}.nc") for k in range(2)]
    with monkeypatch.context() as patch:
        spoil(patch, copy=0, epoch=2)
        with pytest.warns(RuntimeWarning, match=r"\Amodel 0, epoch 2: the rates of 'choice' became") as told:
            assert fit_side_by_side(side, *trials(), test=unseen(), errors="keep") == side
    assert [Path(w.filename).name for w in told] == [Path(__file__).name]
    kept = [CorticalClassifier.load(tmp_path / f"{k}.nc") for k in range(2)]
    assert [m.n_iter_ for m in kept] == [1, 3]
    assert ["diverged" in m.history_.attrs for m in kept] == [True, False]
    again = side[0].fit(*trials(), test=unseen(), resume=True)
    assert_same_bits(model(random_state=0).fit(*trials(), test=unseen()), again)
    assert "diverged" not in again.history_.attrs


def test_training_ends_when_all_have_diverged(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the batch that explodes; the message names all of them."""
    begun: list[int] = []
    monkeypatch.setattr(progress.Progress, "batch", lambda self, index=0: begun.append(index))
    side = [model(rule=EXPLODES, random_state=k) for k in range(2)]
    with pytest.raises(DivergenceError) as caught:
        fit(side)
    said = "model 0, epoch 1: the weights 'image -> V1.RI' became infinite or NaN"
    assert str(caught.value) == said + HINT + OTHERS + "\n  also model 1, epoch 1"
    assert begun == [0]
    for study in side:
        assert study.n_iter_ == 0
        assert all(np.isfinite(w).all() for w in study.weights_.values())
        assert study.learner_.states == {}


def test_the_place_is_that_of_each_model_alone() -> None:
    """One explodes in its rates, one in its weights, and one is well."""
    unstable = hierarchy(2, 64, 10, 8, activation="relu", recurrence=Recurrence(1e6, 1.0))
    stable = hierarchy(2, 64, 10, 8, activation="relu")
    rule = replace(RISKY, steps=(12, 12), weight_decay=1e38)
    side = [
        model(unstable, replace(rule, learning_rate=0)),
        model(stable, replace(rule, learning_rate=1e38)),
        model(stable, replace(rule, learning_rate=0)),
    ]
    with pytest.raises(DivergenceError, match="also model 1, epoch 1"):
        fit(side)
    for study in side[:2]:
        with pytest.raises(DivergenceError) as caught:
            clone(study).fit(*trials(), test=unseen())
        place = str(caught.value).splitlines()[0].partition(": ")[2]
        assert study.history_.attrs["diverged"].partition(": ")[2] == place
    assert side[2].n_iter_ == 3


def test_divergence_in_the_second_task_undoes_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """An epoch is all tasks or none."""
    data = {"mnist": trials(120), "fashion": trials(80, start=200)}
    learn, calls = Learners.learn, [0]

    def spoilt(self: Learners, data: Any, *more: Any) -> Any:
        calls[0] += 1
        outputs, places = learn(self, data, *more)
        return (outputs, places) if calls[0] != 4 else ({0: outputs[0]}, {1: "the rates of 'V1'"})

    monkeypatch.setattr(Learners, "learn", spoilt)
    side = [model(TASKS["reuse"], random_state=k) for k in range(2)]
    with pytest.raises(DivergenceError, match="model 1, epoch 2: the rates of 'V1'"):
        fit_side_by_side(side, data)
    for k, epochs in enumerate((3, 1)):
        assert_same_bits(model(TASKS["reuse"], random_state=k, epochs=epochs).fit(data), side[k])


@pytest.mark.slow
def test_divergence_in_a_compiled_program() -> None:
    """It is looked for at the end of an epoch, when infinite weights have reached the rates."""
    side = [model(rule=rule, device="cpp_standalone") for rule in (EXPLODES, replace(RISKY, learning_rate=0))]
    with pytest.raises(DivergenceError, match=r"\Amodel 0, epoch 1: the rates of 'V1'"):
        fit(side)
    assert [m.n_iter_ for m in side] == [0, 3]


# -- interrupts and files


@pytest.mark.parametrize("batch", [1, 6])
def test_ctrl_c_keeps_whole_epochs_of_all(batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four batches an epoch; each goes on alone from its file, as if nothing had been."""
    begin, shown, done = progress.Progress.batch, [0], (batch - 1) // 4

    def counted(self: progress.Progress, index: int = 0) -> None:
        shown[0] += 1
        if shown[0] == batch:
            raise KeyboardInterrupt
        begin(self, index)

    side = [model(random_state=k, checkpoint=tmp_path / f"{k}.nc") for k in range(2)]
    with monkeypatch.context() as patch:
        patch.setattr(progress.Progress, "batch", counted)
        with pytest.raises(KeyboardInterrupt):
            fit(side)
    for k, study in enumerate(side):
        assert study.n_iter_ == done
        assert_same_bits(study, CorticalClassifier.load(study.checkpoint))
        whole = model(random_state=k).fit(*trials(), test=unseen())
        assert_same_bits(whole, study.fit(*trials(), test=unseen(), resume=True))


def test_an_interrupted_test_undoes_the_epoch_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    infer, side = Learners.infer, [model(random_state=k) for k in range(2)]

    def interrupted(self: Learners, *arguments: Any) -> Any:
        if side[0].n_iter_ == 1:
            raise KeyboardInterrupt
        return infer(self, *arguments)

    monkeypatch.setattr(Learners, "infer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit(side)
    for k, study in enumerate(side):
        assert_same_bits(model(random_state=k, epochs=1).fit(*trials(), test=unseen()), study)


def test_files_are_written_as_by_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first epoch, after epochs, and at the end; models without one write none."""
    written: list[str] = []
    write = keeping.files.write
    monkeypatch.setattr(keeping, "EVERY_SECONDS", 0.0)
    monkeypatch.setattr(keeping.files, "write", lambda c, path: (written.append(Path(path).name), write(c, path)))
    side = [model(random_state=k, checkpoint=tmp_path / f"{k}.nc" if k else None) for k in range(3)]
    fit(side)
    assert written == ["1.nc", "2.nc"] * 5
    for study in side[1:]:
        assert_same_bits(study, CorticalClassifier.load(study.checkpoint))


def test_programs_and_networks_end_with_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[tuple[int, int]] = []
    monkeypatch.setattr(CorticalNetwork, "close", lambda self: closed.append((self.copies, self.trials)))
    fit([model(random_state=k) for k in range(3)])
    assert closed == [(3, 50)]


# -- mistakes

mistake = Table(SettingError)
X, Y = np.linspace(0, 1, 640).reshape(10, 64), np.arange(10)


def pair(**settings: Any) -> Models:
    """Two models, the second with other settings."""
    return [model(), model(**settings)]


@mistake("models: must be a sequence of at least one CorticalClassifier (got [])", "for seed in range(10)")
def no_models() -> None:
    fit_side_by_side([], X, Y)  # <- mistake


@mistake("models: must be a sequence of at least one CorticalClassifier (got ['V1', 'V2'])")
def names_instead_of_models() -> None:
    fit_side_by_side(["V1", "V2"], X, Y)  # type: ignore[list-item] # <- mistake


@mistake("models: models 0 and 2 are the same object", "sklearn.base.clone")
def the_same_model_twice() -> None:
    one, other = pair()
    fit_side_by_side([one, other, one], X, Y)  # <- mistake


@mistake("checkpoint: models 0 and 1 would write the same file (got 'run.nc')", "a file of its own")
def one_file_for_two_models() -> None:
    models = [model(checkpoint="run.nc"), model(checkpoint=Path.cwd() / "run.nc")]
    fit_side_by_side(models, X, Y)  # <- mistake


@mistake(
    "epochs: must be the same for all models side by side; models 0 and 1 differ (got (3, 4))", "one after the other"
)
def other_epochs() -> None:
    fit_side_by_side(pair(epochs=4), X, Y)  # <- mistake


@mistake("batch_size: must be the same for all models side by side; models 0 and 1 differ (got (50, 'auto'))")
def other_batches() -> None:
    fit_side_by_side(pair(batch_size="auto"), X, Y)  # <- mistake


@mistake("rule.steps: must be the same for all models side by side; models 0 and 1 differ (got ((2, 2), (8, 8)))")
def other_steps() -> None:
    fit_side_by_side(pair(rule=None), X, Y)  # <- mistake


@mistake("rule.tolerance: all models side by side take the same number of steps (got 0.001)", "give tolerance=None")
def windows_that_end_early() -> None:
    models = [model(rule=replace(RULE, tolerance=1e-3), random_state=k) for k in range(2)]
    fit_side_by_side(models, X, Y)  # <- mistake


@mistake("layout: must be the same, but for initial weights, side by side; models 0 and 1 differ in 'V1'")
def other_sizes() -> None:
    fit_side_by_side(pair(layout=hierarchy(1, 64, 10, 9)), X, Y)  # <- mistake


@mistake("layout: must be the same, but for initial weights, side by side; models 0 and 1 differ in 'V2'")
def one_more_area() -> None:
    fit_side_by_side(pair(layout=hierarchy(2, 64, 10, 8)), X, Y)  # <- mistake


@mistake("layout: must be the same, but for initial weights, side by side; models 0 and 1 differ in 'V1'")
def no_recurrence() -> None:
    fit_side_by_side(pair(layout=hierarchy(1, 64, 10, 8, recurrence=None)), X, Y)  # <- mistake


@mistake("errors: must be one of ('raise', 'keep') (got 'ignore')")
def unknown_way_to_fail() -> None:
    fit_side_by_side(pair(), X, Y, errors="ignore")  # <- mistake


@mistake("stop_at: must be a positive accuracy; above 1 training never stops early (got None)")
def a_setting_out_of_range() -> None:
    fit_side_by_side(pair(stop_at=None), X, Y)  # <- mistake


@mistake("fit: X must have 64 columns (image 64) (got (10, 60))", exception=DataError)
def too_few_columns() -> None:
    fit_side_by_side(pair(), X[:, :60], Y)  # <- mistake


@pytest.mark.parametrize("one", mistake, ids=mistake.names)
def test_mistakes_are_explained(one: Mistake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is fitted."""
    monkeypatch.chdir(tmp_path)
    check(one)
    assert list(tmp_path.iterdir()) == []


def test_a_layout_for_one_and_none_for_another() -> None:
    with pytest.raises(SettingError, match=r"\Alayout: must be the same for all models side by side; models 0 and 1"):
        fit_side_by_side([model(LAYOUT), model(None)], X, Y)
