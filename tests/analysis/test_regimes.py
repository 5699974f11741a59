"""Regimes from exponents and periods: by rule, and of systems that are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from analysis.orbits import logistic, orbit, rotation

from neuroap.analysis import REGIMES, classify, period
from neuroap.errors import SettingError

STABLE, PERIODIC, CHAOTIC, DIVERGED, UNDECIDED = REGIMES
NONE = np.nan
FIXED = 1


@pytest.mark.parametrize(
    ("exponent", "error", "cycle", "regime"),
    [
        (-0.5, 1e-4, FIXED, STABLE),
        (-0.5, 1e-4, 4, PERIODIC),
        (-0.5, 1e-4, NONE, UNDECIDED),
        (-1e-3, 1e-4, FIXED, PERIODIC),
        (1e-3, 1e-4, NONE, PERIODIC),
        (0.05, 1e-3, NONE, CHAOTIC),
        (0.05, 1e-3, FIXED, UNDECIDED),
        (0.05, 1e-3, 2, UNDECIDED),
        (0.05, 0.02, NONE, UNDECIDED),
        (-0.05, 0.02, FIXED, UNDECIDED),
        (1e-3, 1.9e-3, NONE, PERIODIC),
        (1e-3, 2.1e-3, NONE, UNDECIDED),
        (0.05, np.nan, NONE, UNDECIDED),
        (np.nan, 1e-3, NONE, UNDECIDED),
        (np.inf, 1e-3, NONE, UNDECIDED),
        (-np.inf, np.nan, FIXED, STABLE),
    ],
)
def test_rules(exponent, error, cycle, regime):
    assert classify(exponent, error, cycle).item() == regime


@pytest.mark.parametrize("exponent", [0.2, np.nan, np.inf, 1e-3])
def test_what_has_diverged_is_nothing_else(exponent):
    assert classify(exponent, 1e-4, NONE, diverged=True).item() == DIVERGED
    assert classify(exponent, 1e-4, NONE, diverged=[True, False])[1].item() != DIVERGED


def test_the_threshold_is_in_the_units_of_the_exponent():
    """0.01 per step is chaos; of 0.01 per tau one may want to be less sure."""
    assert classify(0.01, 1e-3, NONE).item() == CHAOTIC
    found = classify(0.01, 1e-3, NONE, marginal=0.02)
    assert found.item() == PERIODIC
    assert found.attrs["marginal"] == 0.02


def test_a_grid_goes_into_a_file_and_comes_back(tmp_path: Path):
    """Dimensions are joined: exponents by radius, periods by radius and seed."""
    exponent = xr.DataArray([-0.7, 0.1], {"spectral_radius": [0.5, 2.0]}, "spectral_radius")
    cycle = xr.DataArray([[FIXED, NONE], [2, NONE]], dims=("seed", "spectral_radius"))
    found = classify(exponent, 1e-3, cycle)
    assert found.transpose("seed", ...).values.tolist() == [[STABLE, CHAOTIC], [PERIODIC, CHAOTIC]]
    found.to_netcdf(tmp_path / "regimes.nc", engine="h5netcdf")
    assert xr.load_dataarray(tmp_path / "regimes.nc", engine="h5netcdf").equals(found)


def exponent_of(step, states: np.ndarray) -> tuple[float, float]:
    """Largest exponent along an orbit of few neurons, by central differences, and its error by batch means.

    The first half of the orbit only turns the perturbation into the direction that grows most.
    """
    n, h = states.shape[1], 1e-6
    p, growth = np.ones(n) / np.sqrt(n), []
    for x in states:
        p = (step((x + h * p)[None]) - step((x - h * p)[None]))[0] / (2 * h)
        growth.append(np.log(np.linalg.norm(p)))
        p /= np.linalg.norm(p)
    batches = np.array(growth[len(growth) // 2 :]).reshape(20, -1).mean(1)
    return float(batches.mean()), float(batches.std(ddof=1) / np.sqrt(20))


def turn(scale: float, angle: float):
    """Two neurons, r' = tanh(r W), with W a rotation times a scale."""
    W = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return lambda r: np.tanh(r @ W)


def neuron(w: float):
    return lambda r: np.tanh(w * r)


@pytest.mark.parametrize(
    ("step", "size", "regime"),
    [
        (neuron(0.5), 1, STABLE),
        (neuron(2.0), 1, STABLE),
        (neuron(-2.0), 1, PERIODIC),
        (turn(0.9, 1.0), 2, STABLE),
        (turn(1.5, 1.0), 2, PERIODIC),
        (turn(1.5, np.pi / 2), 2, PERIODIC),
        (lambda x: 3.2 * x * (1 - x), 1, PERIODIC),
        (lambda x: 3.9 * x * (1 - x), 1, CHAOTIC),
        (lambda x: 2.0 * x / (1 + x), 1, STABLE),
    ],
    ids=["one neuron", "bistable", "flip", "spiral", "torus", "period 4", "period 2", "chaos", "Beverton-Holt"],
)
def test_systems_that_are_known(step, size, regime):
    """Exponent and period from the same 4,000 steps."""
    states = orbit(step, np.full(size, 0.3), 4000, transient=1000)
    exponent, error = exponent_of(step, states)
    assert classify(exponent, error, period(states)).item() == regime


def test_a_state_that_starts_on_an_unstable_point_does_not_tell():
    """An area at rest beyond the onset of chaos: its exponent is that of rest."""
    states = orbit(neuron(2.0), np.zeros(1), 600)
    exponent, error = exponent_of(neuron(2.0), states)
    assert exponent == pytest.approx(np.log(2))
    assert classify(exponent, error, period(states)).item() == UNDECIDED


def test_an_orbit_cut_short_does_not_tell():
    """Still on its way to the fixed point after 80 steps."""
    step = neuron(0.95)
    states = orbit(step, np.ones(1), 80)
    assert classify(*exponent_of(step, states), period(states)).item() == UNDECIDED


def test_chaos_needs_no_recurrence_and_a_torus_none():
    """The logistic map at 4 and a rotation look alike to the period test: only exponents tell them apart."""
    for states in (logistic(4, 1000)[:, None], rotation(1.0, 1000)):
        assert np.isnan(period(states))


def test_mistakes():
    with pytest.raises(SettingError, match=r"classify.marginal: must be positive \(got 0\)"):
        classify(0.1, 0.01, NONE, marginal=0)
    with pytest.raises(SettingError, match=r"classify.standard_error: must not be negative"):
        classify(0.1, [0.01, -0.01], NONE)
