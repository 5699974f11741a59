"""The rate of an area at rest, as its equations have it: without drive, and with every state at 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.equations.equations import SingleEquation
from brian2.parsing.sympytools import sympy_to_str

from neuroap.brian.cellwise import CELLWISE, cellwise_values
from neuroap.brian.reading import mistake
from neuroap.layout import Area

KNOWN: dict[str, Any] = {
    **DEFAULT_UNITS,
    **{name: function.pyfunc for name, function in DEFAULT_FUNCTIONS.items()},
    **{name: constant.value for name, constant in DEFAULT_CONSTANTS.items()},
    "int": lambda values: np.asarray(values).astype(int),
}


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
    cells = {name: cellwise_values(area, name) for name in CELLWISE if name in names}
    infinite = rest.has(sympy.zoo, sympy.oo, -sympy.oo, sympy.nan) and not rest.atoms(sympy.Function)
    with np.errstate(all="ignore"):
        values = np.asarray(np.nan if infinite else eval(sympy_to_str(rest), {**KNOWN, **namespace, **cells}), float)
    if not np.isfinite(values).all():
        hint = "every phase begins with all states at 0: write the rate so that it is finite there"
        raise mistake(area, "the rate at rest is infinite or not a number", equation, hint)
    return float(values.flat[0]) if (values == values.flat[0]).all() else None
