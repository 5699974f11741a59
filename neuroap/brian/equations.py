"""Area equations as code: one Euler step, with the drive that is constant in a window taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy
from brian2.equations.codestrings import Expression
from brian2.equations.equations import (
    DIFFERENTIAL_EQUATION,
    PARAMETER,
    SUBEXPRESSION,
    Equations,
    SingleEquation,
)
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from brian2.stateupdaters import euler
from brian2.stateupdaters.base import UnsupportedEquationsException
from brian2.units.fundamentalunits import DIMENSIONLESS, get_unit

from neuroap.brian.cellwise import CELLWISE, cellwise_equations
from neuroap.brian.reading import DRIVES, mistake, read_equations
from neuroap.brian.resting import at_rest, rate_at_rest
from neuroap.layout import Area

CONSTANT_IN_WINDOW = frozenset(("b", "I_inf", "I_err", "beta", "alpha", *CELLWISE))


@dataclass(frozen=True)
class AreaCode:
    """What one area runs.

    Attributes
    ----------
    equations : Equations
        State, stored drives and stored rates of the NeuronGroup.
    step : str
        Code of one Euler step; it ends with the new rates ``r``.
    constant_inference, constant_learning : str
        Code that collects into ``I_const`` the drive that stays constant within a window, run when the
        window opens; empty if there is none. There is no error drive in inference.
    rest : tuple of str
        Statements that bring the area to rest and clear its drives; the inference drive stays on.
    noisy : bool
        Whether the equations draw random numbers.
    concurrent : bool
        Whether other areas read the rates in every tick.
    product : str
        Variable into which the recurrent product is written.
    cellwise : tuple of str
        Those of `CELLWISE` that the equations use.
    drives : frozenset of str
        Drives that the equations read.
    rest_rate : float or None
        The rate at rest, or what the area says it is where the rate is a state; None where it differs between cells.
    """

    equations: Equations
    step: str
    constant_inference: str
    constant_learning: str
    rest: tuple[str, ...]
    noisy: bool
    concurrent: bool
    product: str
    cellwise: tuple[str, ...]
    drives: frozenset[str]
    rest_rate: float | None

    def restart(self, silent_start: bool) -> str:
        """Code that brings the area to rest; after a silent start only concurrent areas read the old rates."""
        unread = silent_start and not self.concurrent
        return "\n".join(s for s in self.rest if not (unread and s.startswith("r =")))


def compile_area(area: Area, *, alpha: float, biased: bool, concurrent: bool, namespace: Mapping[str, Any]) -> AreaCode:
    """Turn the equations of an area into a step, a restart and stored variables.

    ``x(t + dt) = x(t) + dt f(x(t))`` with ``dt = alpha tau``. For alpha = 1 the state of
    ``tau du/dt = -u + I`` cancels, and the step is the published map u(t + 1) = I(t).

    Parameters
    ----------
    area : Area
    alpha : float
        dt / tau.
    biased : bool
        Whether ``b`` is a variable of the area; otherwise it is the constant 0.
    concurrent : bool
        Whether drives change in every tick, so that nothing is constant within a window.
    namespace : mapping
        Constants: ``tau``, ``beta``, ``alpha`` and, without bias, ``b``.

    Raises
    ------
    EquationsError
        Equations that cannot be read (see `neuroap.brian.reading`) or integrated.
    """
    added = [SingleEquation(PARAMETER, name, DIMENSIONLESS) for name in _added_names(biased)]
    user = read_equations(area, [*added, *cellwise_equations(CELLWISE)], namespace)
    added += cellwise_equations(user.identifiers)
    noisy = _is_noisy(user)
    states = [e.varname for e in user.values() if e.type == DIFFERENTIAL_EQUATION]
    rate = _expanded(user, "r") if user["r"].type == SUBEXPRESSION else None
    updates = {} if user.is_stochastic else {x: _euler(_expanded(user, x), x, alpha, biased) for x in states}
    receiver, constant = ("", None) if concurrent else _constant(updates)
    remaining = {x: _replace(u, constant) if x == receiver else u for x, u in updates.items()}
    kept = dict(user)
    product = "I_rec"
    if rate is not None and len(updates) == 1 and not noisy and not _remembers(updates):
        # dt = tau: the state is a function of the drives; it need not be stored.
        ((x, state),) = remaining.items()
        if area.recurrence is not None and _is_sum_of_drives(user, x, state, rate):
            # Or rather it is, and the recurrent drive is not: the product is written where the state is to be,
            # one array less to read and write in every tick.
            product = x
            kept[x] = SingleEquation(PARAMETER, x, DIMENSIONLESS)
            added = [e for e in added if e.varname != "I_rec"] + [_subexpression("I_rec", f"{x} - I_const")]
            step, stored_states = f"{x} = {x} + I_const\nr = {sympy_to_str(rate)}", [x]
        else:
            kept[x] = SingleEquation(SUBEXPRESSION, x, user[x].dim, expr=Expression(sympy_to_str(state)))
            step, stored_states = f"r = {sympy_to_str(rate.subs(_symbol(x), state))}", []
    else:
        step = _noisy_step(area, user) if user.is_stochastic else _step(remaining)
        step += f"\nr = {sympy_to_str(rate)}" if rate is not None else ""
        stored_states = states
    drives = ["I_rec"] if product == "I_rec" else []
    drives += [] if _hides_error(user, remaining, rate, constant) else ["I_err"]
    # With signals that flow in every tick, the error of the last batch would be read once more.
    restart = [_zero(user, x) for x in [*stored_states, *drives, *(["err"] if concurrent else [])]]
    read = {
        s.name
        for e in (*(_expanded(user, x) for x in states), *([] if rate is None else [rate]))
        for s in e.free_symbols
    }
    # Where the rate is a state, it begins at 0, which need not be its rest.
    rest_rate: float | None = area.rest_rate
    if rate is not None:
        rest = at_rest(area, user["r"], rate, (*states, *DRIVES, "b"))
        rest_rate = rate_at_rest(area, user["r"], rest, namespace)
        del kept["r"]
        added.append(SingleEquation(PARAMETER, "r", DIMENSIONLESS))
        restart.append(f"r = {sympy_to_str(rest)}")
    return AreaCode(
        Equations([*kept.values(), *added]),
        step,
        *_collecting(constant),
        tuple(restart),
        noisy,
        concurrent,
        product,
        cellwise=tuple(name for name in CELLWISE if name in user.identifiers),
        drives=frozenset(DRIVES).intersection(read),
        rest_rate=rest_rate,
    )


def _is_sum_of_drives(user: Equations, x: str, state: sympy.Expr, rate: sympy.Expr) -> bool:
    """Whether a dimensionless state is I_rec + I_const, and no other equation reads I_rec."""
    others = [rate, *(_expanded(user, name) for name in _subexpressions(user))]
    unread = not any(_symbol("I_rec") in e.free_symbols for e in others)
    total = _symbol("I_rec") + _symbol("I_const")
    return unread and state == total and user[x].dim is DIMENSIONLESS


def _subexpression(name: str, code: str) -> SingleEquation:
    return SingleEquation(SUBEXPRESSION, name, DIMENSIONLESS, expr=Expression(code))


def _added_names(biased: bool) -> list[str]:
    """Variables that neuroap adds: drives, stored rates, errors."""
    return [*DRIVES, "I_const", "r_inf", "err", *(["b"] if biased else [])]


def _symbol(name: str) -> sympy.Symbol:
    return sympy.Symbol(name, real=True)


def _expanded(user: Equations, name: str) -> sympy.Expr:
    """The right-hand side of an equation, with subexpressions written out; ``r`` is a stored variable."""
    expression = str_to_sympy(user[name].expr.code)
    inner = _subexpressions(user)
    while used := {s for s in expression.free_symbols if s.name in inner}:
        expression = expression.subs({s: str_to_sympy(user[s.name].expr.code) for s in used})
    return expression.replace(_is_power_of_integers, lambda power: _with_points(power.base) ** power.exp)


def _is_power_of_integers(part: sympy.Expr) -> bool:
    """Whether a part is a quotient by what may be an integer: NumPy takes no negative powers of those."""
    return part.is_Pow and part.exp.could_extract_minus_sign() and any(map(_is_int, part.base.atoms(sympy.Function)))


def _is_int(part: sympy.Expr) -> bool:
    return part.func.__name__ == "int_"  # what Brian2 makes of int


def _with_points(part: sympy.Expr) -> sympy.Expr:
    """The integers ``int(...)`` of an expression as numbers with a point."""
    return part.replace(_is_int, lambda whole: 1.0 * whole)


def _subexpressions(user: Equations) -> set[str]:
    return {e.varname for e in user.values() if e.type == SUBEXPRESSION} - {"r"}


def _euler(expression: sympy.Expr, x: str, alpha: float, biased: bool) -> sympy.Expr:
    """``x + alpha tau f(x)``, multiplied out; alpha stays a symbol unless it is 1."""
    step = _symbol("alpha") * _symbol("tau") if alpha != 1 else _symbol("tau")
    update = sympy.expand_mul(_symbol(x) + step * expression)
    return update if biased else update.subs(_symbol("b"), 0)


def _constant(updates: Mapping[str, sympy.Expr]) -> tuple[str, sympy.Expr | None]:
    """The state whose update has a part that only depends on what is constant in a window; this part."""
    for state, update in updates.items():
        varying = [s for s in update.free_symbols if s.name not in CONSTANT_IN_WINDOW]
        part, _ = update.as_independent(*varying, as_Add=True)
        if part.has(_symbol("I_inf"), _symbol("I_err")):
            return state, part
    return "", None


def _replace(update: sympy.Expr, constant: sympy.Expr | None) -> sympy.Expr:
    """Put the variable that holds the constant part in its place."""
    return update - constant + _symbol("I_const")


def _collecting(constant: sympy.Expr | None) -> tuple[str, str]:
    """Code for the constant drive in inference, where I_err is 0, and in learning."""
    if constant is None:
        return "", ""
    inference = constant.subs(_symbol("I_err"), 0)
    return f"I_const = {sympy_to_str(inference)}", f"I_const = {sympy_to_str(constant)}"


def _hides_error(
    user: Equations, remaining: Mapping[str, sympy.Expr], rate: sympy.Expr | None, constant: sympy.Expr | None
) -> bool:
    """Whether nothing but the constant drive reads the error drive, which inference then need not clear."""
    readers = [*remaining.values(), *(_expanded(user, x) for x in _subexpressions(user))]
    readers += [rate] if rate is not None else []
    return constant is not None and not any(_symbol("I_err") in e.free_symbols for e in readers)


def _remembers(updates: Mapping[str, sympy.Expr]) -> bool:
    return any(_symbol(x) in update.free_symbols for x, update in updates.items())


def _step(updates: Mapping[str, sympy.Expr]) -> str:
    """Update all states at once, from their old values."""
    if len(updates) == 1:
        return "".join(f"{x} = {sympy_to_str(update)}" for x, update in updates.items())
    lines = [f"_{x} = {sympy_to_str(update)}" for x, update in updates.items()]
    return "\n".join([*lines, *(f"{x} = _{x}" for x in updates)])


def _noisy_step(area: Area, user: Equations) -> str:
    """Brian2's Euler-Maruyama step, with the area's own dt = alpha tau."""
    try:
        code = euler(user, {})
    except UnsupportedEquationsException:
        noisy = next(e for e in user.values() if e.type == DIFFERENTIAL_EQUATION and _has_xi(e.identifiers))
        hint = "the factor of xi must not depend on the state"
        raise mistake(area, "multiplicative noise cannot be integrated", noisy, hint) from None
    return re.sub(r"\bdt\b", "(alpha*tau)", code)


def _has_xi(names: Iterable[str]) -> bool:
    return any(re.fullmatch(r"xi(_\w+)?", name) for name in names)


def _zero(user: Equations, name: str) -> str:
    """Code that sets a variable to zero, in its unit."""
    dim = user[name].dim if name in user else DIMENSIONLESS
    return f"{name} = 0" if dim is DIMENSIONLESS else f"{name} = 0*{get_unit(dim)!r}"


def _is_noisy(user: Equations) -> bool:
    return user.is_stochastic or not {"rand", "randn"}.isdisjoint(user.identifiers)
