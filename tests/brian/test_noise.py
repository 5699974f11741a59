"""Noisy areas: the variance that the equations prescribe, and draws that a seed repeats."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import StateMonitor

from neuroap.brian import CorticalNetwork
from neuroap.layout import Area, Input, Layout, Output, error, inference
from neuroap.rules import AdjointPropagation

SIGMA = 0.3
XI = f"du/dt = (-u + I_rec + I_inf - beta*I_err)/tau + {SIGMA}*xi*tau**-0.5 : 1\nr = u : 1"
RANDN = f"du/dt = (-u + I_rec + I_inf - beta*I_err + {SIGMA}*randn())/tau : 1\nr = tanh(u) : 1"


def noisy(
    text: str, dt_ms: float | None = None, dtype: str = "float64", taus: tuple[float, ...] = (10,)
) -> CorticalNetwork:
    """Areas of 1000 noisy neurons and no recurrence, 8 trials side by side; all weights are zero."""
    areas = [Area(f"A{k}", 250, recurrence=None, equations=text, tau_ms=tau) for k, tau in enumerate(taus)]
    paths = [(inference("x", f"{a.name}.RI"), inference(f"{a.name}.SI", "y")) for a in areas]
    layout = Layout(Input("x", 2), *areas, Output("y", 2), *(p for two in paths for p in two), error("y", "A0.RE"))
    return CorticalNetwork(layout, AdjointPropagation((20, 3)), trials=8, dt_ms=dt_ms, dtype=dtype)


DATA = {"task": (np.zeros((8, 2)), np.zeros(8, int))}


def assert_normal(values: np.ndarray, variance: float) -> None:
    """Mean 0 and this variance, each within 5 standard errors."""
    n = values.size
    assert abs(values.mean()) < 5 * np.sqrt(variance / n)
    assert abs(values.var() - variance) < 5 * variance * np.sqrt(2 / n)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("dt_ms", [None, 2.0])
def test_variance_of_the_stationary_state(dt_ms: float | None, dtype: str) -> None:
    """Euler's step of an Ornstein-Uhlenbeck process settles at sigma^2 / (2 - dt/tau)."""
    network = noisy(XI, dt_ms, dtype)
    network.run(DATA, seed=1)
    rates = network.groups["A0"].array("r_inf")
    assert rates.dtype == dtype
    assert_normal(rates.astype(float), SIGMA**2 / (2 - (dt_ms or 10) / 10))
    # Neither neurons nor trials share their noise.
    correlations = np.corrcoef(rates.astype(float))[np.triu_indices(8, 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(1000)


def test_each_area_has_noise_of_its_own_time_constant() -> None:
    """With dt = tau in areas of different tau, a step of each is one tau of its own."""
    network = noisy(XI, taus=(10, 40))
    network.run(DATA, seed=2)
    for name in ("A0", "A1"):
        assert_normal(network.groups[name].array("r_inf"), SIGMA**2)


@pytest.mark.parametrize("text", [XI, RANDN])
def test_a_seed_repeats_the_noise(text: str) -> None:
    """The same seed, the same rates, in a network built anew as well; another seed, others."""

    def rates(network: CorticalNetwork, seed: int) -> np.ndarray:
        network.run(DATA, seed=seed)
        return network.groups["A0"].array("r_inf").copy()

    network = noisy(text)
    first = rates(network, 7)
    assert first.std() > 0.1
    assert np.array_equal(rates(network, 7), first)
    assert np.array_equal(rates(noisy(text), 7), first)
    assert not np.isclose(rates(network, 8), first).any()


def test_every_step_and_phase_draws_anew() -> None:
    """The learning phase does not repeat the noise of inference, and the error holds both."""
    network = noisy(XI)
    monitor = StateMonitor(network.groups["A0"], "r", record=True, when="end", clock=network.clock)
    network.net.add(monitor)
    network.run(DATA, learn=True, seed=3)
    line = network.timeline
    ticks = [*line.inference["A0"].ticks, *line.learning["A0"].ticks]
    steps = monitor.r[:, ticks]  # dt = tau: every step is fresh noise
    assert np.abs(np.corrcoef(steps.T)[np.triu_indices(23, 1)]).max() < 5 / np.sqrt(8000)
    assert_normal(network.groups["A0"].array("err"), 2 * SIGMA**2)


def test_a_recorded_state_is_the_one_that_was_used() -> None:
    """A state with random numbers is stored: reading it does not draw again."""
    network = noisy(RANDN)
    monitor = StateMonitor(network.groups["A0"], ["u", "r"], record=True, when="end", clock=network.clock)
    network.net.add(monitor)
    network.run(DATA, seed=4)
    assert monitor.u.std() > 0.1
    np.testing.assert_allclose(monitor.r, np.tanh(monitor.u), rtol=0, atol=1e-15)


def test_without_noise_nothing_is_seeded() -> None:
    """A run of quiet areas leaves the user's random numbers alone."""
    network = noisy("du/dt = (-u + I_rec + I_inf - beta*I_err)/tau : 1\nr = tanh(u) : 1")
    assert not network.noisy
    np.random.seed(5)
    expected = np.random.random()
    np.random.seed(5)
    network.run(DATA, seed=9)
    assert np.random.random() == expected
