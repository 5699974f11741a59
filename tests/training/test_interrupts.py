"""Ctrl-C: training ends at once, and what is kept is the state after the last whole epoch."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from training.small import assert_same_bits, bits, copy_of_fitted, fitted, model, trials, unseen

from neuroap import CorticalClassifier
from neuroap.brian import CorticalNetwork
from neuroap.training import keeping, learner, progress


def ctrl_c() -> None:
    """What the terminal sends; Brian2 catches it during a run and merely stops."""
    os.kill(os.getpid(), signal.SIGINT)


def raised() -> None:
    """The plain exception."""
    raise KeyboardInterrupt


def interrupt_at(patch: pytest.MonkeyPatch, batch: int, interrupt: Callable[[], None]) -> None:
    """Interrupt when the given batch begins, counted over all epochs."""
    shown, begin = [0], progress.Progress.batch

    def counted(self: progress.Progress, index: int = 0) -> None:
        shown[0] += 1
        if shown[0] == batch:
            interrupt()
        begin(self, index)

    patch.setattr(progress.Progress, "batch", counted)


@pytest.mark.parametrize(("batch", "interrupt"), [(1, ctrl_c), (4, raised), (7, ctrl_c)])
def test_interrupted_training_keeps_whole_epochs(
    batch: int, interrupt: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four batches an epoch: in the first, at the end of the first, in the middle of the second."""
    path, done = tmp_path / "run.nc", (batch - 1) // 4
    study = model(checkpoint=path)
    with monkeypatch.context() as patch:
        interrupt_at(patch, batch, interrupt)
        with pytest.raises(KeyboardInterrupt, match=r"^$|the simulation was stopped before its end"):
            study.fit(*trials(), test=unseen())
    assert study.n_iter_ == done
    kept = CorticalClassifier.load(path)
    assert_same_bits(study, kept)
    if done:
        assert_same_bits(fitted(epochs=done), kept)
    assert_same_bits(fitted(), study.fit(*trials(), test=unseen(), resume=True))


def test_an_interrupted_test_does_not_count_as_an_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights have changed by then, but the epoch is not over: resuming must not train it twice."""
    path, infer = tmp_path / "run.nc", learner.Learner.infer
    study = model(checkpoint=path)
    with monkeypatch.context() as patch:
        patch.setattr(learner.Learner, "infer", lambda self, *a: raised() if study.n_iter_ == 1 else infer(self, *a))
        with pytest.raises(KeyboardInterrupt, match=r"^$"):
            study.fit(*trials(), test=unseen())
    assert CorticalClassifier.load(path).n_iter_ == 1
    assert_same_bits(fitted(epochs=1), study)
    assert_same_bits(fitted(), study.fit(*trials(), test=unseen(), resume=True))


def test_an_interrupted_write_leaves_a_whole_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, write, calls = tmp_path / "run.nc", keeping.files.write, [0]
    monkeypatch.setattr(keeping, "EVERY_SECONDS", 0.0)

    def interrupted(*arguments: object) -> None:
        calls[0] += 1
        if calls[0] == 3:  # the first write is before any epoch
            raised()
        write(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(keeping.files, "write", interrupted)
        with pytest.raises(KeyboardInterrupt, match=r"^$"):
            model(checkpoint=path).fit(*trials(), test=unseen())
    assert CorticalClassifier.load(path).n_iter_ == 2
    assert_same_bits(fitted(), model(checkpoint=path).fit(*trials(), test=unseen(), resume=True))


@pytest.mark.parametrize("interrupt", [raised, ctrl_c])
def test_the_next_ctrl_c_works_as_well(interrupt: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Brian2 must not believe that it still runs, or it would swallow Ctrl-C outside a run."""
    study = copy_of_fitted()
    with monkeypatch.context() as patch:
        interrupt_at(patch, 1, interrupt)
        patch.setattr(CorticalNetwork, "run", _interrupted_run(CorticalNetwork.run, interrupt))
        with pytest.raises(KeyboardInterrupt, match=r"^$|the simulation was stopped"):
            study.partial_fit(*trials())
    assert bits(study) == bits(fitted())
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        ctrl_c()


def _interrupted_run(run: Callable[..., object], interrupt: Callable[[], None]) -> Callable[..., object]:
    def begun(self: object, *arguments: object, **settings: object) -> object:
        return run(self, *arguments, **{**settings, "on_batch": lambda _: interrupt()})

    return begun
