"""States that grow without bound, and exponents that have no error: neither is chaos."""

from __future__ import annotations

import time

import numpy as np
import pytest
from analysis.systems import henon, linear, logistic, rotation, tanh_map

from neuroap import Recurrence, hierarchy
from neuroap.analysis import Map, classify, finite_time, lyapunov_spectrum, max_lyapunov
from neuroap.analysis.two_trajectories import Benettin, two_trajectories
from neuroap.regimes import area_map

NONE = np.nan
SLOWEST = 2.1  # e-folds in all: just more than the factor e in each half


def regime(found) -> str:
    return classify(found.mle, found.mle_se, NONE, diverged=found.diverged.any()).item()


@pytest.mark.parametrize("initial", [1, 8])
@pytest.mark.parametrize(
    ("activation", "radius", "grows"),
    [
        ("identity", 1.2, True),
        ("identity", 1.01, True),
        ("identity", 0.9, False),
        ("relu", 2, True),
        ("relu", 1, False),
    ],
)
def test_areas_without_ceiling_diverge(activation: str, radius: float, grows: bool, initial: int) -> None:
    """Long before any number overflows: the exponent is that of a map whose states only grow."""
    layout = hierarchy(1, 8, 3, 16, activation=activation, recurrence=Recurrence(spectral_radius=radius))
    system = area_map(layout, "V1", drive=np.ones(64))
    found = max_lyapunov(system, initial, steps=1000, transient=500)
    if activation == "identity":
        assert float(found.mle) == pytest.approx(np.log(radius), abs=1e-3)
    assert (found.diverged == grows).all()
    assert (found.reason == "").all()
    assert (regime(found) == "diverged") == grows
    assert (found.mle > 0) == grows


@pytest.mark.parametrize("rate", [0.4, 0.1, SLOWEST / 1000])
def test_growth_at_any_rate_is_told(rate: float) -> None:
    found = max_lyapunov(linear(np.diag([np.exp(rate), 0.5])), 4, steps=1000)
    assert found.diverged.all()
    assert float(found.mle) == pytest.approx(rate, abs=1e-9)
    assert regime(found) == "diverged"


def test_a_state_may_start_from_rest() -> None:
    system = Map(lambda x: 1.1 * x + 1, 2, jvp=lambda x, p: 1.1 * p)
    assert max_lyapunov(system, np.zeros((1, 2)), steps=200, transient=0).diverged.all()
    assert not max_lyapunov(linear(1.1 * np.eye(2)), np.zeros((1, 2)), steps=200).diverged.any()


def test_states_that_overflow_have_diverged() -> None:
    found = max_lyapunov(linear(np.diag([3.0])), [[1.0], [0.0]], steps=1000)
    assert found.diverged.values.tolist() == [True, False]
    assert np.isnan(found.mle)
    assert all(np.isnan(found[name]) for name in found if name.startswith("mle_se") or name == "mle_drift")
    assert regime(found) == "diverged"


@pytest.mark.parametrize("steps", [20, 100, 1000])
@pytest.mark.parametrize(
    "system",
    [logistic(4.0), henon(), linear(rotation(1, 1.0)), linear(rotation(0.9, 1.0)), tanh_map(3 * np.eye(4))],
    ids=["logistic", "Henon", "circle", "spiral", "fixed points"],
)
def test_attractors_have_not_diverged(system: Map, steps: int) -> None:
    initial = 0.1 + 0.2 * np.random.default_rng(0).uniform(size=(50, system.size))
    assert not max_lyapunov(system, initial, steps, transient=0).diverged.any()


def test_growth_from_an_unstable_point_to_an_attractor_is_no_divergence() -> None:
    """The state grows by twelve orders of magnitude, and then no more."""
    found = max_lyapunov(tanh_map(2 * np.eye(3)), 1e-12 * np.ones((1, 3)), steps=200, transient=0)
    assert not found.diverged.any()


def test_two_trajectories_tell_it_too() -> None:
    def grow(x: np.ndarray) -> np.ndarray:
        return 1.1 * x

    found = two_trajectories(grow, np.ones((2, 3)), steps=60, transient=10)
    assert found.diverged.all()
    assert float(found.mle) == pytest.approx(np.log(1.1), abs=1e-6)
    lost = two_trajectories(grow, np.ones((2, 3)), steps=600, transient=100)  # the distance in rounding errors
    assert (float(lost.mle), regime(lost)) == (-np.inf, "diverged")
    assert not two_trajectories(lambda x: 4 * x * (1 - x), [[0.3]], 300, 100).diverged.any()
    benettin = Benettin()
    for _ in range(2):  # the second time anew
        x = np.ones((1, 2))
        y = benettin.perturb(x)
        for _ in range(100):
            x, y = 1.1 * x, 1.1 * y
            y = benettin.update(x, y)
    assert benettin.result(transient=10).diverged.all()


def test_one_step_has_no_standard_error() -> None:
    for found in (max_lyapunov(logistic(4.0), [[0.3]], steps=1, transient=0), _one_step_of_two_trajectories()):
        assert np.isfinite(found.mle)
        assert np.isnan([found.mle_se, found.mle_drift, found.mle_se_time, found.mle_se_initial]).all()
        assert classify(found.mle, found.mle_se, NONE).item() == "undecided"
    spectrum = lyapunov_spectrum(henon(), steps=1, transient=0, initial=[[0.1, 0.1]])
    assert np.isnan(spectrum.spectrum_se).all()
    several = max_lyapunov(logistic(4.0), [[0.3], [0.2]], steps=1, transient=0)
    assert float(several.mle_se) == float(several.mle_se_initial) > 0


def _one_step_of_two_trajectories():
    return two_trajectories(lambda x: 4 * x * (1 - x), [[0.3]], steps=1)


def test_every_horizon_costs_the_same() -> None:
    """With all horizons up to T the work is that of T steps, not of their square."""
    system = logistic(4.0)
    every = finite_time(system, range(1, 21), 3, vectors=2)
    for horizon in (1, 7, 20):
        alone = finite_time(system, horizon, 3, vectors=2)
        np.testing.assert_allclose(every.exponent.sel(horizon=horizon), alone.exponent.isel(horizon=0), rtol=1e-12)
    seconds = []
    for longest in (1000, 8000):
        began = time.process_time()
        finite_time(system, range(1, longest + 1), 64, vectors=8)
        seconds.append(time.process_time() - began)
    assert seconds[1] < 20 * seconds[0]
