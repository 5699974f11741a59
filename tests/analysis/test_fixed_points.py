"""Fixed points of maps and their stability."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from neuroap.analysis import fixed_point, linear_stability, numerical_jacobian
from neuroap.errors import DataError, SettingError
from neuroap.seeds import generator


def logistic(r: float):
    return lambda x: r * x * (1 - x)


def area(scale: float, n: int = 5):
    """A tanh map with an asymmetric matrix and a drive; its Jacobian is diag(1 - r'^2) W^T."""
    W, c = scale * generator(0, "W").normal(size=(n, n)), generator(0, "c").normal(size=n)
    return lambda r: np.tanh(r @ W + c), lambda r: (1 - np.tanh(r @ W + c) ** 2)[:, None] * W.T


def test_iteration_finds_what_attracts():
    """x* = 1 - 1/r; from 0, which is unstable but exact, it does not move."""
    found = fixed_point(logistic(2.5), [[0.1], [0.9], [0.0]])
    np.testing.assert_allclose(found["state"][:, 0], [0.6, 0.6, 0], atol=1e-9)
    assert found["found"].all()
    assert found["steps"][2] == 0


def test_steps_of_a_linear_map():
    """The change in step t is 0.5 * 0.5^t."""
    found = fixed_point(lambda x: x / 2, [1.0], tolerance=1e-3)
    assert found["steps"] == 9
    assert found["residual"] == 2.0**-10


def test_the_root_finder_finds_what_does_not_attract():
    found = fixed_point(logistic(3.2), [0.3])
    assert found["state"].item() == pytest.approx(1 - 1 / 3.2, abs=1e-12)
    assert np.isnan(found["steps"])
    assert found["found"]
    assert not fixed_point(logistic(3.2), [0.3], polish=False)["found"]


@pytest.mark.parametrize("given", [True, False], ids=["Jacobian given", "by differences"])
def test_an_area_that_does_not_settle(given):
    step, jacobian = area(0.5, 20)
    found = fixed_point(step, np.zeros(20), most_steps=50, jacobian=jacobian if given else None)
    assert found["found"]
    assert np.isnan(found["steps"])
    x = found["state"].values
    np.testing.assert_allclose(step(x[None])[0], x, atol=1e-10)
    assert not linear_stability(step, x)["stable"]


def test_no_fixed_point_is_said_to_be_none():
    """x + 1 has none, and neither have states that run away; nothing is raised and no warning shown."""
    assert not fixed_point(lambda x: x + 1, [0.0])["found"]
    away = fixed_point(lambda x: 2 * x**2, [[3.0], [0.1]])
    assert away["found"].values.tolist() == [False, True]
    assert not np.isfinite(away["residual"][0])


def test_names_of_the_start_stay():
    start = xr.DataArray(np.full((3, 2), 0.5), {"trial": [4, 5, 6]}, ("trial", "neuron"))
    found = fixed_point(logistic(2.0), start)
    assert found["state"].dims == ("trial", "neuron")
    assert found["residual"].dims == ("trial",)
    assert found["steps"]["trial"].values.tolist() == [4, 5, 6]


@pytest.mark.parametrize("n", [1, 5])
def test_jacobian_by_differences(n):
    """The mistakes that matter, W for W^T and r for r', are off by half and more."""
    step, jacobian = area(1.0, n)
    x = generator(0, "x").uniform(-1, 1, n)
    exact = jacobian(x)
    np.testing.assert_allclose(numerical_jacobian(step, x), exact, rtol=0, atol=1e-9 * np.abs(exact).max())


@pytest.mark.parametrize(("r", "stable"), [(2.5, True), (3.2, False)])
def test_multiplier_of_the_logistic_map(r, stable):
    """f'(x*) = 2 - r."""
    found = linear_stability(logistic(r), [1 - 1 / r])
    assert found["real"].item() == pytest.approx(2 - r, abs=1e-9)
    assert found["spectral_radius"] == pytest.approx(abs(2 - r), abs=1e-9)
    assert found["stable"] == stable


def test_eigenvalues_of_a_spiral():
    """0.8 times a rotation by 1 rad: 0.8 exp(+-i), the exponent is ln 0.8."""
    W = 0.8 * np.array([[np.cos(1), np.sin(1)], [-np.sin(1), np.cos(1)]])
    found = linear_stability(lambda x: x @ W, [0.0, 0])
    np.testing.assert_allclose(found["real"], 0.8 * np.cos(1), atol=1e-10)
    np.testing.assert_allclose(found["imaginary"], [0.8 * np.sin(1), -0.8 * np.sin(1)], atol=1e-10)
    assert found["exponent"] == pytest.approx(np.log(0.8), abs=1e-10)
    assert found["exponent"].attrs["units"] == "1/step"


def test_a_map_that_forgets_has_no_finite_exponent():
    assert linear_stability(lambda x: 0 * x, [1.0])["exponent"] == -np.inf


def test_the_slope_of_settling_is_the_exponent():
    """ln du falls by ln rho in each step."""
    step, jacobian = area(0.3)
    x = fixed_point(step, np.zeros(5), tolerance=1e-14)["state"].values
    rho = linear_stability(step, x, jacobian)["spectral_radius"].item()
    short, long = (fixed_point(step, np.zeros(5), tolerance=t)["steps"].item() for t in (1e-5, 1e-13))
    assert np.log(1e-8) / (long - short) == pytest.approx(np.log(rho), rel=0.1)


def test_a_map_with_a_drive_for_each_row_has_no_one_jacobian():
    """Differences would mix the stimuli: six of them in the 2 N = 12 rows, without a word."""
    W, c = generator(0, "W").normal(size=(6, 6)), generator(0, "c").normal(size=(6, 6))
    several = lambda r: np.tanh(r @ W + np.tile(c, (len(r) // 6, 1)))  # noqa: E731
    with pytest.raises(DataError, match=r"step: must lead the same state to the same one in every row\n  take the map"):
        linear_stability(several, np.zeros(6))
    jacobian = (1 - np.tanh(c[0]) ** 2)[:, None] * W.T
    np.testing.assert_allclose(numerical_jacobian(lambda r: np.tanh(r @ W + c[0]), np.zeros(6)), jacobian, atol=1e-8)


@pytest.mark.parametrize("unit", [1e-12, 1e6])
def test_drives_of_rows_are_told_apart_in_any_unit(unit):
    c = unit * generator(0, "c").normal(size=(6, 6))
    with pytest.raises(DataError, match="must lead the same state to the same one"):
        numerical_jacobian(lambda r: 0.5 * r + np.tile(c, (len(r) // 6, 1)), np.zeros(6))


def test_differences_need_double_precision():
    with pytest.raises(DataError, match=r"numerical_jacobian.step: must give float64 .* \(got 'float32'\)"):
        numerical_jacobian(lambda x: np.tanh(x).astype(np.float32), np.zeros(3))


def test_mistakes():
    with pytest.raises(DataError, match=r"fixed_point.step: must return the shape of its states, \(1, 3\)"):
        fixed_point(lambda x: x[:, :2], np.ones(3))
    with pytest.raises(DataError, match=r"fixed_point.start: must be finite"):
        fixed_point(logistic(2), [np.nan])
    with pytest.raises(SettingError, match=r"fixed_point.tolerance: must be positive \(got 0\)"):
        fixed_point(logistic(2), [0.1], tolerance=0)
    with pytest.raises(SettingError, match=r"fixed_point.most_steps: must be a positive integer \(got 0\)"):
        fixed_point(logistic(2), [0.1], most_steps=0)
    with pytest.raises(DataError, match=r"linear_stability.state: must be one finite state"):
        linear_stability(logistic(2), [[0.1]])
