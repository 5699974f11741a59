"""Figures of excitatory and inhibitory cells: lines, bands, histograms, legends, and what they refuse."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from neuroap.analysis import population_rates
from neuroap.errors import DataError
from neuroap.plotting import plot_errors, plot_population
from neuroap.plotting.populations import CELL_COLORS

NAN = np.nan
E, I = slice(0, 4), slice(4, 6)


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def axes() -> Any:
    return Figure(figsize=(5, 3.5), layout="constrained").subplots()


def recording(e: Any = None) -> xr.Dataset:
    """V1: RI of 4 E and 2 I cells, SI of 2 cells without types. V2: RI of 4 E cells alone; it only learns."""
    rate = np.random.default_rng(0).uniform(size=(2, 3, 4, 2, 8))
    rate[1, :, 3] = NAN  # the learning phase is shorter
    rate[..., 1, 4:] = rate[0, :, :, 1] = NAN
    error = np.zeros((3, 2, 8)) if e is None else e
    block = [["RI"] * 6 + ["SI"] * 2, ["RI"] * 4 + [""] * 4]
    cell = [["E"] * 4 + ["I"] * 2 + [""] * 2, ["E"] * 4 + [""] * 4]
    return xr.Dataset(
        {
            "rate": (("phase", "trial", "step", "area", "neuron"), rate),
            "error": (("trial", "area", "neuron"), error),
        },
        {
            "phase": ["inference", "learning"],
            "step": ("step", [1, 2, 3, 4], {"units": "dt", "long_name": "step of the phase"}),
            "area": ["V1", "V2"],
            "block": (("area", "neuron"), block),
            "cell": (("area", "neuron"), cell),
        },
        {"tasks": "task"},
    )


def by_label(ax: Any) -> dict[str, Any]:
    return dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))


def legend(ax: Any) -> list[str]:
    return [t.get_text() for t in ax.get_legend().get_texts()]


# -- rates


def test_lines_are_means_over_trials_and_phases_follow_each_other() -> None:
    ax = axes()
    assert plot_population(population_rates(recording()), "V1", "RI", ax=ax) is ax
    rate = recording().rate.values
    lines = [line for line in ax.lines if len(line.get_xdata()) > 2]
    assert len(lines) == 4
    drawn = iter(lines)
    for phase, x in ((0, [1, 2, 3, 4]), (1, [5, 6, 7])):
        for cells, kind in ((E, "E"), (I, "I")):
            line = next(drawn)
            np.testing.assert_allclose(line.get_xdata(), x)
            mean = rate[phase, :, : len(x), 0, cells].mean(axis=(0, 2))
            np.testing.assert_allclose(line.get_ydata(), mean)
            assert to_hex(line.get_color()) == to_hex(CELL_COLORS[kind])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1", "4", "1", "3"]
    assert list(ax.get_xticks()) == [1, 4, 5, 7]


def test_bands_are_standard_deviations_over_trials() -> None:
    ax = plot_population(population_rates(recording()), "V1", "RI", ax=axes())
    values = recording().rate.values[0, :, :, 0, E].mean(axis=-1)  # (trial, step)
    mean, sd = values.mean(axis=0), values.std(axis=0)
    vertices = ax.collections[0].get_paths()[0].vertices
    for x, low, high in zip([1, 2, 3, 4], mean - sd, mean + sd, strict=True):
        y = vertices[vertices[:, 0] == x, 1]
        np.testing.assert_allclose([y.min(), y.max()], [low, high])
    assert len(ax.collections) == 4


def test_words_of_a_figure_of_rates() -> None:
    ax = plot_population(population_rates(recording()), "V1", "RI", ax=axes())
    assert legend(ax) == ["excitatory", "inhibitory"]
    assert ax.get_ylabel() == "mean rate"
    assert "step" in ax.get_xlabel()
    assert "dt" in ax.get_xlabel()
    assert {t.get_text() for t in ax.texts} == {"inference", "learning"}
    (ground,) = ax.patches  # of the learning phase
    assert ground.get_x() == 4.5
    assert ground.get_x() + ground.get_width() == 7.5


def test_one_phase_has_no_ground() -> None:
    ax = plot_population(population_rates(recording().sel(phase=["inference"])), "V1", "RI", ax=axes())
    assert not list(ax.patches)
    assert {t.get_text() for t in ax.texts} == {"inference"}


def test_an_area_that_only_learns_has_its_legend_all_the_same() -> None:
    """And a block of one type one line."""
    ax = plot_population(population_rates(recording()), "V2", "RI", ax=axes())
    assert legend(ax) == ["excitatory"]
    assert {t.get_text() for t in ax.texts} == {"learning"}
    (line,) = (each for each in ax.lines if len(each.get_xdata()) > 2)
    np.testing.assert_allclose(line.get_xdata(), [1, 2, 3])


def test_without_axes_a_figure_is_made_and_nothing_global_changes() -> None:
    before = dict(mpl.rcParams)
    ax = plot_population(population_rates(recording()), "V1", "RI")
    assert ax.figure.get_size_inches().tolist() == [5, 3.5]
    assert plot_errors(recording(), "V1", "RI").figure is not ax.figure
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    ("area", "block", "said"),
    [
        ("V3", "RI", r"no such area \(got 'V3'\)\n  did you mean 'V2'\?"),
        ("V1", "RJ", r"no such block \(got 'RJ'\)\n  did you mean 'RI'\?"),
        ("V2", "SI", r"area 'V2' has no cells in this block, or did not settle \(got 'SI'\)"),
        ("V1", "SI", r"area 'V1' has no cells in this block, or did not settle \(got 'SI'\)"),  # no types
    ],
)
def test_rates_of_a_block_must_be_there(area: str, block: str, said: str) -> None:
    ax = axes()
    with pytest.raises(DataError, match=said):
        plot_population(population_rates(recording()), area, block, ax=ax)
    assert not ax.has_data()


def lesioned(*silent: slice) -> xr.Dataset:
    """The recording with these cells of V1 silent."""
    gone = np.zeros((2, 8), bool)
    for cells in silent:
        gone[0, cells] = True
    whole = recording(errors())
    whole = whole.assign(rate=whole.rate.where(~gone, 0), error=whole.error.where(~gone, 0))
    return whole.assign_coords(silent=(("area", "neuron"), gone))


def test_rates_of_silent_cells_are_left_out() -> None:
    ax = plot_population(population_rates(lesioned(I)), "V1", "RI", ax=axes())
    assert legend(ax) == ["excitatory", "inhibitory, silent"]
    lines = [line for line in ax.lines if len(line.get_xdata()) > 2]
    assert {to_hex(line.get_color()) for line in lines} == {to_hex(CELL_COLORS["E"])}
    whole = plot_population(population_rates(recording()), "V1", "RI", ax=axes())
    np.testing.assert_array_equal(lines[0].get_ydata(), whole.lines[0].get_ydata())
    with pytest.raises(DataError, match=r"area 'V1' has only silent cells in this block \(got 'RI'\)"):
        plot_population(population_rates(lesioned(E, I)), "V1", "RI", ax=axes())


def test_rates_must_be_those_of_populations() -> None:
    said = r"plot_population: needs the rates of populations \(got .*'neuron': 8.*\)\n  .*population_rates\(recording\)"
    with pytest.raises(DataError, match=said):
        plot_population(recording(), "V1", "RI", ax=axes())
    with pytest.raises(DataError, match="plot_population: needs the rates of populations"):
        plot_population(recording().drop_vars("rate"), "V1", "RI", ax=axes())


# -- errors


def errors() -> np.ndarray:
    """12 errors of E cells in V1.RI, 9 of them negative; 6 of I cells, 1 negative, 1 exactly 0."""
    e = np.full((3, 2, 8), NAN)
    e[:, 0, E] = -0.5
    e[:, 0, 0] = 0.5
    e[:, 0, I] = 0.25
    e[0, 0, 4], e[1, 0, 5] = -1, 0
    e[:, 0, 6:] = 100  # of no type
    e[:, 1, :4] = 1
    return e


def test_legend_says_how_often_errors_raise_rates() -> None:
    ax = plot_errors(recording(errors()), "V1", "RI", ax=axes())
    assert legend(ax) == ["excitatory, raised in 75%", "inhibitory, raised in 17%"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("error, r inference - r learning", "density")


def test_histograms_are_densities_of_both_types() -> None:
    ax = plot_errors(recording(errors()), "V1", "RI", ax=axes())
    for patch, kind, values in zip(
        by_label(ax).values(), "EI", ([-0.5] * 9 + [0.5] * 3, [0.25] * 4 + [-1, 0]), strict=True
    ):
        assert to_hex(patch.get_edgecolor()) == to_hex(CELL_COLORS[kind])
        xy = patch.get_xy()
        edges = np.unique(xy[:, 0])
        assert edges[0] == -edges[-1]
        assert edges[-1] == pytest.approx(0.9625)  # 99% of the errors of the type that reaches farther
        height, _ = np.histogram(values, edges, density=True)
        assert xy[:, 1].max() == pytest.approx(height.max())


def test_errors_of_one_type_have_one_histogram() -> None:
    ax = plot_errors(recording(errors()), "V2", "RI", ax=axes())
    assert legend(ax) == ["excitatory, raised in 0%"]


@pytest.mark.parametrize("reach", [0.034, 0.07, 0.0091, 1.0, 0.25])
def test_labels_of_errors_keep_apart_in_a_small_panel(reach: float) -> None:
    """3 inches wide, as in a row of four."""
    figure = Figure(figsize=(3, 2.6), layout="constrained")
    ax = plot_errors(recording(reach * errors() / 0.5), "V1", "RI", ax=figure.subplots())
    figure.canvas.draw()
    shown = [t.get_window_extent() for t in ax.get_xticklabels() if t.get_text()]
    assert len(shown) >= 3
    assert all(left.x1 + 4 < right.x0 for left, right in itertools.pairwise(shown))


def test_errors_that_are_all_zero_can_be_drawn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax = plot_errors(recording(), "V1", "RI", ax=axes())
        ax.figure.canvas.draw()
    assert legend(ax) == ["excitatory, raised in 0%", "inhibitory, raised in 0%"]
    assert ax.get_xlim()[1] >= 1


def test_trials_without_an_error_are_left_out() -> None:
    e = errors()
    e[0, 0] = NAN
    assert legend(plot_errors(recording(e), "V1", "RI", ax=axes())) == [
        "excitatory, raised in 75%",
        "inhibitory, raised in 0%",
    ]


def test_errors_of_silent_cells_are_left_out() -> None:
    """Neither a peak at 0 nor a fraction that they raise; of a population that is silent in part, the rest."""
    ax = plot_errors(lesioned(I), "V1", "RI", ax=axes())
    assert legend(ax) == ["excitatory, raised in 75%", "inhibitory, silent"]
    assert len(ax.patches) == 1
    part = plot_errors(lesioned(slice(0, 1), I), "V1", "RI", ax=axes())
    assert legend(part)[0] == "excitatory, raised in 100%"
    with pytest.raises(DataError, match=r"plot_errors: all cells of V1.RI are silent \(got \['E', 'I'\]\)"):
        plot_errors(lesioned(E, I), "V1", "RI", ax=axes())


def test_errors_must_be_those_of_neurons() -> None:
    said = r"plot_errors: needs the error of every neuron \(got .*'cell': 2.*\)\n  .*model.record\(X, y\)"
    with pytest.raises(DataError, match=said):
        plot_errors(population_rates(recording(errors())), "V1", "RI", ax=axes())


def test_errors_must_be_there() -> None:
    with pytest.raises(DataError, match=r"plot_errors: the recording holds no errors\n  record with labels"):
        plot_errors(recording().drop_vars("error"), "V1", "RI", ax=axes())
    with pytest.raises(DataError, match=r"populations: no such area \(got 'V9'\)"):
        plot_errors(recording(), "V9", "RI", ax=axes())
    with pytest.raises(DataError, match=r"plot_errors: no such block \(got 'RJ'\)\n  did you mean 'RI'\?"):
        plot_errors(recording(), "V1", "RJ", ax=axes())
    for e, block in ((errors(), "SI"), (np.full((3, 2, 8), NAN), "RI")):
        with pytest.raises(DataError, match=rf"no errors of excitatory or inhibitory cells in V1.{block}\n  it takes"):
            plot_errors(recording(e), "V1", block, ax=axes())
