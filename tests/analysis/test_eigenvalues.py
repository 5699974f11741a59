"""Spectral radius with the gain, bulk and outliers."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from neuroap.analysis import effective_spectral_radius, numerical_jacobian, outliers
from neuroap.errors import DataError, SettingError
from neuroap.layout import Recurrence
from neuroap.plotting import plot_eigenvalues
from neuroap.seeds import generator
from neuroap.weights import draw_recurrence


def weights(n: int = 5, seed: int = 0) -> np.ndarray:
    return generator(seed, "weights").normal(size=(n, n))


def random_matrix(n: int, seed: int = 0) -> np.ndarray:
    """Independent entries whose eigenvalues fill the unit disc."""
    return weights(n, seed) / np.sqrt(n)


def test_gain_of_one_leaves_the_spectral_radius():
    W = weights()
    assert effective_spectral_radius(W, np.ones(5)) == pytest.approx(np.abs(np.linalg.eigvals(W)).max())


def test_gain_scales_what_a_neuron_receives():
    """A cycle of three neurons: the radius is the cube root of the product of weights and gains."""
    W = np.zeros((3, 3))
    W[0, 1], W[1, 2], W[2, 0] = 2, 3, 4
    gain = xr.DataArray([[1, 1, 1], [0.5, 0.1, 1], [0, 1, 1]], dims=("trial", "neuron"))
    found = effective_spectral_radius(W, gain)
    assert found.dims == ("trial",)
    np.testing.assert_allclose(found, np.cbrt([24, 1.2, 0]), atol=1e-12)


@pytest.mark.parametrize("step", [1.0, 0.3])
def test_it_is_the_radius_of_the_jacobian(step):
    """Of the map of an area with dt < tau, by central differences, at a state that is no fixed point."""
    W, u = weights(), generator(0, "state").normal(size=5)
    J = numerical_jacobian(lambda u: (1 - step) * u + step * (np.tanh(u) @ W + 0.3), u)
    found = effective_spectral_radius(W, 1 - np.tanh(u) ** 2, step)
    assert found == pytest.approx(np.abs(np.linalg.eigvals(J)).max(), rel=1e-8)


def test_a_missing_gain_is_unknown():
    assert np.isnan(effective_spectral_radius(weights(), [1, 1, np.nan, 1, 1]))


@pytest.mark.parametrize("n", [64, 256])
def test_random_matrices_have_a_bulk_and_no_outliers(n):
    found = outliers(random_matrix(n))
    assert found["bulk_radius"] == pytest.approx(1, abs=2 / n**0.5 / 3)
    assert found["spectral_radius"] == pytest.approx(1, abs=2 / n**0.5)
    assert found["outlier_count"] == 0
    assert found.sizes["mode"] == n


def test_a_structure_of_rank_1_is_one_outlier_at_its_eigenvalue():
    """u v^T with v.u = 2 added to a matrix of radius 1."""
    n = 256
    u = np.ones(n)
    found = outliers(random_matrix(n) + 2 * np.outer(u, u) / n)
    assert found["outlier_count"] == 1
    assert found["outlier"].values.tolist() == [True] + [False] * (n - 1)
    assert found["real"][0] == pytest.approx(2, abs=0.2)


def test_margin():
    """An orthogonal matrix has all eigenvalues on the circle of its bulk."""
    Q = np.linalg.qr(weights(30))[0]
    assert outliers(1.01 * Q)["bulk_radius"] == pytest.approx(1.01)
    assert outliers(Q + np.diag([0.5] + [0] * 29), margin=0.0)["outlier_count"] >= 1
    assert outliers(Q, margin=1e-9)["outlier_count"] == 0


def test_modes_fall_and_pairs_stand_together():
    found = outliers(weights(20))
    modulus = np.hypot(found["real"], found["imaginary"])
    assert (modulus.diff("mode") < 1e-9).all()
    assert modulus[0] == found["spectral_radius"]
    pairs = found["imaginary"].values[np.abs(found["imaginary"]) > 1e-12]
    np.testing.assert_allclose(pairs[0::2], -pairs[1::2], atol=1e-12)
    assert (pairs[0::2] > 0).all()


def test_mistakes():
    with pytest.raises(DataError, match=r"outliers.weights: must be a square matrix \(got \(2, 3\)\)"):
        outliers(np.ones((2, 3)))
    with pytest.raises(DataError, match=r"effective_spectral_radius.weights: must be finite"):
        effective_spectral_radius([[np.nan]], [1])
    with pytest.raises(DataError, match=r"effective_spectral_radius.gain: must have 5 neurons \(got 4\)"):
        effective_spectral_radius(weights(), np.ones(4))
    with pytest.raises(SettingError, match=r"dt_over_tau: must lie in \(0, 1\] \(got 2\)"):
        effective_spectral_radius(weights(), np.ones(5), dt_over_tau=2)
    with pytest.raises(SettingError, match=r"outliers.margin: must not be negative \(got -1\)"):
        outliers(weights(), margin=-1)


# -- weights that obey Dale's law

CELLS = np.where(np.arange(200) < 160, 1, -1)


@pytest.mark.parametrize(("target", "count"), [(0.0, 0), (-3.5, 1), (4.0, 1)])
def test_with_signs_the_bulk_is_that_of_the_deviations(target, count):
    """The mean of each type is an outlier of its own; without signs it would seem to widen the bulk."""
    recurrence = Recurrence(connection_rate=0.5, bulk_radius=1.5, outlier=target, exact_balance=True)
    W = draw_recurrence(recurrence, 200, generator(1, "test"), CELLS)
    found = outliers(W, margin=0.4, signs=CELLS)
    assert float(found.bulk_radius) == pytest.approx(1.5, rel=1e-12)
    assert float(found.mean_eigenvalue) == pytest.approx(target, abs=1e-11)
    assert int(found.outlier_count) == count
    if count:
        assert float(found["real"][0]) == pytest.approx(target)
        assert bool(found.outlier[0])
    assert float(outliers(W).bulk_radius) > 1.2 * 1.5
    assert all(v.attrs["long_name"] for v in found.data_vars.values())


def test_the_figure_draws_the_bulk_of_the_signs():
    W = draw_recurrence(Recurrence(bulk_radius=1.5), 100, generator(1, "test"), CELLS[::2])
    ax = plot_eigenvalues(W, signs=CELLS[::2], ax=Figure().subplots())
    assert [c.radius for c in ax.patches if c.get_label() == "bulk"] == pytest.approx([1.5])


@pytest.mark.parametrize("signs", [CELLS[:99], np.ones((100, 1)), 1])
def test_signs_are_one_per_neuron(signs):
    with pytest.raises(DataError, match=r"outliers\.signs: must be 100 numbers \(got \("):
        outliers(random_matrix(100), signs=signs)
