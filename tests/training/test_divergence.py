"""Rates or weights that become infinite: the message names the culprit, and the epoch before is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from training.small import LAYOUT, assert_same_bits, bits, copy_of_fitted, fitted, model, trials, unseen

from neuroap import (
    SGD,
    AdjointPropagation,
    Area,
    CorticalClassifier,
    Input,
    Layout,
    Output,
    Recurrence,
    error,
    inference,
)
from neuroap.brian import CorticalNetwork
from neuroap.errors import DivergenceError
from neuroap.training import learner

HINT = "\n  lower the learning rate or the spectral radius; weights of the epoch before are kept"


def exploding(area: str) -> Layout:
    """Two areas, one of which multiplies its rates by thousands in every step."""
    unstable = {"activation": "relu", "recurrence": Recurrence(spectral_radius=1e6, connection_rate=1.0)}
    return Layout(
        Input("image", 64),
        *(Area(name, 8, **(unstable if name == area else {})) for name in ("V1", "V2")),  # type: ignore[arg-type]
        Output("choice", 10),
        inference("image", "V1.RI"),
        inference("V1.SI", "V2.RI"),
        inference("V2.SI", "choice"),
        error("choice", "V2.RE"),
        error("V2.SE", "V1.RE"),
    )


@pytest.mark.parametrize("area", ["V1", "V2"])
def test_the_message_names_the_area_that_explodes(area: str) -> None:
    """Not the one that its infinite errors or weights reach in the end."""
    study = model(exploding(area), AdjointPropagation(steps=(12, 12)))
    with pytest.raises(DivergenceError) as caught:
        study.fit(*trials())
    assert str(caught.value) == f"epoch 1: the rates of {area!r} became infinite or NaN{HINT}"
    assert isinstance(caught.value, ArithmeticError)


def test_an_explosion_in_the_learning_phase_is_named_too() -> None:
    """The linear area is stable in the two steps of inference, not in the 400 of learning."""
    layout = Layout(
        Input("image", 64),
        Area("V1", 8, activation="identity", recurrence=Recurrence(2.0, connection_rate=1.0)),
        Output("choice", 10),
        inference("image", "V1.RI"),
        inference("V1.SI", "choice"),
        error("choice", "V1.RE"),
    )
    with pytest.raises(DivergenceError) as caught:
        model(layout, AdjointPropagation(steps=(2, 400))).fit(*trials())
    assert str(caught.value) == f"epoch 1: the errors of 'V1' became infinite or NaN{HINT}"


def test_an_exploding_weight_is_named() -> None:
    """A learning rate at which float32 overflows: rates stay bounded by tanh."""
    rule = AdjointPropagation(steps=(2, 2), learning_rate=1e38, weight_decay=1e38, optimizer=SGD())
    with pytest.raises(DivergenceError) as caught:
        model(rule=rule).fit(*trials(50))
    assert str(caught.value) == f"epoch 1: the weights 'image -> V1.RI' became infinite or NaN{HINT}"


def test_training_ends_with_the_batch_that_explodes() -> None:
    """Nothing is gained by the rest of the epoch."""
    begun: list[int] = []
    study = model(exploding("V1"), AdjointPropagation(steps=(12, 12)), batch_size=10)
    run = CorticalNetwork.run
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CorticalNetwork, "run", lambda *a, **k: run(*a, **{**k, "on_batch": _count(k, begun)}))
        with pytest.raises(DivergenceError, match="epoch 1: the rates of 'V1'"):
            study.fit(*trials())
    assert begun == [0, 1]


def _count(settings: dict, begun: list[int]) -> object:
    def on_batch(batch: int) -> None:
        begun.append(batch)
        settings["on_batch"](batch)

    return on_batch


class Sabotage:
    """From the second epoch on, weights are spoilt before the last batch."""

    def __init__(self, patch: pytest.MonkeyPatch, epoch: int = 2) -> None:
        self.epoch, self.calls, self.learn = epoch, 0, learner.Learner.learn
        patch.setattr(learner.Learner, "learn", lambda *a, **k: self.spoilt(*a, **k))

    def spoilt(self, who: learner.Learner, data: object, order: object, on_batch: object, *more: int) -> object:
        """As `Learner.learn`."""
        self.calls += 1

        def begin(batch: int) -> None:
            if self.calls == self.epoch and batch == 2:
                who.network(None).projections["V1.SI -> choice"].array("w")[0, 0] = np.inf
            on_batch(batch)  # type: ignore[operator]

        return self.learn(who, data, order, begin, *more)  # type: ignore[arg-type]


def test_the_epoch_before_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the model and in the checkpoint, which loads, and from which another try goes on as if nothing had been."""
    path = tmp_path / "run.nc"
    study = model(checkpoint=path)
    with monkeypatch.context() as patch:
        Sabotage(patch)
        with pytest.raises(DivergenceError) as caught:
            study.fit(*trials(), test=unseen())
    assert str(caught.value) == f"epoch 2: the weights 'V1.SI -> choice' became infinite or NaN{HINT}"
    for kept in (study, CorticalClassifier.load(path)):
        assert_same_bits(fitted(epochs=1), kept)
        assert kept.n_iter_ == 1
    assert_same_bits(fitted(), study.fit(*trials(), test=unseen(), resume=True))


def test_divergence_in_partial_fit_leaves_the_model_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    study = copy_of_fitted()
    with monkeypatch.context() as patch:
        Sabotage(patch, epoch=1)
        with pytest.raises(DivergenceError) as caught:
            study.partial_fit(*trials())
    assert str(caught.value) == f"partial_fit: the weights 'V1.SI -> choice' became infinite or NaN{HINT}"
    assert bits(study) == bits(fitted())
    assert study.weights_ is study.learner_.weights


def test_large_but_finite_numbers_are_no_divergence() -> None:
    """Their sum overflows in float32, they do not."""
    assert learner._is_finite(np.full(10, 3e38, np.float32))
    assert not learner._is_finite(np.array([1, np.inf], np.float32))
    assert not learner._is_finite(np.array([1, np.nan], np.float32))
    assert not learner._is_finite(np.array([np.inf, -np.inf], np.float32))


def test_default_layout_does_not_diverge() -> None:
    """The counterpart of the tests above: a stable network passes the same checks."""
    study = model(LAYOUT, AdjointPropagation(steps=(12, 12)), epochs=1).fit(*trials())
    assert study.learner_.diverged(["task"]) is None
