"""What is wrong with an area's equations, and with which one: the first line of every message."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from brian2 import ms

from neuroap.brian import CorticalNetwork
from neuroap.brian.equations import compile_area
from neuroap.errors import EquationsError
from neuroap.layout import Area, Input, Layout, Output, error, inference
from neuroap.rules import AdjointPropagation

STATE = "du/dt = (-u + I_rec + I_inf - beta*I_err)/tau : 1"
RATE = "r = tanh(u) : 1"

# Equations, and what stands after "Area.equations: 'V1': " on the first line, then the hint.
MISTAKES = {
    f"du/dt = -u + I_rec : 1\n{RATE}": (
        "the right-hand side has unit 1, but must have Hz, in 'du/dt = -u + I_rec : 1'",
        "",
    ),
    f"du/dt = (-u + I_rec + 3*ms)/tau : 1\n{RATE}": (
        "expression '(- u) + I_rec + 3 * ms' uses inconsistent units ('(- u) + I_rec' has unit 1; "
        "'3 * ms' has unit s), in 'du/dt = (-u + I_rec + 3*ms)/tau : 1'",
        "",
    ),
    f"{STATE}\nr = tanh(u)*mV : 1": (
        "the right-hand side has unit V, but must have 1, in 'r = tanh(u)*mV : 1'",
        "",
    ),
    f"{STATE}\nr = tanh(u)*mV : volt": ("the rate 'r' must have unit 1, in 'r = tanh(u)*mV : V'", ""),
    f"du/dt = (-u + I_rek)/tau : 1\n{RATE}": (
        "unknown name 'I_rek', in 'du/dt = (-u + I_rek)/tau : 1'",
        "did you mean 'I_rec'?",
    ),
    f"{STATE}\nr = tahn(u) : 1": ("unknown name 'tahn', in 'r = tahn(u) : 1'", "did you mean 'tan'?"),
    f"du/dt = (-u + zzzzzz)/tau : 1\n{RATE}": (
        "unknown name 'zzzzzz', in 'du/dt = (-u + zzzzzz)/tau : 1'",
        "names at hand: xi, I_rec, I_inf, I_err, b, beta, tau, ",
    ),
    f"{STATE}\nI_err : 1\n{RATE}": (
        "'I_err' is set by neuroap, in 'I_err : 1'",
        "use 'I_err', but do not define it",
    ),
    f"{STATE}\ntau = 10*ms : second\n{RATE}": (
        "'tau' is set by neuroap, in 'tau = 10*ms : s'",
        "use 'tau', but do not define it",
    ),
    f"{STATE}\nr_inf : 1\n{RATE}": (
        "'r_inf' is set by neuroap, in 'r_inf : 1'",
        "use 'r_inf', but do not define it",
    ),
    f"{STATE}\nxi = 3 : 1\n{RATE}": (
        "'xi' has a special meaning in equations and cannot be used as a variable name, in 'xi = 3 : 1'",
        "",
    ),
    f"du/dt = (-u + g*I_rec + I_inf)/tau : 1\ng : 1 (constant)\n{RATE}": (
        "nothing gives 'g' a value, in 'g : 1 (constant)'",
        "write 'g = 0.5 : 1'; 'excitatory' and 'neuron' tell cells apart",
    ),
    f"{STATE}\nneuron = 3 : 1\n{RATE}": (
        "'neuron' is set by neuroap, in 'neuron = 3 : 1'",
        "use 'neuron', but do not define it",
    ),
    f"{STATE}\nr = tanh(u)*int(i < 2) : 1": (
        "'i' counts the neurons of all trials of a batch, in 'r = tanh(u)*int(i < 2) : 1'",
        "use 'neuron', which counts those of the area",
    ),
    f"{STATE}\nr = tanh(u)/N : 1": (
        "'N' counts the neurons of all trials of a batch, in 'r = tanh(u)/N : 1'",
        "use 'neuron', which counts those of the area",
    ),
    f"du/dt = (-u + I_rec + sin(t/tau))/tau : 1\n{RATE}": (
        "'t' runs on over trials, so that answers would depend on those before, "
        "in 'du/dt = (-u + I_rec + sin(t/tau))/tau : 1'",
        "give a stimulus that changes, Input(..., frames=...)",
    ),
    f"{STATE}\nr = tanh(u)*excitatory : 1": (
        "'excitatory' needs the types of all cells, in 'r = tanh(u)*excitatory : 1'",
        "declare Area('V1', ..., excitatory=0.8)",
    ),
    f"{STATE}\nr = log(u) : 1": (
        "the rate at rest is infinite or not a number, in 'r = log(u) : 1'",
        "every phase begins with all states at 0: write the rate so that it is finite there",
    ),
    f"{STATE}\nr = tanh(u) + 1/clip(u, 0, 1) : 1": (
        "the rate at rest is infinite or not a number, in 'r = tanh(u) + 1/clip(u, 0, 1) : 1'",
        "every phase begins",
    ),
    f"{STATE}\nr = clip(1/u, 0, 1) : 1": (
        "the rate at rest is infinite or not a number, in 'r = clip(1/u, 0, 1) : 1'",
        "every phase begins",
    ),
    f"{STATE}\nr = int(1/u > 3)*u : 1": (
        "the rate at rest is infinite or not a number, in 'r = int(1/u > 3)*u : 1'",
        "every phase begins",
    ),
    f"{STATE}\nr : 1": ("the rate 'r' needs an equation, in 'r : 1'", "for example 'r = tanh(u) : 1'"),
    f"du\\dt = (-u + I_rec)/tau : 1\n{RATE}": ("cannot be parsed, in 'du\\dt = (-u + I_rec)/tau : 1'", ""),
    f"du/dt = (-u + I_rec)/tau : foo\n{RATE}": (
        "error parsing the unit specification for variable 'u', in 'du/dt = (-u + I_rec)/tau : foo'",
        "",
    ),
    f"du/dt = (-u + # a comment\n  I_rec[0])/tau : 1\n{RATE}": (
        "Brian equations/expressions do not support indexing with '[...]', in 'du/dt = (-u + I_rec[0])/tau : 1'",
        "",
    ),
    f"{STATE}\n{STATE}\n{RATE}": ("duplicate definition of variable 'u'", ""),
    f"{STATE}\nq = p : 1\np = q : 1\n{RATE}": (
        "cannot resolve dependencies between static equations, dependencies contain a cycle",
        "",
    ),
    f"du/dt = (-u + I_rec)/tau + u*xi*tau**-0.5 : 1\n{RATE}": (
        "multiplicative noise cannot be integrated, in 'du/dt = (-u + I_rec)/tau + u*xi*tau**-0.5 : 1'",
        "the factor of xi must not depend on the state",
    ),
    f"{STATE}\nq = rand() : 1 (constant over dt)\n{RATE}": (
        "flag 'constant over dt' is not supported, in 'q = rand() : 1 (constant over dt)'",
        "",
    ),
    f"du/dt = (-u + I_rec)/tau : 1 (unless refractory)\n{RATE}": (
        "flag 'unless refractory' is not supported, in 'du/dt = (-u + I_rec)/tau : 1 (unless refractory)'",
        "",
    ),
}


@pytest.mark.parametrize(("text", "says"), MISTAKES.items(), ids=[says[0][:40] for says in MISTAKES.values()])
def test_a_mistake_names_the_area_and_the_equation(text: str, says: tuple[str, str]) -> None:
    """``Area.equations: 'V1': what is wrong, in 'the equation'``, and what to do about it."""
    first, hint = says
    area = Area("V1", 3, equations=text)
    namespace = dict(tau=10 * ms, beta=np.float64(1), alpha=np.float64(1), b=np.float64(0))
    with pytest.raises(EquationsError, match=r"^Area\.equations: 'V1': ") as caught:
        compile_area(area, alpha=1, biased=False, concurrent=False, namespace=namespace)
    *lines, last = str(caught.value).splitlines()
    assert lines[0] == f"Area.equations: 'V1': {first}"
    assert "\n".join(lines[1:]).startswith(f"  {hint}" if hint else "")
    assert len(lines) == 1 + bool(hint)
    assert last == f"  the area is declared at {area.declared}"


def test_the_mistake_shows_when_the_network_is_built(caplog: pytest.LogCaptureFixture) -> None:
    """Of several areas the one at fault is named; Brian2 does not complain of unused objects."""
    layout = Layout(
        Input("x", 2),
        Area("V1", 2),
        Area("V2", 2, equations="du/dt = -u/tau + I_rec : 1\nr = tanh(u) : 1"),
        Output("y", 2),
        inference("x", "V1.RI"),
        inference("V1.SI", "V2.RI"),
        inference("V2.SI", "y"),
        error("y", "V2.RE"),
    )
    with pytest.raises(EquationsError, match=r"^Area\.equations: 'V2': expression .* in 'du/dt = -u/tau \+ I_rec : 1'"):
        CorticalNetwork(layout, AdjointPropagation(), trials=2)
    gc.collect()
    assert caplog.text == ""
