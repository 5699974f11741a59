"""Errors of short trajectories against the end-point error."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from brian.judging import oracle_of

from neuroap import Area, CorticalClassifier, Input, Layout, Output, Recurrence, error, inference
from neuroap.analysis import end_point_error
from neuroap.errors import DataError, SettingError
from neuroap.rules import AdjointPropagation
from neuroap.seeds import generator


def phases(inference_rates: np.ndarray, learning_rates: np.ndarray) -> xr.DataArray:
    """One trial of two phases, shapes (steps, neurons)."""
    X = np.stack([inference_rates, learning_rates])
    return xr.DataArray(X, {"phase": ["inference", "learning"]}, ("phase", "step", "neuron"))


def linear(starts_from_rest: bool, steps: int = 60) -> tuple[xr.DataArray, np.ndarray]:
    """r' = r W + c: inference from 0; learning with another c, from 0 or from where inference ended."""
    W = 0.2 * generator(0, "W").normal(size=(4, 4))
    c, d = generator(0, "c").normal(size=(2, 4))
    found, r = [], np.zeros(4)
    for drive in (c, c + d):
        r = np.zeros(4) if starts_from_rest else r
        found.append([r := r @ W + drive for _ in range(steps)])
    return phases(*map(np.array, found)), -d @ np.linalg.inv(np.eye(4) - W)


@pytest.mark.parametrize(("kind", "from_rest"), [("STE", True), ("EPE", False)])
def test_the_end_point_error_of_a_linear_area(kind, from_rest):
    """E = -d (1 - W)^-1; on the way there the error is its series cut after k terms, in both ways to start."""
    rates, E = linear(from_rest)
    found = end_point_error(rates, error=kind)
    assert found["end_point_distance"] == pytest.approx(np.sqrt(np.mean(E**2)), rel=1e-9)
    assert found["angle"][-1] < 1e-6
    W, d = 0.2 * generator(0, "W").normal(size=(4, 4)), generator(0, "c").normal(size=(2, 4))[1]
    for k in (1, 2, 5):
        e = -d @ sum(np.linalg.matrix_power(W, j) for j in range(k))
        cosine = e @ E / np.linalg.norm(e) / np.linalg.norm(E)
        assert found["angle"][k - 1] == pytest.approx(np.rad2deg(np.arccos(cosine)), rel=1e-6)
        assert found["distance"][k - 1] == pytest.approx(np.sqrt(np.mean(e**2)), rel=1e-9)


@pytest.mark.parametrize("degrees", [0, 1e-5, 60, 90, 180])
def test_angles(degrees):
    """The error of the first step is turned from E by a known angle, however small; lengths do not matter."""
    a = np.deg2rad(degrees)
    end = [[5.0, 0], [5, 0], [5, 0]]
    found = end_point_error(phases([[0.3 * np.cos(a), 0.3 * np.sin(a)], *end], np.zeros((4, 2))))
    assert found["angle"][0] == pytest.approx(degrees, rel=1e-6, abs=1e-9)
    assert found["angle"].attrs["units"] == "deg"


def test_no_error_has_no_angle():
    found = end_point_error(phases(np.ones((4, 2)), np.ones((4, 2))))
    assert np.isnan(found["angle"]).all()
    assert (found["distance"] == 0).all()


def test_phases_that_do_not_settle_have_no_end_points():
    rates, _ = linear(True, steps=4)
    found = end_point_error(rates)
    assert np.isnan(found["angle"]).all()
    assert np.isnan(found["end_point_distance"])
    assert np.isfinite(found["distance"]).all()
    assert np.isfinite(end_point_error(rates, tolerance=10)["angle"]).all()


def test_both_phases_must_settle():
    settled, moving = np.ones((4, 2)), np.arange(8.0).reshape(4, 2)
    for pair in ((settled, moving), (moving, settled)):
        assert np.isnan(end_point_error(phases(*pair))["end_point_distance"])


def test_phases_of_different_lengths():
    """End points are the last states recorded; errors go as far as the shorter phase."""
    rates, E = linear(True)
    rates[1, 40:] = np.nan
    found = end_point_error(rates)
    assert found["end_point_distance"] == pytest.approx(np.sqrt(np.mean(E**2)), rel=1e-9)
    assert np.isfinite(found["angle"]).values.tolist() == [True] * 40 + [False] * 20


def test_end_points_from_longer_phases():
    short, long = linear(True, steps=3)[0], linear(True)[0]
    found = end_point_error(short, settled=long)
    np.testing.assert_array_equal(found["angle"], end_point_error(long)["angle"][:3])


def test_one_step_is_no_end_point():
    """Of two phases with one step, as of a phase with one step beside a long one: distances are known, E is not."""
    rates, _ = linear(True)
    one = rates.isel(step=[0])
    for settled in (one, rates.where((rates.step < 1) | (rates.phase == "learning"))):
        found = end_point_error(one, settled)
        assert found["distance"] == end_point_error(rates)["distance"][0]
        assert np.isnan(found["angle"]).all()
        assert np.isnan(found["end_point_distance"])


def two_areas(kind: str, steps: tuple[int, int]) -> tuple[CorticalClassifier, np.ndarray, np.ndarray]:
    """A trained model of areas of two sizes in float64, with its trials."""
    recurrence = Recurrence(spectral_radius=0.5)
    areas = Area("V1", 6, recurrence=recurrence), Area("V2", 4, recurrence=recurrence)
    paths = inference("x", "V1.RI"), inference("V1.SI", "V2.RI"), inference("V2.SI", "y")
    back = error("y", "V2.RE"), error("V2.SE", "V1.RE")
    layout = Layout(Input("x", 5), *areas, Output("y", 3), *paths, *back)
    X, y = generator(0, "X").uniform(size=(12, 5)), np.arange(12) % 3
    rule = AdjointPropagation(steps=steps, error=kind)
    model = CorticalClassifier(layout, rule=rule, epochs=1, dtype="float64", random_state=0, progress=False)
    return model.fit(X, y), X[:6], y[:6]


def test_recordings_of_a_model():
    """As steps grow, the error of 4 steps is nearer to E than that of 2, in areas of every size."""
    model, X, y = two_areas("STE", (40, 40))
    rates = model.record(X, y)
    found = end_point_error(rates)
    assert set(found["angle"].dims) == {"trial", "step", "area"}
    mean = found["angle"].mean("trial")
    assert (mean.sel(step=4) < mean.sel(step=2)).all()
    assert (mean.sel(step=40) < 1e-5).all()
    last = np.sqrt((rates["error"] ** 2).mean("neuron"))
    xr.testing.assert_allclose(found["end_point_distance"].transpose(*last.dims), last, rtol=1e-9)


@pytest.mark.parametrize("kind", ["STE", "EPE"])
def test_end_points_of_a_model_from_a_longer_recording(kind):
    """The kind of error is that of the recording; E solves r = tanh(r W + c) in each phase, by plain iteration."""
    model, X, y = two_areas(kind, (3, 3))
    rates, settled = model.record(X, y), model.record(X, y, steps=(200, 200))
    found = end_point_error(rates, settled, tolerance=1e-12)
    assert found.attrs["error"] == kind
    oracle = oracle_of(model.layout_, model.rule, model.weights_)
    oracle.steps = (300, 300)
    E = oracle.batch("task", {"task": (X, y)}).e
    for area, size in (("V1", 24), ("V2", 16)):
        short = rates["error"].sel(area=area).values[:, :size]  # of 3 steps, the one that synapses learn from
        cosine = (short * E[area]).sum(1) / np.linalg.norm(short, axis=1) / np.linalg.norm(E[area], axis=1)
        one = found.sel(area=area)
        np.testing.assert_allclose(one["angle"].sel(step=3), np.rad2deg(np.arccos(cosine)), rtol=1e-6)
        np.testing.assert_allclose(one["end_point_distance"], np.sqrt(np.mean(E[area] ** 2, axis=1)), rtol=1e-9)
    assert (found["angle"].sel(step=3) > 0.1).all()


def test_mistakes():
    rates, _ = linear(True)
    with pytest.raises(SettingError, match=r"must be one of \('STE', 'EPE'\) \(got 'ste'\)\n  did you mean 'STE'\?"):
        end_point_error(rates, error="ste")
    with pytest.raises(SettingError, match=r"end_point_error.tolerance: must be positive \(got 0\)"):
        end_point_error(rates, tolerance=0)
    with pytest.raises(DataError, match=r"must hold the phases inference and learning \(got \['inference'\]\)"):
        end_point_error(rates.sel(phase=["inference"]))
    with pytest.raises(DataError, match=r"end_point_error.settled: must have the sizes of `rates`"):
        end_point_error(rates, settled=rates.isel(neuron=[0]))
    trials = xr.concat([rates] * 3, xr.DataArray([4, 5, 6], dims="trial", name="trial"))
    with pytest.raises(DataError, match=r"end_point_error.settled: must hold the trials of `rates`, among them 4\n"):
        end_point_error(trials.isel(trial=[0, 1]), settled=trials.isel(trial=[1, 2]))
    swapped = end_point_error(trials.isel(trial=[0, 1]), settled=trials.isel(trial=[1, 0]))
    xr.testing.assert_identical(swapped, end_point_error(trials.isel(trial=[0, 1])))
    with pytest.raises(SettingError, match=r"end_point_error.error: must be one of .* \(got 'BP'\)"):
        end_point_error(xr.Dataset({"rate": rates}, attrs={"error": "BP"}))
