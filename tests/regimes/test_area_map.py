"""Maps of areas: they are what the network does, and their Jacobians are theirs."""

from __future__ import annotations

import numpy as np
import pytest

from neuroap import AdjointPropagation, Area, CorticalClassifier, Layout, Recurrence, Uniform, draw_weights, hierarchy
from neuroap.analysis import max_lyapunov
from neuroap.analysis.maps import jvp_error
from neuroap.errors import DataError, DataTypeError, EquationsError, LayoutError
from neuroap.layout import ACTIVATIONS
from neuroap.regimes import area_map, drive

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(size=(5, 8)), np.arange(5) % 3


def trained(activation: str = "tanh", dt_ms: float | None = None, error: str = "STE") -> CorticalClassifier:
    layout = hierarchy(2, 8, 3, 6, activation=activation, bias=Uniform(0.3))
    rule = AdjointPropagation(steps=(6, 5), error=error, beta=0.7)
    return CorticalClassifier(layout, rule, epochs=2, dtype="float64", dt_ms=dt_ms, progress=False).fit(X, Y)


@pytest.mark.parametrize("learning", [False, True])
@pytest.mark.parametrize("area", ["V1", "V2"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_map_is_what_the_network_does(activation: str, area: str, learning: bool) -> None:
    """Iterated from rest, it gives the rates of every step, with weights, bias, drive and error of a trained model."""
    model = trained(activation)
    system = area_map(model, area, X, Y if learning else None)
    recorded = model.record(X, Y).rate.sel(area=area, phase="learning" if learning else "inference").dropna("step")
    r = np.full((5, 24), ACTIVATIONS[activation].rest)
    for step in recorded.step.values[-(5 if learning else 6) :]:
        r = system(r)
        np.testing.assert_allclose(r, recorded.sel(step=step).values, rtol=0, atol=1e-12)


def test_with_a_smaller_step_states_are_membrane_states() -> None:
    model = trained("sigmoid", dt_ms=2.5)
    system = area_map(model, "V2", X)
    assert (system.steps_per_unit, system.time_unit) == (4, "tau")
    u = np.zeros((5, 24))
    for _ in range(24):
        u = system(u)
    last = model.record(X).rate.sel(area="V2", phase="inference").dropna("step").values[:, -1]
    np.testing.assert_allclose(1 / (1 + np.exp(-2 * u)), last, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dt_ms", [None, 2.5])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_jacobian_is_that_of_the_map(activation: str, dt_ms: float | None) -> None:
    system = area_map(hierarchy(1, 8, 3, 5, activation=activation), "V1", X, dt_ms=dt_ms)
    assert jvp_error(system, 5) < 1e-8


def test_without_drive_the_exponent_is_the_logarithm_of_the_spectral_radius() -> None:
    layout = hierarchy(1, block=16, recurrence=Recurrence(spectral_radius=0.6))
    for seed in (0, 1):
        found = max_lyapunov(area_map(layout, "V1", seed=seed), initial=4, steps=400)
        assert float(found.mle) == pytest.approx(np.log(0.6), abs=2e-3)


def test_the_drive_is_that_of_the_pathways_and_the_bias() -> None:
    layout = hierarchy(1, 8, 3, 6, bias=Uniform(0.3))
    weights = draw_weights(layout, 4)
    c = drive(layout, "V1", X, seed=4)
    expected = np.tile(weights["V1.bias"], (5, 1))
    expected[:, :6] += X @ weights["image -> V1.RI"]
    np.testing.assert_allclose(c, expected, rtol=0, atol=1e-12)


def test_a_drive_may_be_given() -> None:
    layout = hierarchy(1, 8, 3, 6)
    driven, given = area_map(layout, "V1", X), area_map(layout, "V1", drive=drive(layout, "V1", X))
    r = RNG.uniform(size=(10, 24))  # every stimulus twice
    np.testing.assert_array_equal(driven(r), given(r))
    np.testing.assert_array_equal(driven(r)[5:], driven(r[5:]))
    assert (driven(r) != area_map(layout, "V1")(r)).any()


def test_mistakes() -> None:
    layout = hierarchy(2, 8, 3, 6)
    with pytest.raises(LayoutError, match=r"area: no such area \(got 'V3'\)\n  did you mean 'V[12]'"):
        area_map(layout, "V3")
    with pytest.raises(DataError, match=r"drive: must be finite, of shape \(24,\) or \(B, 24\) \(got \(8,\)\)"):
        area_map(layout, "V1", drive=np.ones(8))
    with pytest.raises(DataError, match=r"initial: must be a multiple of the 5 stimuli \(got 3\)"):
        area_map(layout, "V1", X)(np.zeros((3, 24)))
    with pytest.raises(DataTypeError, match=r"source: must be a layout or a trained CorticalClassifier"):
        area_map(CorticalClassifier(layout), "V1")  # type: ignore[arg-type]
    own = Area("V1", 6, equations="du/dt = (-u + I_rec + I_inf - beta*I_err + b)/tau : 1\nr = tanh(u) : 1")
    other = Layout(*layout.inputs, own, *layout.areas[1:], *layout.outputs, *layout.pathways)
    with pytest.raises(EquationsError, match=r"area: has equations of its own.*\n  use .*simulated_lyapunov"):
        area_map(other, "V1")
