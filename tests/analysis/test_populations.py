"""Populations of excitatory and inhibitory cells: means worked out by hand, currents as plain sums."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from neuroap import Area, Input, Layout, Output, Recurrence, error, inference
from neuroap.analysis import population_rates, synaptic_currents
from neuroap.errors import DataError
from neuroap.weights import draw_weights

NAN = np.nan
LAYOUT = Layout(
    Input("image", 3),
    Area(
        "V1",
        {"RI": {"E": 2, "I": 1}, "SI": {"E": 1, "I": 1}},
        activation="relu",
        recurrence=Recurrence(1, 1),
        dale=True,
    ),
    Area("V2", {"RI": {"E": 1, "I": 1}, "SE": {"E": 1}}, recurrence=Recurrence(1, 1)),
    Output("choice", 2),
    inference("image", "V1.RI"),
    inference("V1.SI", "V2.RI"),
    inference("V1.RI.I", "V2.all", name="second"),
    inference("V2.SE", "choice"),
    error("choice", "V2.SE"),
    error("V2.SE", "V1.RI"),
)
BLOCK = [["RI", "RI", "RI", "SI", "SI"], ["RI", "RI", "SE", "", ""]]
CELL = [["E", "E", "I", "E", "I"], ["E", "I", "E", "", ""]]


def recording(**changes: Any) -> xr.Dataset:
    """Two phases of three steps; V2 settles for two of them in the learning phase. Two trials."""
    rate = np.arange(2 * 2 * 3 * 2 * 5, dtype=np.float32).reshape(2, 2, 3, 2, 5)
    rate[..., 1, 3:] = NAN
    rate[1, :, 2, 1] = NAN
    e = np.array([[[1, -1, 2, -3, 0], [1, 1, -1, NAN, NAN]], [[-1, -1, -2, 4, -1], [2, -2, 0, NAN, NAN]]])
    found = xr.Dataset(
        {
            "rate": (("phase", "trial", "step", "area", "neuron"), rate),
            "error": (("trial", "area", "neuron"), e),
        },
        {
            "phase": ["inference", "learning"],
            "trial": [0, 1],
            "step": ("step", [1, 2, 3], {"units": "dt"}),
            "area": ["V1", "V2"],
            "neuron": np.arange(5),
            "block": (("area", "neuron"), BLOCK),
            "cell": (("area", "neuron"), CELL),
        },
        {"tasks": "task", "dt_ms": 10.0},
    )
    return found.assign(changes)


def test_rates_are_means_over_the_cells_of_one_type_in_one_block() -> None:
    found = population_rates(recording())
    assert found.rate.dims == ("phase", "trial", "step", "area", "block", "cell")
    assert found.block.values.tolist() == ["RI", "SI", "SE"]  # in the usual order
    assert found.cell.values.tolist() == ["E", "I"]
    rate = recording().rate.values
    first = found.rate.sel(phase="learning", trial=1, step=2)
    expected = {
        ("V1", "RI", "E"): rate[1, 1, 1, 0, :2].mean(),
        ("V1", "RI", "I"): rate[1, 1, 1, 0, 2],
        ("V1", "SI", "E"): rate[1, 1, 1, 0, 3],
        ("V1", "SI", "I"): rate[1, 1, 1, 0, 4],
        ("V2", "RI", "E"): rate[1, 1, 1, 1, 0],
        ("V2", "SE", "E"): rate[1, 1, 1, 1, 2],
    }
    for (area, block, cell), value in expected.items():
        assert float(first.sel(area=area, block=block, cell=cell)) == value
    for area, block, cell in (("V1", "SE", "E"), ("V2", "SI", "I"), ("V2", "SE", "I")):
        assert np.isnan(found.rate.sel(area=area, block=block, cell=cell)).all()


def test_steps_in_which_an_area_does_not_settle_have_no_mean() -> None:
    found = population_rates(recording()).rate
    assert np.isnan(found.sel(area="V2", phase="learning", step=3)).all()
    assert np.isfinite(found.sel(area="V2", phase="learning", step=2, block="RI")).all()


def test_cells_are_counted() -> None:
    found = population_rates(recording()).cells
    assert found.dims == ("area", "block", "cell")
    assert found.values.tolist() == [[[2, 1], [1, 1], [0, 0]], [[1, 1], [0, 0], [1, 0]]]


def test_errors_have_a_mean_a_size_and_a_direction() -> None:
    found = population_rates(recording()).sel(area="V1", block="RI")
    assert found.error.sel(cell="E").values.tolist() == [0, -1]
    assert found.error.sel(cell="I").values.tolist() == [2, -2]
    assert found.error_size.sel(cell="E").values.tolist() == [1, 1]
    assert found.raised.sel(cell="E").values.tolist() == [0.5, 1]
    assert found.raised.sel(cell="I").values.tolist() == [0, 1]
    zero = population_rates(recording()).raised.sel(trial=1, area="V2", block="SE")
    assert zero.values[0] == 0  # an error of 0 raises nothing
    assert np.isnan(zero.values[1])  # and where there is no cell there is no fraction


def test_size_is_the_root_mean_square() -> None:
    e = recording().error.copy()
    e[0, 0, :2] = [3, 4]
    found = population_rates(recording(error=e)).error_size
    assert found.sel(trial=0, area="V1", block="RI", cell="E") == pytest.approx(np.sqrt(12.5))


def test_recordings_without_labels_have_rates_alone() -> None:
    found = population_rates(recording().drop_vars("error").sel(phase=["inference"]))
    assert set(found.data_vars) == {"rate", "cells", "silent"}
    assert found.sizes["phase"] == 1


def test_neurons_of_two_blocks_count_in_both() -> None:
    block = np.array(BLOCK, dtype="U8")
    block[0, 2] = "RI+SI"
    found = population_rates(recording().assign_coords(block=(("area", "neuron"), block)))
    assert found.cells.sel(area="V1", block=["RI", "SI"]).values.tolist() == [[2, 1], [1, 2]]
    rate = recording().rate.values[0, 0, 0, 0]
    assert float(found.rate[0, 0, 0].sel(area="V1", block="SI", cell="I")) == (rate[2] + rate[4]) / 2


def test_silent_cells_are_counted_and_enter_no_mean() -> None:
    silent = np.zeros((2, 5), bool)
    silent[0, [0, 2]] = silent[1, 2] = True
    whole = recording()
    whole = whole.assign(rate=whole.rate.where(~silent, 0), error=whole.error.where(~silent, 0))
    found = population_rates(whole.assign_coords(silent=(("area", "neuron"), silent)))
    assert found.cells.values.tolist() == population_rates(recording()).cells.values.tolist()
    assert found.silent.values.tolist() == [[[1, 1], [0, 0], [0, 0]], [[0, 0], [0, 0], [1, 0]]]
    assert not population_rates(recording()).silent.any()
    v1 = found.sel(area="V1", block="RI")
    rate = recording().rate.sel(area="V1").isel(neuron=1)
    np.testing.assert_array_equal(v1.rate.sel(cell="E"), rate)  # of the cell that is left
    assert v1.raised.sel(cell="E").values.tolist() == [1, 1]
    for name in ("rate", "error", "error_size", "raised"):
        assert np.isnan(v1[name].sel(cell="I")).all()
        assert np.isnan(found[name].sel(area="V2", block="SE")).all()


def test_names_and_units_are_there() -> None:
    for found in (population_rates(recording()), currents()):
        assert all(v.attrs["long_name"] and v.attrs["units"] == "1" for v in found.data_vars.values())
    assert population_rates(recording()).step.attrs["units"] == "dt"


# -- currents


def currents(recorded: xr.Dataset | None = None, seed: int = 0) -> xr.Dataset:
    return synaptic_currents(recording() if recorded is None else recorded, LAYOUT, draw_weights(LAYOUT, seed))


def by_hand(recorded: xr.Dataset, weights: dict[str, np.ndarray], phase: int, trial: int) -> dict[str, np.ndarray]:
    """Currents (E, I) of V1 and V2, neuron by neuron."""
    last = {"V1": recorded.rate.values[phase, trial, 2, 0], "V2": recorded.rate.values[phase, trial, 2 - phase, 1]}
    sent = recorded.rate.values[0, trial, 2, 0]
    found = {"V1": np.zeros((2, 5)), "V2": np.zeros((2, 3))}
    for name, size in (("V1", 5), ("V2", 3)):
        kinds = CELL[0 if name == "V1" else 1]
        for pre in range(size):
            for post in range(size):
                found[name]["EI".index(kinds[pre]), post] += last[name][pre] * weights[f"{name}.recurrence"][pre, post]
    for k, pre in enumerate((3, 4)):
        for post in (0, 1):
            found["V2"]["EI".index(CELL[0][pre]), post] += sent[pre] * weights["V1.SI -> V2.RI"][k, post]
    for post in range(3):
        found["V2"][1, post] += sent[2] * weights["second"][0, post]
    return found


@pytest.mark.parametrize("phase", [0, 1])
def test_currents_are_sums_over_the_cells_of_one_type(phase: int) -> None:
    """Recurrent ones at the end of the phase, those between areas from the end of inference."""
    weights = draw_weights(LAYOUT, 0)
    found = currents()
    for trial in (0, 1):
        for name, expected in by_hand(recording(), weights, phase, trial).items():
            size = expected.shape[1]
            one = found.isel(phase=phase, trial=trial, neuron=slice(size)).sel(area=name)
            np.testing.assert_allclose(one.excitatory, expected[0], rtol=1e-6)
            np.testing.assert_allclose(one.inhibitory, expected[1], rtol=1e-6)
            balance = 1 - np.abs(expected.sum(0)) / np.abs(expected).sum(0)
            np.testing.assert_allclose(one.balance, balance, rtol=1e-6, atol=1e-9)
    assert np.isnan(found.isel(neuron=slice(3, 5)).sel(area="V2").to_array()).all()
    assert found.excitatory.dims == ("phase", "trial", "area", "neuron")
    assert found.cell.sel(area="V1").values.tolist() == CELL[0]


def test_the_law_gives_currents_their_signs() -> None:
    v1 = currents().sel(area="V1")
    assert (v1.excitatory > 0).all()
    assert (v1.inhibitory < 0).all()
    assert ((v1.balance >= 0) & (v1.balance <= 1)).all()


def test_balance_is_one_where_currents_cancel_and_zero_where_there_is_but_one() -> None:
    weights = {name: np.zeros_like(w) for name, w in draw_weights(LAYOUT, 0).items()}
    recorded = recording(rate=xr.ones_like(recording().rate).where(recording().rate.notnull()))
    w = weights["V1.recurrence"]
    w[0, 0], w[2, 0] = 2, -2  # cancel
    w[0, 1] = 3  # excitation alone
    w[4, 2] = -1  # inhibition alone
    w[0, 3], w[2, 3] = 3, -1  # 1 - 2 / 4
    found = synaptic_currents(recorded, LAYOUT, weights).sel(area="V1", phase="inference", trial=0)
    np.testing.assert_array_equal(found.balance, [1, 0, 0, 0.5, NAN])  # nothing at all has no balance
    np.testing.assert_array_equal(found.excitatory, [2, 3, 0, 3, 0])
    np.testing.assert_array_equal(found.inhibitory, [-2, 0, -1, -1, 0])


def test_an_area_that_does_not_settle_has_no_currents() -> None:
    """Its recording is NaN throughout the phase."""
    recorded = recording()
    recorded.rate[0, :, :, 1] = NAN
    found = currents(recorded)
    assert np.isnan(found.sel(area="V2", phase="inference").to_array()).all()
    assert np.isfinite(found.excitatory.sel(area="V2", phase="learning").isel(neuron=slice(3))).all()
    np.testing.assert_array_equal(found.sel(area="V1").excitatory, currents().sel(area="V1").excitatory)


def test_an_area_without_recurrence_that_does_not_settle_has_no_currents() -> None:
    """Although rates reach it: nothing is added up where nothing was recorded."""
    areas = [LAYOUT.areas[0], replace(LAYOUT.areas[1], recurrence=None)]
    layout = Layout(*LAYOUT.inputs, *areas, *LAYOUT.outputs, *LAYOUT.pathways)
    recorded = recording()
    recorded.rate[1, 0, :, 1] = NAN
    found = synaptic_currents(recorded, layout, draw_weights(layout, 0)).sel(area="V2", phase="learning")
    assert np.isnan(found.isel(trial=0).to_array()).all()
    sent = recorded.rate.values[0, 1, 2, 0]
    expected = sent[3] * draw_weights(layout, 0)["V1.SI -> V2.RI"][0]
    np.testing.assert_allclose(found.excitatory.isel(trial=1, neuron=slice(2)), expected, rtol=1e-6)


def test_a_source_that_stays_at_zero_gives_no_current() -> None:
    """It is not recorded in inference, because it has no window; what others give stays."""
    recorded = recording()
    recorded.rate[0, :, :, 0] = NAN
    found, weights = currents(recorded), draw_weights(LAYOUT, 0)
    for phase, step in ((0, 2), (1, 1)):
        rates = recorded.rate.values[phase, 0, step, 1, :3]
        own = rates[[0, 2]] @ weights["V2.recurrence"][[0, 2]]
        one = found.isel(phase=phase, trial=0, neuron=slice(3)).sel(area="V2")
        np.testing.assert_allclose(one.excitatory, own, rtol=1e-6)
        np.testing.assert_allclose(one.inhibitory, rates[1] * weights["V2.recurrence"][1], rtol=1e-6)
    assert np.isnan(found.sel(area="V1", phase="inference").to_array()).all()
    recorded.rate[0, :, :, 0, :3] = 1  # a rate that is missing beside others is no zero
    assert np.isnan(currents(recorded).sel(area="V2", phase="inference").excitatory.isel(neuron=0)).all()


def test_currents_of_cells_without_a_type_complete_the_drive() -> None:
    """V2 has no types here: its currents are a part of their own, and leave no balance."""
    areas = [replace(LAYOUT.areas[0]), replace(LAYOUT.areas[1], blocks={"RI": 2, "SE": 1})]
    layout = Layout(*LAYOUT.inputs, *areas, *LAYOUT.outputs, *LAYOUT.pathways)
    cell = [CELL[0], [""] * 5]
    recorded = recording().assign_coords(cell=(("area", "neuron"), cell))
    weights = draw_weights(layout, 0)
    found = synaptic_currents(recorded, layout, weights)
    typed = synaptic_currents(recording(), LAYOUT, weights)
    last = recorded.rate.sel(phase="inference", step=3, area="V2").values[:, :3]
    untyped = found.untyped.sel(area="V2", phase="inference").isel(neuron=slice(3))
    np.testing.assert_allclose(untyped, last @ weights["V2.recurrence"], rtol=1e-6)
    whole, expected = (d.excitatory + d.inhibitory + d.untyped for d in (found, typed))
    np.testing.assert_allclose(whole, expected, rtol=1e-6)
    assert (found.excitatory.sel(area="V2").isel(neuron=0) != 0).all()  # from V1
    assert np.isnan(found.balance.sel(area="V2")).all()
    np.testing.assert_array_equal(found.balance.sel(area="V1"), typed.balance.sel(area="V1"))
    assert not found.untyped.sel(area="V1").any()
    weights["V2.recurrence"][:] = 0
    balance = synaptic_currents(recorded, layout, weights).balance.sel(area="V2")
    assert np.isfinite(balance.isel(neuron=slice(2))).all()  # none that is untyped arrives


def test_windows_of_trials_may_end_at_different_steps() -> None:
    """As in batches of a compiled network with a tolerance."""
    recorded = recording()
    recorded.rate[0, 0, 2, 0] = NAN
    sooner = recording().rate.copy()
    sooner[0, 0, 2, 0] = sooner[0, 0, 1, 0]
    np.testing.assert_array_equal(
        currents(recorded).sel(phase="inference").excitatory,
        currents(recording(rate=sooner)).sel(phase="inference").excitatory,
    )


def test_pathways_of_other_tasks_are_closed() -> None:
    """Only what was open in the recorded task is counted."""
    pathways = [inference("V1.SI.E", "V2.SE", name="elsewhere", tasks="two"), inference("V2.SE", "y", tasks="two")]
    opened = [p for p in LAYOUT.pathways if p.kind == "inference" and p.target != "choice"]
    layout = Layout(*LAYOUT.nodes, Output("y", 2), *opened, inference("V2.SE", "choice", tasks="one"), *pathways)
    weights = draw_weights(layout, 0)
    one, two = (
        synaptic_currents(recording().assign_attrs(tasks=t), layout, weights).excitatory.sel(area="V2").isel(neuron=2)
        for t in ("one", "two")
    )
    sent = recording().rate.sel(phase="inference", step=3, area="V1").isel(neuron=3).values
    np.testing.assert_allclose((two - one).sel(phase="inference"), sent * weights["elsewhere"][0, 0], rtol=1e-6)
    both = synaptic_currents(recording().assign_attrs(tasks="one, two"), layout, weights).excitatory
    np.testing.assert_array_equal(both.sel(area="V2").isel(neuron=2), two)


# -- mistakes


@pytest.mark.parametrize("function", [population_rates, lambda r: synaptic_currents(r, LAYOUT, {})])
def test_a_recording_must_tell_cell_types(function: Any) -> None:
    with pytest.raises(
        DataError, match=r"populations: the Dataset must hold 'rate' and 'cell' of neurons \(got \['error'\]\)"
    ):
        function(recording().drop_vars("rate"))
    with pytest.raises(DataError, match="the Dataset must hold 'rate' and 'cell'"):
        function(recording().drop_vars("cell"))
    with pytest.raises(DataError, match="must hold 'rate' and 'cell' of neurons"):
        function(population_rates(recording()))
    untold = xr.full_like(recording().cell, "")
    said = r"no cell is told to be excitatory or inhibitory\n  declare Area\(..., excitatory=0.8\)"
    with pytest.raises(DataError, match=said):
        function(recording().assign_coords(cell=untold))


def other(**sizes: Any) -> Layout:
    """A layout with another V1 or V2."""
    areas = [
        Area(n, sizes.get(n, a.blocks), recurrence=Recurrence(1, 1))
        for n, a in (("V1", LAYOUT.areas[0]), ("V2", LAYOUT.areas[1]))
    ]
    return Layout(*LAYOUT.inputs, *areas, *LAYOUT.outputs, *LAYOUT.pathways)


@pytest.mark.parametrize(
    ("layout", "named"),
    [
        (other(V1={"RI": {"E": 2, "I": 1}, "SI": {"E": 1, "I": 2}}), r"\['V1'\]"),  # larger
        (other(V1={"RI": {"E": 2, "I": 1}, "SI": {"E": 1}}), r"\['V1'\]"),  # smaller
        (other(V2={"RI": {"E": 2}, "SE": {"E": 1}}), r"\['V2'\]"),  # other cells
        (Layout(*LAYOUT.inputs, LAYOUT.outputs[0], inference("image", "choice")), r"\['V1', 'V2'\]"),
    ],
)
def test_a_recording_must_be_of_the_layout(layout: Layout, named: str) -> None:
    with pytest.raises(DataError, match=rf"synaptic_currents: the recording is of another layout \(got {named}\)"):
        synaptic_currents(recording(), layout, draw_weights(layout, 0))
