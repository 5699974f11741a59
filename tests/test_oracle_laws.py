"""The oracle against mathematics: gradients, linear response, fixed points, orders of convergence."""

from __future__ import annotations

import numpy as np
import pytest
from oracle import ACTIVATIONS, Oracle

from neuroap import layout as declared
from neuroap.layout import Layout, Recurrence, hierarchy
from neuroap.weights import draw_weights

SMALL = Recurrence(spectral_radius=0.5, connection_rate=0.5)
RNG = np.random.default_rng(0)
DATA = {"task": (RNG.uniform(0, 1, (6, 5)), RNG.integers(0, 3, 6))}


def largest_change(got: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference, relative to the largest entry of `expected`."""
    return float(np.abs(got - expected).max() / np.abs(expected).max())


def symmetric_case() -> tuple[Layout, dict[str, np.ndarray]]:
    """W_rec symmetric, RE = SI, B = W_out.T: adjoint propagation is exact as beta goes to 0."""
    blocks = {"RI": (0, 6), "SI": (6, 14), "RE": (6, 14), "SE": (14, 16)}
    layout = hierarchy(1, 5, 3, blocks, recurrence=SMALL)
    weights = draw_weights(layout, seed=1)
    w = weights["V1.recurrence"] + weights["V1.recurrence"].T
    weights["V1.recurrence"] = 0.5 * w / np.abs(np.linalg.eigvalsh(w)).max()
    weights["choice -> V1.RE"] = weights["V1.SI -> choice"].T.copy()
    return layout, weights


def loss_of(layout: Layout, weights: dict[str, np.ndarray], steps: int) -> float:
    """Mean cross entropy of the settled network."""
    labels = DATA["task"][1]
    output = Oracle(layout, weights, steps=(steps, 1)).predict("task", DATA["task"][0])["choice"]
    return float(-np.log(output[np.arange(len(labels)), labels]).mean())


def finite_differences(layout: Layout, weights: dict, name: str, steps: int) -> np.ndarray:
    """Gradient of the loss by central differences of one matrix."""
    gradient, eps = np.zeros_like(weights[name]), 1e-5
    for index in np.ndindex(gradient.shape):
        losses = []
        for sign in (1, -1):
            moved = weights[name].copy()
            moved[index] += sign * eps
            losses.append(loss_of(layout, {**weights, name: moved}, steps))
        gradient[index] = (losses[0] - losses[1]) / (2 * eps)
    return gradient


def test_symmetric_area_gives_the_exact_gradient_as_beta_vanishes() -> None:
    layout, weights = symmetric_case()
    steps = 80
    exact = finite_differences(layout, weights, "image -> V1.RI", steps)
    errors = []
    for beta in (1e-2, 1e-3, 1e-4):
        record = Oracle(layout, weights, (steps, steps), beta=beta).batch("task", DATA)
        errors.append(largest_change(record.grad["image -> V1.RI"] / beta, exact))
    assert errors[2] < 1e-4
    ratios = np.divide(errors[:-1], errors[1:])
    np.testing.assert_allclose(ratios, 10, rtol=0.1)  # order 1 in beta


def test_without_symmetry_it_is_not_the_gradient() -> None:
    layout, weights = symmetric_case()
    exact = finite_differences(layout, weights, "image -> V1.RI", 80)
    weights["choice -> V1.RE"] = draw_weights(layout, seed=1)["choice -> V1.RE"]
    record = Oracle(layout, weights, (80, 80), beta=1e-4).batch("task", DATA)
    assert largest_change(record.grad["image -> V1.RI"] / 1e-4, exact) > 0.1


def test_two_sided_error_is_exact_to_second_order() -> None:
    layout, weights = symmetric_case()
    steps, beta = 80, 1e-3
    exact = finite_differences(layout, weights, "image -> V1.RI", steps)
    plus, minus = (
        Oracle(layout, weights, (steps, steps), beta=b).batch("task", DATA).grad["image -> V1.RI"]
        for b in (beta, -beta)
    )
    assert largest_change((plus - minus) / (2 * beta), exact) < 1e-6


def test_output_weights_get_the_exact_gradient_in_any_network() -> None:
    layout = hierarchy(2, 5, 3, 4, recurrence=SMALL)
    weights = draw_weights(layout, seed=2)
    record = Oracle(layout, weights, (40, 40)).batch("task", DATA)
    exact = finite_differences(layout, weights, "V2.SI -> choice", 40)
    assert largest_change(record.grad["V2.SI -> choice"], exact) < 1e-7


@pytest.mark.parametrize("name", declared.ACTIVATIONS)
def test_small_errors_follow_the_linear_response(name: str) -> None:
    """To first order in beta, e = beta * (e_out @ B) @ (D^-1 - W)^-1 with D = diag f'(u)."""
    layout = hierarchy(1, 5, 3, 4, activation=name, recurrence=SMALL)
    weights, beta = draw_weights(layout, seed=3), 1e-6
    record = Oracle(layout, weights, (200, 200), beta=beta).batch("task", DATA)
    drive = np.zeros_like(record.e["V1"])
    drive[:, 8:12] = record.e["choice"] @ weights["choice -> V1.RE"]
    for trial, u in enumerate(record.u_inference["V1"]):
        slopes = np.diag(ACTIVATIONS[name][1](u))
        response = slopes @ np.linalg.inv(np.eye(len(u)) - weights["V1.recurrence"] @ slopes)
        expected = beta * drive[trial] @ response
        assert largest_change(record.e["V1"][trial], expected) < 1e-4


@pytest.mark.parametrize("name", declared.ACTIVATIONS)
def test_activations_are_what_the_layout_declares(name: str) -> None:
    f, slope = ACTIVATIONS[name]
    u, says = np.array([-2.0, -0.3, 0.4, 1.7]), declared.ACTIVATIONS[name]
    names = {"u": u, "tanh": np.tanh, "exp": np.exp, "clip": np.clip, "inf": np.inf}
    np.testing.assert_allclose(f(u), eval(says.equation, names), rtol=1e-14)
    np.testing.assert_allclose(slope(u), (f(u + 1e-6) - f(u - 1e-6)) / 2e-6, rtol=1e-8)
    names = {"r": f(u), "int": lambda truth: truth.astype(int)}
    np.testing.assert_allclose(slope(u), eval(says.derivative, names), rtol=1e-14)
    assert f(np.zeros(1))[0] == says.rest
    assert ACTIVATIONS.keys() == declared.ACTIVATIONS.keys()


def test_no_error_reaches_the_receivers_without_recurrence() -> None:
    layout = hierarchy(2, 5, 3, 4, recurrence=None)
    weights = draw_weights(layout, seed=4)
    oracle = Oracle(layout, weights)
    record = oracle.batch("task", DATA)
    for area in ("V1", "V2"):
        assert not record.e[area][:, :4].any()
    assert np.abs(record.e["V2"][:, 8:12]).max() > 0.01  # but the receivers of errors have one
    for still in ("image -> V1.RI", "V1.SI -> V2.RI"):
        assert np.array_equal(oracle.weights[still], weights[still])


def test_no_error_reaches_the_receivers_in_one_step() -> None:
    layout = hierarchy(2, 5, 3, 4, recurrence=SMALL)
    record = Oracle(layout, draw_weights(layout, seed=4), (1, 1)).batch("task", DATA)
    assert not record.e["V2"][:, :4].any()
    assert np.abs(record.e["V2"][:, 8:12]).max() > 0.01


def test_both_ways_to_start_agree_once_the_areas_settle() -> None:
    layout = hierarchy(3, 5, 3, 4, recurrence=Recurrence(0.1, 0.5))
    weights = draw_weights(layout, seed=5)

    def errors(steps: int, start: str) -> dict[str, np.ndarray]:
        return Oracle(layout, weights, (steps, steps), error=start).batch("task", DATA).e

    for area in ("V1", "V2", "V3"):
        np.testing.assert_allclose(errors(60, "STE")[area], errors(60, "EPE")[area], rtol=0, atol=1e-14)
        assert np.abs(errors(3, "STE")[area] - errors(3, "EPE")[area]).max() > 1e-8  # not before


def test_smaller_steps_of_time_converge_to_the_continuous_area() -> None:
    layout = hierarchy(1, 5, 3, 4, recurrence=SMALL)
    weights = draw_weights(layout, seed=6)

    def rates(dt: float, steps: float) -> np.ndarray:
        return Oracle(layout, weights, (steps, 1), dt_over_tau=dt).batch("task", DATA).r_inference["V1"]

    exact = rates(1 / 4096, 2)
    errors = [np.abs(rates(dt, 2) - exact).max() for dt in (1 / 32, 1 / 64, 1 / 128)]
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 2, rtol=0.1)  # order 1 in dt
    np.testing.assert_allclose(rates(0.5, 80), rates(1.0, 80), rtol=0, atol=1e-13)  # the same fixed point
