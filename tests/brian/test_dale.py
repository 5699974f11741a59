"""Dale's law while a network learns: the oracle agrees, signs and sparsity hold after every step."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from brian.dale import with_dale
from brian.graphs import Case, draw_trials, part
from brian.judging import assert_states_agree, assert_weights_agree, oracle_of

from neuroap import AdjointPropagation, Area, Recurrence, hierarchy
from neuroap.layout import Layout
from neuroap.training.learner import Learner
from neuroap.weights import draw_weights, source_alive, source_signs

SEEDS, MORE = range(12), range(12, 60)


def learner_of(case: Case, seed: int) -> Learner:
    """The networks of a case with the weights of `seed`, in float64."""
    return Learner(case.layout, case.rule, draw_weights(case.layout, seed), case.trials, case.dt_ms, "float64")


@pytest.mark.parametrize("seed", [*SEEDS, *(pytest.param(seed, marks=pytest.mark.slow) for seed in MORE)])
def test_areas_of_dale_do_what_the_oracle_does(seed: int) -> None:
    """Rates, errors and outputs of the last batch, all weights after three updates."""
    case = with_dale(seed)
    learner, data = learner_of(case, seed), draw_trials(case.layout, case.shown, seed)
    oracle = oracle_of(case.layout, case.rule, draw_weights(case.layout, seed), case.dt_ms)
    borders = [0, case.trials, 2 * case.trials, case.shown]
    for tasks in case.runs:
        learner.learn({t: data[t] for t in tasks})
        records = [oracle.batch(tasks, part(data, a, b)) for a, b in pairwise(borders)]
        assert assert_states_agree(learner.network(tasks), records[-1]) >= 2 * len(tasks)
    assert_weights_agree(learner.weights, oracle)
    assert violations(case.layout, learner.weights) == {}


def violations(layout: Layout, weights: dict[str, np.ndarray]) -> dict[str, int]:
    """How many weights have the wrong sign, or leave a silent cell and are not 0, by name."""
    found = {}
    for name, w in weights.items():
        signs, living = source_signs(layout, name), source_alive(layout, name)
        wrong = np.zeros(w.shape, bool) if signs is None else w * signs[:, None] < 0
        wrong |= False if living is None else (w != 0) & ~living[:, None]
        if wrong.any():
            found[name] = int(wrong.sum())
    return found


def test_the_cases_hold_what_dales_law_needs() -> None:
    """Each feature occurs in the cases above."""
    cases = [with_dale(seed) for seed in SEEDS]
    areas = [a for c in cases for a in c.layout.areas]
    plastic = [(c, p) for c in cases for p in c.layout.pathways if p.plastic]
    occurs = {
        "dale": sum(a.dale for a in areas),
        "labels alone": sum(not a.dale for a in areas),
        "lesions": sum(bool(a.lesions) for a in areas),
        "exact balance": sum(a.recurrence is not None and a.recurrence.exact_balance for a in areas),
        "clip": sum(c.rule.dale == "clip" for c in cases),
        "multiplicative": sum(c.rule.dale == "multiplicative" for c in cases),
        "recurrent plasticity": sum(c.rule.recurrent_plasticity > 0 for c in cases),
        "signed plastic": sum(source_signs(c.layout, p.name) is not None for c, p in plastic),
        "silent plastic": sum(source_alive(c.layout, p.name) is not None for c, p in plastic),
        "from cells": sum(p.source.count(".") == 2 for _, p in plastic),
        **{
            name: sum(a.dale and a.activation == name for a in areas)
            for name in ("relu", "rectified_tanh", "saturating", "hard_sigmoid")
        },
    }
    assert {name: n for name, n in occurs.items() if n < 1} == {}


@pytest.mark.parametrize("update", ["clip", "multiplicative"])
def test_no_sign_is_violated_after_a_thousand_updates(update: str) -> None:
    """Recurrent plasticity too, in single precision: signs of all weights, places of recurrent ones, silent cells."""
    block = {"E": 6, "I": 2}
    area = Area(
        "V1",
        dict.fromkeys(("RI", "SI", "RE", "SE"), block),
        activation="sigmoid",
        dale=True,
        recurrence=Recurrence(bulk_radius=1.5, exact_balance=True),
    )
    layout = _two(area).lesion("V1.SI.I")
    rule = AdjointPropagation((4, 4), learning_rate=0.02, recurrent_plasticity=1.0, bias_plasticity=True, dale=update)
    weights = draw_weights(layout, 0)
    learner, rng = Learner(layout, rule, weights, 4), np.random.default_rng(0)
    x = rng.uniform(size=(400, 6))
    for _ in range(10):
        learner.learn({"task": (x, x.argmax(axis=1) % 3)})
    assert learner.states["task"].updates == 1000
    assert violations(layout, learner.weights) == {}
    for name in ("V1.recurrence", "V2.recurrence"):
        before, after = weights[name], learner.weights[name]
        assert not after[before == 0].any()
        assert np.abs(after - before).max() > 0.1  # they did learn
    if update == "clip":
        assert any((learner.weights[n] == 0).sum() > (w == 0).sum() for n, w in weights.items())  # and met the bound


def _two(area: Area) -> Layout:
    plain = hierarchy(2, input=6, output=3, block=8)
    return Layout(*plain.inputs, area, replace(area, name="V2"), *plain.outputs, *plain.pathways)


def test_without_the_law_labels_change_nothing() -> None:
    """Cell types alone draw the same weights, and learn the same."""
    plain = hierarchy(2, input=6, output=3, block=8)
    labelled = Layout(
        *plain.inputs, *(replace(a, excitatory=0.75) for a in plain.areas), *plain.outputs, *plain.pathways
    )
    x = np.random.default_rng(1).uniform(size=(20, 6))
    learnt = []
    for layout in (plain, labelled):
        learner = Learner(layout, AdjointPropagation(recurrent_plasticity=0.5), draw_weights(layout, 3), 5)
        learner.learn({"task": (x, np.arange(20) % 3)})
        learnt.append(learner.weights)
    for name, w in learnt[0].items():
        assert np.array_equal(w, learnt[1][name]), name
