"""Trajectories as a Dataset, and the Brian2 network that is handed to the user."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import brian2
import numpy as np
import pytest
import xarray as xr
from brian.judging import oracle_of
from training.small import TASKS, bits, fitted, model, trials

from neuroap import AdjointPropagation, Area, Input, Layout, Output, error, inference
from neuroap.errors import SettingError

# V2 has fewer neurons, no recurrence and settles twice as slowly; V3 is reached by no error.
MIXED = Layout(
    Input("image", 64),
    Area("V1", {"RI": (0, 4), "SI": (2, 6), "RE": (6, 8)}, neurons=9),
    Area("V2", 1, recurrence=None, tau_ms=20.0),
    Area("V3", {"RI": 2, "SI": 3}),
    Output("choice", 10),
    inference("image", "V1.RI"),
    inference("V1.SI", "V2.RI"),
    inference("V2.SI", "V3.RI"),
    inference("V3.SI", "choice"),
    error("choice", "V2.RE"),
    error("V2.SE", "V1.RE"),
)
X, Y = trials(3)


@cache
def mixed() -> xr.Dataset:
    """Both phases of a trained model of `MIXED`."""
    rule = AdjointPropagation(steps=(3, 2))
    return model(MIXED, rule, epochs=1, dt_ms=10.0).fit(*trials(20)).record(X, Y)


def test_recording_is_labelled_and_padded_with_nan() -> None:
    """NaN where an area has fewer neurons, settles for fewer steps, or not at all in a phase."""
    recorded = mixed()
    assert dict(recorded.rate.sizes) == {"phase": 2, "trial": 3, "step": 6, "area": 3, "neuron": 9}
    assert recorded.rate.dims == ("phase", "trial", "step", "area", "neuron")
    assert recorded.phase.values.tolist() == ["inference", "learning"]
    assert recorded.step.values.tolist() == [1, 2, 3, 4, 5, 6]
    assert recorded.area.values.tolist() == ["V1", "V2", "V3"]
    finite = np.isfinite(recorded.rate).all("trial")
    sizes, steps = {"V1": 9, "V2": 4, "V3": 5}, {"V1": (3, 2), "V2": (6, 4), "V3": (3, 0)}
    for area, size in sizes.items():
        for phase, last in zip(("inference", "learning"), steps[area], strict=True):
            expected = (recorded.step <= last) & (recorded.neuron < size)
            assert (finite.sel(area=area, phase=phase) == expected).all(), (area, phase)
    assert recorded.error.dims == ("trial", "area", "neuron")
    assert np.isfinite(recorded.error).sum("neuron").values.tolist() == [[9, 4, 5]] * 3
    assert {n: a.attrs["units"] for n, a in recorded.data_vars.items()} == dict.fromkeys(recorded.data_vars, "1")
    assert all(array.attrs["long_name"] for array in recorded.data_vars.values())
    assert recorded.attrs == {"dt_ms": 10.0, "tasks": "task", "layout": "layout", "error": "STE"}


def test_recording_names_the_blocks_of_neurons() -> None:
    """Overlapping blocks are joined by '+'; neurons in no block have an empty name."""
    recorded = mixed()
    v1 = ["RI", "RI", "RI+SI", "RI+SI", "SI", "SI", "RE", "RE", ""]
    assert recorded.block.sel(area="V1").values.tolist() == v1
    assert recorded.block.sel(area="V3").values.tolist() == ["RI", "RI", "SI", "SI", "SI", "", "", "", ""]


def test_without_labels_there_is_no_learning_phase() -> None:
    recorded = fitted().record(X)
    assert recorded.phase.values.tolist() == ["inference"]
    assert "error" not in recorded
    np.testing.assert_array_equal(recorded.rate.sel(phase="inference"), fitted().record(X, Y).rate[0])


def test_recording_changes_nothing() -> None:
    before = bits(fitted())
    fitted().record(X, Y)
    assert bits(fitted()) == before


def test_recorded_output_is_the_answer_of_the_model() -> None:
    study = fitted()
    np.testing.assert_allclose(study.record(X, Y).output_task, study.predict_proba(X), rtol=1e-6)


def test_recording_one_task_of_several_shows_its_areas_only() -> None:
    """In "mnist" of figure 5b, areas A1 and A2 play no part; in "fashion" A3 and A4 rest before the error comes."""
    study = model(TASKS["recruitment 5b"], epochs=1).fit({"mnist": trials(20), "fashion": trials(20)})
    assert study.record(X, Y, task="mnist").area.values.tolist() == ["A3", "A4"]
    fashion = study.record(X, Y, task="fashion")
    assert np.isnan(fashion.rate.sel(area=["A3", "A4"], phase="inference")).all()
    assert np.isfinite(fashion.rate.sel(area=["A3", "A4"], phase="learning")).all()


@pytest.mark.parametrize("kind", ["STE", "EPE"])
@pytest.mark.parametrize("steps", [(9, 5), [1, 2]])
def test_other_steps_are_those_of_a_network_with_such_a_rule(kind: str, steps: tuple[int, int]) -> None:
    """The same weights under the rule with these steps: the same recording, to rounding in float64; dt < tau too."""
    rule = AdjointPropagation(steps=(3, 2), error=kind, beta=0.7)
    study = model(MIXED, rule, epochs=1, dt_ms=5.0, dtype="float64").fit(*trials(20))
    before, recorded = bits(study), study.record(X, Y, steps=steps)
    assert bits(study) == before
    other = model(MIXED, replace(rule, steps=steps), dt_ms=5.0, dtype="float64", epochs=1).fit(*trials(20))
    other.learner_.weights = study.learner_.weights
    xr.testing.assert_allclose(recorded, other.record(X, Y), rtol=0, atol=1e-12)
    assert recorded.sizes["step"] == max(4 * steps[0], 4 * steps[1])  # V2: tau is four integration steps
    assert study.record(X, Y).identical(study.record(X, Y, steps=(3, 2)))
    alone = recorded[["rate", "output_task"]].sel(phase=["inference"], step=slice(4 * steps[0]))
    assert study.record(X, steps=steps).identical(alone)


def test_other_steps_end_where_the_oracle_does() -> None:
    """The trained map, iterated in plain NumPy from the weights of the model."""
    study = model(dtype="float64", epochs=1).fit(*trials(50))
    recorded = study.record(X, Y, steps=(60, 30))
    expected = oracle_of(study.layout_, replace(study.rule, steps=(60, 30)), study.weights_).batch(
        "task", {"task": (X, Y)}
    )
    ends = {
        "r_inference": recorded.rate.sel(phase="inference", step=60),
        "r_learning": recorded.rate.sel(phase="learning", step=30),
        "e": recorded.error,
    }
    for quantity, actual in ends.items():
        np.testing.assert_allclose(actual.sel(area="V1"), getattr(expected, quantity)["V1"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(recorded.output_task, expected.output["choice"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("steps", [100, (100,), (8, 0), (8.0, 8), "88", (True, 8)])
def test_steps_to_record_are_two_positive_integers(steps: object) -> None:
    said = rf"\Arecord.steps: must be two positive integers \(got {re.escape(repr(steps))}\)\n.*steps=\(100, 100\)"
    with pytest.raises(SettingError, match=said):
        fitted().record(X, Y, steps=steps)  # type: ignore[arg-type]


def test_steps_to_record_must_go_with_the_frames_of_a_stimulus() -> None:
    stream = Layout(
        Input("image", 32, frames=2), Area("V1", 2), Output("choice", 10),
        inference("image", "V1.RI"), inference("V1.SI", "choice"), error("choice", "V1.RE"),
    )  # fmt: skip
    study = model(stream, epochs=1).fit(*trials(20))
    assert study.record(X, Y, steps=(8, 8)).sizes["step"] == 8
    with pytest.raises(SettingError, match=r"steps: 'V1' must settle in a multiple of the 2 frames .* \(got 7\)"):
        study.record(X, Y, steps=(7, 8))


def test_labels_to_record_are_those_of_the_model() -> None:
    with pytest.raises(ValueError, match=r"record: labels must be among the classes \(got 10\)"):
        fitted().record(X, [0, 1, 10])


def test_brian2_network_has_named_groups_and_takes_monitors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neuron i of trial k has index k * N + i; the monitor sees what `record` keeps."""
    monkeypatch.setitem(brian2.prefs, "codegen.target", "numpy")  # else Brian2 compiles the monitor
    network = fitted().to_brian2(X, Y)
    assert {"image", "v1", "choice"} <= {obj.name for obj in network.objects}
    assert len(network["v1"]) == 3 * 32
    v1 = network["v1"]
    monitor = brian2.StateMonitor(v1, "r", record=[5, 32 + 5], when="end", order=100, clock=v1.clock)
    network.add(monitor)
    network.run(network.duration)
    recorded = fitted().record(X, Y).rate.sel(area="V1", neuron=5)
    # Inference: V1, choice; learning: V1; then the weights change.
    assert network.duration == (2 + 1 + 2 + 1) * 10 * brian2.ms
    assert network.t == network.duration
    for trial in (0, 1):
        np.testing.assert_array_equal(monitor.r[trial, 0:2], recorded.sel(phase="inference", trial=trial))
        np.testing.assert_array_equal(monitor.r[trial, 3:5], recorded.sel(phase="learning", trial=trial))


def test_brian2_network_without_labels_ends_with_inference() -> None:
    network = fitted().to_brian2(X)
    assert network.duration == 3 * 10 * brian2.ms
    network.run(network.duration)
    answer = np.asarray(network["choice"].r_inf).reshape(3, 10)
    np.testing.assert_allclose(answer, fitted().predict_proba(X), rtol=1e-5)


def test_brian2_network_learns_by_itself() -> None:
    """The last time step changes the weights of the network that was handed over, never those of the model."""
    before = bits(fitted())
    network = fitted().to_brian2(X, Y)
    network.run(network.duration)
    (pathway,) = [obj for obj in network.objects if getattr(obj, "parameter", "") == "image -> V1.RI"]
    assert not np.array_equal(pathway.array("w"), fitted().weights_["image -> V1.RI"])
    assert bits(fitted()) == before
