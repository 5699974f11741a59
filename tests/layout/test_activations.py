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
