"""The 0-1 test for chaos, and the forecast that tells chaos from noise."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.orbits import logistic

from neuroap.analysis import zero_one_test
from neuroap.analysis.zero_one import _displacement, _growth_rates
from neuroap.errors import DataError, SettingError
from neuroap.seeds import generator

N = 2000


def standard_map(x: float, p: float, steps: int) -> np.ndarray:
    """The momentum of p' = p + sin x, x' = x + p'."""
    found = np.empty(steps)
    for t in range(steps):
        p = (p + np.sin(x)) % (2 * np.pi)
        x = (x + p) % (2 * np.pi)
        found[t] = p
    return found


def test_displacement_as_a_loop_computes_it():
    x = generator(0, "walk").normal(size=(2, 3, 57))
    s = np.cumsum(x[0] + 1j * x[1], axis=1)
    expected = [[np.mean([abs(row[k + m] - row[k]) ** 2 for k in range(52)]) for m in range(1, 6)] for row in s]
    np.testing.assert_allclose(_displacement(s, 5), expected, rtol=1e-12)


def test_growth_rate_is_a_correlation():
    x, c = generator(0, "noise").normal(size=300), np.array([1.0, 2.0])
    s = np.cumsum(x * np.exp(1j * np.outer(c, np.arange(1, 301))), axis=1)
    expected = [np.corrcoef(np.arange(1, 31), row)[0, 1] for row in _displacement(s, 30)]
    np.testing.assert_allclose(_growth_rates(x, c), expected, rtol=1e-10)


@pytest.mark.parametrize("r", [3.97, 4.0])
def test_chaos(r):
    found = zero_one_test(logistic(r, N))
    assert found["K"] > 0.99
    assert found["forecast_error"] < 0.05


@pytest.mark.parametrize(
    "series",
    [logistic(3.2, N), logistic(3.55, N), np.sin(np.sqrt(2) * np.arange(N)), standard_map(np.pi, 0.01, 20000)],
    ids=["period 2", "period 8", "two frequencies", "island"],
)
def test_regular_motion(series):
    found = zero_one_test(series)
    assert abs(float(found["K"])) < 0.1
    assert found["forecast_error"] < 0.05


def test_chaos_of_the_standard_map():
    """Momentum is an angle: its sine is the observable."""
    assert zero_one_test(np.sin(standard_map(0.001, 0.008, 10000)))["K"] > 0.9


def test_white_noise_is_flagged():
    """K alone calls noise chaotic, at any amplitude; the forecast of noise is as bad as can be."""
    noise = generator(0, "noise").normal(size=(2, N))
    found = zero_one_test(np.stack([noise[0], 1 + 1e-3 * noise[1]]))
    assert (found["K"] > 0.99).all()
    np.testing.assert_allclose(found["forecast_error"], 1, atol=0.05)


def test_constant_and_missing_series():
    X = np.full((3, N), 0.3)
    X[1] += 1e-16 * generator(0, "rounding").normal(size=N)
    X[2, 7] = np.nan
    found = zero_one_test(X)
    np.testing.assert_array_equal(found["K"], [0, 0, np.nan])
    assert np.isnan(found["forecast_error"]).all()


def test_the_same_seed_gives_the_same_bits_and_units_do_not_matter():
    x = logistic(3.9, 500)
    first, again, other = (zero_one_test(x, seed=s) for s in (1, 1, 2))
    assert first.identical(again)
    assert not first["K_sd"].equals(other["K_sd"])
    assert zero_one_test(5 - 3 * x, seed=1)["K"] == pytest.approx(float(first["K"]), abs=1e-9)


def test_mistakes():
    with pytest.raises(DataError, match=r"zero_one_test: must hold at least 100 steps \(got 99\)"):
        zero_one_test(np.ones(99))
    with pytest.raises(SettingError, match=r"zero_one_test.angles: must be a positive integer \(got 0\)"):
        zero_one_test(np.ones(200), angles=0)
