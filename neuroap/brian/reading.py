"""Reading an area's equations: what Brian2 makes of them, and what is wrong with which one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from brian2 import NeuronGroup
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.devices.device import reset_device, set_device
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER, SUBEXPRESSION, Equations, SingleEquation
from brian2.equations.unitcheck import parse_expression_dimensions
from brian2.units import second
from brian2.units.fundamentalunits import DIMENSIONLESS, DimensionMismatchError, get_unit_for_display

from neuroap.brian.cellwise import CELLWISE
from neuroap.errors import EquationsError, did_you_mean
from neuroap.layout import Area
from neuroap.layout.cells import UNTOLD
from neuroap.weights import cell_types

DRIVES = ("I_rec", "I_inf", "I_err")
CONSTANTS = ("b", "beta", "tau")
NEVER_DEFINED = (*DRIVES, *CONSTANTS, *CELLWISE, "I_const", "r_inf", "err", "alpha")
# What Brian2 knows, and what means another thing here than it seems to: why, and what to use.
REFUSED = {
    **dict.fromkeys(
        ("i", "N"), ("counts the neurons of all trials of a batch", "use 'neuron', which counts those of the area")
    ),
    **dict.fromkeys(
        ("t", "t_in_timesteps"),
        (
            "runs on over trials, so that answers would depend on those before",
            "give a stimulus that changes, Input(..., frames=...)",
        ),
    ),
}
# The others would need objects of Brian2's own, which do not keep to the windows of a cycle.
FLAGS: dict[str, tuple[str, ...]] = {SUBEXPRESSION: ("shared",), DIFFERENTIAL_EQUATION: ()}


def read_equations(area: Area, added: Iterable[SingleEquation], namespace: Mapping[str, Any]) -> Equations:
    """Parse the equations of `area`, and check them one by one.

    Parameters
    ----------
    area : Area
    added : iterable of SingleEquation
        Variables that neuroap adds.
    namespace : mapping
        Constants: ``tau``, ``beta``, ``alpha`` and, without bias, ``b``.

    Raises
    ------
    EquationsError
        Equations that Brian2 cannot parse, unknown names, units that do not fit, names of neuroap's that
        are set. The first line reads ``Area.equations: 'V1': what is wrong, in 'the equation'``.
    """
    user = _parse(area)
    for equation in user.values():
        _check_definition(area, equation)
    known = ["xi", *DRIVES, *CONSTANTS, *CELLWISE, *user]
    set_device("runtime")  # a standalone device would make the scratch group part of its program
    try:
        group = _scratch_group(area, user, added, namespace)
        for equation in user.values():
            _check_names(area, equation, group, known)
            _check_units(area, equation, group)
    finally:
        reset_device()
    return user


def mistake(area: Area, rule: str, equation: object = None, hint: str = "") -> EquationsError:
    """The error that says what is wrong with which equation of `area`."""
    place = "" if equation is None else f", in '{equation}'"
    lines = [hint, f"the area is declared at {area.declared}" if area.declared else ""]
    return EquationsError("Area.equations", f"{area.name!r}: {rule}{place}", hint="\n  ".join(filter(None, lines)))


def _parse(area: Area) -> Equations:
    try:
        return Equations(area.model_equations)
    except Exception as error:  # Brian2 raises many kinds; the text is the user's in every case.
        for line in _one_by_one(area.model_equations):
            try:
                Equations(line)
            except Exception as cause:
                raise mistake(area, _reason(cause), line) from error
        raise mistake(area, _reason(error)) from error


def _one_by_one(text: str) -> Iterator[str]:
    """The equations as written; one may span several lines, up to the ``: unit`` that ends it."""
    parts: list[str] = []
    for line in text.splitlines():
        parts.append(line.partition("#")[0].strip())
        if ":" in parts[-1]:
            yield " ".join(parts).strip()
            parts = []


def _reason(error: BaseException) -> str:
    """The first sentence of Brian2's message, as part of a line of ours."""
    reason = " ".join(str(error).split("\n")[0].split()).rstrip(".: ")
    if not reason or reason.startswith("Parsing failed"):
        return "cannot be parsed"
    return reason if reason.startswith("Brian") else reason[0].lower() + reason[1:]


def _check_definition(area: Area, equation: SingleEquation) -> None:
    name = equation.varname
    if name in NEVER_DEFINED:
        hint = f"use {name!r}, but do not define it"
        raise mistake(area, f"{name!r} is set by neuroap", equation, hint)
    if name == "r" and equation.type == PARAMETER:
        hint = "for example 'r = tanh(u) : 1'"
        raise mistake(area, "the rate 'r' needs an equation", equation, hint)
    if equation.type == PARAMETER:
        hint = (
            f"write '{name} = 0.5 : {get_unit_for_display(equation.dim)}'; 'excitatory' and 'neuron' tell cells apart"
        )
        raise mistake(area, f"nothing gives {name!r} a value", equation, hint)
    if name == "r" and equation.dim is not DIMENSIONLESS:
        raise mistake(area, "the rate 'r' must have unit 1", equation)
    for flag in equation.flags:
        if flag not in FLAGS[equation.type]:
            raise mistake(area, f"flag {flag!r} is not supported", equation)


def _scratch_group(
    area: Area, user: Equations, added: Iterable[SingleEquation], namespace: Mapping[str, Any]
) -> NeuronGroup:
    """A group that only resolves names; the network has one of its own."""
    declared = Equations([*user.values(), *(e for e in added if e.varname not in user)])
    try:
        group = NeuronGroup(1, declared, namespace=dict(namespace), method="euler")
    except Exception as error:
        raise mistake(area, _reason(error)) from error
    group._network = "none"  # Brian2 would warn that it never ran
    return group


def _check_names(area: Area, equation: SingleEquation, group: NeuronGroup, known: list[str]) -> None:
    for name in sorted(equation.identifiers):
        if name in REFUSED:
            why, hint = REFUSED[name]
            raise mistake(area, f"{name!r} {why}", equation, hint)
        if name == "excitatory" and UNTOLD in cell_types(area):
            hint = f"declare Area({area.name!r}, ..., excitatory=0.8)"
            raise mistake(area, "'excitatory' needs the types of all cells", equation, hint)
        try:
            group._resolve(name, run_namespace={}, user_identifier=False)
        except KeyError:
            hint = did_you_mean(name, [*known, *DEFAULT_FUNCTIONS])
            if not hint.startswith("did you mean"):
                hint = f"names at hand: {', '.join(known)}"
            raise mistake(area, f"unknown name {name!r}", equation, hint) from None


def _check_units(area: Area, equation: SingleEquation, group: NeuronGroup) -> None:
    names = {n: group._resolve(n, run_namespace={}, user_identifier=False) for n in equation.identifiers}
    expected = equation.dim / second.dim if equation.type == DIFFERENTIAL_EQUATION else equation.dim
    try:
        found = parse_expression_dimensions(equation.expr.code, names)
    except DimensionMismatchError as error:
        raise mistake(area, _reason(Exception(error.desc)), equation) from error
    except Exception as error:  # functions with the wrong number of arguments, comparisons of numbers ...
        raise mistake(area, _reason(error), equation) from error
    if found is not expected:
        units = f"unit {get_unit_for_display(found)}, but must have {get_unit_for_display(expected)}"
        raise mistake(area, f"the right-hand side has {units}", equation)
