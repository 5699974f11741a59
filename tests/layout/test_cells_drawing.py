"""Excitatory and inhibitory cells as they are drawn: how many there are, which are silent, pathways of one type."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from layout.examples import EXAMPLES
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from neuroap import Layout, hierarchy
from neuroap.layout.geometry import arrange
from neuroap.layout.routes import routes

mpl.use("Agg")
CELLS = EXAMPLES["cells"]


def drawn(layout: Layout) -> Any:
    return layout.draw(Figure(figsize=(12, 6)).add_axes((0, 0, 1, 1)))


def test_tiles_say_how_many_cells_of_each_type_they_hold() -> None:
    layout = hierarchy(1, 6, 3, {"RI": {"E": 13, "I": 4}, "SI": 12, "RE": 11, "SE": {"E": 0, "I": 5}})
    words = {t.get_text() for t in drawn(layout).texts}
    assert {"13 E, 4 I", "12", "11", "0 E, 5 I"} <= words


def test_blocks_that_are_the_same_neurons_share_their_cell_types() -> None:
    """Whichever of them tells."""
    same = {"RI": (0, 9), "SI": {"start": 0, "E": 7, "I": 2}, "RE": {"start": 9, "E": 4, "I": 1}, "SE": (9, 14)}
    words = {t.get_text() for t in drawn(hierarchy(1, 6, 3, same)).texts}
    assert {"RI = SI", "7 E, 2 I", "RE = SE", "4 E, 1 I"} <= words


def test_tiles_say_so_beside_a_ruler_too() -> None:
    """In areas with neurons in no block, and with blocks that overlap in part."""
    assert {"0:5 (4 E, 1 I)", "15:20 (4 E, 1 I)"} <= {t.get_text() for t in drawn(EXAMPLES["dale"]).texts}
    assert {"0:4 (3 E, 1 I)", "2:6", "8:10 (0 E, 2 I)"} <= {t.get_text() for t in drawn(CELLS).texts}


@pytest.mark.parametrize("name", ["dale", "cells"])
def test_what_tiles_say_fits_in_them(name: str) -> None:
    ax = EXAMPLES[name].draw()
    tiles = {str(p.get_gid()): p.get_window_extent() for p in ax.patches if isinstance(p, FancyBboxPatch)}
    for word in (t for t in ax.texts if "(" in t.get_text()):
        box = word.get_window_extent()
        assert any(t.x0 < box.x0 and box.x1 < t.x1 and t.y0 < box.y0 and box.y1 < t.y1 for t in tiles.values())
    plt.close(ax.figure)


def test_silent_cells_are_hatched_and_explained() -> None:
    """From left to right as they are numbered: of V1.SE (2 E, 1 I) the last third; cells of no block on the ruler."""
    ax = drawn(CELLS)
    hatched = {str(p.get_gid()): p for p in ax.patches if p.get_hatch()}
    tiles = {str(p.get_gid()): p for p in ax.patches if isinstance(p, FancyBboxPatch)}
    assert set(hatched) == {"V1.RI silent", "V1.SE silent"}
    for block, share in (("V1.RI", 1), ("V1.SE", 1 / 3)):
        tile, patch = tiles[block], hatched[f"{block} silent"]
        assert patch.get_width() == pytest.approx(share * tile.get_width())
        assert patch.get_x() + patch.get_width() == pytest.approx(tile.get_x() + tile.get_width())
        assert patch.get_height() == pytest.approx(tile.get_height())
    assert "silent cells" in {t.get_text() for t in ax.get_legend().get_texts()}
    free = drawn(EXAMPLES["dale"].lesion("V2"))
    ruler = {str(p.get_gid()) for p in free.patches if p.get_hatch()}
    assert ruler == {*(f"V2.{b} silent" for b in ("RI", "SI", "RE", "SE")), "V2.all silent"}
    whole = drawn(EXAMPLES["dale"])
    assert not any(p.get_hatch() for p in whole.patches)
    assert "silent cells" not in {t.get_text() for t in whole.get_legend().get_texts()}


def test_pathways_of_one_type_have_its_letter_at_that_end() -> None:
    ax = drawn(CELLS)
    letters = {str(t.get_gid()): t for t in ax.texts if t.get_gid()}
    assert {gid: t.get_text() for gid, t in letters.items()} == {
        "V1.SI.E -> V2.RI source": "E",
        "V1.SI.I -> V2.RI.E source": "I",
        "V1.SI.I -> V2.RI.E target": "E",
        "V2.SE.I -> V1.RE.E source": "I",
        "V2.SE.I -> V1.RE.E target": "E",
    }
    ends = {route.pathway.name: route.vertices for route in routes(CELLS, *arrange(CELLS))}
    for gid, letter in letters.items():
        name, _, end = gid.rpartition(" ")
        x, y = ends[name][0 if end == "source" else -1]
        assert 0 < abs(letter.get_position()[0] - x) < 0.25
        assert 0 < letter.get_position()[1] - y < 0.1


def test_a_pathway_of_some_cells_begins_at_their_block() -> None:
    whole = Layout(*CELLS.nodes, *(replace(p, source=".".join(p.source.split(".")[:2])) for p in CELLS.pathways))
    ends = {}
    for layout in (CELLS, whole):
        ax = drawn(layout)
        arrows = [a for a in ax.patches if isinstance(a, FancyArrowPatch)]
        ends[layout.name] = {str(a.get_gid()): a.get_path().vertices for a in arrows}
        assert "V1.SI" in {str(p.get_gid()) for p in ax.patches if isinstance(p, FancyBboxPatch)}
    assert ends["cells"].keys() == ends["layout"].keys()
    for name, vertices in ends["cells"].items():
        np.testing.assert_allclose(vertices, ends["layout"][name], err_msg=name)
