"""Figures of dynamical regimes: what is drawn where, on the user's Axes."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import SymLogNorm, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from neuroap.analysis import Map, lyapunov_spectrum, pca
from neuroap.errors import DataError, SettingError
from neuroap.plotting import plot_eigenvalues, plot_raster, plot_regimes, plot_spectrum, plot_trajectories
from neuroap.plotting.regimes import SHADES

RADII = [0.5, 1.0, 2.0]


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def regimes(**more):
    """Two seeds at three spectral radii."""
    dims = ("spectral_radius", "seed")
    names = [["stable", "stable"], ["stable", "chaotic"], ["chaotic", "chaotic"]]
    variables = {"mle": (dims, [[-0.8, -0.6], [0.0, 0.1], [0.1, 0.3]]), "regime": (dims, names), **more}
    coords = {"spectral_radius": ("spectral_radius", RADII, {"long_name": "spectral radius", "units": "1"})}
    return xr.Dataset(variables, coords)


def axes(**settings):
    return Figure(figsize=(5, 3.5), layout="constrained").subplots(**settings)


def by_label(ax):
    return dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))


def bars(ax):
    """(left, right, bottom, top) of every bar that can be seen, by colour."""
    found = {}
    for p in ax.patches:
        if p.get_height():
            box = (p.get_x(), p.get_x() + p.get_width(), p.get_y(), p.get_y() + p.get_height())
            found.setdefault(to_hex(p.get_facecolor()).upper(), []).append(box)
    return found


def test_mean_exponents_and_their_spread():
    ax = axes()
    assert plot_regimes(regimes(), ax=ax) is ax
    line = by_label(ax)["MLE"]
    np.testing.assert_allclose(line.get_xydata(), [(0.5, -0.7), (1, 0.05), (2, 0.2)])
    (band,) = ax.collections
    corners = {tuple(p) for p in band.get_paths()[0].vertices.round(6)}
    assert {(0.5, -0.8), (0.5, -0.6), (2.0, 0.1), (2.0, 0.3)} <= corners
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("spectral radius", "Lyapunov exponent (1/step)")
    assert [0, 0] in [line.get_ydata() for line in ax.lines if line.get_label().startswith("_")]


def test_regimes_are_shaded_by_the_share_of_seeds():
    ax = axes()
    plot_regimes(regimes(), ax=ax)
    found = bars(ax)
    assert found[SHADES["stable"]] == [(0.25, 0.75, 0, 1), (0.75, 1.5, 0, 0.5)]
    assert found[SHADES["chaotic"]] == [(0.75, 1.5, 0.5, 1), (1.5, 2.5, 0, 1)]
    assert set(by_label(ax)) == {"MLE", "stable", "chaotic"}


def test_order_of_radii_does_not_matter():
    one, other = axes(), axes()
    plot_regimes(regimes(), ax=one)
    plot_regimes(regimes().isel(spectral_radius=[2, 0, 1]), ax=other)
    assert bars(one) == bars(other)
    np.testing.assert_array_equal(by_label(one)["MLE"].get_xydata(), by_label(other)["MLE"].get_xydata())


def test_finite_time_exponents_and_accuracy_on_an_axis_of_its_own():
    dims = ("spectral_radius", "seed")
    more = {"ftmle": (dims, np.full((3, 2), -0.5)), "accuracy": (dims, [[0.9, 0.8], [0.6, 0.6], [0.2, 0.2]])}
    ax = axes()
    plot_regimes(regimes(**more).assign_coords(horizon=8), ax=ax)
    assert list(by_label(ax))[:3] == ["MLE", "FTMLE, 8 steps", "accuracy"]
    (right,) = (other for other in ax.figure.axes if other is not ax)
    assert right.get_ylabel() == "accuracy (%)"
    np.testing.assert_allclose(right.lines[0].get_ydata(), [85, 60, 20])


def test_exponents_that_are_not_finite_are_left_out():
    data = regimes()
    data["mle"][0, 0] = -np.inf
    data["mle"][1] = np.nan
    ax = axes()
    plot_regimes(data, ax=ax)
    np.testing.assert_allclose(by_label(ax)["MLE (3 left out)"].get_ydata(), [-0.6, np.nan, 0.2])


def test_networks_that_failed_are_counted_and_stay_white():
    dims = ("spectral_radius", "seed")
    data = regimes(accuracy=(dims, [[0.9, np.nan], [0.6, 0.6], [0.2, 0.2]]))
    data["regime"] = data["regime"].astype(object)
    data["regime"][0, 0], data["regime"][2] = "", "diverged"
    ax = axes()
    plot_regimes(data, ax=ax)
    assert {"MLE", "accuracy (1 left out)", "diverged"} <= set(by_label(ax))
    found = bars(ax)
    assert found[SHADES["stable"]][0] == (0.25, 0.75, 0, 0.5)
    assert found[SHADES["diverged"]] == [(1.5, 2.5, 0, 1)]


def test_one_spectral_radius_is_enough():
    ax = axes()
    plot_regimes(regimes().isel(spectral_radius=[1]), ax=ax)
    assert ax.get_xlim() == (0.5, 1.5)


def test_refuses_what_has_no_exponents_or_several_horizons():
    with pytest.raises(DataError, match="must hold 'mle' along 'spectral_radius'"):
        plot_regimes(regimes().drop_vars("mle"))
    ftmle = {"ftmle": (("spectral_radius", "horizon"), np.zeros((3, 2)))}
    with pytest.raises(DataError, match="must have one horizon"):
        plot_regimes(regimes(**ftmle))


def test_spectrum_with_dimension_and_entropy():
    henon = Map(
        lambda x: np.stack([1 - 1.4 * x[:, 0] ** 2 + x[:, 1], 0.3 * x[:, 0]], 1),
        2,
        jvp=lambda x, p: np.stack([-2.8 * x[:, 0] * p[:, 0] + p[:, 1], 0.3 * p[:, 0]], 1),
    )
    found = lyapunov_spectrum(henon, initial=[[0.1, 0.1]], steps=2000)
    ax = plot_spectrum(found, ax=axes(), label="Henon")
    (line,) = (line for line in ax.lines if not line.get_label().startswith("_"))
    np.testing.assert_array_equal(line.get_xydata(), np.stack([[1, 2], found["spectrum"]], 1))
    assert line.get_label().startswith("Henon, $D_{KY}$ = 1.2")
    assert "h = 0.4" in line.get_label()


def test_a_part_of_the_spectrum_gives_a_lower_bound():
    growing = Map(lambda x: x * 0, 4, jvp=lambda x, p: 2 * p)
    ax = plot_spectrum(lyapunov_spectrum(growing, k=2, steps=50, transient=0), ax=axes())
    (label,) = by_label(ax)
    assert label == "$D_{KY}$ ≥ 2"


def test_eigenvalues_with_both_circles_and_the_outlier():
    weights = np.random.default_rng(0).normal(0, 0.7 / np.sqrt(100), (100, 100)) + 0.02
    ax = plot_eigenvalues(weights, ax=axes())
    radii = {p.get_label(): p.radius for p in ax.patches if isinstance(p, Circle)}
    assert radii["unit circle"] == 1
    assert radii["bulk"] == pytest.approx(np.sqrt((weights**2).sum() / 100))
    points = by_label(ax)
    (outlier,) = points["outliers"].get_offsets().tolist()
    modes = np.linalg.eigvals(weights)
    assert complex(*outlier) == pytest.approx(modes[np.abs(modes).argmax()])
    assert len(points["eigenvalues"].get_offsets()) == 99
    assert ax.get_aspect() == 1
    assert ax.get_xlim() == ax.get_ylim()
    assert ax.get_xlim()[1] > np.abs(modes).max()


def test_border_of_stability_of_neurons_with_another_gain():
    """The sigmoid at rest has half the slope of tanh: weights twice as large are stable."""
    weights = np.diag([0.5, -0.5])
    ax = plot_eigenvalues(weights, ax=axes(), gain=0.5)
    radii = {p.get_label(): p.radius for p in ax.patches if isinstance(p, Circle)}
    assert radii["border of stability, gain 0.5"] == 2
    assert "unit circle" not in radii
    assert ax.get_xlim()[1] > 2
    assert "border of stability, gain 0.5" in {t.get_text() for t in ax.get_legend().get_texts()}
    for wrong in (0, -1, np.inf, np.nan, None, "a", np.ones(20)):
        with pytest.raises(SettingError, match=r"plot_eigenvalues\.gain: must be a positive number \(got"):
            plot_eigenvalues(weights, ax=axes(), gain=wrong)


def test_raster_has_steps_from_left_to_right_and_neurons_upward():
    states = xr.DataArray(np.arange(6.0).reshape(3, 2) - 3, {"step": [4, 5, 6]}, ("step", "neuron"))
    ax = plot_raster(states, ax=axes())
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), states.values.T)
    assert image.origin == "lower"
    assert tuple(image.get_extent()) == (3.5, 6.5, 0, 2)
    assert image.get_clim() == (-3, 3)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "neuron")


def test_raster_of_what_grows_by_decades():
    image = plot_raster(np.ones((3, 2)), ax=axes(), limit=100, logarithmic=True).images[0]
    assert isinstance(image.norm, SymLogNorm)
    assert image.get_clim() == (-100, 100)


def test_raster_of_rest():
    assert plot_raster(np.zeros((3, 2)), ax=axes()).images[0].get_clim() == (-1, 1)


def test_raster_takes_one_trial():
    with pytest.raises(DataError, match=r"must have the dimensions \(step, neuron\)"):
        plot_raster(np.zeros((2, 3, 4)))


def components(k=2):
    rates = np.random.default_rng(1).normal(size=(2, 3, 5, 8))  # (phase, trial, step, neuron)
    rates[0, :, 3:] = np.nan  # inference is shorter
    dims = ("phase", "trial", "step", "neuron")
    return pca(xr.DataArray(rates, {"phase": ["inference", "learning"]}, dims), k)


def test_trajectories_of_both_phases_end_where_they_end():
    found = components()
    ax = plot_trajectories(found, ax=axes())
    lines = [line for line in ax.lines if line.get_marker() == "."]
    assert [len(line.get_xdata()) for line in lines] == [3, 5] * 3
    score = found["score"].sel(phase="learning").isel(trial=1)
    np.testing.assert_array_equal(lines[3].get_xydata(), score.values)
    rings = [line for line in ax.lines if line.get_marker() == "o" and line.get_markerfacecolor() == "white"]
    last = found["score"].sel(phase="inference").isel(step=2)
    np.testing.assert_array_equal([r.get_xydata()[0] for r in rings], last.values)
    dotted = [line for line in ax.lines if line.get_linestyle() == ":"]
    np.testing.assert_array_equal(dotted[1].get_xydata(), [last[1], score[-1]])
    assert set(by_label(ax)) == {"inference", "learning"}
    percent = 100 * found["explained_variance_ratio"].values
    assert ax.get_ylabel() == f"PC 2 ({percent[1]:.0f}%)"


def test_trajectories_of_one_trial_and_in_three_dimensions():
    found = components(3)
    ax = plot_trajectories(found.isel(trial=0), ax=axes(subplot_kw={"projection": "3d"}))
    assert len([line for line in ax.lines if line.get_marker() == "."]) == 2
    assert ax.get_zlabel().startswith("PC 3")


def test_trajectories_refuse_what_they_cannot_show():
    with pytest.raises(DataError, match="both phases and 2 components"):
        plot_trajectories(components(1))
    with pytest.raises(DataError, match="both phases and 2 components"):
        plot_trajectories(components().sel(phase=["inference"]))
    with pytest.raises(DataError, match=r'choose one area: .sel\(area="V1"\)'):
        plot_trajectories(components().expand_dims(area=["V1", "V2"]))


@pytest.mark.parametrize(
    ("plot", "data"),
    [
        (plot_regimes, regimes()),
        (plot_raster, np.eye(4)),
        (plot_trajectories, components()),
        (plot_eigenvalues, np.eye(4)),
    ],
)
def test_a_figure_of_its_own_and_nothing_else_changes(plot, data):
    settings, before = dict(mpl.rcParams), plt.get_fignums()
    figure = plot(data).figure
    assert len(plt.get_fignums()) == len(before) + 1
    assert dict(mpl.rcParams) == settings
    plot(data, ax=axes())
    assert len(plt.get_fignums()) == len(before) + 1
    figure.canvas.draw()
