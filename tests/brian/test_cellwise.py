"""Equations that tell cells apart, and that say what the rate at rest is."""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training.small import model, trials

from neuroap import (
    Area,
    Balanced,
    CorticalClassifier,
    Input,
    Layout,
    Output,
    Recurrence,
    draw_weights,
    error,
    inference,
)
from neuroap.brian.areas import area_codes
from neuroap.errors import EquationsError, LayoutError
from neuroap.rules import AdjointPropagation
from neuroap.timeline import timeline
from neuroap.training import checkpoint

STATE = "du/dt = (-u + I_rec + I_inf - beta*I_err)/tau : 1"
BIASED = "du/dt = (-u + I_rec + b + I_inf - beta*I_err)/tau : 1"
VOLTS = "du/dt = (-u + (I_rec + I_inf - beta*I_err)*mV)/tau : volt"
HALF = "r = 0.5 + 0.5*tanh(u) : 1"
FROM_REST = AdjointPropagation((3, 3), plasticity="dw = -phase*(r_pre - rest_pre)*e_post")


def network(equations: str | None, **area: Any) -> Layout:
    """One area of 4 blocks of 5, four of five cells excitatory."""
    return Layout(
        Input("image", 64),
        Area("V1", 5, equations=equations, excitatory=0.8, **area),
        Output("choice", 10),
        inference("image", "V1.RI"),
        inference("V1.SI", "choice"),
        error("choice", "V1.RE"),
    )


def rest_of(layout: Layout, rule: AdjointPropagation = AdjointPropagation()) -> float | None:
    """The rate at rest of the code of the one area."""
    line = timeline(layout, rule, layout.tasks, None)
    ((_, code, _),) = area_codes(layout, rule, layout.tasks, line, None, np.dtype("float64"))
    return code.rest_rate


@pytest.mark.parametrize("device", ["runtime", pytest.param("cpp_standalone", marks=pytest.mark.slow)])
def test_cell_types_and_numbers_of_neurons_mean_those_of_the_area(device: str) -> None:
    """In every trial of a batch: thresholds of E cells, gains of the third to sixth neuron, in plain NumPy."""
    text = f"{STATE}\ntheta = 0.1*excitatory : 1\nr = tanh(u - theta)/(1 + int(neuron >= 2)*int(neuron < 6)) : 1"
    study = model(network(text), AdjointPropagation((3, 2)), epochs=1, dtype="float64", device=device)
    x, y = trials(7)
    study.fit(x, y)
    excitatory = np.tile([1, 1, 1, 1, 0], 4)
    gain = np.where((np.arange(20) >= 2) & (np.arange(20) < 6), 2, 1)

    def rate(u: np.ndarray) -> np.ndarray:
        return np.tanh(u - 0.1 * excitatory) / gain

    drive = np.zeros((7, 20))
    drive[:, :5] = x @ study.weights_["image -> V1.RI"]
    r = np.tile(rate(np.zeros(20)), (7, 1))
    for _ in range(3):
        r = rate(r @ study.weights_["V1.recurrence"] + drive)
    recorded = study.record(x, y).rate.sel(area="V1", phase="inference").isel(step=-1)
    np.testing.assert_allclose(recorded, r, rtol=0, atol=1e-12)


def test_cells_are_told_apart_in_models_side_by_side() -> None:
    """Each row of each copy has the constants of the area."""
    from neuroap import fit_side_by_side

    text = f"{STATE}\nr = tanh(u*(1 + excitatory)) : 1"

    def make() -> list[Any]:
        return [model(network(text), random_state=seed, dtype="float64", epochs=1) for seed in (0, 1)]

    alone = [each.fit(*trials(20)) for each in make()]
    for one, other in zip(alone, fit_side_by_side(make(), *trials(20)), strict=True):
        for name, weights in one.weights_.items():
            np.testing.assert_allclose(other.weights_[name], weights, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        (f"{STATE}\n{HALF}", 0.5),
        (f"{STATE}\nr = 0.5 + 0.5*tanh(u - 1) : 1", 0.5 - 0.5 * np.tanh(1)),
        (f"{STATE}\nr = clip(u + 0.2, 0, 1) : 1", 0.2),
        (f"{VOLTS}\nr = 1/(1 + exp((2*mV - u)/mV)) : 1", 1 / (1 + np.e**2)),
        ("dr/dt = (-r + I_rec + I_inf - beta*I_err)/tau : 1", 0.0),
        (f"{STATE}\nr = tanh(u) + 0.1*int(neuron > 4 and neuron < 4) : 1", 0.0),
        (f"{STATE}\nr = clip(u + 0.5, 0, inf) : 1", 0.5),
        (f"{STATE}\nhere = neuron > 4 and neuron < 9 : boolean\nr = tanh(u) + 0.1*int(here) : 1", None),
        (f"{STATE}\nr = 0.5 + 0.25*excitatory + tanh(u) : 1", None),
        (f"{STATE}\nr = 0.1*rand() + tanh(u) : 1", None),
    ],
)
def test_the_rate_at_rest_is_that_of_the_equations(text: str, rest: float | None) -> None:
    assert rest_of(network(text)) == (rest if rest is None else pytest.approx(rest, abs=1e-15))


def test_plasticity_measured_from_rest_knows_the_rest_of_own_equations() -> None:
    """As the activation of the same rate: whatever `activation` says."""
    own, usual = (
        model(network(text, activation=name), FROM_REST, dtype="float64", epochs=2).fit(*trials(40))
        for text, name in ((f"{STATE}\n{HALF}", "tanh"), (None, "sigmoid"))
    )
    published = model(network(f"{STATE}\n{HALF}"), AdjointPropagation((3, 3)), dtype="float64", epochs=2)
    published.fit(*trials(40))
    for name, weights in usual.weights_.items():
        np.testing.assert_allclose(own.weights_[name], weights, rtol=0, atol=1e-9)
    assert not np.allclose(own.weights_["V1.SI -> choice"], published.weights_["V1.SI -> choice"], atol=1e-4)


def test_a_rest_that_differs_between_cells_has_no_one_number() -> None:
    layout = network(f"{STATE}\nr = 0.5 + 0.25*excitatory + tanh(u) : 1")
    with pytest.raises(EquationsError, match=r"'V1': rest_pre asks for one rate at rest, but it differs between cells"):
        model(layout, FROM_REST).fit(*trials(5))


BALANCED: dict[str, Any] = dict(bias=Balanced(), dale=True, recurrence=Recurrence(bulk_radius=1.0))


def test_balanced_biases_take_the_rest_that_is_declared() -> None:
    """The drive at rest is cancelled: after settling without stimulus the rates are those at rest."""
    text = f"{BIASED}\nr = 0.5 + 0.5*tanh(u - 1) : 1"
    rest = 0.5 - 0.5 * np.tanh(1)
    layout = network(text, rest=rest, **BALANCED)
    weights = draw_weights(layout, 0)
    np.testing.assert_allclose(weights["V1.bias"], -rest * weights["V1.recurrence"].sum(axis=0, keepdims=True))
    study = model(layout, dtype="float64", epochs=1).fit(np.zeros((2, 64)), [0, 1])
    rates = study.record(np.zeros((1, 64)), [0]).rate.sel(area="V1", phase="inference").isel(step=-1)
    np.testing.assert_allclose(rates, rest, rtol=0, atol=1e-12)


@pytest.mark.parametrize("device", ["runtime", "cpp_standalone"])
def test_a_rest_that_the_equations_do_not_have_is_refused(device: str) -> None:
    """Before anything is built."""
    layout = network(f"{BIASED}\n{HALF}", **BALANCED)
    with pytest.raises(EquationsError) as caught:
        model(layout, device=device).fit(*trials(5))
    *lines, last = str(caught.value).splitlines()
    assert lines == [
        "Area.equations: 'V1': the rate at rest is 0.5, but Balanced biases take 0.0",
        "  declare Area('V1', ..., rest=0.5)",
    ]
    assert last == f"  the area is declared at {layout['V1'].declared}"  # type: ignore[union-attr]


def test_only_rates_that_biases_and_plasticity_ask_for_must_be_known() -> None:
    """V2, which nothing balanced hears of, may have any rest; V1, whose rate is a state, has the one it declares."""
    state = "dr/dt = (-r + 0.5 + 0.5*tanh(I_rec + b + I_inf - beta*I_err))/tau : 1"
    layout = Layout(
        Input("image", 64),
        Area("V1", 5, equations=state, activation="sigmoid", excitatory=0.8, **BALANCED),
        Area("V2", 5, equations=f"{STATE}\nr = 0.1*excitatory + tanh(u) : 1", excitatory=0.8),
        Output("choice", 10),
        inference("image", "V1.RI"),
        inference("V1.SI", "V2.RI"),
        inference("V2.SI", "choice"),
        error("choice", "V2.RE"),
    )
    study = model(layout, epochs=1).fit(*trials(5))
    balance = -0.5 * study.weights_["V1.recurrence"].sum(axis=0, keepdims=True)
    np.testing.assert_allclose(study.weights_["V1.bias"], balance, rtol=0, atol=1e-6)


def test_models_that_have_learnt_answer_whatever_their_equations_read(tmp_path: Path) -> None:
    """What is asked when learning begins is not asked of a model from a file."""
    study = model(network(f"{STATE}\n{HALF}"), epochs=1).fit(*trials(5))
    study.save(tmp_path / "model.nc")
    kept = checkpoint.read(tmp_path / "model.nc")
    checkpoint.write(replace(kept, layout=kept.layout.replace(" - beta*I_err", "")), tmp_path / "older.nc")
    older = CorticalClassifier.load(tmp_path / "older.nc")
    np.testing.assert_array_equal(older.predict_proba(trials(3)[0]), study.predict_proba(trials(3)[0]))
    with pytest.raises(EquationsError, match="no equation reads 'I_err'"):
        older.fit(*trials(5))


@pytest.mark.parametrize("rest", [5 / 3, 100 / 3, 1e-7])
def test_the_rest_to_declare_can_be_declared(rest: float) -> None:
    """With as many digits as it takes."""
    text = f"{BIASED}\nr = {rest!r} + tanh(u) : 1"
    layout = network(text, **{**BALANCED, "dale": False, "recurrence": Recurrence()})
    with (
        pytest.raises(EquationsError, match=r"but Balanced biases take 0\.0")
        if rest > 1e-6
        else nullcontext() as caught
    ):
        model(layout, epochs=1).fit(*trials(5))
    said = re.search(r"rest=([\d.]+)", str(caught.value))[1] if caught else repr(rest)  # type: ignore[index]
    declared = network(text, rest=float(said), **{**BALANCED, "dale": False, "recurrence": Recurrence()})
    model(declared, epochs=1).fit(*trials(5))


@pytest.mark.parametrize(
    ("drive", "line"),
    [
        ("I_inf", "no equation reads 'I_inf', which the pathway 'image -> V1.RI' brings"),
        ("I_err", "no equation reads 'I_err', which the pathway 'choice -> V1.RE' brings"),
    ],
)
def test_a_drive_that_no_equation_reads_is_refused(drive: str, line: str) -> None:
    """Or the area is cut off from its pathways without a word."""
    state = {
        "I_inf": "du/dt = (-u + I_rec - beta*I_err)/tau : 1\nunused = I_inf : 1",
        "I_err": "du/dt = (-u + I_rec + I_inf)/tau : 1",
    }[drive]
    with pytest.raises(EquationsError) as caught:
        model(network(f"{state}\n{HALF}")).fit(*trials(5))
    first, hint, _ = str(caught.value).splitlines()
    assert first == f"Area.equations: 'V1': {line}"
    assert hint == f"  add {drive} to the equation of the state, or remove the pathway"


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (dict(rest="0.5", equations=f"{STATE}\n{HALF}"), "Area.rest: must be a number, or None (got '0.5')"),
        (dict(rest=float("nan"), equations=f"{STATE}\n{HALF}"), "Area.rest: must be a number, or None (got nan)"),
        (dict(rest=0.5), "Area.rest: belongs to equations of your own (got 0.5)"),
    ],
)
def test_a_rest_out_of_place_is_refused(settings: dict[str, Any], line: str) -> None:
    with pytest.raises(LayoutError) as caught:
        Area("V1", 4, **settings)
    assert str(caught.value).splitlines()[0] == line


def test_rest_is_kept_in_files() -> None:
    layout = network(f"{STATE}\n{HALF}", rest=0.5)
    assert Layout.from_toml(layout.to_toml())["V1"].rest_rate == 0.5  # type: ignore[union-attr]
    assert Layout.from_toml(layout.to_toml()) == layout
