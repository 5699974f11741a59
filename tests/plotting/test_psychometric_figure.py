"""Psychometric figures: what is drawn where, from the fit alone, on the user's Axes."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from analysis.observers import LEVELS, Observer
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from neuroap.analysis import accuracy, fit_psychometric
from neuroap.errors import DataError, SettingError
from neuroap.plotting.learning import COLORS
from neuroap.plotting.psychometric import KEY, plot_accuracy, plot_psychometric, plot_threshold

WIDTHS = {1: 4, 2: 8, 9: 1e9}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def trials(name="noise"):
    tables = [Observer(width=w).trials(40) for w in WIDTHS.values()]
    table = {k: np.concatenate([t[k] for t in tables]) for k in tables[0]}
    table["correct"] = np.where(table["level"] == 0, np.nan, (table["level"] > 0) == table["choice"])
    return table | {name: np.repeat(list(WIDTHS), 40 * len(LEVELS))}


@pytest.fixture(scope="module")
def fit():
    fit = fit_psychometric(trials(), by="noise")
    fit["x"].attrs |= {"long_name": "orientation", "units": "deg"}
    return fit


def axes():
    return Figure(figsize=(5, 3.5), layout="constrained").subplots()


def by_label(ax):
    return dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))


def test_curves_points_and_bands(fit):
    ax = axes()
    assert plot_psychometric(fit, ax=ax) is ax
    lines = by_label(ax)
    assert list(lines) == ["1", "2", "9 (not identifiable)"]
    np.testing.assert_array_equal(lines["2"].get_ydata(), fit["curve"].sel(noise=2))
    assert [to_hex(line.get_color()).upper() for line in lines.values()] == list(COLORS[:3])
    points = [c.get_offsets() for c in ax.collections if len(c.get_offsets()) == len(LEVELS)]
    assert len(points) == 3
    np.testing.assert_allclose(points[1][:, 1], (fit["n_right"] / fit["n_trials"]).sel(noise=2))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("orientation (deg)", "proportion of 'right'")
    assert ax.get_legend().get_title().get_text() == "noise"
    ax.figure.canvas.draw()


def test_marks_of_pse_and_jnd(fit):
    """A diamond at the PSE and a bar of one JND to each side, at half height; none where nothing is known."""
    ax = plot_psychometric(fit, ax=axes())
    diamonds = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "D"]
    np.testing.assert_array_equal(diamonds, fit["pse"].values[:2])
    bars = [line.get_xdata() for line in ax.lines if line.get_linewidth() == 3.5]
    pse, jnd = fit["pse"].values[:2], fit["jnd"].values[:2]
    np.testing.assert_allclose(bars, np.column_stack([pse - jnd, pse + jnd]))
    assert KEY in [text.get_text() for text in ax.texts]
    plain = plot_psychometric(fit, ax=axes(), mark=False)
    assert not [line for line in plain.lines if line.get_marker() == "D"]
    assert not plain.texts


def test_points_grow_with_their_trials():
    table = Observer().trials(40)
    few = (table["level"] != 2) | (np.cumsum(table["level"] == 2) <= 10)
    ax = plot_psychometric(fit_psychometric({k: v[few] for k, v in table.items()}), ax=axes())
    (sizes,) = [c.get_sizes() for c in ax.collections if len(c.get_offsets()) == len(LEVELS)]
    assert sizes[5] / sizes[0] == pytest.approx(1 / 4)
    assert ax.get_legend() is None


def test_model_and_observer_in_one_figure():
    ax = axes()
    for label, width in (("model", 4), ("observer", 8)):
        plot_psychometric(fit_psychometric(Observer(width=width).trials(40)), ax=ax, label=label)
    lines = by_label(ax)
    assert list(lines) == ["model", "observer"]
    assert len({line.get_color() for line in lines.values()}) == 2
    assert [text.get_text() for text in ax.texts] == [KEY]


def test_own_colors(fit):
    ax = plot_psychometric(fit, ax=axes(), colors=["k", "r", "b"])
    assert [line.get_color() for line in by_label(ax).values()] == ["k", "r", "b"]
    with pytest.raises(SettingError, match=r"colors: must be 3, one per condition \(got 1\)"):
        plot_psychometric(fit, ax=axes(), colors=["k"])


def test_a_step_is_dashed():
    step = {"level": np.repeat(LEVELS, 20), "choice": (np.repeat(LEVELS, 20) > 1).astype(int)}
    ax = plot_psychometric(fit_psychometric(step), ax=axes())
    (line,) = by_label(ax).values()
    assert line.is_dashed()
    assert line.get_label() == "(spread not identifiable)"


def test_percent_correct():
    level = np.repeat([1.0, 2, 4, 8], 60)
    correct = np.random.default_rng(0).random(240) < 0.5 + 0.24 * np.log2(2 * level) / 2
    fit = fit_psychometric({"level": level, "correct": correct.astype(int)})
    ax = plot_psychometric(fit, ax=axes())
    assert ax.get_ylabel() == "proportion correct"
    assert 0.3 < ax.get_ylim()[0] < 0.4
    ((x, y),) = [line.get_xydata()[0] for line in ax.lines if line.get_marker() == "D"]
    assert x == float(fit["jnd"])
    lapse = float(fit["lapse"])
    assert lapse > 0.02
    assert y == pytest.approx(0.5 + (0.5 - lapse) / 2, abs=1e-3)  # on the curve


@pytest.mark.parametrize("plot", [plot_psychometric, plot_threshold])
def test_trials_are_no_fit(plot):
    table = xr.Dataset({name: ("trial", values) for name, values in Observer().trials(2).items()})
    message = rf"{plot.__name__}\.fit: is no fit \(got \['level', 'choice'\]\)\n  fit the trials first: {plot.__name__}"
    with pytest.raises(DataError, match=message):
        plot(table)
    with pytest.raises(DataError, match=r"is no fit \(got 'dict'\)"):
        plot(Observer().trials(2))


def test_accuracy_against_noise():
    found = accuracy(trials())
    for data in (trials(), found):
        ax = plot_accuracy(data, ax=axes())
        (bars,) = ax.containers
        np.testing.assert_allclose(bars.lines[0].get_ydata(), 100 * found["accuracy"])
        ends = np.array([s[:, 1] for s in bars.lines[2][0].get_segments()])
        np.testing.assert_allclose(ends, 100 * found["accuracy_interval"])
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("noise", "accuracy (%)")


def test_threshold_while_learning(fit):
    """A line with a gap, and a cross where nothing is known."""
    found = fit_psychometric(trials("epoch"), by="epoch")
    ax = plot_threshold(found, ax=axes())
    (bars,) = ax.containers
    np.testing.assert_array_equal(bars.lines[0].get_ydata(), found["jnd"])
    ends = np.array([s[:, 1] for s in bars.lines[2][0].get_segments()[:2]])
    np.testing.assert_allclose(ends, found["jnd_interval"][:2])
    (cross,) = [line for line in ax.lines if line.get_marker() == "x"]
    assert cross.get_xdata().tolist() == [9]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "JND")
    with pytest.raises(DataError, match=r"along: is no condition of the fit \(got 'epoch'\)\n  fit with by=\"epoch\""):
        plot_threshold(fit, ax=axes())


def test_no_style_is_touched_and_a_figure_is_made(fit):
    before = mpl.rcParams.copy()
    ax = plot_psychometric(fit)
    assert plt.get_fignums()
    assert ax.figure is plt.gcf()
    assert mpl.rcParams == before
