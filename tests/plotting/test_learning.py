"""The learning curve: what is drawn where, with gaps, one epoch, several tasks."""

from __future__ import annotations

from itertools import pairwise

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from neuroap.plotting import plot_learning
from neuroap.plotting.learning import spread
from neuroap.training.history import Epoch, as_dataset


def history(**tasks):
    """A history from pairs of lists (training, test) per task."""
    epochs = len(next(iter(tasks.values()))[0])
    rows = []
    for k in range(epochs):
        scores = {("train_accuracy", t): train[k] for t, (train, _) in tasks.items()}
        rows.append(Epoch(1.0, scores | {("test_accuracy", t): test[k] for t, (_, test) in tasks.items()}))
    return as_dataset(rows, list(tasks))


def drawn(dataset, dpi=100):
    """Plot on an Axes of our own and render it."""
    figure = Figure(figsize=(5, 3.5), dpi=dpi, layout="constrained")
    ax = plot_learning(dataset, ax=figure.subplots())
    figure.canvas.draw()
    return ax


def lines(ax):
    return {line.get_label(): line for line in ax.lines}


def end_labels(ax):
    return [t for t in ax.texts if t.get_text()]


def test_percent_against_epoch():
    ax = drawn(history(task=([0.25, 0.5, 0.75], [0.2, 0.4, 0.6])))
    found = lines(ax)
    assert set(found) == {"training", "test"}
    np.testing.assert_allclose(found["training"].get_xydata(), [(1, 25), (2, 50), (3, 75)])
    np.testing.assert_allclose(found["test"].get_xydata(), [(1, 20), (2, 40), (3, 60)])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "accuracy (%)")
    assert sorted(t.get_text() for t in ax.get_legend().get_texts()) == ["test", "training"]
    assert sorted(t.get_text() for t in end_labels(ax)) == ["60.0", "75.0"]


def test_several_tasks_have_names_and_colours():
    ax = drawn(history(a=([0.5, 0.6], [0.4, 0.5]), b=([0.3, 0.4], [0.2, 0.3])))
    found = lines(ax)
    assert set(found) == {"a, training", "a, test", "b, training", "b, test"}
    colours = {label: line.get_color() for label, line in found.items()}
    assert colours["a, test"] == colours["a, training"] != colours["b, test"] == colours["b, training"]
    assert found["a, test"].get_linestyle() == "-" != found["a, training"].get_linestyle()


def test_lines_go_on_over_epochs_that_were_not_measured():
    nan = np.nan
    ax = drawn(history(a=([0.1, nan, 0.3], [0.2, 0.3, 0.4]), b=([nan, nan, nan], [0.1, 0.1, nan])))
    found = lines(ax)
    np.testing.assert_allclose(found["a, training"].get_xydata(), [(1, 10), (3, 30)])
    np.testing.assert_allclose(found["b, test"].get_xydata(), [(1, 10), (2, 10)])
    assert "b, training" not in found
    # The end of "b, test" is not the end of training.
    assert sorted(t.get_text() for t in end_labels(ax)) == ["30.0", "40.0"]


def test_one_epoch_is_a_visible_point():
    ax = drawn(history(task=([0.25], [0.24])))
    assert all(line.get_marker() == "o" for line in ax.lines)
    low, high = ax.get_ylim()
    assert low < 24 < 25 < high
    assert high - low >= 5  # less would blow noise up
    assert ax.get_xlim()[0] < 1 < ax.get_xlim()[1]
    assert [int(x) for x in ax.get_xticks() if ax.get_xlim()[0] <= x <= ax.get_xlim()[1]] == [1]


def test_long_curves_have_no_markers():
    ax = drawn(history(task=(np.linspace(0.1, 0.9, 50), np.linspace(0.1, 0.8, 50))))
    assert all(line.get_marker() in ("None", None, "") for line in ax.lines)
    assert ax.get_xlim()[0] > 0  # there is no epoch 0


@pytest.mark.parametrize("epochs", [0, 2])
def test_nothing_measured_is_an_empty_frame(epochs):
    nothing = [np.nan] * epochs
    ax = drawn(history(task=(nothing, nothing)))
    assert not ax.lines
    assert ax.get_legend() is None
    assert ax.get_ylabel() == "accuracy (%)"


def test_the_axis_stays_between_0_and_100():
    ax = drawn(history(task=([0.0, 1.0], [0.0, 1.0])))
    assert ax.get_ylim() == (0, 100)


@pytest.mark.parametrize("values", [(0.9, 0.9), (0.999, 1.0), (0.5, 0.51)])
def test_labels_at_the_ends_do_not_overlap(values):
    ax = drawn(history(a=([0.1, values[0]], [0.1, values[1]]), b=([0.1, values[0]], [0.1, values[1]])))
    boxes = sorted((t.get_window_extent() for t in end_labels(ax)), key=lambda b: b.y0)
    assert len(boxes) == 4
    for lower, upper in pairwise(boxes):
        assert upper.y0 >= lower.y1 - 1
    figure = ax.figure.bbox
    assert all(figure.x0 <= b.x0 and b.x1 <= figure.x1 and b.y1 <= figure.y1 for b in boxes)


def test_spread():
    assert spread([1, 5, 9], 2) == [1, 5, 9]
    assert spread([1, 1, 9], 2) == [0, 2, 9]
    assert spread([1, 1, 2.5], 2) == pytest.approx([-0.5, 1.5, 3.5])
    assert spread([9, 10], 2, high=10) == [8, 10]
    assert spread([], 2) == []


def test_a_figure_of_its_own_and_nothing_else_changes():
    settings = dict(mpl.rcParams)
    before = plt.get_fignums()
    ax = plot_learning(history(task=([0.1], [0.2])))
    assert len(plt.get_fignums()) == len(before) + 1
    assert tuple(ax.figure.get_size_inches()) == (5, 3.5)
    plt.close(ax.figure)
    plot_learning(history(task=([0.1], [0.2])), ax=Figure().subplots())
    assert plt.get_fignums() == before
    assert dict(mpl.rcParams) == settings
