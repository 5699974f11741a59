"""The network as a Brian2 object: what monitors see, dtypes, preferences, several networks at once, refusals."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import numpy as np
import pytest
from brian.judging import oracle_of
from brian2 import Network, StateMonitor, prefs
from oracle import Oracle

from neuroap.brian import CorticalNetwork
from neuroap.errors import DataError, SettingError
from neuroap.layout import Area, Input, Layout, Output, Recurrence, error, hierarchy, inference
from neuroap.rules import AdjointPropagation
from neuroap.weights import draw_weights

LAYOUT = hierarchy(2, 4, 3, 3, recurrence=Recurrence(0.9, 0.6))
WEIGHTS = draw_weights(LAYOUT, 1)
RNG = np.random.default_rng(0)
X, LABELS = RNG.uniform(-1, 1, (5, 4)), RNG.integers(0, 3, 5)
DATA = {"task": (X, LABELS)}
RULE = AdjointPropagation((4, 3), optimizer="sgd", learning_rate=0.5)


def network(rule: AdjointPropagation = RULE, trials: int = 2, **settings: object) -> CorticalNetwork:
    """Two areas with their weights, in float64 unless asked otherwise."""
    made = CorticalNetwork(LAYOUT, rule, trials=trials, **{"dtype": "float64", **settings})  # type: ignore[arg-type]
    made.load(WEIGHTS)
    return made


# -- what a user's monitor sees --------------------------------------------------------------------------


def trajectory(rule: AdjointPropagation, dt: float) -> Iterator[tuple[str, str, int, np.ndarray, np.ndarray | None]]:
    """Area, phase, step, rates and state after each step, from oracles that stop there."""
    batch, last = {"task": (X[:2], LABELS[:2])}, round(rule.steps[0] / dt)
    for step in range(1, last + 1):
        record = Oracle(LAYOUT, WEIGHTS, (step * dt, 1), dt_over_tau=dt).batch("task", batch)
        for area in ("V1", "V2") if step == last else ("V1",):
            yield area, "inference", step, record.r_inference[area], record.u_inference[area]
    for step in range(1, round(rule.steps[1] / dt) + 1):
        oracle = Oracle(LAYOUT, WEIGHTS, (rule.steps[0], step * dt), error=rule.error, dt_over_tau=dt)
        record = oracle.batch("task", batch)
        yield "V2", "learning", step, record.r_learning["V2"], None


@pytest.mark.parametrize("dt_ms", [None, 5.0])
@pytest.mark.parametrize("start", ["STE", "EPE"])
def test_a_monitor_shows_the_trajectory_of_the_oracle(start: str, dt_ms: float | None) -> None:
    """Rates and states after every step of both phases, in the second batch as well as in the first."""
    rule = AdjointPropagation((4, 3), error=start, learning_rate=0.0)
    made = network(rule, dt_ms=dt_ms)
    monitors = {}
    for name in ("V1", "V2"):
        group = made.groups[name]
        monitors[name] = StateMonitor(group, ["r", "u"], record=True, when="end", clock=made.clock)
        made.net.add(monitors[name])
    again = {"task": (np.concatenate([X[2:4], X[:2]]), np.concatenate([LABELS[2:4], LABELS[:2]]))}
    made.run(again, learn=True)
    line, compared = made.timeline, 0
    for name, phase, step, rates, states in trajectory(rule, (dt_ms or 10) / 10):
        tick = line.length + getattr(line, phase)[name].start + step - 1
        r, u = (np.asarray(getattr(monitors[name], v))[:, tick].reshape(2, 12) for v in ("r", "u"))
        np.testing.assert_allclose(r, rates, rtol=0, atol=1e-12, err_msg=f"{name}, {phase}, step {step}")
        np.testing.assert_allclose(u, np.arctanh(rates) if states is None else states, rtol=0, atol=1e-12)
        compared += 1
    assert compared == (4 + 1 + 3) if dt_ms is None else compared == 8 + 1 + 6


def test_the_network_can_be_handed_over() -> None:
    """A user runs it with Brian2's own `run`; it does the same, in the dtype it was built with."""
    ours, theirs = network(dtype="float32"), network(dtype="float32")
    expected = ours.run(DATA, learn=True)
    net = theirs.hand_over(DATA, learn=True)
    assert isinstance(net, Network)
    monitor = StateMonitor(net["v1"], "r", record=[0], clock=theirs.clock)
    net.add(monitor)
    net.run(net.duration)
    assert np.array_equal(theirs.feed.streams["task"].outputs[0], expected["task"])
    assert np.array_equal(theirs.weights()["V1.SI -> V2.RI"], ours.weights()["V1.SI -> V2.RI"])
    assert monitor.r.shape == (1, 3 * theirs.timeline.length)
    assert monitor.r.dtype == np.float32


# -- dtypes and preferences ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_array_has_the_dtype_of_the_network(dtype: str) -> None:
    """Nothing is promoted in a run; only step counters, learning rates and time keep full precision."""
    rule = AdjointPropagation((3, 2), derivative=True, recurrent_plasticity=0.1, bias_plasticity=True, weight_decay=0.1)
    made = CorticalNetwork(LAYOUT, rule, trials=2, dt_ms=5.0, dtype=dtype)
    made.load(WEIGHTS)
    outputs = made.run(DATA, learn=True)
    assert outputs["task"].dtype == dtype
    checked = 0
    for owner in (*made.groups.values(), *made.projections.values()):
        for name, variable in owner.variables.items():
            array = getattr(variable, "get_value", lambda: None)()
            if isinstance(array, np.ndarray) and array.dtype.kind == "f" and array.size > 1:
                assert array.dtype == dtype, f"{name} of {owner.name}"
                checked += 1
    assert checked > 50
    assert all(a.dtype == dtype for a in made.weights().values())
    scalars = made.projections["V1.SI -> V2.RI"].variables
    assert scalars["eta"].get_value().dtype == scalars["k"].get_value().dtype == np.float64


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_preferences_are_put_back(dtype: str) -> None:
    """After building and after running."""
    before = prefs.core.default_float_dtype
    made = CorticalNetwork(LAYOUT, RULE, trials=2, dtype=dtype)
    assert prefs.core.default_float_dtype is before
    made.run(DATA)
    assert prefs.core.default_float_dtype is before


def test_preferences_are_put_back_after_an_error() -> None:
    """Whether it happens while the network is built or while it runs; then it can run again."""
    before = prefs.core.default_float_dtype
    broken = Layout(
        *(Input("x", 4), Area("V1", 2, equations="r = tanh(I_recc) : 1"), Output("y", 2)),
        *(inference("x", "V1.RI"), inference("V1.SI", "y"), error("y", "V1.RE")),
    )
    with pytest.raises(ValueError, match="unknown name 'I_recc'"):
        CorticalNetwork(broken, RULE, dtype="float32")
    assert prefs.core.default_float_dtype is before

    def fail(batch: int) -> None:
        assert prefs.core.default_float_dtype is np.float32
        if batch == 1:
            raise RuntimeError("in the middle")

    made = network(dtype="float32")
    with pytest.raises(RuntimeError, match="in the middle"):
        made.run(DATA, learn=True, on_batch=fail)
    assert prefs.core.default_float_dtype is before
    made.load(WEIGHTS)
    assert np.array_equal(made.run(DATA)["task"], network(dtype="float32").run(DATA)["task"])


# -- several networks, several runs ----------------------------------------------------------------------


def test_two_networks_live_side_by_side() -> None:
    """Same names, different settings, runs in turn: each does what it does alone."""
    other = AdjointPropagation((2, 5), error="EPE", optimizer="adam", learning_rate=0.01)
    alone = [network().run(DATA, learn=True)["task"], network(other, 3).run(DATA, learn=True)["task"]]
    first, second = network(), network(other, 3)
    together = [np.empty_like(a) for a in alone]
    for k, (rows_1, rows_2) in enumerate([(slice(0, 2), slice(0, 3)), (slice(2, 4), slice(3, 5))]):
        together[0][rows_1] = first.run({"task": (X[rows_1], LABELS[rows_1])}, learn=True)["task"]
        batch = {"task": (X[rows_2], LABELS[rows_2])}
        together[1][rows_2] = second.run(batch, learn=True, updates=k)["task"]
    together[0][4:] = first.run({"task": (X[4:], LABELS[4:])}, learn=True)["task"]
    for actual, expected in zip(together, alone, strict=True):
        np.testing.assert_array_equal(actual, expected)


def test_weights_and_state_carry_on_in_another_network() -> None:
    """Loading weights and optimiser state into a new network continues as if it were the old one."""
    rule = AdjointPropagation((3, 2), recurrent_plasticity=0.2, learning_rate=0.1)
    old, new = network(rule), network(rule)
    old.run(DATA, learn=True)
    new.load(old.weights(), old.state())
    for made in (old, new):
        made.run(DATA, learn=True, updates=3)
    assert {*new.state()["V1.recurrence"]} == {"m", "v", "mask"}
    for name, w in old.weights().items():
        np.testing.assert_array_equal(new.weights()[name], w)
    fresh = network(rule)
    fresh.load(old.weights())
    fresh.run(DATA, learn=True)
    assert not np.array_equal(fresh.weights()["V1.SI -> V2.RI"], new.weights()["V1.SI -> V2.RI"])


@pytest.mark.parametrize("dt_ms", [10 / 3, 0.1])
def test_many_runs_keep_in_step(dt_ms: float) -> None:
    """Steps that binary numbers cannot hold: no tick is lost or added, however long the clock has run."""
    made = network(AdjointPropagation((1, 1)), dt_ms=dt_ms)
    first = made.run(DATA)["task"]
    for _ in range(5):
        np.testing.assert_array_equal(made.run(DATA)["task"], first)


def test_a_network_that_never_ran_goes_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    """Brian2 complains of objects that were never run, one by one."""
    made = network()
    del made
    gc.collect()
    assert caplog.text == ""


# -- stimuli in order, and refusals ----------------------------------------------------------------------


def test_trials_are_shown_in_the_order_asked_for() -> None:
    """Any rows, also twice, in batches that the rows do not fill."""
    order = np.array([4, 0, 3, 3, 1])
    seen: list[int] = []
    made = network()
    outputs = made.run(DATA, {"task": order}, learn=True, on_batch=seen.append)["task"]
    expected = network().run({"task": (X[order], LABELS[order])}, learn=True)["task"]
    np.testing.assert_array_equal(outputs, expected)
    assert seen == [0, 1, 2]


def test_the_rows_left_empty_in_the_last_batch_teach_nothing() -> None:
    """One trial in a network of five is one trial in a network of one."""
    full, single = network(trials=5), network(trials=1)
    for made in (full, single):
        made.run(DATA, {"task": np.arange(5)})  # fill all rows first
        made.run({"task": (X[:1], LABELS[:1])}, learn=True)
    assert np.array_equal(full.groups["image"].array("r")[:1], X[:1])
    assert not full.groups["image"].array("r")[1:].any()
    oracle = oracle_of(LAYOUT, RULE, WEIGHTS)
    oracle.batch("task", {"task": (X[:1], LABELS[:1])})
    for name, expected in oracle.weights.items():
        if name in full.weights():
            np.testing.assert_allclose(full.weights()[name], expected, rtol=0, atol=1e-14)
            np.testing.assert_allclose(single.weights()[name], expected, rtol=0, atol=1e-14)


def two_tasks(shared_output: bool = False, shared_input: bool = False) -> CorticalNetwork:
    """Two tasks through one area."""
    ends = [("x1", "y1", "one"), ("x1" if shared_input else "x2", "y1" if shared_output else "y2", "two")]
    paths = [
        (inference(x, "A.RI", tasks=t, name=f"in {t}"), inference("A.SI", y, tasks=t, name=f"out {t}"))
        for x, y, t in ends
    ]
    nodes = [Input(n, 2) for n in dict.fromkeys(x for x, _, _ in ends)]
    outputs = [Output(n, 2) for n in dict.fromkeys(y for _, y, _ in ends)]
    return CorticalNetwork(Layout(*nodes, Area("A", 2), *outputs, *(p for two in paths for p in two)), RULE, trials=2)


def test_tasks_that_share_an_output_do_not_run_at_once() -> None:
    """There is one target per output."""
    with pytest.raises(SettingError, match=r"^tasks: tasks that share an output cannot run at once \(got \('one',"):
        two_tasks(shared_output=True)


def test_tasks_that_share_an_input_must_show_the_same() -> None:
    """Equal stimuli are fine, whether they are one array or two; others are refused before the run."""
    made, x = two_tasks(shared_input=True), np.arange(6.0).reshape(3, 2)
    order = np.array([2, 0, 1])
    made.run({"one": (x, None), "two": (x, None)})
    made.run({"one": (x, None), "two": (x[order], None)}, {"one": order})
    with pytest.raises(DataError, match=r"^data: tasks that run at once show different stimuli at input 'x1'"):
        made.run({"one": (x, None), "two": (x + 1, None)})
    with pytest.raises(DataError, match="different stimuli at input 'x1'"):
        made.run({"one": (x, None), "two": (x, None)}, {"one": order})


def test_tasks_must_show_as_many_trials() -> None:
    """The message says how many each shows."""
    x = np.ones((3, 2))
    with pytest.raises(DataError, match=r"same number of trials \(got \{'one': 3, 'two': 2\}\)"):
        two_tasks().run({"one": (x, None), "two": (x[:2], None)})


def test_learning_needs_labels() -> None:
    """Otherwise the targets of the run before would be learnt."""
    with pytest.raises(DataError, match=r"^data: learning needs labels of every task \(got 'task'\)$"):
        network().run({"task": (X, None)}, learn=True)
