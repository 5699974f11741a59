"""Area equations become code that computes what they say, with the drives of the phase at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pytest
from brian2 import StateMonitor, ms

from neuroap.brian import CorticalNetwork
from neuroap.brian.equations import AreaCode, compile_area
from neuroap.layout import Area, Input, Layout, Output, Recurrence, Uniform, error, inference
from neuroap.rules import AdjointPropagation
from neuroap.weights import draw_weights

State = dict[str, np.ndarray]
BETA = 0.7


def code_of(area: Area, alpha: float = 1.0, concurrent: bool = False) -> AreaCode:
    """Code of an area without bias."""
    namespace = dict(tau=area.tau_ms * ms, beta=np.float64(1), alpha=np.float64(alpha), b=np.float64(0))
    return compile_area(area, alpha=alpha, biased=False, concurrent=concurrent, namespace=namespace)


# -- the default equations -----------------------------------------------------------------------------


def test_default_equations_reduce_to_the_published_map() -> None:
    """For dt = tau the state cancels: u = I_rec + I_const, with I_const collected once per window.

    The recurrent product is written into u itself.
    """
    code = code_of(Area("V1", 3))
    assert code.product == "u"
    assert code.step == "u = u + I_const\nr = tanh(u)"
    assert code.equations["I_rec"].expr.code == "u - I_const"
    assert code.constant_inference == "I_const = I_inf"
    assert code.constant_learning == "I_const = -I_err*beta + I_inf"
    assert code.rest == ("u = 0", "r = 0")
    assert code.restart(silent_start=True) == "u = 0"


def test_without_recurrence_nothing_is_stored_but_rates() -> None:
    """There is no product to write into the state: it stays a function of the drives."""
    code = code_of(Area("V1", 3, recurrence=None))
    assert code.product == "I_rec"
    assert code.step == "r = tanh(I_const + I_rec)"
    assert code.rest == ("I_rec = 0", "r = 0")


def test_an_equation_that_reads_the_recurrent_drive_keeps_it() -> None:
    """I_rec stays a variable of its own where a user's equation needs it beside the state."""
    text = "du/dt = (-u + I_rec + I_inf - beta*I_err)/tau : 1\nr = tanh(u) + 0.1*I_rec : 1"
    code = code_of(Area("V1", 3, equations=text))
    assert code.product == "I_rec"
    assert "u = " not in code.step


def test_smaller_steps_keep_the_state() -> None:
    """For dt < tau, u moves by alpha = dt/tau of the way."""
    code = code_of(Area("V1", 3), alpha=0.2)
    assert code.step == "u = I_const + I_rec*alpha - alpha*u + u\nr = tanh(u)"
    assert code.constant_inference == "I_const = I_inf*alpha"
    assert code.rest == ("u = 0", "I_rec = 0", "r = 0")


def test_concurrent_equations_collect_nothing_and_forget_the_last_error() -> None:
    """Drives flow in every step; rest clears the error, which others read before it is computed anew."""
    code = code_of(Area("V1", 3), concurrent=True)
    assert code.step == "r = tanh(-I_err*beta + I_inf + I_rec)"
    assert code.constant_inference == code.constant_learning == ""
    assert code.rest == ("I_rec = 0", "I_err = 0", "err = 0", "r = 0")


@pytest.mark.parametrize(
    ("activation", "step", "rest"),
    [
        ("tanh", "tanh(u)", "0"),
        ("identity", "u", "0"),
        ("relu", "clip(u, 0, inf)", "clip(0, 0, inf)"),
        ("sigmoid", "0.5*tanh(u) + 0.5", "0.500000000000000"),
    ],
)
def test_every_activation_is_one_statement(activation: str, step: str, rest: str) -> None:
    """Whatever the activation."""
    code = code_of(Area("V1", 3, activation=activation))
    assert code.step == f"u = u + I_const\nr = {step}"
    assert code.rest[-1] == f"r = {rest}"


def test_exponentials_are_not_split_into_factors() -> None:
    """exp(a + b) stays one exponential: exp(a)*exp(b) would overflow, and cost twice."""
    text = "dr/dt = (-r + 1/(1 + exp(-(I_rec + I_inf - beta*I_err - 1)/0.01)))/tau : 1"
    for alpha in (1, 0.2):
        assert code_of(Area("V1", 3, equations=text), alpha).step.count("exp(") == 1


# -- equations of the user, against a loop in numpy ----------------------------------------------------


@dataclass(frozen=True)
class Model:
    """Equations, and the same in Python: rates of change times tau (10 ms), and the rate."""

    text: str
    change: Callable[..., State]
    rate: Callable[..., np.ndarray]
    states: tuple[str, ...] = ("u",)


def _plain(u: np.ndarray, I: np.ndarray, **_: np.ndarray) -> State:
    return {"u": -u + I}


def _tanh(u: np.ndarray, **_: np.ndarray) -> np.ndarray:
    return np.tanh(u)


MODELS = {
    "adaptation": Model(
        "du/dt = (-u + I_rec + I_inf - beta*I_err - 2*a)/tau : 1\nda/dt = (-a + r)/(100*ms) : 1\nr = tanh(u) : 1",
        lambda u, a, r, I, **_: {"u": -u + I - 2 * a, "a": 0.1 * (-a + r)},
        _tanh,
        ("u", "a"),
    ),
    "dendrite": Model(  # the error drives a compartment of its own
        "du/dt = (-u + I_rec + I_inf + v)/tau : 1\ndv/dt = (-v + 0.5*u - beta*I_err)/tau : 1\nr = tanh(u) : 1",
        lambda u, v, I_rec, I_inf, I_err, **_: {"u": -u + I_rec + I_inf + v, "v": -v + 0.5 * u - BETA * I_err},
        _tanh,
        ("u", "v"),
    ),
    "subexpression": Model(
        "total = I_rec + I_inf - beta*I_err : 1\ndu/dt = (-u + total)/tau : 1\nr = tanh(u) : 1", _plain, _tanh
    ),
    "rate of the error": Model(
        "du/dt = (-u + I_rec + I_inf)/tau : 1\nr = tanh(u - beta*I_err) : 1",
        lambda u, I_rec, I_inf, **_: {"u": -u + I_rec + I_inf},
        lambda u, I_err, **_: np.tanh(u - BETA * I_err),
    ),
    "rate as a state": Model(
        "dr/dt = (-r + tanh(I_rec + I_inf - beta*I_err))/tau : 1",
        lambda r, I, **_: {"r": -r + np.tanh(I)},
        lambda r, **_: r,
        ("r",),
    ),
    "gated error": Model(
        "du/dt = (-u + I_rec + I_inf - beta*I_err*(1 - u))/tau : 1\nr = tanh(u) : 1",
        lambda u, I_rec, I_inf, I_err, **_: {"u": -u + I_rec + I_inf - BETA * I_err * (1 - u)},
        _tanh,
    ),
    "two time constants": Model(
        "du/dt = (-u + I_rec + I_inf - beta*I_err)/tau : 1\ndv/dt = (-v + I_inf - beta*I_err)/(2*tau) : 1\n"
        "r = tanh(u + 0.3*v) : 1",
        lambda u, v, I, I_inf, I_err, **_: {"u": -u + I, "v": 0.5 * (-v + I_inf - BETA * I_err)},
        lambda u, v, **_: np.tanh(u + 0.3 * v),
        ("u", "v"),
    ),
    "own time constant": Model(
        "du/dt = (-u + I_rec + I_inf - beta*I_err)/(40*ms) : 1\nr = tanh(u) : 1",
        lambda u, I, **_: {"u": 0.25 * (-u + I)},
        _tanh,
    ),
    "volts": Model(
        "dv/dt = (-v + (I_rec + I_inf - beta*I_err)*mV)/tau : volt\nr = tanh(v/mV) : 1",
        lambda v, I, **_: {"v": -v + I},
        lambda v, **_: np.tanh(v),
        ("v",),
    ),
    "no state": Model("r = tanh(I_rec + I_inf - beta*I_err) : 1", lambda **_: {}, lambda I, **_: np.tanh(I), ()),
    "logistic": Model(
        "du/dt = (-u + I_rec + I_inf - beta*I_err)/tau : 1\nr = 1/(1 + exp(-(u - 1)/0.3)) : 1",
        _plain,
        lambda u, **_: 1 / (1 + np.exp(-(u - 1) / 0.3)),
    ),
    "bias twice": Model(
        "du/dt = (-u + I_rec + b + I_inf - beta*I_err)/tau : 1\nr = tanh(u + b) : 1",
        lambda u, I, b, **_: {"u": -u + I + b},
        lambda u, b, **_: np.tanh(u + b),
    ),
}
NAMES = {name.replace(" ", "_"): model for name, model in MODELS.items()}


def side_by_side() -> Layout:
    """One area per model, all between the same input and output."""
    areas = [
        Area(name, 3, recurrence=Recurrence(0.8, 0.6), bias=Uniform(0.3), equations=model.text)
        for name, model in NAMES.items()
    ]
    paths = [(inference("x", f"{n}.RI"), inference(f"{n}.SI", "y"), error("y", f"{n}.RE")) for n in NAMES]
    return Layout(Input("x", 4), *areas, Output("y", 3), *(p for three in paths for p in three))


def settle(
    model: Model, w: Mapping[str, np.ndarray], alpha: float, steps: int, state: State, drives: State
) -> tuple[State, np.ndarray]:
    """Euler steps of one model: all states from their old values, then the rate."""
    state, silent = dict(state), {k: 0 * v for k, v in drives.items()}
    known = {**silent, "I": silent["I_inf"], "I_rec": silent["I_inf"]}
    if not state:
        state = {x: np.zeros_like(drives["I_inf"]) for x in model.states}
        r = model.rate(**{**known, **state})
    else:
        r = state.pop("rate")
    for _ in range(steps):
        I_rec = r @ w["recurrence"]
        total = I_rec + drives["I_inf"] - BETA * drives["I_err"]
        given = {**drives, "I_rec": I_rec, "I": total}
        change = model.change(**{"r": r, **given, **state})
        state = {x: state[x] + alpha * change[x] for x in model.states}
        r = model.rate(**{**given, **state})
    return {**state, "rate": r}, r


def batch(
    layout: Layout, w: Mapping[str, np.ndarray], rule: AdjointPropagation, alpha: float, x: np.ndarray, y: np.ndarray
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Rates of inference and of learning, by area."""
    states, inferred, inputs = {}, {}, {}
    logits = w["y.bias"] + np.zeros((len(x), 3))
    steps = [round(s / alpha) for s in rule.steps]
    for name, model in NAMES.items():
        I_inf = np.zeros((len(x), 12))
        I_inf[:, :3] = x @ w[f"x -> {name}.RI"]
        own = {"recurrence": w[f"{name}.recurrence"]}
        inputs[name] = {"I_inf": I_inf, "I_err": 0 * I_inf, "b": w[f"{name}.bias"]}
        states[name], inferred[name] = settle(model, own, alpha, steps[0], {}, inputs[name])
        logits = logits + inferred[name][:, 3:6] @ w[f"{name}.SI -> y"]
    e = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True) - np.eye(3)[y]
    found = {}
    for name, model in NAMES.items():
        drives = {**inputs[name], "I_err": np.zeros_like(inputs[name]["I_inf"])}
        drives["I_err"][:, 6:9] = e @ w[f"y -> {name}.RE"]
        own = {"recurrence": w[f"{name}.recurrence"]}
        start = {} if rule.error == "STE" else states[name]
        found[name] = inferred[name], settle(model, own, alpha, steps[1], start, drives)[1]
    return found


@pytest.mark.parametrize(("start", "dt_ms"), [("STE", 2.0), ("EPE", None)])
def test_equations_of_the_user_are_integrated_in_both_phases(start: str, dt_ms: float | None) -> None:
    """Euler steps of any equations; in the second batch nothing of the first is left in the drives."""
    layout = side_by_side()
    rule = AdjointPropagation((4, 3), error=start, beta=BETA, optimizer="sgd", learning_rate=0.0)
    weights, rng = draw_weights(layout, 1), np.random.default_rng(1)
    network = CorticalNetwork(layout, rule, trials=2, dt_ms=dt_ms, dtype="float64")
    network.load(weights)
    x, y = rng.uniform(-2, 2, (4, 4)), rng.integers(0, 3, 4)
    for rows in (slice(0, 2), slice(2, 4)):
        network.run({"task": (x[rows], y[rows])}, learn=True)
        expected = batch(layout, weights, rule, (dt_ms or 10) / 10, x[rows], y[rows])
        for name, (r_inference, r_learning) in expected.items():
            group = network.groups[name]
            np.testing.assert_allclose(group.array("r_inf"), r_inference, atol=1e-12, err_msg=name)
            np.testing.assert_allclose(group.array("r"), r_learning, atol=1e-12, err_msg=name)
            np.testing.assert_allclose(group.array("err"), r_inference - r_learning, atol=1e-12, err_msg=name)
            assert np.abs(r_inference - r_learning).max() > 1e-3, name


def test_states_of_the_user_can_be_recorded() -> None:
    """A monitor on a state shows what the rate was computed from, whether the state is stored or not."""
    layout = side_by_side()
    network = CorticalNetwork(layout, AdjointPropagation((4, 3)), trials=2, dtype="float64")
    network.load(draw_weights(layout, 1))
    monitors = {}
    for name in ("volts", "adaptation", "logistic"):
        recorded = [MODELS[name].states[0], "r"]
        group = network.groups[name]
        monitors[name] = StateMonitor(group, recorded, record=True, when="end", clock=network.clock)
        network.net.add(monitors[name])
    network.run({"task": (np.ones((4, 4)), np.array([0, 1, 2, 0]))}, learn=True)
    for name, monitor in monitors.items():
        state, opened = MODELS[name].states[0], network.timeline.inference[name].start
        values = np.asarray(getattr(monitor, state)) / (1e-3 if name == "volts" else 1)
        expected = MODELS[name].rate(**{state: values})
        np.testing.assert_allclose(monitor.r[:, opened:], expected[:, opened:], rtol=0, atol=1e-12)
        assert np.ptp(monitor.r) > 0.1
