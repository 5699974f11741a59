"""Mistakes with excitatory and inhibitory cells, and the exact first line of what neuroap says about them."""

from __future__ import annotations

import pytest
from layout.examples import EXAMPLES
from mistakes import Mistake, Table, check

from neuroap import Area, Input, Layout, Output, Recurrence, error, hierarchy, inference
from neuroap.errors import LayoutError
from neuroap.layout import Block

mistake = Table(LayoutError)
CELLS = EXAMPLES["cells"]
ENDS = (Input("x", 4), Output("y", 2), inference("x", "V1.RI"), inference("V1.SI", "y"))
BLOCKS = {"RI": {"E": 4, "I": 1}, "SI": {"E": 3, "I": 2}}
CELLS_WITHOUT_I = Layout(Area("V1", {"RI": {"E": 2}, "SI": {"E": 3}}), *ENDS)


# -- mistakes in counts


@mistake("Area.excitatory: must be a fraction from 0 to 1, or None (got 80)", hint="for example excitatory=0.8")
def fraction_in_percent() -> None:
    Area("V1", 2, excitatory=80)  # <- mistake


@mistake("Area.excitatory: must be a fraction from 0 to 1, or None (got True)")
def fraction_as_truth() -> None:
    Area("V1", 2, excitatory=True)  # <- mistake


@mistake("Area.excitatory: must be a fraction from 0 to 1, or None (got nan)")
def fraction_nan() -> None:
    Area("V1", 2, excitatory=float("nan"))  # <- mistake


@mistake("Area.blocks: block 'RI' has cells of an unknown type (got 'PV')", hint="known: 'E', 'I', 'start'")
def cells_of_a_third_type() -> None:
    Area("V1", {"RI": {"E": 4, "PV": 1}})  # <- mistake


@mistake("Area.blocks: block 'RI' has cells of an unknown type (got 'e')", hint="did you mean 'E'?")
def cells_in_lower_case() -> None:
    Area("V1", {"RI": {"e": 4, "I": 1}})  # <- mistake


@mistake(
    "Area.blocks: cells of block 'RI' must be counted in integers (got {'E': 5.0, 'I': 1})", "write {'E': 5, 'I': 1}"
)
def cells_as_floats() -> None:
    Area("V1", {"RI": {"E": 5.0, "I": 1}})  # <- mistake


@mistake("Area.blocks: cells of block 'RI' must be counted in integers (got {'E': nan})")
def cells_not_a_number() -> None:
    Area("V1", {"RI": {"E": float("nan")}})  # <- mistake


@mistake(
    "Area.blocks: cells of block 'RI' must be counted in integers (got {'E': 0.8, 'I': 0.2})",
    hint="fractions are for the whole area: excitatory=0.8",
)
def cells_as_fractions() -> None:
    Area("V1", {"RI": {"E": 0.8, "I": 0.2}})  # <- mistake


@mistake("Area.blocks: cells of block 'RI' must be counted in integers (got {'E': 4, 'I': -1})")
def fewer_than_no_cells() -> None:
    Area("V1", {"RI": {"E": 4, "I": -1}})  # <- mistake


@mistake("Area.blocks: block 'RI' must hold neurons (got (0, 0))")
def no_cells_at_all() -> None:
    Area("V1", {"RI": {"E": 0, "I": 0}})  # <- mistake


@mistake("Area.blocks: block 'RI' has 4 neurons, and cannot have so many excitatory ones (got 5)")
def more_excitatory_cells_than_neurons() -> None:
    Area("V1", [Block("RI", 0, 4, 5)])  # <- mistake


@mistake("Area.blocks: neurons of block 'RI' must be counted in integers (got (0, 4))")
def excitatory_cells_as_a_fraction() -> None:
    Area("V1", [Block("RI", 0, 4, 0.8)])  # <- mistake


@mistake(
    "Block.name: 'E' is the name of excitatory cells (got 'E')",
    hint='count cells block by block, {"RI": {"E": 205, "I": 51}, ...}, or give excitatory=0.8',
)
def block_called_e() -> None:
    Area("V1", {"E": 4, "I": 1})  # <- mistake


@mistake("Block.name: 'E' is the name of excitatory cells (got 'E')", hint="count cells block by block")
def cells_of_every_block_of_a_hierarchy() -> None:
    hierarchy(block={"E": 20, "I": 5})  # <- mistake


@mistake(
    "Area.blocks: blocks of 'V1' make neurons 2 to 2 excitatory and inhibitory (got ['A', 'B'])",
    hint="give blocks that overlap the same range, or cell types that agree",
)
def blocks_that_contradict() -> None:
    Area("V1", {"A": {"E": 3, "I": 1}, "B": {"start": 0, "E": 2, "I": 2}})  # <- mistake


# -- mistakes in addresses


@mistake(
    "Pathway 'V1.E -> y' ({line}): cells of a whole area are no single range; name a block (got 'V1.E')",
    hint="for example 'V1.RI.E'",
)
def pathway_from_cells_of_all_blocks() -> None:
    Layout(*ENDS, Area("V1", BLOCKS), inference("V1.E", "y"))  # <- mistake


@mistake(
    "Pathway 'y -> V1.all.I' ({line}): cells of a whole area are no single range; name a block (got 'V1.all.I')",
    hint="for example 'V1.RI.I'",
)
def pathway_to_cells_of_all_blocks() -> None:
    Layout(*ENDS, Area("V1", BLOCKS), error("y", "V1.all.I"))  # <- mistake


@mistake(
    "Pathway 'V1.SI.E -> y' ({line}): block 'SI' of 'V1' tells no cell types (got 'V1.SI.E')",
    hint="declare Area('V1', ..., excitatory=0.8)",
)
def pathway_from_cells_that_are_not_told() -> None:
    Layout(*ENDS, Area("V1", 2), inference("V1.SI.E", "y"))  # <- mistake


@mistake(
    "Pathway 'V1.SI.PV -> y' ({line}): cells of area 'V1' are 'E' (excitatory) or 'I' (inhibitory) (got 'V1.SI.PV')"
)
def pathway_from_cells_of_a_third_type() -> None:
    Layout(*ENDS, Area("V1", BLOCKS), inference("V1.SI.PV", "y"))  # <- mistake


@mistake(
    "Pathway 'V1.SI.e -> y' ({line}): cells of area 'V1' are 'E' (excitatory) or 'I' (inhibitory) (got 'V1.SI.e')",
    hint="did you mean 'E'?",
)
def pathway_from_cells_in_lower_case() -> None:
    Layout(*ENDS, Area("V1", BLOCKS), inference("V1.SI.e", "y"))  # <- mistake


@mistake("Pathway 'V1.SI. -> y' ({line}): cells of area 'V1' are 'E' (excitatory) or 'I' (inhibitory) (got 'V1.SI.')")
def pathway_from_a_dot() -> None:
    Layout(*ENDS, Area("V1", BLOCKS), inference("V1.SI.", "y"))  # <- mistake


@mistake(
    "Pathway 'V1.SI.I -> y' ({line}): there are no inhibitory cells here (got 'V1.SI.I')",
    hint="see excitatory= of Area 'V1'",
)
def pathway_from_no_cells() -> None:
    Layout(*ENDS, Area("V1", {"RI": 2, "SI": {"E": 3}}), inference("V1.SI.I", "y"))  # <- mistake


@mistake("Layout: there are no inhibitory cells here (got 'I')", hint="see excitatory= of Area 'V1'")
def cells_that_an_area_does_not_have() -> None:
    CELLS_WITHOUT_I.sites("V1.I")  # <- mistake


@mistake("Layout: name a block of area 'V1' (got '')", hint="for example 'V1.RI', or 'V1.all'")
def address_that_ends_with_a_dot() -> None:
    CELLS.sites("V1.")  # <- mistake


@mistake("Layout: area 'V1' has no block 'SO' (got 'SO.E')", hint="did you mean 'SI'?")
def cells_of_an_unknown_block() -> None:
    CELLS.sites("V1.SO.E")  # <- mistake


# -- mistakes in lesions


@mistake("Layout.lesion: only cells of areas can be silenced (got 'image')", hint="known: 'V1', 'V2'")
def lesion_of_an_input() -> None:
    CELLS.lesion("image")  # <- mistake


@mistake("Layout.lesion: no such node (got 'V11.SI')", hint="did you mean 'V1'?")
def lesion_of_an_unknown_area() -> None:
    CELLS.lesion("V11.SI")  # <- mistake


@mistake("Layout.lesion: no such node (got 'imag.SI')", hint="did you mean 'image'?")
def lesion_of_an_unknown_input() -> None:
    CELLS.lesion("imag.SI")  # <- mistake


@mistake(
    "Layout.lesion: each address is an argument of its own (got ['V1.SE', 'V1.RI'])",
    hint="lesion('V1.SE', 'V1.RI')",
)
def lesions_in_a_list() -> None:
    CELLS.lesion(["V1.SE", "V1.RI"])  # <- mistake


@mistake("Layout.lesion: each address is an argument of its own (got 3)", hint="lesion('V1.SE.I', 'V2')")
def lesion_of_a_number() -> None:
    CELLS.lesion(3)  # <- mistake


@mistake("Layout: area 'V1' has no block 'S' (got 'S.E')", hint="did you mean 'SI'?")
def lesion_of_an_unknown_block() -> None:
    CELLS.lesion("V1.S.E")  # <- mistake


@mistake("Area.lesions: must be names of cells within the area (got ('SE.I', 'RI', ''))", hint='lesions=("SE.I",)')
def lesion_that_ends_with_a_dot() -> None:
    CELLS.lesion("V1.")  # <- mistake


@mistake("Layout: area 'V1' has no block 'V1' (got 'V1.SE.I')")
def lesion_of_an_area_with_its_own_name() -> None:
    Area("V1", {"RI": 2, "SI": 2}, lesions=("V1.SE.I",))  # <- mistake


@mistake("Area.lesions: must be names of cells within the area (got 3)", hint='for example lesions=("SE.I",)')
def lesion_as_a_number() -> None:
    Area("V1", 2, lesions=3)  # <- mistake


# -- mistakes in what Dale's law needs


@mistake("Area.dale: must be True or False (got 'yes')")
def law_as_text() -> None:
    Area("V1", BLOCKS, dale="yes")  # <- mistake


@mistake(
    "Area 'V1' with dale=True: every neuron must be excitatory or inhibitory (got [(5, 8), (9, 10)])",
    hint='give excitatory=0.8, or sizes such as blocks={"RI": {"E": 205, "I": 51}, ...}',
)
def law_without_cell_types() -> None:
    Area("V1", {"A": {"E": 4, "I": 1}, "B": 3, "C": {"E": 1}}, 10, activation="relu", dale=True)  # <- mistake


@mistake(
    "Area 'V1' with dale=True: rates must never be negative (got 'tanh')",
    hint="activation= one of 'relu', 'sigmoid', 'rectified_tanh', 'saturating', 'hard_sigmoid'",
)
def law_with_negative_rates() -> None:
    Area("V1", BLOCKS, dale=True)  # <- mistake


@mistake(
    "Area 'V1' with dale=True: without inhibitory cells nothing balances excitation (got 0.8)",
    hint="give a smaller fraction or larger blocks, or recurrence=Recurrence(balance=0): no inhibition",
)
def law_in_blocks_too_small_for_inhibition() -> None:
    Area("V1", 2, activation="relu", excitatory=0.8, dale=True)  # <- mistake


@mistake(
    "Area 'V1' with dale=True: block 'SE' is too small for inhibitory cells, it has 2 neurons (got 0.8)",
    hint="give a larger block, or count its cells: {'SE': {'E': 2, 'I': 0}}",
)
def law_in_one_block_too_small_for_inhibition() -> None:
    Area("V1", {"RI": 10, "SE": 2}, activation="relu", excitatory=0.8, dale=True)  # <- mistake


@mistake(
    "Area 'V1' with dale=True: block 'SE' is too small for excitatory cells, it has 2 neurons (got 0.2)",
    hint="give a larger block, or count its cells: {'SE': {'E': 0, 'I': 2}}",
)
def law_in_one_block_too_small_for_excitation() -> None:
    Area("V1", {"RI": 10, "SE": 2}, activation="relu", excitatory=0.2, dale=True, recurrence=None)  # <- mistake


@mistake(
    "Area 'V1' with dale=True: without excitatory cells there is nothing to balance (got 0.0)",
    hint="give excitatory > 0, or recurrence=None",
)
def law_without_excitation() -> None:
    Area("V1", 2, activation="relu", excitatory=0, dale=True, recurrence=Recurrence(balance=0))  # <- mistake


@mistake(
    "Area.recurrence: only inhibition can balance excitation (got Recurrence(spectral_radius=0.25, "
    "connection_rate=0.25, placement='distinct', balance=1.0))",
    hint="add excitatory=0.8, dale=True; or leave out balance, outlier and exact_balance",
)
def balance_without_the_law() -> None:
    Area("V1", BLOCKS, recurrence=Recurrence(balance=1))  # <- mistake


# -- mistakes in a balance


@mistake("Recurrence.balance: must be a number >= 0 (got -1)")
def negative_balance() -> None:
    Recurrence(balance=-1)  # <- mistake


@mistake("Recurrence.balance: must be a number >= 0 (got True)")
def balance_as_truth() -> None:
    Recurrence(balance=True)  # <- mistake


@mistake("Recurrence.outlier: must be a number (got inf)")
def infinite_outlier() -> None:
    Recurrence(bulk_radius=1.5, outlier=float("inf"))  # <- mistake


@mistake(
    "Recurrence.outlier: needs bulk_radius, and takes the place of balance (got Recurrence(spectral_radius=0.25, "
    "connection_rate=0.25, placement='distinct', outlier=0.5))",
    hint="Recurrence(bulk_radius=1.5, outlier=0), or Recurrence(bulk_radius=1.5, balance=1)",
)
def outlier_with_spectral_radius() -> None:
    Recurrence(outlier=0.5)  # <- mistake


@mistake(
    "Recurrence.outlier: needs bulk_radius, and takes the place of balance (got Recurrence(spectral_radius=None, "
    "connection_rate=0.25, placement='distinct', bulk_radius=1.5, balance=1.0, outlier=0.5))"
)
def outlier_and_balance() -> None:
    Recurrence(bulk_radius=1.5, balance=1, outlier=0.5)  # <- mistake


@mistake(
    "Recurrence: give spectral_radius or bulk_radius, not both (got (0.9, 1.5))",
    hint="where one is to replace the other, give the other as None",
)
def two_radii() -> None:
    Recurrence(0.9, bulk_radius=1.5)  # <- mistake


@mistake("Recurrence.bulk_radius: must be a positive number (got 0)")
def bulk_of_nothing() -> None:
    Recurrence(bulk_radius=0)  # <- mistake


@mistake("Recurrence.exact_balance: must be True or False (got 1)")
def exact_balance_as_number() -> None:
    Recurrence(exact_balance=1)  # <- mistake


@pytest.mark.parametrize("case", mistake, ids=mistake.names)
def test_message_names_the_mistake(case: Mistake) -> None:
    """The exact first line, at the user's line."""
    check(case)
