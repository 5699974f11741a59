"""Activations: the derivative is that of the equation, and the values at rest are right."""

import numpy as np
import pytest

from neuroap.layout import ACTIVATIONS, activation

NAMES = {
    "tanh": np.tanh,
    "exp": np.exp,
    "clip": np.clip,
    "inf": np.inf,
    "int": lambda x: np.asarray(x).astype(int),
}


def rate(name: str, u: np.ndarray) -> np.ndarray:
    return eval(activation(name).equation, NAMES, {"u": u})


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivative_is_that_of_the_equation(name: str) -> None:
    u = np.array([-3.0, -0.7, -0.1, 0.1, 0.7, 3.0])  # not at the kink of relu
    h = 1e-6
    slope = (rate(name, u + h) - rate(name, u - h)) / (2 * h)
    assert eval(activation(name).derivative, NAMES, {"r": rate(name, u)}) == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_rest_is_the_rate_without_drive(name: str) -> None:
    assert rate(name, np.array([0.0])) == pytest.approx(activation(name).rest, abs=0)
    h = 1e-6  # from above: relu has a kink at 0
    slope = (rate(name, np.array([h])) - rate(name, np.array([0.0]))) / h
    assert slope == pytest.approx(activation(name).slope, abs=1e-5)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_rates_lie_between_low_and_high_and_come_near_both(name: str) -> None:
    f, u = activation(name), np.linspace(-40, 40, 801)
    r = rate(name, u)
    for bound, value, extreme in ((f.low, r.min(), u.min()), (f.high, r.max(), u.max())):
        if np.isfinite(bound):
            assert value == pytest.approx(bound, abs=1e-12)
        else:
            assert value == pytest.approx(extreme)  # it grows without bound
    assert f.low <= r.min()
    assert r.max() <= f.high


@pytest.mark.parametrize(
    ("name", "u", "r", "slope"),
    [
        ("rectified_tanh", [-3.0, 0.0, 0.5, 2.0], [0, 0, np.tanh(0.5), np.tanh(2)], [0, 0, 0.786448, 0.070651]),
        ("saturating", [-3.0, 0.0, 0.25, 1.0, 2.0], [0, 0, 0.25, 1, 1], [0, 0, 1, 0, 0]),
        ("sigmoid", [0.0, 0.5], [0.5, 0.731059], [0.5, 0.393224]),
        ("hard_sigmoid", [-3.0, -0.25, 0.0, 0.4, 0.5, 2.0], [0, 0.25, 0.5, 0.9, 1, 1], [0, 1, 1, 1, 0, 0]),
    ],
)
def test_rates_that_are_not_negative(name: str, u: list[float], r: list[float], slope: list[float]) -> None:
    """Values worked out by hand; at a kink the slope is that of the flat side."""
    found = rate(name, np.array(u))
    assert found == pytest.approx(r, abs=1e-6)
    assert eval(activation(name).derivative, NAMES, {"r": found}) == pytest.approx(slope, abs=1e-6)


def test_activations_for_dales_law() -> None:
    """Rest and slope at rest decide whether an area needs its first product, and how far signals reach."""
    allowed = {a.name: (a.rest, a.slope, a.high) for a in ACTIVATIONS.values() if a.low >= 0}
    assert allowed == {
        "relu": (0, 1, np.inf),
        "sigmoid": (0.5, 0.5, 1),
        "rectified_tanh": (0, 1, 1),
        "saturating": (0, 1, 1),
        "hard_sigmoid": (0.5, 1, 1),
    }
