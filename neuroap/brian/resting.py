"""The rate of an area at rest, as its equations have it: without drive, and with every state at 0."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import sympy
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.equations.equations import SingleEquation
from brian2.parsing.sympytools import sympy_to_str

from neuroap.brian.cellwise import CELLWISE, cellwise_values
from neuroap.brian.reading import mistake
from neuroap.errors import EquationsError
from neuroap.layout import Area

KNOWN: dict[str, Any] = {
    **DEFAULT_UNITS,
    **{name: function.pyfunc for name, function in DEFAULT_FUNCTIONS.items()},
    **{name: constant.value for name, constant in DEFAULT_CONSTANTS.items()},
    "int": int,
}


def at_rest(area: Area, equation: SingleEquation, rate: sympy.Expr, zeros: Iterable[str]) -> sympy.Expr:
    """The right-hand side of the rate where everything of `zeros` is 0.

    Raises
    ------
    EquationsError
        If it is infinite or not a number there.
    """
    try:
        rest = rate.subs({sympy.Symbol(name, real=True): 0 for name in zeros})
    except TypeError:  # a comparison with what is infinite
        raise _infinite(area, equation) from None
    if rest.has(sympy.zoo, sympy.nan):
        raise _infinite(area, equation)
    return rest


def rate_at_rest(area: Area, equation: SingleEquation, rest: sympy.Expr, namespace: Mapping[str, Any]) -> float | None:
    """The number that the rate at rest amounts to.

    Parameters
    ----------
    area : Area
    equation : SingleEquation
        That of the rate, as the user wrote it.
    rest : sympy expression
        Its right-hand side without drive, with every state at 0.
    namespace : mapping
        Constants of the equations.

    Returns
    -------
    float or None
        None if it differs between cells, or is drawn at random.

    Raises
    ------
    EquationsError
        If it is infinite or not a number.
    """
    names = {symbol.name for symbol in rest.free_symbols}
    drawn = {f.func.__name__ for f in rest.atoms(sympy.Function)} & {"rand", "randn", "poisson"}
    if drawn or any(name.startswith("xi") for name in names):
        return None
    cells = [cellwise_values(area, name) for name in CELLWISE if name in names]
    code = compile(sympy_to_str(rest), "<rate at rest>", "eval")
    values = []
    with np.errstate(all="ignore"):
        # One by one: "and" and "or" of the user's text know no arrays.
        for own in zip(*cells, strict=True) if cells else ((),):
            mine = dict(zip((name for name in CELLWISE if name in names), map(float, own), strict=True))
            try:
                values.append(float(eval(code, {**KNOWN, **namespace, **mine})))
            except (ArithmeticError, ValueError):
                values.append(np.nan)
    if not np.isfinite(values).all():
        raise _infinite(area, equation)
    return values[0] if set(values) == {values[0]} else None


def _infinite(area: Area, equation: SingleEquation) -> EquationsError:
    hint = "every phase begins with all states at 0: write the rate so that it is finite there"
    return mistake(area, "the rate at rest is infinite or not a number", equation, hint)
