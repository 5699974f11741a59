"""Smaller steps converge to the differential equation of the area, to first order (Euler)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from neuroap.brian import CorticalNetwork
from neuroap.layout import Layout, Recurrence, hierarchy
from neuroap.rules import AdjointPropagation
from neuroap.weights import draw_weights

X, LABELS = np.random.default_rng(0).uniform(0, 1, (2, 4)), np.array([0, 2])
ADAPTING = """\
du/dt = (-u + I_rec + b + I_inf - beta*I_err - a)/tau : 1
da/dt = (-a + r)/(30*ms) : 1
r = tanh(u) : 1"""


def area_of(equations: str | None) -> tuple[Layout, dict[str, np.ndarray]]:
    """One strongly recurrent area, so that it has not settled when the phases end."""
    layout = hierarchy(1, 4, 3, 3, recurrence=Recurrence(1.5, 0.6))
    if equations is not None:
        layout = hierarchy_with(layout, equations)
    return layout, draw_weights(layout, 2)


def hierarchy_with(layout: Layout, equations: str) -> Layout:
    """The same layout with other equations."""
    (area,) = layout.areas
    changed = type(area)(area.name, area.blocks, recurrence=area.recurrence, equations=equations)
    return Layout(*layout.inputs, changed, *layout.outputs, *layout.pathways)


def simulated(layout: Layout, weights: dict[str, np.ndarray], start: str, dt_ms: float) -> CorticalNetwork:
    """The network after a learning cycle of 2 + 1 tau."""
    rule = AdjointPropagation((2, 1), error=start)
    network = CorticalNetwork(layout, rule, trials=2, dt_ms=dt_ms, dtype="float64")
    network.load(weights)
    network.run({"task": (X, LABELS)}, learn=True)
    return network


def exact(layout: Layout, w: dict[str, np.ndarray], start: str, adapts: bool) -> tuple[np.ndarray, np.ndarray]:
    """Rates at the ends of both phases by an integrator of high order, time in units of tau."""

    def settle(y: np.ndarray, drive: np.ndarray, duration: float) -> np.ndarray:
        def change(_: float, y: np.ndarray) -> np.ndarray:
            u, a = y.reshape(2, 2, 12)
            r = np.tanh(u)
            du = -u + r @ w["V1.recurrence"] + drive - adapts * a
            return np.stack([du, (-a + r) / 3]).ravel()

        return solve_ivp(change, (0, duration), y, rtol=1e-11, atol=1e-12).y[:, -1]

    drive = np.zeros((2, 12))
    drive[:, :3] = X @ w["image -> V1.RI"]
    rest = np.zeros(48)
    inferred = settle(rest, drive, 2)
    r_inference = np.tanh(inferred[:24].reshape(2, 12))
    exp = np.exp(r_inference[:, 3:6] @ w["V1.SI -> choice"] + w["choice.bias"])
    e = exp / exp.sum(axis=1, keepdims=True) - np.eye(3)[LABELS]
    drive[:, 6:9] -= e @ w["choice -> V1.RE"]
    learned = settle(rest if start == "STE" else inferred, drive, 1)
    return r_inference, np.tanh(learned[:24].reshape(2, 12))


@pytest.mark.parametrize(("start", "equations"), [("STE", None), ("EPE", ADAPTING)])
def test_euler_converges_to_the_continuous_area(start: str, equations: str | None) -> None:
    """Halving dt halves the deviation, at the end of inference and of learning."""
    layout, weights = area_of(equations)
    r_inference, r_learning = exact(layout, weights, start, adapts=equations is not None)
    deviations = []
    for dt_ms in (10 / 16, 10 / 32, 10 / 64):
        area = simulated(layout, weights, start, dt_ms).groups["V1"]
        both = np.stack([area.array("r_inf") - r_inference, area.array("r") - r_learning])
        deviations.append(np.abs(both).max(axis=(1, 2)))
    ratios = np.divide(deviations[:-1], deviations[1:])
    np.testing.assert_allclose(ratios, 2, rtol=0.1)
    assert (deviations[-1] < 0.02).all()
    assert (deviations[0] > 1e-3).all()
