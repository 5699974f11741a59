"""Periods by recurrence, and power spectra."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from analysis.orbits import logistic, rotation

from neuroap.analysis import period, power_spectrum, recurrence
from neuroap.errors import DataError, SettingError
from neuroap.seeds import generator


def column(x: np.ndarray) -> np.ndarray:
    """One neuron."""
    return np.asarray(x, float)[:, None]


@pytest.mark.parametrize(("r", "expected"), [(2.5, 1), (3.2, 2), (3.5, 4), (3.55, 8), (3.83, 3), (4.0, np.nan)])
def test_periods_of_the_logistic_map(r, expected):
    np.testing.assert_equal(float(period(column(logistic(r, 1000)))), expected)


@pytest.mark.parametrize("p", [1, 2, 7, 255, 256])
def test_periods_of_cycles(p):
    X = generator(0, "cycle").normal(size=(p, 5))
    assert period(np.tile(X, (600 // p + 1, 1))) == p


def test_a_cycle_that_is_too_long():
    X = np.tile(generator(0, "cycle").normal(size=(257, 5)), (3, 1))
    assert np.isnan(period(X))
    assert period(X, longest=257) == 257


def test_a_rotation_by_an_irrational_angle_has_no_period():
    """It comes near to its start by and by: within 0.01 of it after 233 steps of the golden angle."""
    golden = rotation(np.pi * (3 - np.sqrt(5)), 1000)
    assert np.isnan(period(golden))
    assert period(golden, tolerance=0.01) == 233
    assert period(rotation(np.pi / 2, 1000)) == 4


def test_a_slow_drift_is_no_fixed_point():
    """It moves by less than the tolerance in a step, but by more in 256 steps."""
    assert np.isnan(period(column(1 - 1e-8 * np.arange(1000))))
    assert period(column(1 - 1e-12 * np.arange(1000))) == 1


def test_a_transient_has_no_period():
    """Neither one that still decays at the end, nor a cycle whose window still holds the decay."""
    assert np.isnan(period(column(0.99 ** np.arange(1000))))
    cycle = np.where(np.arange(600) % 2, 1.0, -1.0)
    cycle[400] = 0
    assert np.isnan(period(column(cycle)))


def test_periods_of_a_batch_with_gaps():
    X = np.full((3, 40, 2), np.nan)
    X[0] = 1
    X[1, :20, 0] = np.where(np.arange(20) % 2, 1, -1)  # a smaller area in a shorter phase
    np.testing.assert_array_equal(period(X), [1, 2, np.nan])


def test_recurrence_by_definition():
    X = generator(0, "recurrence").normal(size=(50, 4))
    found = recurrence(X, longest=10)
    for p in found["lag"].values:
        by_hand = [np.sqrt(np.mean((X[t] - X[t - p]) ** 2)) for t in range(40, 50)]
        assert found.sel(lag=p) == pytest.approx(max(by_hand), rel=1e-12)


def test_recurrence_of_short_trajectories():
    """Lags up to half of the steps; NaN beyond."""
    found = recurrence(column(np.arange(8)), longest=6)
    np.testing.assert_array_equal(found, [1, 2, 3, 4, np.nan, np.nan])


def test_a_sine_has_its_peak_at_its_frequency():
    t = np.arange(4096)
    X = np.stack([np.sin(2 * np.pi * 0.125 * t) + 5, 2 * np.cos(2 * np.pi * 0.125 * t)], axis=1)
    found = power_spectrum(X)
    assert found["peak_frequency"] == 0.125
    assert found["spectral_entropy"] < 0.15
    variance = float(found["power"].sum() / 4096)
    assert variance == pytest.approx(X.var(0).mean(), rel=1e-6)
    assert found["power"].attrs["units"] == "step"


def test_a_sine_between_two_frequencies_stays_narrow():
    """The window keeps its power together: without it, 4 parts in 1,000 lie far from the peak."""
    power = power_spectrum(column(np.sin(np.sqrt(2) * np.arange(1024))))["power"]
    far = power.where(abs(power["frequency"] - np.sqrt(2) / (2 * np.pi)) > 0.05, 0)
    assert far.sum() < 1e-5 * power.sum()


def test_period_2_peaks_at_half_a_cycle_per_step():
    assert power_spectrum(column(logistic(3.2, 1000)))["peak_frequency"] == 0.5


def test_entropies_of_noise_and_of_chaos_are_alike():
    """Measured with other programs at 4,096 steps: 0.945 and 0.947."""
    noise = generator(0, "noise").normal(size=4096)
    for x in (noise, logistic(4, 4096)):
        assert power_spectrum(column(x))["spectral_entropy"] == pytest.approx(0.946, abs=0.01)


def test_the_entropy_of_many_neurons_of_noise_is_1():
    assert power_spectrum(generator(0, "noise").normal(size=(512, 400)))["spectral_entropy"] > 0.999


def test_constant_states_have_no_peak():
    X = np.full((2, 64, 3), 0.1)
    X[1] += 1e-16 * generator(0, "rounding").normal(size=(64, 3))
    found = power_spectrum(X)
    assert np.isnan(found["peak_frequency"]).all()
    assert np.isnan(found["spectral_entropy"]).all()
    assert (found["power"] < 1e-25).all()


def test_spectra_of_a_recording():
    """Neurons that do not exist do not count; the unit of the frequency is that of the step."""
    X = np.full((2, 64, 2), np.nan)
    X[0] = np.cos(np.pi * np.arange(64) / 2)[:, None]
    X[1, :, 0] = X[0, :, 0]
    coords = {"step": ("step", np.arange(1, 65), {"units": "dt"}), "area": ["V1", "V2"]}
    found = power_spectrum(xr.DataArray(X, coords, ("area", "step", "neuron")))
    np.testing.assert_array_equal(found["power"][0], found["power"][1])
    assert found["peak_frequency"].values.tolist() == [0.25, 0.25]
    assert found["frequency"].attrs["units"] == "1/dt"


def test_mistakes():
    X = np.ones((8, 2))
    with pytest.raises(SettingError, match=r"period.longest: must be a positive integer \(got 0\)"):
        period(X, longest=0)
    with pytest.raises(SettingError, match=r"recurrence.longest: must be a positive integer \(got 2.5\)"):
        recurrence(X, longest=2.5)
    with pytest.raises(SettingError, match=r"period.tolerance: must be positive \(got -1\)"):
        period(X, tolerance=-1)
    with pytest.raises(DataError, match=r"power_spectrum: must hold at least 4 steps \(got 3\)"):
        power_spectrum(X[:3])
