"""Excitatory and inhibitory cells: how they are declared, addressed, printed and silenced."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from layout.examples import EXAMPLES

import neuroap.layout
from neuroap import Area, Input, Layout, Output, Recurrence, hierarchy, inference
from neuroap.errors import LayoutError
from neuroap.layout import Block, Site
from neuroap.layout.cells import Run, runs
from neuroap.layout.structure import structure
from neuroap.weights import alive, cell_signs, cell_types, draw_weights, source_alive, source_signs

CELLS = EXAMPLES["cells"]
ENDS = (Input("x", 4), Output("y", 2), inference("x", "V1.RI"), inference("V1.SI", "y"))
BLOCKS = {"RI": {"E": 4, "I": 1}, "SI": {"E": 3, "I": 2}}


def counts(area: Area) -> dict[str, int | None]:
    """Excitatory cells of each block."""
    return {b.name: b.excitatory for b in area.block_list}


def types(area: Area) -> str:
    """The types of all cells as one word, "." where none is told."""
    return "".join(str(t) or "." for t in cell_types(area))


def layout_of(area: Area, *pathways: Any) -> Layout:
    """The smallest layout that holds an area V1."""
    return Layout(area, *ENDS, *pathways)


# -- fractions and counts


@pytest.mark.parametrize(
    ("size", "fraction", "excitatory"),
    [
        (10, 0.8, 8),
        (256, 0.8, 205),
        (4, 0.7, 3),
        (3, 0.5, 2),
        (5, 0.5, 2),
        (1, 0.8, 1),
        (1, 0.5, 0),
        (7, 0, 0),
        (7, 1, 7),
    ],
)
def test_a_fraction_is_rounded_in_every_block(size: int, fraction: float, excitatory: int) -> None:
    """To the nearest number of cells, a half to an even number; they come first."""
    area = Area("V1", {"A": size, "B": size}, excitatory=fraction)
    assert counts(area) == {"A": excitatory, "B": excitatory}
    assert types(area) == ("E" * excitatory + "I" * (size - excitatory)) * 2


def test_counts_lie_one_after_the_other_or_where_they_say() -> None:
    area = Area("V1", {"A": {"E": 2, "I": 1}, "B": {"I": 2}, "C": {"start": 7, "E": 1}, "D": 2, "E2": (1, 3)})
    assert [(b.name, b.start, b.stop, b.excitatory) for b in area.block_list] == [
        ("A", 0, 3, 2), ("B", 3, 5, 0), ("C", 7, 8, 1), ("D", 8, 10, None), ("E2", 1, 3, None),
    ]  # fmt: skip
    assert types(area) == "EEIII..E.."


def test_a_fraction_fills_in_what_blocks_do_not_count() -> None:
    area = Area("V1", {"A": {"E": 1, "I": 3}, "B": 4}, neurons=12, excitatory=0.75)
    assert counts(area) == {"A": 1, "B": 3}
    assert types(area) == "EIII" + "EEEI" + "EEEI"  # neurons in no block are split like a block


def test_each_gap_between_blocks_is_split_by_itself() -> None:
    area = Area("V1", {"A": (2, 4), "B": (8, 10)}, neurons=14, excitatory=0.5)
    assert types(area) == "EI" + "EI" + "EEII" + "EI" + "EEII"


def test_numbers_of_numpy_become_plain_ones() -> None:
    area = Area("V1", {"A": {"E": np.int64(3), "I": np.int32(1)}}, excitatory=np.float32(0.5))  # type: ignore[arg-type]
    assert {type(n) for b in area.block_list for n in (b.start, b.size, b.excitatory)} == {int}
    assert type(area.excitatory) is float
    assert type(Area("V1", [Block("A", 0, 4, np.int64(3))]).block_list[0].excitatory) is int  # type: ignore[arg-type]


def test_without_cell_types_nothing_is_told() -> None:
    area = Area("V1", 2)
    assert counts(area) == dict.fromkeys(("RI", "SI", "RE", "SE"))
    assert types(area) == "." * 8
    assert not cell_signs(area).any()


def test_neighbours_of_one_type_are_one_run() -> None:
    area = Area("V1", {"A": {"E": 2}, "B": {"E": 1, "I": 1}, "C": {"I": 2}}, neurons=7)
    assert runs(area) == (Run(0, 3, "E"), Run(3, 6, "I"), Run(6, 7, ""))
    assert [r.size for r in runs(area)] == [3, 3, 1]
    assert cell_signs(area).tolist() == [1, 1, 1, -1, -1, -1, 0]


def test_a_hierarchy_of_dale_chooses_what_the_law_needs() -> None:
    """Everything that is given is kept, a recurrence like the default one too."""
    area = hierarchy(1, 6, 3, 10, dale=True).areas[0]
    balance = Recurrence(bulk_radius=1.5, exact_balance=True)
    assert (area.activation, area.excitatory, area.recurrence) == ("sigmoid", 0.8, balance)
    given: dict[str, Any] = dict(activation="relu", excitatory=0.5, recurrence=Recurrence())
    area = hierarchy(1, 6, 3, 10, dale=True, **given).areas[0]
    assert {name: getattr(area, name) for name in given} == given
    assert hierarchy(1, 6, 3, 10, dale=True, recurrence=None).areas[0].recurrence is None
    assert hierarchy(1, 6, 3, 10, excitatory=0.8).areas[0] == Area("V1", 10, excitatory=0.8)


# -- blocks that overlap


@pytest.mark.parametrize(
    "blocks",
    [
        {"A": {"E": 3, "I": 1}, "B": {"start": 0, "E": 3, "I": 1}},
        {"A": {"E": 3, "I": 1}, "B": {"start": 1, "E": 2, "I": 1}},
        {"A": {"E": 3}, "B": {"start": 1, "E": 2, "I": 1}},
        {"A": (0, 4), "B": {"start": 0, "E": 3, "I": 1}},
    ],
)
def test_blocks_may_overlap_where_their_cells_agree(blocks: dict[str, Any]) -> None:
    assert types(Area("V1", blocks)) == "EEEI"


def test_a_fraction_contradicts_itself_in_blocks_that_overlap_in_part() -> None:
    said = r"blocks of 'V1' make neurons 2 to 3 excitatory and inhibitory \(got \['A', 'B'\]\)"
    with pytest.raises(LayoutError, match=said):
        Area("V1", {"A": (0, 4), "B": (2, 6)}, excitatory=0.5)
    assert types(Area("V1", {"A": (0, 4), "B": (0, 4)}, excitatory=0.5)) == "EEII"


# -- addresses


@pytest.mark.parametrize(
    ("address", "sites"),
    [
        ("V1.SI.E", [(5, 8)]),
        ("V1.SI.I", [(8, 10)]),
        ("V1.SI", [(5, 10)]),
        ("V1.E", [(0, 4), (5, 8), (10, 12), (13, 15)]),
        ("V1.I", [(4, 5), (8, 10), (12, 13), (15, 16)]),
        ("V1.all.I", [(4, 5), (8, 10), (12, 13), (15, 16)]),
        ("V1.all", [(0, 16)]),
        ("V1", [(0, 16)]),
        ("image", [(0, 6)]),
    ],
)
def test_an_address_names_cells(address: str, sites: list[tuple[int, int]]) -> None:
    node = address.partition(".")[0]
    assert CELLS.sites(address) == tuple(Site(node, *s) for s in sites)
    if address.count(".") == 2 and "all" not in address:
        assert CELLS.site(address) == Site(node, *sites[0])


def test_cells_that_lie_in_no_block_belong_to_the_area() -> None:
    layout = EXAMPLES["dale"]
    assert layout.sites("V1.E")[-1] == Site("V1", 20, 23)
    assert layout.sites("V1.I")[-1] == Site("V1", 23, 24)


# -- signs and silence


def test_signs_of_weights_are_those_of_the_cells_that_they_leave() -> None:
    expected = {
        "image -> V1.RI": None,
        "V1.SI.E -> V2.RI": [1, 1, 1],
        "V1.SI.I -> V2.RI.E": [-1, -1],
        "V2.SE.I -> V1.RE.E": None,  # V2 has labels alone
        "choice -> V2.RE": None,
        "V1.bias": None,
        "V2.recurrence": None,
        "V1.recurrence": [1, 1, 1, 1, -1, 1, 1, 1, -1, -1, 1, 1, -1, 1, 1, -1],
    }
    for name, signs in expected.items():
        found = source_signs(CELLS, name)
        assert (found if found is None else found.tolist()) == signs, name


def test_silent_cells_are_those_of_all_lesions() -> None:
    area = CELLS["V1"]
    assert isinstance(area, Area)
    assert np.flatnonzero(~alive(area)).tolist() == [0, 1, 2, 3, 4, 15]
    assert source_alive(CELLS, "V1.SI.E -> V2.RI") is None  # all of them live
    assert source_alive(CELLS, "image -> V1.RI") is None
    assert source_alive(CELLS, "V1.bias") is None
    assert np.array_equal(source_alive(CELLS, "V1.recurrence"), alive(area))  # type: ignore[arg-type]


def test_a_lesion_changes_the_area_alone() -> None:
    layout = EXAMPLES["dale"]
    silent = layout.lesion("V1.SE.I", "V2", "V1.I", "V1.SE.I")
    assert (silent["V1"].lesions, silent["V2"].lesions) == (("SE.I", "I"), ("all",))  # type: ignore[union-attr]
    assert layout["V1"].lesions == ()  # type: ignore[union-attr]
    back = [replace(a, lesions=()) for a in silent.areas]
    assert Layout(*silent.inputs, *back, *silent.outputs, *silent.pathways, name=silent.name) == layout
    assert layout.lesion() == layout
    assert silent != layout
    assert silent.lesion("V1.RI")["V1"].lesions == ("SE.I", "I", "RI")  # type: ignore[union-attr]


def test_one_lesion_may_be_given_as_text() -> None:
    assert Area("V1", BLOCKS, lesions="SI.I").lesions == ("SI.I",)  # type: ignore[arg-type]
    assert Area("V1", BLOCKS, lesions=["SI", "SI", "RI.E"]).lesions == ("SI", "RI.E")  # type: ignore[arg-type]


# -- round trips and text


def test_what_cells_need_is_printed_and_comes_back() -> None:
    area = Area("V1", BLOCKS, excitatory=0.5, dale=True, activation="relu", lesions=("SI.I",))
    assert "Block(name='SI', start=5, size=5, excitatory=3)" in repr(area)
    assert repr(area).endswith("excitatory=0.5, dale=True, lesions=('SI.I',), rest=None)")
    assert eval(repr(area), vars(neuroap.layout).copy()) == area
    assert hash(area) == hash(eval(repr(area), vars(neuroap.layout).copy()))


def test_settings_of_a_balance_are_printed_where_they_are_given() -> None:
    plain = "Recurrence(spectral_radius=0.25, connection_rate=0.25, placement='distinct')"
    assert repr(Recurrence()) == plain
    assert repr(Recurrence(balance=1, exact_balance=True)) == plain[:-1] + ", balance=1.0, exact_balance=True)"
    wide = Recurrence(bulk_radius=1.5, outlier=-2)
    assert repr(wide).startswith("Recurrence(spectral_radius=None,")
    assert repr(wide).endswith("bulk_radius=1.5, outlier=-2.0)")
    assert (wide.radius, wide.balance_or_default, Recurrence().balance_or_default) == (1.5, None, 1.0)
    assert eval(repr(wide), vars(neuroap.layout).copy()) == wide
    assert replace(Recurrence(0.9), bulk_radius=1.5, spectral_radius=None) == Recurrence(bulk_radius=1.5)
    assert replace(wide, bulk_radius=None, outlier=None) == Recurrence()


def test_blocks_of_both_kinds_keep_their_order_in_toml() -> None:
    """TOML writes tables after lists: some blocks that count cells and some that do not would change places."""
    layout = layout_of(Area("V1", {"RI": {"E": 3, "I": 1}, "SI": 2, "RE": {"I": 2}}))
    again = Layout.from_toml(layout.to_toml())
    assert again == layout
    assert [b.name for b in again.areas[0].block_list] == ["RI", "SI", "RE"]


@pytest.mark.parametrize(
    "recurrence",
    [
        Recurrence(balance=0.5),
        Recurrence(bulk_radius=1.5),
        Recurrence(bulk_radius=1.5, outlier=-1.25, exact_balance=True),
        Recurrence(0.9, exact_balance=True),
    ],
)
def test_a_balance_comes_back_from_toml(recurrence: Recurrence) -> None:
    layout = layout_of(Area("V1", BLOCKS, dale=True, activation="relu", recurrence=recurrence))
    assert Layout.from_toml(layout.to_toml()).areas[0].recurrence == recurrence


def test_cells_may_be_written_by_hand() -> None:
    text = """
    [[input]]
    name = "x"
    size = 4
    [[area]]
    name = "V1"
    activation = "relu"
    dale = true
    lesions = ["SI.I"]
    blocks = {RI = {E = 4, I = 1}, SI = {E = 3, I = 2}}
    recurrence = {bulk_radius = 1.5, balance = 0.9}
    [[output]]
    name = "y"
    size = 2
    [[pathway]]
    source = "x"
    target = "V1.RI"
    [[pathway]]
    source = "V1.SI"
    target = "y"
    """
    recurrence = Recurrence(bulk_radius=1.5, balance=0.9)
    expected = layout_of(Area("V1", BLOCKS, None, "relu", recurrence, dale=True, lesions=("SI.I",)))
    found = Layout.from_toml(text)
    assert found.areas == expected.areas
    assert set(found.pathways) == set(expected.pathways)


def test_the_table_tells_cells_and_balance() -> None:
    lines = str(CELLS).splitlines()
    (v1,) = (line for line in lines if line.startswith("V1 "))
    assert "saturating, Dale's law" in v1
    assert "bulk 1.2, rate 0.6, outlier -0.1" in v1
    assert v1.endswith(
        "RI 0:5 (4 E, 1 I)  SI 5:10 (3 E, 2 I)  RE 10:13 (2 E, 1 I)  SE 13:16 (2 E, 1 I)  silent: SE.I, RI"
    )
    (v2,) = (line for line in lines if line.startswith("V2 "))
    assert "Dale" not in v2
    blocks = v2.split("  zeros  ")[1].strip()
    assert blocks == "RI 0:4 (3 E, 1 I)  SI 2:6  RE 6:8  SE 8:10 (0 E, 2 I)"
    assert any(line.split()[:5] == ["inference", "V1.SI.E", "V2.RI", "3", "x"] for line in lines)
    (v1,) = (line for line in str(EXAMPLES["dale"]).splitlines() if line.startswith("V1 "))
    assert "bulk 1.5, rate 0.25, balance 0.9, exact balance" in v1


# -- what compiled networks and networks side by side are known by


def test_structure_forgets_the_balance_and_keeps_the_cells() -> None:
    def area(**changes: Any) -> Layout:
        settings: dict[str, Any] = dict(activation="relu", dale=True, blocks=BLOCKS)
        return structure(layout_of(Area("V1", **settings | changes)))

    assert area() == area(recurrence=Recurrence(bulk_radius=1.5, outlier=0.5)) == area(recurrence=Recurrence(0.9))
    others = [area(lesions=("SI.I",)), area(dale=False), area(blocks={"RI": {"E": 3, "I": 2}, "SI": {"E": 3, "I": 2}})]
    assert len({area(), *others}) == 4


def test_structure_of_an_area_without_inhibition() -> None:
    """A balance of 0 is all that such an area can have."""
    alone = Area("V1", 4, activation="relu", excitatory=1, dale=True, recurrence=Recurrence(balance=0))
    found = structure(layout_of(alone)).areas[0].recurrence
    assert found == Recurrence(balance=0)


def test_what_is_declared_can_be_drawn() -> None:
    """The examples with cells are no empty words: their weights have the signs that they tell."""
    weights = draw_weights(CELLS, 0)
    assert (weights["V1.SI.I -> V2.RI.E"] < 0).all()
    assert (weights["V1.SI.E -> V2.RI"] > 0).all()


def test_blocks_of_one_type_can_be_counted_or_asked_for() -> None:
    """What rounding must not do, numbers may; labels without the law are rounded."""
    alone: dict[str, Any] = dict(activation="relu", dale=True)
    counted = Area("V1", {"RI": 10, "SE": {"E": 2, "I": 0}}, excitatory=0.8, **alone)
    assert counts(counted)["SE"] == 2
    assert counts(Area("V1", {"RI": 10, "SE": 2}, excitatory=0.8))["SE"] == 2
    whole = Area("V1", {"RI": 10, "SE": 2}, excitatory=1, recurrence=None, **alone)
    assert counts(whole)["SE"] == 2


def test_another_fraction_counts_the_cells_anew() -> None:
    """Blocks keep what was declared: a fraction is that of the area, numbers of cells are those of the block."""
    area = Area("V1", {"RI": 10, "SI": {"E": 4, "I": 6}}, excitatory=0.8)
    assert [b.excitatory for b in area.block_list] == [8, 4]
    assert [b.excitatory for b in replace(area, excitatory=0.5).block_list] == [5, 4]
    assert [b.excitatory for b in replace(area, excitatory=None).block_list] == [None, 4]
    assert "Block(name='RI', start=0, size=10), Block(name='SI', start=10, size=10, excitatory=4)" in repr(area)
