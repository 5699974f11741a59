"""Sample stimuli: which picture stands where, on what grey scale, under which labels."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from neuroap.plotting.stimuli import plot_stimuli
from neuroap.tasks import DotMotion, FunctionTask, GaborOrientation

GABOR = GaborOrientation(size=8, sigma=3)


def drawn(*args, **kwargs):
    """Plot on an Axes of our own and render it."""
    figure = Figure(figsize=(5, 4), layout="constrained")
    ax = plot_stimuli(*args, ax=figure.subplots(), **kwargs)
    figure.canvas.draw()
    return ax


def texts(labels):
    return [label.get_text().replace("\N{MINUS SIGN}", "-") for label in labels]


def centres(ax):
    """The pictures by their place (row, column): the ticks that their centres lie at."""
    found = {}
    for image in ax.images:
        left, right, bottom, top = image.get_extent()
        column = np.argmin(np.abs(ax.get_xticks() - (left + right) / 2))
        row = np.argmin(np.abs(ax.get_yticks() - (top + bottom) / 2))
        found[row, column] = image
    return found


def test_levels_are_columns_and_noises_are_rows():
    tasks = [GABOR.replace(noise=s) for s in (0, 1, 4)]
    ax = drawn(tasks, levels=[-5, 0, 2.5, 5], seed=3)
    pictures = centres(ax)
    assert len(pictures) == len(ax.images) == 12
    for row, task in enumerate(tasks):
        X = task.stimuli([-5, 0, 2.5, 5], seed=3).reshape(4, 8, 8)
        for column, expected in enumerate(X):
            np.testing.assert_array_equal(pictures[row, column].get_array(), expected)
    assert texts(ax.get_xticklabels()) == ["-5", "0", "2.5", "5"]
    assert texts(ax.get_yticklabels()) == ["0", "1", "4"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("orientation (deg)", "pixel noise")


def test_the_first_row_is_on_top_and_pictures_do_not_overlap():
    ax = drawn([GABOR, GABOR.replace(noise=1)], levels=[-1, 1])
    boxes = {place: image.get_window_extent() for place, image in centres(ax).items()}
    assert boxes[0, 0].y0 > boxes[1, 0].y1
    assert boxes[0, 0].x1 < boxes[0, 1].x0
    assert all(ax.bbox.x0 <= b.x0 and b.x1 <= ax.bbox.x1 for b in boxes.values())


def test_the_first_pixel_is_on_top_at_the_left():
    figure = Figure(layout="constrained")
    canvas = FigureCanvasAgg(figure)
    ax = plot_stimuli(FunctionTask(lambda level, rng: [[1, -1], [-1, -1]], name="corner"), [1], ax=figure.subplots())
    canvas.draw()
    box, page = ax.bbox, np.asarray(canvas.buffer_rgba())[::-1]
    x, y = (np.array([0.25, 0.75]) * size + start for start, size in ((box.x0, box.width), (box.y0, box.height)))
    assert page[np.ix_(y.astype(int), x.astype(int))][..., 0].tolist() == [[0, 0], [255, 0]]  # from below


def test_five_training_levels_by_default():
    assert texts(drawn(GABOR).get_xticklabels()) == ["-6", "-3", "0", "3", "6"]


def test_one_grey_scale_that_fits_the_signal():
    tasks = [DotMotion(noise=0, frames=2, channels=4), DotMotion(noise=5, frames=2, channels=4)]
    limits = {image.get_clim() for image in drawn(tasks, levels=[-20, 40]).images}
    (limit,) = limits
    assert limit == pytest.approx((-0.4, 0.4))


def test_a_figure_of_nothing_but_zeros():
    assert {image.get_clim() for image in drawn(DotMotion(noise=0), levels=[0]).images} == {(-1, 1)}


def test_time_runs_to_the_right():
    task = DotMotion(frames=3, channels=5)
    ax = drawn(task, levels=[10])
    expected = task.stimuli([10], seed=0).reshape(3, 5).T
    np.testing.assert_array_equal(ax.images[0].get_array(), expected)
    assert ax.get_xlabel() == "coherence (%)\nin each picture time runs to the right"


@pytest.mark.parametrize(
    ("shape", "picture"), [((), (1, 1)), ((4,), (1, 4)), ((2, 3), (2, 3)), ((3, 4, 5), (12, 5))], ids=str
)
def test_any_shape_is_a_picture(shape, picture):
    task = FunctionTask(lambda level, rng: np.full(shape, level), name="constant")
    ax = drawn(task, levels=[2])
    assert ax.images[0].get_array().shape == picture
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("level", "noise")


def test_rows_say_what_differs():
    tasks = [GABOR, GABOR.replace(contrast=0.5, frequency=(0.1, 0.2))]
    ax = drawn(tasks, levels=[1])
    assert texts(ax.get_yticklabels()) == ["frequency 0.15\ncontrast 1", "frequency 0.1 to 0.2\ncontrast 0.5"]
    assert ax.get_ylabel() == ""


def test_labels_do_not_overlap_and_lie_within_the_figure():
    tasks = [GABOR.replace(noise=s) for s in (0, 0.2, 1, 2, 4)]
    ax = plot_stimuli(tasks)
    figure = ax.figure
    figure.canvas.draw()
    boxes = [label.get_window_extent() for label in [*ax.get_xticklabels(), *ax.get_yticklabels()]]
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
    assert all(figure.bbox.x0 <= b.x0 and b.x1 <= figure.bbox.x1 and b.y0 >= figure.bbox.y0 for b in boxes)
    plt.close(figure)


def test_a_figure_of_its_own_and_no_global_change():
    settings, before = dict(mpl.rcParams), plt.get_fignums()
    ax = plot_stimuli(GABOR)
    assert len(plt.get_fignums()) == len(before) + 1
    plt.close(ax.figure)
    plot_stimuli(GABOR, ax=Figure().subplots())
    assert plt.get_fignums() == before
    assert dict(mpl.rcParams) == settings
