"""Silent cells: a lesioned model is the model without what they send, and does not learn it again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from brian.judging import oracle_of
from training.dale import LAYOUT, UPDATES, copy_of_fitted, fitted, rule, study
from training.small import assert_same_bits, bits, model, trials, unseen

from neuroap import CorticalClassifier, fit_side_by_side, hierarchy
from neuroap.errors import LayoutError, SettingError
from neuroap.weights import draw_weights, source_alive, source_signs

X, Y = unseen()
# Rows of weights that leave V1.SI.I (neurons 14 and 15) and V1.SE (24 to 32).
GONE = {"V1.SI -> choice": [6, 7], "V1.recurrence": [14, 15, *range(24, 32)]}
SILENT = ("V1.SI.I", "V1.SE")


def without(model: CorticalClassifier) -> CorticalClassifier:
    """Set the rows of `GONE` to 0 by hand, in place."""
    for name, rows in GONE.items():
        w = model.learner_.weights[name]
        assert np.abs(w[rows]).max() > 0.01
        w[rows] = 0
    return model


def test_a_trained_model_answers_as_one_whose_rows_are_zero() -> None:
    """Bit for bit; the errors of living cells too."""
    cut, by_hand = fitted().lesion(*SILENT), without(copy_of_fitted())
    for name, w in by_hand.weights_.items():
        assert np.array_equal(cut.weights_[name], w), name
    assert np.array_equal(cut.predict_proba(X), by_hand.predict_proba(X))
    assert not np.array_equal(cut.predict_proba(X), fitted().predict_proba(X))
    ours, theirs = (m.record(X[:5], Y[:5]) for m in (cut, by_hand))
    living = np.ones((1, 34), bool)
    living[0, GONE["V1.recurrence"]] = False
    for name in ("rate", "error"):
        assert np.array_equal(ours[name].values[..., living], theirs[name].values[..., living])
        assert not ours[name].values[..., ~living].any()
        assert theirs[name].values[..., ~living].any()
    assert np.array_equal(ours.output_task, theirs.output_task)


@pytest.mark.parametrize("update", UPDATES)
def test_a_lesioned_model_learns_on_and_revives_nothing(update: str) -> None:
    """As the oracle does from the same weights: the optimiser keeps its moments, signs and places hold."""
    cut = fitted(update).lesion(*SILENT)
    before = {n: w.copy() for n, w in cut.weights_.items()}
    updates = cut.learner_.states["task"].updates
    cut.partial_fit(*trials(100, start=300))
    assert cut.learner_.states["task"].updates == updates + 2
    for name, w in cut.weights_.items():
        rows = GONE.get(name, [])
        assert not w[rows].any(), name
        if name != "choice -> V1.RE":  # which is fixed
            assert not np.array_equal(np.delete(w, rows, 0), np.delete(before[name], rows, 0)), name
    assert cut.check(X[:5], Y[:5]).violations == 0
    whole = copy_of_fitted(update).partial_fit(*trials(100, start=300))
    assert not np.array_equal(whole.weights_["image -> V1.RI"], cut.weights_["image -> V1.RI"])


def test_one_update_after_a_lesion_is_that_of_the_oracle() -> None:
    """From a fresh optimiser, in float64."""
    sgd = replace(rule(), optimizer="sgd", learning_rate=0.3)
    cut = model(LAYOUT, sgd, epochs=1, dtype="float64").fit(*trials()).lesion(*SILENT)
    oracle = oracle_of(cut.layout_, sgd, cut.weights_)
    oracle.mask = {n: a["mask"] for n, a in cut.learner_.states["task"].arrays.items() if "mask" in a}
    x, y = trials(100, start=300)
    for k in (0, 50):
        oracle.batch("task", {"task": (x[k : k + 50], y[k : k + 50])})
    cut.partial_fit(x, y)
    for name, w in cut.weights_.items():
        np.testing.assert_allclose(w, oracle.weights[name], rtol=0, atol=1e-12, err_msg=name)


def test_the_original_stays_as_it_was() -> None:
    original = copy_of_fitted()
    before, answers = bits(original), original.predict_proba(X)
    original.lesion("V1").partial_fit(*trials(50)).score(X, Y)
    assert bits(original) == before
    assert np.array_equal(original.predict_proba(X), answers)
    assert original.layout_ == original.layout == LAYOUT
    assert_same_bits(original, fitted())


def test_a_lesion_of_nothing_is_a_copy() -> None:
    again = fitted().lesion()
    assert again is not fitted()
    assert_same_bits(again, fitted())
    assert_same_bits(again.partial_fit(*trials(50)), copy_of_fitted().partial_fit(*trials(50)))


def test_lesions_add_up() -> None:
    """One after the other or at once; a whole area sends nothing more."""
    assert_same_bits(fitted().lesion("V1.SI.I").lesion("V1.SE"), fitted().lesion(*SILENT))
    blind = fitted().lesion("V1").predict_proba(X)
    assert np.ptp(blind, axis=0).max() < 1e-6  # no stimulus reaches the output
    assert np.ptp(fitted().predict_proba(X), axis=0).max() > 1e-3
    assert np.array_equal(fitted().lesion("V1.E", "V1.I").predict_proba(X), blind)


def test_a_model_that_has_not_learnt_learns_without_the_cells() -> None:
    cut = study().lesion(*SILENT)
    assert cut.layout == LAYOUT.lesion(*SILENT)
    assert not hasattr(cut, "learner_")
    assert_same_bits(cut.fit(*trials()), model(LAYOUT.lesion(*SILENT), rule(), epochs=2).fit(*trials()))
    for name, rows in GONE.items():
        assert not cut.weights_[name][rows].any()
    assert cut.check(X[:5]).violations == 0


def test_a_lesioned_model_comes_back_from_its_file(tmp_path: Path) -> None:
    """And goes on as if it had never been away."""
    cut = fitted("multiplicative").lesion(*SILENT)
    cut.save(tmp_path / "cut.nc")
    again = CorticalClassifier.load(tmp_path / "cut.nc")
    assert again.layout_ == cut.layout_ == LAYOUT.lesion(*SILENT)
    assert again.rule.dale == "multiplicative"  # type: ignore[union-attr]
    assert_same_bits(again, cut)
    assert_same_bits(again.partial_fit(*trials(50)), cut.partial_fit(*trials(50)))


def test_a_copy_has_no_checkpoint_file(tmp_path: Path) -> None:
    path = tmp_path / "run.nc"
    original = study(checkpoint=path, epochs=1).fit(*trials(50))
    written = path.read_bytes()
    cut = original.lesion("V1.SI")
    assert cut.checkpoint is None
    cut.fit(*trials(50))
    assert path.read_bytes() == written


def test_labels_without_the_law_can_be_silenced_too() -> None:
    """In a model that chose its layout by itself."""
    chosen = model(None, epochs=1).fit(*trials(50))
    assert chosen.layout is None
    cut = chosen.lesion("V2.SI")
    assert np.ptp(cut.predict_proba(X), axis=0).max() < 1e-6


def test_cells_to_silence_must_be_there() -> None:
    with pytest.raises(LayoutError, match=r"area 'V1' has no block 'SO' \(got 'SO.I'\)\n  did you mean 'SI'\?"):
        fitted().lesion("V1.SO.I")
    with pytest.raises(LayoutError, match=r"Layout.lesion: only cells of areas can be silenced \(got 'choice'\)"):
        fitted().lesion("choice")
    with pytest.raises(SettingError, match=r"lesion: a model without a layout has no cells yet\n  give .*layout"):
        model(None).lesion("V1")


# -- Dale's law in all that training does


@pytest.mark.parametrize("update", UPDATES)
def test_side_by_side_each_learns_as_alone(update: str) -> None:
    """Initial weights, learning rates and seeds differ; signs and sizes of reference are each model's own."""

    def make() -> list[CorticalClassifier]:
        wide = [replace(a, recurrence=replace(a.recurrence, bulk_radius=0.5)) for a in LAYOUT.areas]  # type: ignore[type-var]
        other = type(LAYOUT)(*LAYOUT.inputs, *wide, *LAYOUT.outputs, *LAYOUT.pathways)
        return [study(update), model(other, replace(rule(update), learning_rate=0.05), epochs=2, random_state=3)]

    alone = [m.fit(*trials()) for m in make()]
    for one, other in zip(alone, fit_side_by_side(make(), *trials(), progress=False), strict=True):
        assert_same_bits(one, other)
        assert other.check().violations == 0


@pytest.mark.parametrize("change", ["dale", "lesions", "cells", "update"])
def test_side_by_side_all_obey_the_same_law(change: str) -> None:
    areas = {
        "dale": [replace(a, dale=False, recurrence=None) for a in LAYOUT.areas],
        "cells": [replace(a, blocks={b.name: {"E": 5, "I": 3} for b in a.block_list}) for a in LAYOUT.areas],
        "lesions": [replace(LAYOUT.areas[0], lesions=("SI",))],
        "update": list(LAYOUT.areas),
    }[change]
    other = type(LAYOUT)(*LAYOUT.inputs, *areas, *LAYOUT.outputs, *LAYOUT.pathways)
    said = r"^rule.dale: must be the same" if change == "update" else r"^layout: .* models 0 and 1 differ in 'V1'"
    second = model(other, rule("multiplicative" if change == "update" else "clip"), epochs=2)
    with pytest.raises(SettingError, match=said):
        fit_side_by_side([study(), second], *trials(), progress=False)


@pytest.mark.parametrize("update", ["multiplicative", pytest.param("clip", marks=pytest.mark.slow)])
def test_training_resumes_bit_for_bit(update: str, tmp_path: Path) -> None:
    """Bounds of the update are those of the first weights, not of those at the break."""
    path = tmp_path / "run.nc"
    study(update, epochs=1, checkpoint=path).fit(*trials())
    resumed = study(update, epochs=2, checkpoint=path).fit(*trials(), resume=True)
    assert_same_bits(resumed, fitted(update))
    kept = {v for arrays in resumed.learner_.states["task"].arrays.values() for v in arrays}
    assert {"clip": "polarity", "multiplicative": "relative"}[update] in kept


@pytest.mark.parametrize("update", UPDATES)
def test_signs_hold_after_every_update(update: str) -> None:
    """Looked at after each batch; places of recurrent weights too."""
    first = draw_weights(LAYOUT, 0)["V1.recurrence"] != 0
    learner = study(update, epochs=1).fit(*trials(10)).learner_
    x, y = trials(40, start=50)
    changed = 0
    for k in range(0, 40, 2):
        before = learner.weights["V1.SI -> choice"].copy()
        learner.learn({"task": (x[k : k + 2].astype("float32"), y[k : k + 2])})
        for name, w in learner.weights.items():
            signs = source_signs(LAYOUT, name)
            assert signs is None or (w * signs[:, None] >= 0).all(), name
        assert not learner.weights["V1.recurrence"][~first].any()
        changed += int((learner.weights["V1.SI -> choice"] != before).any())
    assert changed == 20


def test_clip_meets_its_bound_and_multiplicative_does_not() -> None:
    zeros = {u: sum(int((w == 0).sum()) for n, w in fitted(u).weights_.items() if "SI ->" in n) for u in UPDATES}
    assert zeros["clip"] > 0
    assert zeros["multiplicative"] == 0
    assert source_alive(LAYOUT, "V1.SI -> choice") is None


def test_a_lesion_of_a_plain_hierarchy_by_block() -> None:
    """No cell types at all: blocks can be silenced, cells cannot."""
    plain = hierarchy(1, 64, 10, 8)
    assert model(plain).lesion("V1.SE").layout["V1"].lesions == ("SE",)  # type: ignore[index, union-attr]
    with pytest.raises(LayoutError, match=r"block 'SE' of 'V1' tells no cell types \(got 'SE.I'\)"):
        model(plain).lesion("V1.SE.I")
