"""Mistakes in a layout, and the exact first line of what neuroap says about them."""

import linecache
import re
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from neuroap import (
    Area,
    Block,
    Input,
    Layout,
    Normal,
    Output,
    Pathway,
    Recurrence,
    Uniform,
    error,
    hierarchy,
    inference,
)
from neuroap.errors import EquationsError, LayoutError, NeuroapError

# Each mistake stands in one line with this mark; "{line}" in a message is its file and line.
MARK = "# <- mistake"
FILE = Path(__file__)

NODES = (Input("image", 4), Area("V1", 2), Area("V2", 2), Output("choice", 3))
UP = (inference("image", "V1.RI"), inference("V1.SI", "V2.RI"), inference("V2.SI", "choice"))
DOWN = (error("choice", "V2.RE"), error("V2.SE", "V1.RE"))
WHOLE = (*NODES, *UP, *DOWN)
TASKS = Layout(*NODES, *UP[:2], inference("V2.SI", "choice", tasks="mnist"), *DOWN)

MISTAKES: list[tuple[Callable[[], object], type[NeuroapError], str, str]] = []


def mistake(first_line: str, hint: str = "", exception: type[NeuroapError] = LayoutError) -> Callable:
    """Register a function that makes a mistake, the first line of the message and a part of its hint."""

    def register(function: Callable[[], object]) -> Callable[[], object]:
        MISTAKES.append((function, exception, first_line, hint))
        return function

    return register


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


@mistake("Area.bias: must be Uniform, Normal, Zeros or None (got 0.1)", hint="for example bias=Zeros()")
def bias_as_number() -> None:
    Area("V1", 2, bias=0.1)  # <- mistake


@mistake("Output.bias: must be Uniform, Normal, Zeros or None (got 0)", hint="for example bias=Zeros()")
def output_bias_as_number() -> None:
    Output("choice", 2, bias=0)  # <- mistake


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


# Pathways


@mistake("Pathway 'V1.SL -> choice' ({line}): area 'V1' has no block 'SL' (got 'V1.SL')", hint="did you mean 'SI'?")
def unknown_block() -> None:
    Layout(*NODES, *UP, inference("V1.SL", "choice"))  # <- mistake


@mistake("Pathway 'V3.SI -> choice' ({line}): no such node (got 'V3')", hint="did you mean 'V2'?")
def unknown_area() -> None:
    Layout(*NODES, *UP, inference("V3.SI", "choice"))  # <- mistake


@mistake("Pathway 'V1 -> choice' ({line}): name a block of area 'V1' (got 'V1')", hint="'V1.RI', or 'V1.all'")
def address_without_block() -> None:
    Layout(*NODES, *UP, inference("V1", "choice"))  # <- mistake


@mistake("Pathway 'image.RI -> V1.RI' ({line}): 'image' is no area and has no blocks (got 'image.RI')")
def block_of_an_input() -> None:
    Layout(*NODES, inference("image.RI", "V1.RI"))  # <- mistake


@mistake("Pathway.source: must be text that names a block (got Input(name='image', size=4))", hint="'V1.SI'")
def pathway_from_a_node() -> None:
    inference(NODES[0], "V1.RI")  # <- mistake


@mistake("Pathway.kind: must be one of ('inference', 'error') (got 'feedback')")
def bad_kind() -> None:
    Pathway("V1.SI", "V2.RI", "feedback")  # <- mistake


@mistake("Pathway.plastic: error pathways are fixed (got True)", hint="leave plastic out")
def plastic_error_pathway() -> None:
    Pathway("V2.SE", "V1.RE", "error", plastic=True)  # <- mistake


@mistake("Pathway.weights: must be Uniform, Normal or Zeros (got 0.1)", hint="arrays are set on the fitted model")
def bad_weights() -> None:
    inference("V1.SI", "V2.RI", weights=0.1)  # <- mistake


@mistake("Pathway.tasks: must be names of tasks (got (1, 2))", hint='tasks=("mnist",)')
def tasks_as_numbers() -> None:
    inference("V1.SI", "V2.RI", tasks=(1, 2))  # <- mistake


@mistake("Pathway 'choice -> V1.RI' ({line}): an inference pathway leaves an input or an area (got 'choice')")
def inference_from_an_output() -> None:
    Layout(*WHOLE, inference("choice", "V1.RI"))  # <- mistake


@mistake("Pathway 'V1.SI -> image' ({line}): an inference pathway reaches an area or an output (got 'image')")
def inference_into_an_input() -> None:
    Layout(*WHOLE, inference("V1.SI", "image"))  # <- mistake


@mistake("Pathway 'image -> V1.RE' ({line}): an error pathway leaves an output or an area (got 'image')")
def error_from_an_input() -> None:
    Layout(*WHOLE, error("image", "V1.RE"))  # <- mistake


@mistake("Pathway 'V1.SE -> choice' ({line}): an error pathway reaches an area (got 'choice')")
def error_into_an_output() -> None:
    Layout(*WHOLE, error("V1.SE", "choice"))  # <- mistake


# The graph


@mistake("Pathway 'V2.SI -> V1.RI' ({line}): inference pathways must not form a cycle (got 'V2 -> V1 -> V2')")
def cycle_of_inference() -> None:
    Layout(*WHOLE, inference("V2.SI", "V1.RI"))  # <- mistake


@mistake(
    "Pathway 'V1.SI -> V1.RI' ({line}): inference pathways must not form a cycle (got 'V1 -> V1')",
    hint="recurrence belongs inside an area",
)
def loop_of_inference() -> None:
    Layout(*WHOLE, inference("V1.SI", "V1.RI"))  # <- mistake


@mistake("Pathway 'V1.SE -> V2.RE' ({line}): error pathways must not form a cycle (got 'V1 -> V2 -> V1')")
def cycle_of_error() -> None:
    Layout(*WHOLE, error("V1.SE", "V2.RE"))  # <- mistake


@mistake("Layout.outputs: no pathway reaches the output (got 'choice')", hint="add inference(..., output)")
def output_that_no_pathway_reaches() -> None:
    Layout(*NODES, *UP[:2])  # <- mistake


@mistake("Layout.outputs: no input reaches the output in task 'task' (got 'choice')", hint="join an input to it")
def output_that_no_input_reaches() -> None:
    Layout(*NODES, UP[0], UP[2], *DOWN)  # <- mistake


@mistake("Layout.inputs: no pathway leaves the input (got 'sound')", hint="add inference(input, ...)")
def input_unused() -> None:
    Layout(*WHOLE, Input("sound", 4))  # <- mistake


@mistake("Layout.areas: no pathway joins the area (got 'V3')", hint="remove it, or connect it")
def area_unconnected() -> None:
    Layout(*WHOLE, Area("V3", 2))  # <- mistake


@mistake(
    "Pathway 'V2.SE -> V1.RE' ({line}): no error reaches 'V2' in task 'task' (got 'V2.SE')",
    hint="from 'choice'",
)
def error_from_an_area_without_error() -> None:
    Layout(*NODES, *UP, error("choice", "V1.RE"), error("V2.SE", "V1.RE"))  # <- mistake


@mistake(
    "Layout.tasks: task 'task' must reach exactly one output (got ['choice', 'report'])",
    hint="one output per task",
)
def two_outputs_in_one_task() -> None:
    Layout(*WHOLE, Output("report", 2), inference("V1.SI", "report"))  # <- mistake


@mistake("Layout.tasks: task 'minst' must reach exactly one output (got [])", hint="tasks=...")
def misspelt_task() -> None:
    Layout(*NODES, *TASKS.pathways, error("choice", "V1.RE", tasks="minst"))  # <- mistake


@mistake("Layout: no such node (got 'v3')", hint="did you mean 'V")
def node_asked_for() -> None:
    hierarchy(2, 4, 3, 2)["v3"]  # <- mistake


@mistake("Layout.tasks: no such task (got 'minst')", hint="known: 'task'")
def unknown_task() -> None:
    hierarchy(2, 4, 3, 2).open("minst")  # <- mistake


@mistake("Layout.tasks: no such task (got 'minst')", hint="did you mean 'mnist'?")
def unknown_task_drawn() -> None:
    TASKS.draw(task="minst")  # <- mistake


# TOML


@mistake("Layout.from_toml: cannot be read as TOML: Expected '=' after a key in a key/value pair (at line 1, column 6)")
def broken_toml() -> None:
    Layout.from_toml("name is V1\n")  # <- mistake


@mistake("no/such.toml: cannot be read as TOML: [Errno 2] No such file or directory: 'no/such.toml'")
def missing_file() -> None:
    Layout.from_toml("no/such.toml")  # <- mistake


@mistake("Layout.from_toml [area]: unknown field (got 'block')", hint="did you mean 'blocks'?")
def unknown_field() -> None:
    Layout.from_toml("[[area]]\nname = 'V1'\nblock = 2\n")  # <- mistake


@mistake("Layout.from_toml [area]: missing field 'blocks' (got {'name': 'V1'})")
def missing_field() -> None:
    Layout.from_toml("[[area]]\nname = 'V1'\n")  # <- mistake


@mistake("Layout.from_toml: unknown table (got 'areas')", hint="did you mean 'area'?")
def unknown_table() -> None:
    Layout.from_toml("[[areas]]\nname = 'V1'\n")  # <- mistake


@mistake("Layout.from_toml: 'area' must be an array of tables (got {'name': 'V1'})", hint="write [[area]]")
def table_instead_of_array() -> None:
    Layout.from_toml("[area]\nname = 'V1'\n")  # <- mistake


@mistake(
    "Layout.from_toml [area] recurrence: unknown field (got 'connection')",
    hint="did you mean 'connection_rate'?",
)
def unknown_field_of_recurrence() -> None:
    Layout.from_toml("[[area]]\nname = 'V1'\nrecurrence = {connection = 1.0}\n")  # <- mistake


@mistake("Layout.from_toml [pathway] weights: unknown kind of weights (got 'norm')", hint="did you mean 'normal'?")
def unknown_weights() -> None:
    Layout.from_toml("[[pathway]]\nweights = {kind = 'norm'}\n")  # <- mistake


@mistake("Layout.from_toml [output] bias: must be a table, or 'none' (got 0.0)")
def bias_in_toml_as_number() -> None:
    Layout.from_toml("[[output]]\nname = 'y'\nsize = 2\nbias = 0.0\n")  # <- mistake


# Equations


@mistake(
    "Area.equations: equations of 'V1' define no rate 'r' (got 'du/dt = -u/tau : 1')",
    "r = tanh(u) : 1",
    EquationsError,
)
def equations_without_rate() -> None:
    Area("V1", 2, equations="du/dt = -u/tau : 1")  # <- mistake


@mistake("Area.equations: '(' was never closed in the equations of 'V1' (got 'r = tanh(u')", "", EquationsError)
def equations_with_syntax_error() -> None:
    Area("V1", 2, equations="du/dt = -u/tau : 1\nr = tanh(u : 1")  # <- mistake


@mistake(
    "Area.equations: no unit in the equations of 'V1' (got 'r = tanh(u)')",
    "'r = tanh(u) : 1'",
    EquationsError,
)
def equations_without_unit() -> None:
    Area("V1", 2, equations="du/dt = -u/tau : 1\nr = tanh(u)")  # <- mistake


def marked_line(function: Callable[[], object]) -> int:
    """Number of the line of `function` that carries the mark."""
    first = function.__code__.co_firstlineno
    return next(n for n in range(first, first + 20) if MARK in linecache.getline(str(FILE), n))


@pytest.mark.parametrize(
    ("function", "exception", "first_line", "hint"), MISTAKES, ids=[m[0].__name__ for m in MISTAKES]
)
def test_message_names_the_mistake(
    function: Callable[[], object], exception: type[NeuroapError], first_line: str, hint: str
) -> None:
    line = marked_line(function)
    said = re.escape(first_line.replace("{line}", f"{FILE.name}:{line}"))
    with pytest.raises(exception, match=rf"\A{said}(\n|\Z)") as raised:
        function()
    assert type(raised.value) is exception
    advice = str(raised.value).splitlines()[1:]
    assert hint.replace("{line}", f"{FILE.name}:{line}") in "\n".join(advice)
    here = [frame for frame in traceback.extract_tb(raised.tb) if Path(frame.filename) == FILE]
    assert here[-1].lineno == line
