"""What makes a layout consistent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neuroap.errors import LayoutError
from neuroap.layout.graph import order, reached
from neuroap.layout.nodes import Area, Input, Output
from neuroap.layout.pathways import Pathway

if TYPE_CHECKING:
    from neuroap.layout.layout import Layout


def check(layout: Layout) -> None:
    """Raise LayoutError for the first rule that `layout` breaks."""
    _check_names(layout)
    for pathway in layout.pathways:
        _check_ends(layout, pathway)
    _check_ends_used(layout)
    for task in layout.tasks:
        _check_task(layout, task)


def _check_names(layout: Layout) -> None:
    seen: dict[str, str] = {}
    for node in layout.nodes:
        _add_name(seen, node.name, "Layout")
    for node in layout.nodes:  # their arrays of weights are called so (see `neuroap.weights`)
        seen |= {f"{node.name}.{array}".lower(): f"{node.name}.{array}" for array in ("recurrence", "bias")}
    for pathway in layout.pathways:
        _add_name(seen, pathway.name, pathway.where)


def _add_name(seen: dict[str, str], name: str, where: str) -> None:
    # Case is ignored because compiled devices need lower-case names.
    if name.lower() in seen:
        other = seen[name.lower()]
        case = "" if other == name else "; upper and lower case do not tell names apart"
        raise LayoutError(where, "names must be different", name, f"{other!r} is there already{case}")
    seen[name.lower()] = name


def _check_ends(layout: Layout, pathway: Pathway) -> None:
    where = pathway.where
    try:
        source, target = layout.site(pathway.source).node, layout.site(pathway.target).node
    except LayoutError as error:
        raise LayoutError(where, error.rule, error.got, error.hint) from None
    if pathway.kind == "inference" and isinstance(layout[source], Output):
        raise LayoutError(where, "an inference pathway leaves an input or an area", pathway.source)
    if pathway.kind == "inference" and isinstance(layout[target], Input):
        raise LayoutError(where, "an inference pathway reaches an area or an output", pathway.target)
    if pathway.kind == "error" and isinstance(layout[source], Input):
        raise LayoutError(where, "an error pathway leaves an output or an area", pathway.source)
    if pathway.kind == "error" and not isinstance(layout[target], Area):
        raise LayoutError(where, "an error pathway reaches an area", pathway.target)


def _check_task(layout: Layout, task: str) -> None:
    inference, errors = layout.open(task, "inference"), layout.open(task, "error")
    order(inference)
    order(errors)
    outputs = [o.name for o in layout.outputs if any(p.target_node == o.name for p in inference)]
    if len(outputs) != 1:
        hint = "declare one output per task, and tasks=... on the pathways that belong to it"
        raise LayoutError("Layout.tasks", f"task {task!r} must reach exactly one output", outputs, hint)
    driven = reached(inference, (i.name for i in layout.inputs))
    if outputs[0] not in driven:
        hint = "join an input to it by inference pathways"
        raise LayoutError("Layout.outputs", f"no input reaches the output in task {task!r}", outputs[0], hint)
    _check_errors(errors, outputs[0], task)


def _check_errors(errors: tuple[Pathway, ...], output: str, task: str) -> None:
    has_error = reached(errors, [output])
    for pathway in errors:
        if pathway.source_node not in has_error:
            rule = f"no error reaches {pathway.source_node!r} in task {task!r}"
            hint = f"add an error pathway from {output!r} or from an area that has an error"
            raise LayoutError(pathway.where, rule, pathway.source, hint)


def _check_ends_used(layout: Layout) -> None:
    sources = {p.source_node for p in layout.pathways}
    targets = {p.target_node for p in layout.pathways}
    for node in layout.nodes:
        where = f"Layout.{type(node).__name__.lower()}s"
        if isinstance(node, Output) and node.name not in targets:
            raise LayoutError(where, "no pathway reaches the output", node.name, "add inference(..., output)")
        if isinstance(node, Input) and node.name not in sources:
            raise LayoutError(where, "no pathway leaves the input", node.name, "add inference(input, ...)")
        if isinstance(node, Area) and node.name not in sources | targets:
            raise LayoutError(where, "no pathway joins the area", node.name, "remove it, or connect it")
