"""Biases that cancel the drive at rest: nothing happens where nothing is shown, wherever pathways come from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuroap import Balanced, CorticalClassifier, Layout, Normal, draw_weights, error, hierarchy, inference
from neuroap.errors import LayoutError


def from_excitatory_cells(bias: Balanced | None) -> Layout:
    """Two areas of Dale's law whose long-range pathways leave excitatory cells alone."""
    plain = hierarchy(2, 6, 3, 10, dale=True)
    pathways = (
        inference("image", "V1.RI"),
        inference("V1.SI.E", "V2.RI"),
        inference("V2.SI.E", "choice"),
        error("choice", "V2.RE"),
        error("V2.SE.E", "V1.RE"),
    )
    areas = [replace(a, bias=bias, recurrence=replace(a.recurrence, exact_balance=False)) for a in plain.areas]
    outputs = [replace(o, bias=bias) for o in plain.outputs]
    return Layout(*plain.inputs, *areas, *outputs, *pathways)


def rates_without_stimulus(layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Rates of all areas in every step, and of the output."""
    model = CorticalClassifier(layout, epochs=1, dtype="float64", progress=False)
    model.rule = None
    X, y = np.zeros((3, 6)), np.arange(3)
    model.fit(X, y)
    model.learner_.weights.update(draw_weights(layout, 0))
    recorded = model.record(X[:1])
    return recorded["rate"].values, recorded["output_task"].values


def test_areas_stay_at_rest_where_nothing_is_shown() -> None:
    """Recurrent, feedforward and output drives cancel; without these biases excitation drives the areas away."""
    rates, output = rates_without_stimulus(from_excitatory_cells(Balanced()))
    np.testing.assert_allclose(rates, 0.5, rtol=0, atol=1e-12)
    np.testing.assert_allclose(output, 1 / 3, rtol=0, atol=1e-12)
    driven, _ = rates_without_stimulus(from_excitatory_cells(None))
    assert np.abs(driven - 0.5).max() > 0.2


def test_the_bias_is_minus_the_drive_at_rest() -> None:
    """Next to a plain sum; silent cells give no drive, inputs none, and areas of tanh, silent at rest, neither."""
    layout = from_excitatory_cells(Balanced()).lesion("V1.SI.E", "V2.RE")
    weights = draw_weights(layout, 4)
    recurrent = 0.5 * weights["V2.recurrence"].sum(axis=0, keepdims=True)
    assert not weights["V2.recurrence"][20:30].any()
    np.testing.assert_allclose(weights["V2.bias"], -recurrent, rtol=0, atol=1e-14)
    np.testing.assert_allclose(weights["choice.bias"][0], -0.5 * weights["V2.SI.E -> choice"].sum(axis=0))
    quiet = draw_weights(hierarchy(2, 6, 3, 4, bias=Balanced()), 0)
    assert not quiet["V1.bias"].any()
    assert not quiet["V2.bias"].any()


def test_other_weights_are_drawn_as_without() -> None:
    with_biases, without = (draw_weights(from_excitatory_cells(b), 2) for b in (Balanced(), Normal()))
    for name, values in without.items():
        assert name.endswith(".bias") or np.array_equal(values, with_biases[name]), name


def test_it_travels_as_text() -> None:
    layout = from_excitatory_cells(Balanced())
    assert Layout.from_toml(layout.to_toml()) == layout
    assert 'kind = "balanced"' in layout.to_toml()


def test_it_is_for_biases() -> None:
    with pytest.raises(LayoutError, match=r"Pathway.weights: .*; Balanced is for biases"):
        inference("V1.SI", "V2.RI", weights=Balanced())
