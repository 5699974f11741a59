"""One-step differences, and steps to settle."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from neuroap.analysis import step_change, steps_to_settle
from neuroap.errors import DataError, SettingError


def decay(factor: float, steps: int, neurons: int = 3) -> np.ndarray:
    """factor^t in every neuron, shape (steps, neurons)."""
    return np.repeat(factor ** np.arange(steps)[:, None], neurons, axis=1)


def test_change_is_the_root_mean_square_over_neurons():
    found = step_change([[0.0, 0, 0, 0], [2, 0, 0, 0], [2, 3, 4, 0]])
    assert found.values.tolist() == [1, 2.5]
    assert found["step"].values.tolist() == [1, 2]


def test_neurons_and_steps_that_were_not_recorded_do_not_count():
    X = np.stack([decay(0.5, 6, 4), decay(0.5, 6, 4)])
    X[1, :, 2:] = np.nan  # a smaller area
    X[1, 4:] = np.nan  # in a shorter phase
    du = step_change(X)
    np.testing.assert_allclose(du[0], 0.5 ** np.arange(1, 6))
    np.testing.assert_allclose(du[1], [*(0.5 ** np.arange(1, 4)), np.nan, np.nan])


def test_a_value_that_is_lost_makes_the_change_unknown():
    X = decay(0.5, 4)
    X[2, 1] = np.nan
    assert np.isnan(step_change(X)).values.tolist() == [False, True, True]


@pytest.mark.parametrize(("tolerance", "steps"), [(0.3, 2), (0.1, 4), (1e-3, 10), (1e-6, 20)])
def test_steps_of_a_geometric_decay(tolerance, steps):
    """The change in step t is 2^-t: below the tolerance from this step on."""
    assert steps_to_settle(decay(0.5, 40), tolerance) == steps


def test_steps_of_linear_maps_are_those_of_their_factor():
    """ln(tolerance / (1 - a)) / ln a, plus the step that the change belongs to."""
    a = np.array([0.1, 0.5, 0.9])
    X = np.moveaxis(a ** np.arange(300)[:, None], 1, 0)[..., None]
    expected = np.floor(np.log(1e-3 / (1 - a)) / np.log(a)) + 2
    assert steps_to_settle(X).values.tolist() == expected.tolist()


def test_the_coordinate_counts():
    """A recording starts with the state after the first step, and knows its unit."""
    step = ("step", np.arange(1, 21), {"units": "dt"})
    found = steps_to_settle(xr.DataArray(decay(0.5, 20), {"step": step}, ("step", "neuron")), 0.1)
    assert found == 5
    assert found.attrs["units"] == "dt"


def test_states_that_stir_again_settle_after_that():
    X = decay(0.1, 20, 1)
    X[12] += 1
    assert steps_to_settle(X, 1e-2) == 14


def test_no_steps_where_states_do_not_settle():
    """A cycle, a transient cut short, states that run away, and a phase without a record."""
    cycle = np.where(np.arange(100) % 2, 1.0, -1.0)
    slow = 0.99 ** np.arange(100)
    with np.errstate(over="ignore"):
        away = np.exp(np.exp(np.arange(100.0) / 10))
    X = np.stack([cycle, slow, away, np.full(100, np.nan)])[..., None]
    assert np.isnan(steps_to_settle(X)).all()
    away = np.where(np.isinf(X[2]), np.nan, X[2])
    assert np.isnan(steps_to_settle(away))


def test_one_state_has_no_change():
    assert step_change(np.ones((2, 1, 3))).sizes["step"] == 0
    assert np.isnan(steps_to_settle(np.ones((2, 1, 3)))).values.tolist() == [True, True]


def test_rates_of_a_recording():
    """Any order of dimensions; rates in a Dataset."""
    X = xr.DataArray(np.stack([decay(0.5, 30), decay(0.9, 30)]), dims=("trial", "step", "neuron"))
    found = steps_to_settle(xr.Dataset({"rate": X.transpose("neuron", "step", "trial")}), 0.05)
    assert found.dims == ("trial",)
    assert found.values.tolist() == [5, 8]


def test_mistakes():
    with pytest.raises(SettingError, match=r"steps_to_settle.tolerance: must be positive \(got 0\)"):
        steps_to_settle(decay(0.5, 4), 0)
    with pytest.raises(DataError, match=r"step_change: must have the dimensions .* \(got \(3,\)\)"):
        step_change([1, 2, 3])
    with pytest.raises(DataError, match=r"must have a dimension 'neuron' .*\n  data.rename\(NAME='neuron'\)"):
        step_change(xr.DataArray(np.ones((2, 2)), dims=("step", "unit")))
    with pytest.raises(DataError, match="the Dataset must hold 'rate'"):
        step_change(xr.Dataset({"u": ((), 1)}))
    with pytest.raises(DataError, match="must hold at least one step of one neuron"):
        step_change(np.ones((0, 3)))
