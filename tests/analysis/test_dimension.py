"""Participation ratio, and principal components in one basis."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from analysis.orbits import rotation

from neuroap.analysis import participation_ratio, pca
from neuroap.errors import SettingError
from neuroap.seeds import generator


def gaussian(dimensions: int, samples: int, seed: int = 0) -> np.ndarray:
    return generator(seed, "cloud").normal(size=(samples, dimensions))


def embedded(X: np.ndarray, neurons: int) -> np.ndarray:
    """In more neurons, by orthonormal directions, and away from 0."""
    basis = np.linalg.qr(generator(0, "basis").normal(size=(neurons, X.shape[1])))[0]
    return X @ basis.T + 3


@pytest.mark.parametrize("neurons", [20, 400], ids=["few neurons", "few steps"])
def test_a_line_and_a_circle(neurons):
    line, circle = np.linspace(0, 1, 100)[:, None], rotation(2 * np.pi / 100, 100)
    for X, dimension in ((line, 1), (circle, 2)):
        found = participation_ratio(embedded(X, neurons))["participation_ratio"]
        assert found == pytest.approx(dimension, abs=1e-12)


@pytest.mark.parametrize(
    ("dimensions", "samples", "raw", "corrected"),
    [(10, 500, 9.79, 9.98), (50, 500, 45.5, 50.0), (200, 1000, 166.5, 199.8)],
)
def test_clouds(dimensions, samples, raw, corrected):
    """Measured with another program; 1/PR_T = 1/N + 1/T to within the spread over seeds."""
    found = participation_ratio(gaussian(dimensions, samples))
    assert found["participation_ratio"] == pytest.approx(raw, rel=0.01)
    assert found["corrected"] == pytest.approx(corrected, rel=0.01)
    assert found["samples"] == samples
    assert 1 / found["corrected"] == pytest.approx(float(1 / found["participation_ratio"]) - 1 / samples, rel=1e-12)


def test_ratio_from_the_eigenvalues_of_the_covariance():
    X = gaussian(6, 40) * np.arange(1, 7)
    eigenvalues = np.linalg.eigvalsh(np.cov(X.T))
    expected = eigenvalues.sum() ** 2 / (eigenvalues**2).sum()
    assert participation_ratio(X)["participation_ratio"] == pytest.approx(expected, rel=1e-12)


def test_constant_and_missing_states():
    X = np.full((3, 50, 4), 0.1)
    X[1] += 1e-16 * gaussian(4, 50)
    X[2] = np.nan
    np.testing.assert_array_equal(participation_ratio(X)["participation_ratio"], [0, 0, np.nan])


def test_a_state_with_a_value_lost_does_not_count():
    X = gaussian(3, 30)
    X[7, 1] = np.nan
    whole = np.delete(X, 7, axis=0)
    xr.testing.assert_identical(participation_ratio(X), participation_ratio(whole))
    score = pca(X)["score"].values
    assert np.isnan(score[7]).all()
    np.testing.assert_allclose(np.delete(score, 7, axis=0), pca(whole)["score"])


def test_trials_pooled_or_one_by_one():
    """Three lines along different axes: one dimension each, three together (through the origin)."""
    t = np.linspace(-1, 1, 51)[:, None]
    X = xr.DataArray(np.stack([t * np.eye(3)[k] for k in range(3)]), dims=("trial", "step", "neuron"))
    np.testing.assert_allclose(participation_ratio(X)["participation_ratio"], [1, 1, 1])
    assert participation_ratio(X, over=("trial", "step"))["participation_ratio"] == pytest.approx(3)


def recording() -> xr.DataArray:
    """Two phases, three trials, two areas, the second of them smaller and not recorded in the last step."""
    X = generator(0, "recording").normal(size=(2, 3, 5, 2, 6)) + np.arange(6)
    X[..., 1, 4:] = np.nan
    X[:, :, 4, 1] = np.nan
    dims = ("phase", "trial", "step", "area", "neuron")
    return xr.DataArray(X, {"phase": ["inference", "learning"], "area": ["V1", "V2"]}, dims)


def test_all_components_give_the_states_back():
    """In one basis for both phases and all trials, which is orthonormal."""
    data = recording()
    found = pca(data, components=4).sel(area="V2")
    back = (found["score"] * found["loading"]).sum("component", skipna=False) + found["mean"]
    np.testing.assert_allclose(back, data.sel(area="V2").transpose(*back.dims), rtol=1e-12)
    loading = found["loading"].values[:, :4]
    np.testing.assert_allclose(loading @ loading.T, np.eye(4), atol=1e-12)
    assert found["explained_variance_ratio"].sum() == pytest.approx(1)
    assert np.isnan(found["loading"].values[:, 4:]).all()
    assert found["loading"].dims == ("component", "neuron")


def test_components_are_the_axes_of_largest_variance():
    """Known axes of an ellipsoid; scores are uncorrelated with the variances that the ratio says."""
    X = embedded(gaussian(3, 5000) * [3, 2, 1], 10)
    found = pca(X, components=3)
    scores = found["score"].values
    variance = scores.var(0)
    np.testing.assert_allclose(np.cov(scores.T, bias=True), np.diag(variance), atol=1e-10)
    np.testing.assert_allclose(variance, [9, 4, 1], rtol=0.05)
    np.testing.assert_allclose(found["explained_variance_ratio"], variance / variance.sum())
    largest = np.abs(found["loading"]).argmax("neuron")
    assert (found["loading"].isel(neuron=largest) > 0).all()


def test_phases_share_a_basis():
    """Each phase on a line of its own: only one basis for both needs two components for them."""
    t = np.linspace(-1, 1, 21)[:, None]
    X = xr.DataArray(np.stack([2 * t * [1, 0, 0], t * [0, 1, 0]]), dims=("phase", "step", "neuron"))
    both = pca(X, components=2)
    np.testing.assert_allclose(both["explained_variance_ratio"], [0.8, 0.2], rtol=1e-12)
    np.testing.assert_allclose(both["score"][1, :, 0], 0, atol=1e-12)
    alone = pca(X, components=2, over=("step",))
    np.testing.assert_allclose(alone["explained_variance_ratio"], [[1, 0], [1, 0]], atol=1e-12)


def test_an_area_smaller_than_the_number_of_components_and_states_that_never_change():
    data = recording()
    small = pca(data, components=6).sel(area="V2")["explained_variance_ratio"]
    assert np.isnan(small).values.tolist() == [False] * 4 + [True] * 2
    still = pca(np.ones((9, 4)))
    assert (still["explained_variance_ratio"] == 0).all()
    np.testing.assert_allclose(still["score"], 0)


def test_mistakes():
    with pytest.raises(SettingError, match=r"pca.components: must be an integer from 1 to 4 \(got 5\)"):
        pca(np.ones((9, 4)), components=5)
    with pytest.raises(SettingError, match=r"participation_ratio.over: .*\n  dimensions are step, neuron"):
        participation_ratio(np.ones((9, 4)), over=("step", "trial"))
    with pytest.raises(SettingError, match=r"pca.over: must name dimensions, 'step' among them and 'neuron' not"):
        pca(np.ones((9, 4)), over=("neuron",))
