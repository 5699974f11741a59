"""Mistakes in pathways, files and equations of a layout, and the exact first line of what neuroap says."""

from __future__ import annotations

import pytest
from mistakes import Mistake, Table, check

from neuroap import (
    Area,
    Input,
    Layout,
    Output,
    Pathway,
    error,
    hierarchy,
    inference,
)
from neuroap.errors import EquationsError, LayoutError

mistake = Table(LayoutError)


NODES = (Input("image", 4), Area("V1", 2), Area("V2", 2), Output("choice", 3))
UP = (inference("image", "V1.RI"), inference("V1.SI", "V2.RI"), inference("V2.SI", "choice"))
DOWN = (error("choice", "V2.RE"), error("V2.SE", "V1.RE"))
WHOLE = (*NODES, *UP, *DOWN)
TASKS = Layout(*NODES, *UP[:2], inference("V2.SI", "choice", tasks="mnist"), *DOWN)


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


@mistake("Pathway.source: must be text that names a block (got Input(name='image', size=4, frames=1))", hint="'V1.SI'")
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


@mistake(
    "Area.equations: no unit in the equations of 'V1' (got 'du/dt = (-u + I_rec)/tau')",
    "'r = tanh(u) : 1'",
    EquationsError,
)
def first_of_two_equations_without_unit() -> None:
    Area("V1", 2, equations="du/dt = (-u +\n I_rec)/tau\nr = tanh(u) : 1")  # <- mistake


@pytest.mark.parametrize("case", mistake, ids=mistake.names)
def test_message_names_the_mistake(case: Mistake) -> None:
    """The exact first line, at the user's line."""
    check(case)
