"""Gates: code runs in the ticks of its window and in no other."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from neuroap.brian import CorticalNetwork
from neuroap.brian.codeobjects import NumpyInPlaceCodeObject
from neuroap.layout import hierarchy
from neuroap.rules import AdjointPropagation

LAYOUT = hierarchy(2, 4, 3, 3)
DATA = {"task": (np.ones((6, 4)), np.array([0, 1, 2, 0, 1, 2]))}  # three batches of two


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each code object has run, by name."""
    counter: Counter[str] = Counter()
    plain = NumpyInPlaceCodeObject.run

    def counted(self: NumpyInPlaceCodeObject) -> object:
        counter[self.name.partition("_codeobject")[0]] += 1
        return plain(self)

    monkeypatch.setattr(NumpyInPlaceCodeObject, "run", counted)
    return counter


def network(rule: AdjointPropagation) -> CorticalNetwork:
    """Two areas, two trials side by side."""
    return CorticalNetwork(LAYOUT, rule, trials=2)


LEARNING_ONLY = {
    "v1_open_learning": 1,
    "v1_collect_learning": 1,
    "v1_close_learning": 1,
    "v2_open_learning": 1,
    "v2_collect_learning": 1,
    "v2_close_learning": 1,
    "choice_to_v2_re_product": 1,
    "v2_se_to_v1_re_product": 1,
    "image_to_v1_ri_correlate_g": 1,
    "image_to_v1_ri_update": 1,
    "v1_si_to_v2_ri_correlate_g": 1,
    "v1_si_to_v2_ri_update": 1,
    "v2_si_to_choice_correlate_g": 1,
    "v2_si_to_choice_update": 1,
}
INFERENCE_ONLY = {
    "v1_open_inference": 1,
    "v1_collect_inference": 1,
    "v1_close_inference": 1,
    "v2_open_inference": 1,
    "v2_collect_inference": 1,
    "v2_close_inference": 1,
    "choice_softmax": 1,
    "choice_close": 1,
    "choice_bias_product": 1,
    "image_to_v1_ri_product": 1,
    "v1_si_to_v2_ri_product": 1,
    "v2_si_to_choice_product": 1,
}


def test_every_object_runs_in_its_window_only(ran: Counter[str]) -> None:
    """A learning cycle of 8-8 runs each object as often as the published algorithm needs it, and no more."""
    made = network(AdjointPropagation())
    made.run(DATA, learn=True)
    both = {"v1_stateupdater": 16, "v2_stateupdater": 16, "v1_recurrence_product": 14, "v2_recurrence_product": 14}
    expected = {**INFERENCE_ONLY, **LEARNING_ONLY, **both}
    assert {name: n / 3 for name, n in ran.items()} == expected
    objects = {o.name for o in made.net.sorted_objects if getattr(o, "codeobj", None) is not None}
    assert objects >= expected.keys()


def test_inference_touches_no_learning_object(ran: Counter[str]) -> None:
    """Answers cost one inference phase: the cycle ends before the learning windows open."""
    network(AdjointPropagation()).run({"task": (DATA["task"][0], None)})
    both = {"v1_stateupdater": 8, "v2_stateupdater": 8, "v1_recurrence_product": 7, "v2_recurrence_product": 7}
    assert {name: n / 3 for name, n in ran.items()} == {**INFERENCE_ONLY, **both}


def test_a_run_without_learning_after_one_with_it(ran: Counter[str]) -> None:
    """The position in the cycle starts anew with each run, whatever came before."""
    made = network(AdjointPropagation((3, 2), error="EPE"))
    made.run(DATA, learn=True)
    ran.clear()
    made.run({"task": (DATA["task"][0], None)})
    assert not ran.keys() & LEARNING_ONLY.keys()
    assert ran["v1_stateupdater"] == ran["v2_stateupdater"] == 9
    ran.clear()
    made.run(DATA, learn=True)
    assert ran["v1_stateupdater"] == 3 * 5
    assert ran["v1_recurrence_product"] == 3 * (2 + 2)


def test_concurrent_areas_run_in_every_tick(ran: Counter[str]) -> None:
    """Drives and errors flow in every tick of their phase; weights change once."""
    network(AdjointPropagation((4, 3), schedule="concurrent")).run(DATA, learn=True)
    per_cycle = {name: n / 3 for name, n in ran.items()}
    assert per_cycle["v1_stateupdater"] == per_cycle["v2_stateupdater"] == 7
    assert per_cycle["v1_si_to_v2_ri_product"] == per_cycle["choice_softmax"] == 4
    assert per_cycle["v2_se_to_v1_re_product"] == per_cycle["v1_close_learning"] == 3
    assert per_cycle["v1_recurrence_product"] == 3 + 2
    assert per_cycle["v1_si_to_v2_ri_update"] == 1


def test_code_is_generated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Further runs of the same network compile nothing."""
    made = network(AdjointPropagation())
    made.run(DATA, learn=True)
    compiled: list[str] = []
    monkeypatch.setattr(NumpyInPlaceCodeObject, "compile", lambda self: compiled.append(self.name))
    made.run(DATA, learn=True)
    made.run({"task": (DATA["task"][0], None)})
    assert compiled == []
