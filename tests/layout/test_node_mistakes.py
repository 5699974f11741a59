"""Mistakes in the nodes of a layout, and the exact first line of what neuroap says about them."""

from __future__ import annotations

import numpy as np
import pytest
from mistakes import Mistake, Table, check

from neuroap import (
    Area,
    Block,
    Constant,
    Input,
    Layout,
    Normal,
    Output,
    Recurrence,
    Uniform,
    error,
    hierarchy,
    inference,
)
from neuroap.errors import LayoutError

mistake = Table(LayoutError)


NODES = (Input("image", 4), Area("V1", 2), Area("V2", 2), Output("choice", 3))
UP = (inference("image", "V1.RI"), inference("V1.SI", "V2.RI"), inference("V2.SI", "choice"))
DOWN = (error("choice", "V2.RE"), error("V2.SE", "V1.RE"))
WHOLE = (*NODES, *UP, *DOWN)
TASKS = Layout(*NODES, *UP[:2], inference("V2.SI", "choice", tasks="mnist"), *DOWN)


# Names and sizes of nodes


@mistake("Input.name: must be letters, digits and underscores, a letter first (got '1st')")
def bad_name() -> None:
    Input("1st", 4)  # <- mistake


@mistake("Area.name: must be letters, digits and underscores, a letter first (got 'V1.left')")
def name_with_a_dot() -> None:
    Area("V1.left", 2)  # <- mistake


@mistake("Output.name: must be letters, digits and underscores, a letter first (got '')")
def empty_name() -> None:
    Output("", 2)  # <- mistake


@mistake("Input.name: must be letters, digits and underscores, a letter first (got 'größe')")
def name_not_ascii() -> None:
    Input("größe", 4)  # <- mistake


@mistake("Output.name: must be letters, digits and underscores, a letter first (got 10)")
def name_and_size_swapped() -> None:
    Output(10, "choice")  # <- mistake


@mistake("Input.size: must be a positive integer (got 0)")
def zero_size() -> None:
    Input("image", 0)  # <- mistake


@mistake("Input.frames: must be a positive integer (got 0)")
def zero_frames() -> None:
    Input("image", 4, frames=0)  # <- mistake


@mistake("Output.size: must be a positive integer (got -3)")
def negative_size() -> None:
    Output("choice", -3)  # <- mistake


@mistake("Input.size: must be a positive integer (got 784.0)")
def float_size() -> None:
    Input("image", 784.0)  # <- mistake


@mistake("Input.size: must be a positive integer (got True)")
def boolean_size() -> None:
    Input("image", True)  # <- mistake


@mistake("Area.neurons: must be a positive integer (got 2.5)")
def float_neurons() -> None:
    Area("V1", 2, neurons=2.5)  # <- mistake


@mistake("Layout: names must be different (got 'V1')", hint="'V1' is there already")
def duplicate_names() -> None:
    Layout(*WHOLE, Area("V1", 2))  # <- mistake


@mistake("Layout: names must be different (got 'v1')", hint="upper and lower case do not tell names apart")
def names_differ_by_case() -> None:
    Layout(*WHOLE, Area("v1", 2))  # <- mistake


@mistake("Pathway 'V1.SI -> V2.RI' ({line}): names must be different (got 'V1.SI -> V2.RI')")
def same_pathway_twice() -> None:
    Layout(*WHOLE, inference("V1.SI", "V2.RI"))  # <- mistake


@mistake("Pathway 'V1.recurrence' ({line}): names must be different (got 'V1.recurrence')")
def pathway_called_like_weights_of_an_area() -> None:
    Layout(*WHOLE, inference("V1.all", "V2.all", name="V1.recurrence"))  # <- mistake


@mistake("Layout: parts must be Input, Area, Output or pathways (got 'V1')", hint="Layout(Input(...), Area(...)")
def no_part() -> None:
    Layout(*WHOLE, "V1")  # <- mistake


# Blocks


@mistake("Area.blocks: block 'RI' must hold neurons (got (0, 0))")
def empty_blocks() -> None:
    Area("V1", 0)  # <- mistake


@mistake("Area.blocks: block 'SI' must hold neurons (got (4, 1))")
def negative_block() -> None:
    Area("V1", {"RI": 4, "SI": -3})  # <- mistake


@mistake("Area.blocks: block 'RI' must hold neurons (got (-2, 2))")
def block_before_the_first_neuron() -> None:
    Area("V1", {"RI": (-2, 2)})  # <- mistake


@mistake("Area.blocks: neurons of block 'RI' must be counted in integers (got (0, 2.5))")
def float_block() -> None:
    Area("V1", {"RI": 2.5})  # <- mistake


@mistake("Area.blocks: must be a size, a mapping or a sequence of Block (got 2.5)", hint='{"RI": 256, "SI": 128}')
def float_blocks() -> None:
    Area("V1", 2.5)  # <- mistake


@mistake("Area.blocks: must be a size, a mapping or a sequence of Block (got {'RI': (0, 2, 4)})")
def extent_of_three() -> None:
    Area("V1", {"RI": (0, 2, 4)})  # <- mistake


@mistake("Area.blocks: must be a size, a mapping or a sequence of Block (got {})")
def no_blocks() -> None:
    Area("V1", {})  # <- mistake


@mistake("Area.blocks: names must be different (got ['RI', 'RI'])")
def duplicate_blocks() -> None:
    Area("V1", [Block("RI", 0, 2), Block("RI", 2, 2)])  # <- mistake


@mistake("Block.name: must be letters, digits and underscores, a letter first (got 'layer 4')")
def bad_block_name() -> None:
    Area("V1", {"layer 4": 2})  # <- mistake


@mistake("Block.name: 'all' is the name of the whole area (got 'all')")
def block_called_all() -> None:
    Area("V1", {"all": 2})  # <- mistake


@mistake("Area.neurons: blocks of 'V1' reach 8 neurons (got 6)", hint="give neurons=8 or more, or smaller blocks")
def blocks_beyond_neurons() -> None:
    Area("V1", 2, neurons=6)  # <- mistake


# Settings of areas and outputs


@mistake("Area.activation: no such activation (got 'tahn')", hint="did you mean 'tanh'?")
def bad_activation() -> None:
    Area("V1", 2, activation="tahn")  # <- mistake


@mistake("Area.activation: no such activation (got <ufunc 'tanh'>)", hint="known: 'tanh', 'identity'")
def activation_as_function() -> None:
    Area("V1", 2, activation=np.tanh)  # <- mistake


@mistake("Area.recurrence: must be a Recurrence, or None for none (got 0.25)", hint="spectral_radius=0.25")
def recurrence_as_number() -> None:
    Area("V1", 2, recurrence=0.25)  # <- mistake


@mistake("Area.tau_ms: must be a positive number of milliseconds (got 0)")
def bad_tau() -> None:
    Area("V1", 2, tau_ms=0)  # <- mistake


@mistake("Area.bias: must be Uniform, Normal, Zeros, Constant, Balanced or None (got 0.1)", "bias=Constant(0.1)")
def bias_as_number() -> None:
    Area("V1", 2, bias=0.1)  # <- mistake


@mistake("Output.bias: must be Uniform, Normal, Zeros, Constant, Balanced or None (got 0)", "bias=Constant(0)")
def output_bias_as_number() -> None:
    Output("choice", 2, bias=0)  # <- mistake


@mistake("Constant.value: must be a number (got nan)", "for example Constant(0.5)")
def bias_that_is_no_number() -> None:
    Constant(float("nan"))  # <- mistake


@mistake("Pathway.weights: must be Uniform, Normal or Zeros; Constant is for biases (got Constant(value=1.0))")
def constant_weights() -> None:
    inference("V1.SI", "V2.RI", weights=Constant(1))  # <- mistake


@mistake("Recurrence.spectral_radius: must be a positive number (got 0)")
def bad_spectral_radius() -> None:
    Recurrence(spectral_radius=0)  # <- mistake


@mistake("Recurrence.spectral_radius: must be a positive number (got nan)")
def spectral_radius_nan() -> None:
    Recurrence(spectral_radius=float("nan"))  # <- mistake


@mistake("Recurrence.connection_rate: must lie in (0, 1] (got 1.5)")
def bad_connection_rate() -> None:
    Recurrence(connection_rate=1.5)  # <- mistake


@mistake("Recurrence.connection_rate: must lie in (0, 1] (got 0)")
def connection_rate_zero() -> None:
    Recurrence(connection_rate=0)  # <- mistake


@mistake("Recurrence.placement: must be one of ('distinct', 'with-replacement') (got 'sparse')")
def bad_placement() -> None:
    Recurrence(placement="sparse")  # <- mistake


@mistake("Uniform.limit: must be a positive number (got '1')")
def limit_as_text() -> None:
    Uniform(limit="1")  # <- mistake


@mistake("Normal.sd: must be a positive number (got -0.1)")
def negative_sd() -> None:
    Normal(-0.1)  # <- mistake


@mistake("hierarchy.areas: must be a positive integer (got 0)")
def hierarchy_of_nothing() -> None:
    hierarchy(0)  # <- mistake


@mistake("hierarchy.areas: must be a positive integer (got 2.0)")
def hierarchy_of_a_fraction() -> None:
    hierarchy(2.0)  # <- mistake


@mistake("Pathway 'V1.SI -> choice' ({line}): area 'V1' has no block 'SI' (got 'V1.SI')", hint="did you mean 'RI'?")
def hierarchy_of_other_blocks() -> None:
    hierarchy(1, block={"RI": 2, "A": 2, "B": 2})  # <- mistake


@pytest.mark.parametrize("case", mistake, ids=mistake.names)
def test_message_names_the_mistake(case: Mistake) -> None:
    """The exact first line, at the user's line."""
    check(case)
