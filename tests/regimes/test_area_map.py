"""Maps of areas: they are what the network does, and their Jacobians are theirs."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

from neuroap import AdjointPropagation, Area, CorticalClassifier, Layout, Recurrence, Uniform, draw_weights, hierarchy
from neuroap.analysis import finite_time, ftle_max, lyapunov_spectrum, max_lyapunov, per_unit_of_time
from neuroap.analysis.maps import jvp_error
from neuroap.errors import DataError, DataTypeError, EquationsError, LayoutError, SettingError
from neuroap.layout import ACTIVATIONS
from neuroap.names import recurrence_name
from neuroap.regimes import area_map, drive

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(size=(5, 8)), np.arange(5) % 3


@cache
def trained(activation: str = "tanh", dt_ms: float | None = None, error: str = "STE") -> CorticalClassifier:
    layout = hierarchy(2, 8, 3, 6, activation=activation, bias=Uniform(0.3))
    rule = AdjointPropagation(steps=(6, 5), error=error, beta=0.7)
    return CorticalClassifier(layout, rule, epochs=2, dtype="float64", dt_ms=dt_ms, progress=False).fit(X, Y)


@cache
def recorded_rates(activation: str) -> xr.DataArray:
    """Rates of both phases."""
    return trained(activation).record(X, Y).rate


@pytest.mark.parametrize("learning", [False, True])
@pytest.mark.parametrize("area", ["V1", "V2"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_map_is_what_the_network_does(activation: str, area: str, learning: bool) -> None:
    """Iterated from rest, it gives the rates of every step, with weights, bias, drive and error of a trained model."""
    system = area_map(trained(activation), area, X, Y if learning else None)
    recorded = recorded_rates(activation).sel(area=area, phase="learning" if learning else "inference").dropna("step")
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
    np.testing.assert_allclose(driven(r)[5:], driven(r[5:]), rtol=0, atol=1e-14)  # products of other sizes round anew
    assert (driven(r) != area_map(layout, "V1")(r)).any()


@pytest.mark.parametrize("dt_ms", [None, 5.0])
def test_a_drive_that_changes_makes_the_map_of_its_cycle(dt_ms: float | None) -> None:
    """As its steps one after the other; the exponent per step is that of all of them."""
    layout = hierarchy(1, 8, 3, 6)
    c = RNG.normal(size=(3, 2, 24))
    cycle = area_map(layout, "V1", drive=c, dt_ms=dt_ms)
    x = r = RNG.uniform(size=(4, 24))
    for each in c:
        r = area_map(layout, "V1", drive=each, dt_ms=dt_ms)(r)
    np.testing.assert_array_equal(cycle(x), r)
    assert jvp_error(cycle, 4) < 1e-8
    same, one = (area_map(layout, "V1", drive=d, dt_ms=dt_ms) for d in (np.repeat(c[:1], 3, 0), c[0]))
    cycles = per_unit_of_time(max_lyapunov(same, 2, steps=100, transient=10))
    steps = per_unit_of_time(max_lyapunov(one, 2, steps=300, transient=30))
    assert float(cycles.mle) == pytest.approx(float(steps.mle), rel=1e-12)
    assert cycles.mle.attrs["units"] == steps.mle.attrs["units"] == ("1/step" if dt_ms is None else "1/tau")


@pytest.mark.parametrize(("g", "s"), [(2.0, 0.5), (2.0, 1.0)])
def test_noise_that_all_states_see_has_the_mean_field_exponent(g: float, s: float) -> None:
    """White input of sd s to an area of gain g: the theory of large random networks."""
    layout, steps = hierarchy(1, 8, 3, 75), 40
    W = draw_weights(layout, 0)[recurrence_name("V1")]
    layout = hierarchy(1, 8, 3, 75, recurrence=Recurrence(spectral_radius=g / sigma(W) * 0.25))
    c = np.random.default_rng(1).normal(0, s, (steps, 1, 300))
    found = per_unit_of_time(max_lyapunov(area_map(layout, "V1", drive=c), 2, steps=20, transient=10))
    assert float(found.mle) == pytest.approx(mean_field(g, s), abs=0.01)


def sigma(W: NDArray[np.floating]) -> float:
    """Gain g of random weights: the square root of N times their mean square."""
    return float(np.sqrt((W**2).sum() / len(W)))


def mean_field(g: float, s: float) -> float:
    """``ln(chi) / 2``, ``q = g^2 <tanh^2 h>``, ``chi = g^2 <(1 - tanh^2 h)^2>``, h of the variance q + s^2."""
    z, w = np.polynomial.hermite_e.hermegauss(201)
    w, q = w / w.sum(), 1.0
    for _ in range(200):
        q = g**2 * float(w @ np.tanh(np.sqrt(q + s**2) * z) ** 2)
    return 0.5 * float(np.log(g**2 * (w @ (1 - np.tanh(np.sqrt(q + s**2) * z) ** 2) ** 2)))


def test_the_mean_field_is_that_of_the_table() -> None:
    """Values in shared/dynamics-and-baselines.md; without noise the exponent below the onset is ln g."""
    found = [mean_field(2, 0.5), mean_field(2, 1), mean_field(1.5, 0.5), mean_field(3, 0), mean_field(0.5, 0)]
    np.testing.assert_allclose(found, [0.1204, 0.0460, -0.0167, 0.3103, np.log(0.5)], atol=1e-4)


def test_without_a_number_states_are_a_multiple_of_the_stimuli() -> None:
    system = area_map(hierarchy(1, 8, 3, 6), "V1", X)
    assert max_lyapunov(system, steps=20, transient=0).sizes["initial"] == 10
    assert finite_time(system, 3).sizes["initial"] == 65
    assert ftle_max(system, 2).sizes["initial"] == 10
    assert lyapunov_spectrum(system, 2, steps=20, transient=0).sizes["initial"] == 5
    assert jvp_error(system) < 1e-8
    free = area_map(hierarchy(1, 8, 3, 6), "V1")
    found = max_lyapunov(free, steps=20)
    xr.testing.assert_identical(found, max_lyapunov(free, 8, steps=20))
    assert area_map(hierarchy(1, 8, 3, 6), "V1", drive=np.zeros((7, 1, 24))).multiple == 1
    hint = r"initial: must be a multiple of the 5 stimuli \(got 8\)\n  for example 10: each stimulus"
    for initial in (8, np.zeros((8, 24))):
        with pytest.raises(DataError, match=hint):
            max_lyapunov(system, initial)
    with pytest.raises(DataError, match=hint):
        finite_time(system, 3, 8)


@pytest.mark.parametrize("dt_ms", [0, -1.0, float("nan")])
def test_a_step_of_no_length_is_refused(dt_ms: float) -> None:
    with pytest.raises(SettingError, match=r"dt_ms: tau of 'V1' \(10 ms\) must be a multiple of it"):
        area_map(hierarchy(1, 8, 3, 6), "V1", dt_ms=dt_ms)


def test_a_drive_holds_real_numbers() -> None:
    layout = hierarchy(1, 8, 3, 6)
    for wrong in (np.ones(24, complex), ["a"] * 24, [1j] * 24, [None] * 24, [[1.0], [1.0, 2.0]]):
        with pytest.raises(DataError, match=r"drive: must hold real numbers.*\n  "):
            area_map(layout, "V1", drive=wrong)
    whole = area_map(layout, "V1", drive=[1] * 24)
    np.testing.assert_array_equal(whole(np.zeros((1, 24))), np.tanh(np.ones((1, 24))))


def test_mistakes() -> None:
    layout = hierarchy(2, 8, 3, 6)
    with pytest.raises(DataError, match=r"drive: takes the place of stimuli: give one of them"):
        area_map(layout, "V1", X, drive=np.ones(24))
    with pytest.raises(DataError, match=r"y: comes with stimuli X, whose error it makes"):
        area_map(layout, "V1", y=Y)
    with pytest.raises(LayoutError, match=r"area: no such area \(got 'V3'\)\n  did you mean 'V[12]'"):
        area_map(layout, "V3")
    with pytest.raises(
        DataError, match=r"drive: must be finite, of shape \(24,\), \(B, 24\) or \(T, B, 24\) \(got \(8,\)\)"
    ):
        area_map(layout, "V1", drive=np.ones(8))
    with pytest.raises(DataError, match=r"initial: must be a multiple of the 5 stimuli \(got 3\)"):
        area_map(layout, "V1", X)(np.zeros((3, 24)))
    with pytest.raises(DataTypeError, match=r"source: must be a layout or a trained CorticalClassifier"):
        area_map(CorticalClassifier(layout), "V1")  # type: ignore[arg-type]
    own = Area("V1", 6, equations="du/dt = (-u + I_rec + I_inf - beta*I_err + b)/tau : 1\nr = tanh(u) : 1")
    other = Layout(*layout.inputs, own, *layout.areas[1:], *layout.outputs, *layout.pathways)
    with pytest.raises(EquationsError, match=r"area: has equations of its own.*\n  use .*simulated_lyapunov"):
        area_map(other, "V1")
