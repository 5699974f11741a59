"""Area equations as code: one Euler step, with the drive that is constant in a window taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy
from brian2 import NeuronGroup
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
from brian2.units.fundamentalunits import DIMENSIONLESS

from neuroap.errors import EquationsError
from neuroap.layout import Area

DRIVES = ("I_rec", "I_inf", "I_err")
CONSTANT_IN_WINDOW = frozenset(("b", "I_inf", "I_err", "beta", "alpha"))
NEVER_DEFINED = (*DRIVES, "I_const", "r_inf", "err", "b", "beta", "alpha", "tau")


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
    """

    equations: Equations
    step: str
    constant_inference: str
    constant_learning: str
    rest: tuple[str, ...]
    noisy: bool

    def restart(self, silent_start: bool) -> str:
        """Code that brings the area to rest; after a silent start nothing reads the old rates."""
        return "\n".join(s for s in self.rest if not (silent_start and s.startswith("r =")))


def compile_area(
    area: Area, *, alpha: float, biased: bool, concurrent: bool, namespace: Mapping[str, Any]
) -> AreaCode:
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
        Equations that Brian2 cannot parse, whose units do not fit, or that set a name of neuroap's.
    """
    user = _parse(area)
    _check(area, user, biased, namespace)
    states = [e.varname for e in user.values() if e.type == DIFFERENTIAL_EQUATION]
    rate = user["r"].expr.code if user["r"].type == SUBEXPRESSION else None
    updates = {} if user.is_stochastic else {x: _euler(user[x].expr.code, x, alpha, biased) for x in states}
    constant = "" if concurrent else _constant(updates)
    kept = dict(user)
    if rate is not None and len(updates) == 1 and not _remembers(updates):
        # dt = tau: the state is a function of the drives; it need not be stored.
        (x,) = states
        kept[x] = _subexpression(x, sympy_to_str(updates[x]))
        state = sympy_to_str(_without_constant(updates, constant)[x])
        step, stored_states = f"r = {_substitute(rate, x, state)}", []
    else:
        step = euler(user, {}) if user.is_stochastic else _step(_without_constant(updates, constant))
        step += f"\nr = {rate}" if rate is not None else ""
        stored_states = states
    if rate is not None:
        del kept["r"]
    # Where the constant drive is collected, inference never reads the error drive.
    drives = ("I_rec",) if constant else ("I_rec", "I_err")
    restart = [f"{x} = 0" for x in (*stored_states, *drives)]
    if rate is not None:
        rest = sympy_to_str(str_to_sympy(rate).subs({_symbol(x): 0 for x in states}))
        restart.append(f"r = {rest}")
    equations = Equations([*kept.values(), *_stored(user, biased)])
    return AreaCode(equations, step, *_collecting(constant), tuple(restart), _is_noisy(user))


def _parse(area: Area) -> Equations:
    try:
        equations = Equations(area.model_equations)
    except Exception as error:  # Brian2 raises many kinds; the text is the user's in every case.
        reason = str(error).splitlines()[0]
        raise EquationsError("Area.equations", f"{area.name!r}: {reason}", area.model_equations) from error
    for name in NEVER_DEFINED:
        if name in equations:
            hint = f"{name!r} is set by neuroap; use it, but do not define it"
            raise EquationsError("Area.equations", f"{area.name!r} defines a reserved name", name, hint)
    return equations


def _check(area: Area, user: Equations, biased: bool, namespace: Mapping[str, Any]) -> None:
    """Check names and units of the equations as the user wrote them."""
    declared = Equations([*user.values(), *(e for e in _stored(user, biased) if e.varname not in user)])
    try:
        group = NeuronGroup(1, declared, namespace=dict(namespace), method="euler")
        group._network = "none"  # it only checks; Brian2 would warn that it never ran
        group.equations.check_units(group, run_namespace={})
    except Exception as error:
        cause = error.__cause__ or error
        reason = " ".join(str(part).strip() for part in (getattr(cause, "args", None) or [cause])[:1])
        hint = "names at hand: I_rec, I_inf, I_err, b, beta, tau, r, xi and the variables you define"
        raise EquationsError(
            "Area.equations", f"{area.name!r}: {_first_sentence(reason)}", hint=hint
        ) from error


def _first_sentence(text: str) -> str:
    return " ".join(text.split())


def _stored(user: Equations, biased: bool) -> list[SingleEquation]:
    """Variables that neuroap adds: drives, stored rates, errors."""
    names = [*DRIVES, "I_const", "r_inf", "err", *(["b"] if biased else [])]
    if user["r"].type == SUBEXPRESSION:
        names.append("r")
    return [SingleEquation(PARAMETER, name, DIMENSIONLESS) for name in names]


def _symbol(name: str) -> sympy.Symbol:
    return sympy.Symbol(name, real=True)


def _euler(expression: str, x: str, alpha: float, biased: bool) -> sympy.Expr:
    """``x + alpha tau f(x)``, simplified; alpha stays a symbol unless it is 1."""
    step = _symbol("alpha") * _symbol("tau") if alpha != 1 else _symbol("tau")
    update = sympy.expand(_symbol(x) + step * str_to_sympy(expression))
    return update if biased else update.subs(_symbol("b"), 0)


def _constant(updates: Mapping[str, sympy.Expr]) -> str:
    """The part of the updates that only depends on what is constant within a window."""
    for update in updates.values():
        varying = [s for s in update.free_symbols if s.name not in CONSTANT_IN_WINDOW]
        part, _ = update.as_independent(*varying, as_Add=True)
        if part.has(_symbol("I_inf"), _symbol("I_err")):
            return sympy_to_str(part)
    return ""


def _collecting(constant: str) -> tuple[str, str]:
    """Code for the constant drive in inference, where I_err is 0, and in learning."""
    if not constant:
        return "", ""
    inference = str_to_sympy(constant).subs(_symbol("I_err"), 0)
    return f"I_const = {sympy_to_str(inference)}", f"I_const = {constant}"


def _without_constant(updates: Mapping[str, sympy.Expr], constant: str) -> dict[str, sympy.Expr]:
    """Replace the constant part by the variable that holds it."""
    if not constant:
        return dict(updates)
    part = str_to_sympy(constant)
    name = next(
        x for x, update in updates.items() if set(part.args or (part,)) <= set(sympy.Add.make_args(update))
    )
    return {**updates, name: updates[name] - part + _symbol("I_const")}


def _remembers(updates: Mapping[str, sympy.Expr]) -> bool:
    return any(_symbol(x) in update.free_symbols for x, update in updates.items())


def _step(updates: Mapping[str, sympy.Expr]) -> str:
    """Update all states at once, from their old values."""
    if len(updates) == 1:
        return "".join(f"{x} = {sympy_to_str(update)}" for x, update in updates.items())
    lines = [f"_{x} = {sympy_to_str(update)}" for x, update in updates.items()]
    return "\n".join([*lines, *(f"{x} = _{x}" for x in updates)])


def _subexpression(name: str, code: str) -> SingleEquation:
    return SingleEquation(SUBEXPRESSION, name, DIMENSIONLESS, expr=Expression(code))


def _substitute(expression: str, name: str, value: str) -> str:
    return sympy_to_str(str_to_sympy(expression).subs(_symbol(name), str_to_sympy(value)))


def _is_noisy(user: Equations) -> bool:
    return user.is_stochastic or not {"rand", "randn"}.isdisjoint(user.identifiers)
