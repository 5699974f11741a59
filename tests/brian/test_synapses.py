"""Our matrix products mean what Brian2's own Synapses mean: the same area, synapse by synapse."""

from __future__ import annotations

import brian2
import numpy as np
import pytest
from brian2 import NeuronGroup, StateMonitor, Synapses, ms

from neuroap.brian import CorticalNetwork
from neuroap.layout import Area, Layout, Recurrence, hierarchy
from neuroap.rules import AdjointPropagation
from neuroap.weights import draw_weights

TRIALS, STEPS = 2, (5, 4)
X = np.random.default_rng(1).uniform(-1, 1, (TRIALS, 3))
LABELS = np.array([1, 0])


def case(activation: str) -> tuple[Layout, dict[str, np.ndarray]]:
    """One area of overlapping blocks that receives stimuli and errors."""
    blocks = {"RI": (0, 3), "SI": (2, 6), "RE": (4, 7), "SE": (7, 8)}
    layout = hierarchy(1, 3, 2, blocks, activation=activation, recurrence=Recurrence(0.9, 0.6))
    return layout, draw_weights(layout, 3)


def ours(layout: Layout, weights: dict[str, np.ndarray], dt_ms: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Rates after each step of both phases, shape (steps, trials, N), and the error of the output."""
    rule = AdjointPropagation(STEPS, error="EPE", beta=0.7)
    network = CorticalNetwork(layout, rule, trials=TRIALS, dt_ms=dt_ms, dtype="float64")
    network.load(weights)
    monitor = StateMonitor(network.groups["V1"], "r", record=True, when="end", clock=network.clock)
    network.net.add(monitor)
    network.run({"task": (X, LABELS)}, learn=True)
    line = network.timeline
    ticks = [*line.inference["V1"].ticks, *line.learning["V1"].ticks]
    return monitor.r[:][:, ticks].T.reshape(len(ticks), TRIALS, -1), network.groups["choice"].array("err").copy()


def brians(layout: Layout, weights: dict[str, np.ndarray], dt_ms: float | None, error: np.ndarray) -> np.ndarray:
    """The same from a NeuronGroup with the same equations and one Synapse per weight and trial."""
    area = layout["V1"]
    assert isinstance(area, Area)
    n, dt = area.size, (dt_ms or area.tau_ms) * ms
    drives = "I_rec : 1\nI_inf : 1\nI_err : 1\nb : 1\nbeta : 1 (shared)"
    group = NeuronGroup(
        TRIALS * n, f"{area.model_equations}\n{drives}", method="euler", dt=dt, namespace={"tau": area.tau_ms * ms}
    )
    stimulus = NeuronGroup(X.size, "r : 1", dt=dt)
    output = NeuronGroup(error.size, "err : 1", dt=dt)
    stimulus.r = X.ravel()
    made = [
        _synapses(group, group, "I_rec_post = w*r_pre", weights["V1.recurrence"], (0, n), n, dt),
        _synapses(stimulus, group, "I_inf_post = w*r_pre", weights["image -> V1.RI"], (0, 3), n, dt),
        _synapses(output, group, "I_err_post = w*err_pre", weights["choice -> V1.RE"], (4, 7), n, dt),
    ]
    monitor = StateMonitor(group, "r", record=True, when="end", dt=dt)
    network = brian2.Network(group, stimulus, output, monitor, *made)
    network.run(STEPS[0] * area.tau_ms * ms)
    group.beta, output.err = 0.7, error.ravel()
    network.run(STEPS[1] * area.tau_ms * ms)
    return monitor.r[:].T.reshape(-1, TRIALS, n)


def _synapses(
    source: NeuronGroup,
    target: NeuronGroup,
    drive: str,
    w: np.ndarray,
    columns: tuple[int, int],
    n: int,
    dt: brian2.Quantity,
) -> Synapses:
    """Synapses w[pre, post] into some columns of the target, the same in each trial."""
    synapses = Synapses(source, target, f"w : 1\n{drive} : 1 (summed)", dt=dt)
    pre, post = np.nonzero(w)
    trial = np.repeat(np.arange(TRIALS), len(pre))
    synapses.connect(i=np.tile(pre, TRIALS) + trial * w.shape[0], j=np.tile(post, TRIALS) + columns[0] + trial * n)
    synapses.w = np.tile(w[pre, post], TRIALS)
    assert columns[1] - columns[0] == w.shape[1]
    return synapses


@pytest.mark.parametrize(("activation", "dt_ms"), [("tanh", None), ("tanh", 2.5), ("relu", None), ("sigmoid", 5.0)])
def test_rates_are_those_of_synapses_after_every_step(activation: str, dt_ms: float | None) -> None:
    """Both phases, two trials, for dt = tau and dt < tau."""
    layout, weights = case(activation)
    actual, error = ours(layout, weights, dt_ms)
    expected = brians(layout, weights, dt_ms, error)
    assert actual.shape == expected.shape == (sum(STEPS) * round(10 / (dt_ms or 10)), TRIALS, 8)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)
    steps = np.abs(np.diff(expected, axis=0)).max(axis=(1, 2))
    assert (steps > 1e-6).all()  # every step changes the rates, so that none agrees by standing still
    assert np.abs(expected[:, 0] - expected[:, 1]).max() > 0.01  # and the trials differ


def test_a_shifted_block_would_be_seen() -> None:
    """Stimuli that enter one neuron further give other rates."""
    layout, weights = case("tanh")
    actual, error = ours(layout, weights, None)
    moved = {**weights, "image -> V1.RI": np.roll(weights["image -> V1.RI"], 1, axis=1)}
    assert np.abs(actual - brians(layout, moved, None, error)).max() > 1e-3
