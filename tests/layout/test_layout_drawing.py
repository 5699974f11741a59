"""Drawings of layouts: one arrow per pathway, tasks in colour, nothing global changed."""

import functools
from typing import Any

import matplotlib as mpl
import pytest
from layout.examples import EXAMPLES
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from neuroap import hierarchy
from neuroap.errors import LayoutError
from neuroap.layout.drawing import CLOSED, COLORS

mpl.use("Agg")
each_example = pytest.mark.parametrize("name", EXAMPLES)


@pytest.fixture
def ax() -> Any:
    return Figure(figsize=(8, 4)).add_subplot()


@functools.cache
def drawn(name: str) -> Any:
    """An example, drawn once for several tests."""
    return EXAMPLES[name].draw(Figure(figsize=(8, 4)).add_subplot())


def arrows(ax: Any) -> dict[str, FancyArrowPatch]:
    found = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    named = {str(arrow.get_gid()): arrow for arrow in found}
    assert len(named) == len(found)
    return named


def boxes(ax: Any) -> dict[str, FancyBboxPatch]:
    return {str(p.get_gid()): p for p in ax.patches if isinstance(p, FancyBboxPatch)}


def words(ax: Any) -> list[str]:
    return [t.get_text() for t in ax.texts]


def color(artist: Any) -> str:
    return mpl.colors.to_hex(artist.get_edgecolor()).upper()


@each_example
def test_one_arrow_per_pathway(name: str) -> None:
    layout, ax = EXAMPLES[name], drawn(name)
    assert set(arrows(ax)) == {p.name for p in layout.pathways}
    for p in layout.pathways:
        assert color(arrows(ax)[p.name]) == COLORS[p.kind]


@each_example
def test_every_node_and_block_is_drawn_and_named(name: str) -> None:
    layout, ax = EXAMPLES[name], drawn(name)
    for area in layout.areas:
        assert area.name in boxes(ax)
        assert area.name in words(ax)
        labels = {part for word in words(ax) for part in word.split(" = ")}
        assert {b.name for b in area.block_list} <= labels
    for end in (*layout.inputs, *layout.outputs):
        assert f"{end.name} · {end.size}" in words(ax)


@each_example
def test_the_drawing_fits_its_axes(name: str) -> None:
    ax = drawn(name)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    for box in boxes(ax).values():
        assert left < box.get_x() < box.get_x() + box.get_width() < right
        assert bottom < box.get_y() < box.get_y() + box.get_height() < top


def test_the_axes_given_are_returned(ax: Any) -> None:
    assert hierarchy(1).draw(ax) is ax
    assert hierarchy(1).draw(ax=ax) is ax


def test_without_axes_a_figure_of_fitting_size_is_made() -> None:
    import matplotlib.pyplot as plt

    small, deep = hierarchy(1).draw(), hierarchy(10).draw()
    widths = [ax.figure.get_size_inches()[0] for ax in (small, deep)]
    assert widths[0] < 5 < widths[1] <= 16
    assert small.figure is not deep.figure
    plt.close(small.figure)
    plt.close(deep.figure)


def test_nothing_global_is_changed(ax: Any) -> None:
    import matplotlib.pyplot as plt

    before, figures = dict(mpl.rcParams), plt.get_fignums()
    EXAMPLES["recruitment 5c"].draw(ax, task="mnist")
    ax.figure.canvas.draw()
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == figures


@pytest.mark.parametrize("task", ["fashion", "mnist"])
def test_open_pathways_of_a_task_are_in_colour(task: str, ax: Any) -> None:
    layout = EXAMPLES["recruitment 5c"]
    layout.draw(ax, task=task)
    open_names = {p.name for p in layout.open(task)}
    for p in layout.pathways:
        assert color(arrows(ax)[p.name]) == (COLORS[p.kind] if p.name in open_names else CLOSED)
    assert f"recruitment_5c, task '{task}'" in words(ax)


def test_blocks_and_areas_without_open_pathways_are_grey(ax: Any) -> None:
    EXAMPLES["recruitment 5b"].draw(ax, task="mnist")
    assert color(boxes(ax)["A1"]) == CLOSED
    assert color(boxes(ax)["A3"]) != CLOSED
    assert color(boxes(ax)["A3.b4"]) == CLOSED
    assert color(boxes(ax)["A3.b3"]) == COLORS["error"]
    assert color(boxes(ax)["A3.b5"]) == COLORS["inference"]


def test_kinds_of_pathways_look_different(ax: Any) -> None:
    EXAMPLES["recruitment 5c"].draw(ax)
    plastic, fixed, error = (arrows(ax)[n] for n in ("x1 -> A1.b1", "A1.b4 -> A3.b1", "y1 -> A2.b4"))
    assert plastic.get_linewidth() > 1.5 * fixed.get_linewidth()
    assert (plastic.get_linestyle(), fixed.get_linestyle()) == ("-", "-")
    assert error.get_linestyle() not in ("solid", "-")


@pytest.mark.parametrize(
    ("name", "task", "entries"),
    [
        ("two_area", None, ["inference, plastic", "error, fixed"]),
        ("no error", None, ["inference, plastic"]),
        ("recruitment 5c", None, ["inference, plastic", "inference, fixed", "error, fixed"]),
        ("recruitment 5c", "mnist", ["inference, plastic", "error, fixed", "closed"]),
    ],
)
def test_the_legend_explains_what_occurs(name: str, task: str | None, entries: list[str], ax: Any) -> None:
    EXAMPLES[name].draw(ax, task=task)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == entries


def test_sizes_are_shown_where_there_is_room() -> None:
    for width, shown in ((8, True), (1.5, False)):
        ax = Figure(figsize=(width, width / 2)).add_axes((0, 0, 1, 1))
        hierarchy(2, block=123).draw(ax)
        assert ("123" in words(ax)) == shown
        assert ("N = 492" in words(ax)) == shown
        assert "RI" in words(ax)


def test_ranges_are_shown_where_blocks_overlap(ax: Any) -> None:
    EXAMPLES["partial overlap"].draw(ax)
    assert {"0:4", "2:6", "5:8", "7:9"} <= set(words(ax))


def test_text_scales_with_the_axes() -> None:
    sizes = []
    for width in (4, 8):
        ax = Figure(figsize=(width, width)).add_axes((0, 0, 1, 1))
        hierarchy(2).draw(ax)
        sizes.append(ax.texts[0].get_fontsize())
    assert sizes[1] == pytest.approx(2 * sizes[0])


def test_unknown_task_draws_nothing(ax: Any) -> None:
    with pytest.raises(LayoutError, match=r"no such task \(got 'fashon'\)\n  did you mean 'fashion'\?"):
        EXAMPLES["reuse"].draw(ax, task="fashon")
    assert not ax.patches
