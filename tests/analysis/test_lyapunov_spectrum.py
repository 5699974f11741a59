"""The spectrum of exponents: sums that hold exactly, its first exponent, dimension and entropy."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.systems import gaussian, henon, linear, logistic, rotation, scaled, tanh_map

from neuroap.analysis import Map, entropy_bound, kaplan_yorke, lyapunov_spectrum, max_lyapunov
from neuroap.errors import DataError, SettingError


def mean_log_determinant(W, x, steps, transient):
    """Of x' = tanh(x W): ln |det W| + the sum of ln(1 - x'^2), averaged over the steps that count."""
    logs = []
    for t in range(transient + steps):
        x = np.tanh(x @ W)
        if t >= transient:
            logs.append(np.log1p(-(x**2)).sum(1))
    return np.linalg.slogdet(W)[1] + np.mean(logs)


@pytest.mark.parametrize(
    ("n", "steps", "transient", "every"),
    [(20, 1, 0, 1), (64, 200, 100, 1), (20, 60, 30, 3), pytest.param(256, 1200, 500, 1, marks=pytest.mark.slow)],
)
def test_sum_is_the_mean_log_determinant(n, steps, transient, every):
    W = scaled(gaussian(n, 1), 2)
    x = np.random.default_rng(0).uniform(-1, 1, (2, n))
    found = lyapunov_spectrum(tanh_map(W), None, x, steps, transient, every)
    expected = mean_log_determinant(W, x, steps, transient)
    assert float(found.spectrum.sum()) == pytest.approx(expected, rel=1e-8)
    assert (np.diff(found.spectrum) <= 0).all()


def test_one_exponent_is_the_maximum_exponent():
    """The same vector, started and scaled in the same way."""
    system = tanh_map(gaussian(30, 2))
    settings = {"initial": 3, "steps": 200, "transient": 50, "seed": 4}
    found = lyapunov_spectrum(system, 1, **settings)
    np.testing.assert_allclose(found.exponent[:, 0], max_lyapunov(system, **settings).exponent, atol=1e-12)


def test_some_exponents_are_the_largest_of_all():
    system = tanh_map(gaussian(12, 1.5))
    settings = {"initial": 2, "steps": 4000, "transient": 1000}
    some, every = lyapunov_spectrum(system, 4, **settings), lyapunov_spectrum(system, None, **settings)
    np.testing.assert_allclose(some.spectrum, every.spectrum[:4], atol=5e-3)


def test_spectrum_without_jacobian():
    system = henon()
    settings = {"k": 2, "initial": [[0.1, 0.1]], "steps": 200, "transient": 50}
    pairs = lyapunov_spectrum(Map(system.step, 2), **settings)
    np.testing.assert_allclose(pairs.spectrum, lyapunov_spectrum(system, **settings).spectrum, atol=1e-4)


def test_eigenvalues_of_a_linear_map():
    W = np.diag([0.9, 0.5, 0.1]) + np.triu(np.ones((3, 3)), 1)
    found = lyapunov_spectrum(linear(W), steps=500, transient=500)
    np.testing.assert_allclose(found.spectrum, np.log([0.9, 0.5, 0.1]), atol=1e-12)


def test_singular_maps():
    """A direction that is lost: -inf, and the others as they are."""
    W = np.diag([0.9, 0.5, 0.0])
    found = lyapunov_spectrum(linear(W), steps=300, transient=100)
    np.testing.assert_allclose(found.spectrum[:2], np.log([0.9, 0.5]), atol=1e-12)
    assert found.spectrum[2] < -30
    assert float(found.kaplan_yorke) == 0


@pytest.mark.parametrize(
    ("exponents", "dimension"),
    [
        ([1, 0, -1], 3.0),
        ([1, 0, -2], 2.5),
        ([1, 1, 1], 3.0),
        ([-1, -1, -1], 0.0),
        ([0, -1], 1.0),
        ([0.9056, 0, -14.572], 2 + 0.9056 / 14.572),
        ([1, -np.inf], 1.0),
    ],
)
def test_kaplan_yorke(exponents, dimension):
    assert kaplan_yorke(exponents) == pytest.approx((dimension, dimension))


def test_kaplan_yorke_of_a_part():
    assert kaplan_yorke([0.5, -0.2], size=10).at_least == 2
    assert np.isnan(kaplan_yorke([0.5, -0.2], size=10).value)
    assert kaplan_yorke([0.5, -1], size=10) == (1.5, 1.5)
    assert kaplan_yorke([-0.5], size=10) == (0, 0)
    assert np.isnan(kaplan_yorke([np.nan, -1]).value)


def test_limit_cycle_of_a_flow():
    """Its exponent 0 has an error; taken as it is, the dimension would be 0."""
    assert kaplan_yorke([-1e-6, -1]).value == 0
    assert kaplan_yorke([-1e-6, -1], zero=1e-5).value == 1
    torus = lyapunov_spectrum(tanh_map(rotation(1.5, 1)), initial=4, steps=3000, transient=2000)
    assert torus.kaplan_yorke == pytest.approx(1, abs=1e-3)


def test_exponents_within_their_error_count_as_zero():
    """Growth with a mean of -0.003 and a standard error of 0.02, beside a direction that shrinks."""
    noise = np.random.default_rng(0).standard_normal(3000)
    rates = iter(noise - noise.mean() - 0.003)
    noisy = Map(lambda x: x, 2, step_with_tangent=lambda x, p: (x, p * np.exp([next(rates), -3])))
    found = lyapunov_spectrum(noisy, steps=3000, transient=0)
    assert found.spectrum[0] == pytest.approx(-0.003, abs=2e-3)
    assert found.kaplan_yorke == 1


def test_entropy():
    assert entropy_bound([0.5, 0.25, 0, -1]) == 0.75
    assert entropy_bound([-1, -2]) == 0
    assert np.isnan(entropy_bound([0.5, 0.25], size=3))
    assert entropy_bound([0.5, -0.25], size=3) == 0.5
    found = lyapunov_spectrum(logistic(4), initial=[[0.3]], steps=3000)
    assert found.entropy == pytest.approx(np.log(2), abs=1e-2)


def test_mistakes():
    with pytest.raises(SettingError, match=r"lyapunov_spectrum.k: must not exceed the size 2 of the map \(got 3\)"):
        lyapunov_spectrum(henon(), 3)
    with pytest.raises(SettingError, match=r"lyapunov_spectrum.steps: must be a multiple of every = 7 \(got 1000\)"):
        lyapunov_spectrum(henon(), 2, every=7)
    with pytest.raises(DataError, match=r"kaplan_yorke.exponents: must be in descending order"):
        kaplan_yorke([-1, 1])
    with pytest.raises(DataError, match=r"entropy_bound.exponents: must be one row of numbers"):
        entropy_bound([1, 0], size=1)
