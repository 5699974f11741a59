"""States may be in any units: what has none is the same in amperes as in picoamperes."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.orbits import logistic, rotation

from neuroap.analysis import participation_ratio, pca, power_spectrum, zero_one_test

RNG = np.random.default_rng(0)
NOISE = RNG.standard_normal((200, 5))
UNITS = [1e-100, 1e-12, 1e-10, 1e12]
ROUNDED = 1 + 1e-12 * NOISE


@pytest.mark.parametrize("unit", UNITS)
def test_the_zero_one_test(unit: float) -> None:
    for series in (logistic(4, 500), rotation(1.0, 500)[:, 0], ROUNDED[:, 0]):
        in_one, in_other = zero_one_test(series), zero_one_test(unit * series)
        for name in ("K", "K_sd", "forecast_error"):
            np.testing.assert_allclose(in_other[name], in_one[name], rtol=1e-6, atol=1e-9)
    assert float(zero_one_test(unit * logistic(4, 500)).K) > 0.9


@pytest.mark.parametrize("unit", UNITS)
def test_dimensions(unit: float) -> None:
    ratio = participation_ratio(unit * NOISE).participation_ratio
    assert float(ratio) == pytest.approx(float(participation_ratio(NOISE).participation_ratio), rel=1e-9)
    assert float(ratio) > 4.5
    shares = pca(unit * NOISE, over=("step",)).explained_variance_ratio
    np.testing.assert_allclose(shares, pca(NOISE, over=("step",)).explained_variance_ratio, rtol=1e-9)


@pytest.mark.parametrize("unit", UNITS)
def test_spectra(unit: float) -> None:
    states = NOISE + 3 * np.sin(0.5 * np.arange(200))[:, None]
    in_one, in_other = power_spectrum(states), power_spectrum(unit * states)
    for name in ("peak_frequency", "spectral_entropy"):
        assert float(in_other[name]) == pytest.approx(float(in_one[name]), rel=1e-9)


@pytest.mark.parametrize("unit", [1.0, *UNITS])
def test_what_differs_by_rounding_is_constant_in_all_units(unit: float) -> None:
    states = unit * ROUNDED
    assert float(participation_ratio(states).participation_ratio) == 0
    assert (pca(states, over=("step",)).explained_variance_ratio == 0).all()
    assert np.isnan(power_spectrum(states).peak_frequency)
    assert (float(zero_one_test(states[:, 0]).K), np.isnan(zero_one_test(states[:, 0]).forecast_error)) == (0, True)


def test_states_at_rest_are_constant() -> None:
    rest = np.zeros((200, 3))
    assert float(participation_ratio(rest).participation_ratio) == 0
    assert float(zero_one_test(rest[:, 0]).K) == 0
    assert np.isnan(power_spectrum(rest).peak_frequency)
