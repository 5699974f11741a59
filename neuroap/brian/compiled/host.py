"""The objects of a compiled network that count, feed and read, where a network in Python has methods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.core.variables import ArrayVariable, Variables
from brian2.groups.group import CodeRunner

from neuroap.brian.assembly import Assembly
from neuroap.brian.codeobjects import code_object_class
from neuroap.brian.interface import input_columns
from neuroap.brian.nodes import InputGroup, NodeGroup

ALIGNMENT = 64


@dataclass(frozen=True)
class SharedArray:
    """A variable of the network, and where it lies in the file that both processes map into memory.

    Attributes
    ----------
    owner, name : str
        Node or weights, and variable.
    dtype : str
    size, offset : int
        Number of values; bytes from the start of the file.
    variable : ArrayVariable
    """

    owner: str
    name: str
    dtype: str
    size: int
    offset: int
    variable: Any

    @property
    def bytes(self) -> int:
        """Size in bytes."""
        return np.dtype(self.dtype).itemsize * self.size

    def described(self) -> dict[str, Any]:
        """Without the variable."""
        return {n: v for n, v in vars(self).items() if n != "variable"}


@dataclass(frozen=True)
class InputArrays:
    """The rates of an input, how many columns of the stimuli it takes, and the frame that each tick begins (or -1)."""

    rates: Any
    size: int
    columns: int
    frames: list[int]


@dataclass(frozen=True)
class TaskArrays:
    """The variables through which a task is shown and read."""

    inputs: list[InputArrays]
    target: Any
    output: Any
    nodes: int


class Host(CodeRunner):
    """Runs a template that has no code of equations."""

    add_to_magic_network = False

    def __init__(self, parts: Assembly, template: str, when: str, order: int, suffix: str = "", **kwds: Any) -> None:
        super().__init__(
            parts.feed,
            template,
            code="",
            when=when,
            order=order,
            clock=parts.clock,
            name=f"neuroap_{template.removeprefix('ap_')}{suffix}",
            template_kwds={"_ap_dtype": parts.dtype, **kwds},
            codeobj_class=code_object_class(),
            generate_empty_code=True,
        )
        self.variables = Variables(self)


def shared_arrays(parts: Assembly) -> list[SharedArray]:
    """All variables of nodes and weights that hold numbers, one after the other in the shared file."""
    found: list[SharedArray] = []
    offset = 0
    for owner, name, variable in _variables(parts):
        dtype = np.dtype(variable.dtype).name
        found.append(SharedArray(owner, name, dtype, int(variable.size), offset, variable))
        offset += -(-found[-1].bytes // ALIGNMENT) * ALIGNMENT
    return found


def _variables(parts: Assembly) -> Iterator[tuple[str, str, ArrayVariable]]:
    if parts.batch.copies == 1:
        yield parts.feed.name, "eta", parts.feed.variables["eta"]
    owners: list[tuple[str, Any]] = [*parts.groups.items(), *parts.projections.items()]
    for owner, group in owners:
        for name, variable in group.variables.items():
            own = isinstance(variable, ArrayVariable) and variable.owner.name == group.name
            if own and not variable.read_only:
                yield owner, name, variable


def task_arrays(parts: Assembly) -> Iterator[TaskArrays]:
    """The variables of each task."""
    for task in parts.tasks:
        output = parts.groups[parts.layout.task_output(task).name]
        inputs = [_input_arrays(parts.groups[name], columns) for name, columns in input_columns(parts.layout, task)]
        yield TaskArrays(inputs, output.variables["target"], output.variables["r_inf"], output.size)


def _input_arrays(group: NodeGroup, columns: slice) -> InputArrays:
    assert isinstance(group, InputGroup)
    frames = [group.frames.get(tick, -1) for tick in range(max(group.frames) + 1)]
    return InputArrays(group.variables["r"], group.size, columns.stop - columns.start, frames)


def hosts(parts: Assembly, arrays: list[SharedArray]) -> list[Host]:
    """The first and the last object of every tick."""
    kwds: dict[str, Any] = {"_ap_batch": parts.batch, "_ap_arrays": arrays, "_ap_tasks": list(task_arrays(parts))}
    settlers = [Host(parts, "ap_settle", "groups", 1, f"_{k}", _ap_settling=s) for k, s in enumerate(parts.settlings)]
    return [
        Host(parts, "ap_begin", "before_start", -100, **kwds),
        *settlers,
        Host(parts, "ap_end", "end", 1000),
    ]
