"""Textbook systems whose Lyapunov exponents are known, and what is known of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from neuroap.analysis import Map
from neuroap.seeds import generator

LN2 = float(np.log(2))


def logistic(r):
    """x' = r x (1 - x); `r` may be a column with one parameter for each row."""
    return Map(lambda x: r * x * (1 - x), 1, jvp=lambda x, p: r * (1 - 2 * x) * p, name="logistic")


def henon(a=1.4, b=0.3):
    """x' = 1 - a x^2 + y, y' = b x; the determinant is -b everywhere."""

    def step(x):
        return np.stack([1 - a * x[:, 0] ** 2 + x[:, 1], b * x[:, 0]], axis=1)

    def jvp(x, p):
        return np.stack([-2 * a * x[:, 0] * p[:, 0] + p[:, 1], b * p[:, 0]], axis=1)

    return Map(step, 2, jvp, name="Henon")


def cat():
    """The map of Arnold on the torus."""
    W = np.array([[2.0, 1], [1, 1]])
    return Map(lambda x: x @ W % 1, 2, jvp=lambda x, p: p @ W, name="cat")


def standard(K=1.0):
    """momentum' = momentum + K sin(angle), angle' = angle + momentum'; keeps areas."""

    def step(x):
        momentum = x[:, 1] + K * np.sin(x[:, 0])
        return np.stack([x[:, 0] + momentum, momentum], axis=1) % (2 * np.pi)

    def jvp(x, p):
        momentum = p[:, 1] + K * np.cos(x[:, 0]) * p[:, 0]
        return np.stack([p[:, 0] + momentum, momentum], axis=1)

    return Map(step, 2, jvp, name="standard")


def coupled_logistic(epsilon=0.4):
    """Two logistic maps at r = 4, each with a part `epsilon` of the other."""
    C = np.array([[1 - epsilon, epsilon], [epsilon, 1 - epsilon]])
    return Map(lambda x: 4 * x * (1 - x) @ C, 2, jvp=lambda x, p: (4 * (1 - 2 * x) * p) @ C, name="coupled")


def linear(W):
    """x' = x W."""
    return Map(lambda x: x @ W, len(W), jvp=lambda x, p: p @ W, name="linear")


def tanh_map(W, c=0.0, leak=1.0):
    """x' = (1 - leak) x + leak tanh(x W + c), with one matrix product for states and tangent vectors."""

    def both(x, p):
        rows = np.concatenate([x, p.reshape(-1, x.shape[1])]) @ W
        f, q = rows[: len(x)], rows[len(x) :].reshape(p.shape)
        f += c
        np.tanh(f, out=f)
        q *= (1 - f * f)[:, None]
        if leak != 1:
            f, q = (1 - leak) * x + leak * f, (1 - leak) * p + leak * q
        return f, q

    return Map(lambda x: (1 - leak) * x + leak * np.tanh(x @ W + c), len(W), step_with_tangent=both, name="tanh")


def flow(f, df, size, h, name):
    """One step of the classical Runge-Kutta method of x' = f(x), and of p' = Df(x) p beside it."""

    def both(x, p):
        kx, kp, sum_x, sum_p = np.zeros_like(x), np.zeros_like(p), 0.0, 0.0
        for before, weight in ((0, 1), (h / 2, 2), (h / 2, 2), (h, 1)):
            at, along = x + before * kx, p + before * kp
            kx, kp = f(at), df(at, along)
            sum_x, sum_p = sum_x + weight * kx, sum_p + weight * kp
        return x + h / 6 * sum_x, p + h / 6 * sum_p

    def step(x):
        return both(x, np.zeros((len(x), 1, size)))[0]

    return Map(step, size, step_with_tangent=both, steps_per_unit=1 / h, name=name)


def lorenz(h=0.01, sigma=10, rho=28, beta=8 / 3):
    """The flow of Lorenz; its divergence is -(sigma + 1 + beta) everywhere."""

    def f(s):
        x, y, z = s.T
        return np.stack([sigma * (y - x), x * (rho - z) - y, x * y - beta * z], axis=1)

    def df(s, p):
        x, y, z = s.T[..., None]
        a, b, c = p[..., 0], p[..., 1], p[..., 2]
        return np.stack([sigma * (b - a), a * (rho - z) - b - x * c, a * y + x * b - beta * c], axis=2)

    return flow(f, df, 3, h, "Lorenz")


def continuous_network(W, h=0.1):
    """tau x' = -x + tanh(x) W, time in tau."""

    def f(x):
        return np.tanh(x) @ W - x

    def df(x, p):
        return ((1 - np.tanh(x) ** 2)[:, None] * p).reshape(-1, len(W)).dot(W).reshape(p.shape) - p

    return flow(f, df, len(W), h, "network in continuous time")


def rotation(radius, angle):
    """A rotation of the plane, times a radius."""
    c, s = radius * np.cos(angle), radius * np.sin(angle)
    return np.array([[c, s], [-s, c]])


def gaussian(n, gain, seed=0):
    """Independent normal weights with the variance gain^2 / n."""
    return generator(seed, "gaussian network").standard_normal((n, n)) * gain / np.sqrt(n)


def scaled(W, radius):
    """A matrix with this spectral radius."""
    return W * (radius / np.abs(np.linalg.eigvals(W)).max())


def around(center, sd, n):
    """Initial conditions around a point."""
    return np.asarray(center, float) + sd * generator(0, "around").standard_normal((n, len(center)))


@dataclass(frozen=True, eq=False)
class Textbook:
    """A system, how long to follow it, and quantities with their known values and tolerances.

    Trajectories times steps are the steps that the tolerances belong to.
    """

    system: Callable[[], Map]
    initial: np.ndarray | list | int
    steps: int
    known: dict[str, tuple[float | list[float], float | list[float]]]
    transient: int = 1000
    settings: dict[str, int] = field(default_factory=dict)
    per_unit: bool = False


UNIT = generator(0, "unit interval").random
SCALAR = 2 * generator(0, "scalars").random((4, 1)) - 1

TEXTBOOK = {
    "logistic 4, short": Textbook(lambda: logistic(4), [[0.3]], 1000, {"mle": (LN2, 5e-3)}),
    "logistic 4": Textbook(lambda: logistic(4), [[0.3]], 10_000, {"mle": (LN2, 3e-4)}),
    "logistic 4, long": Textbook(lambda: logistic(4), UNIT((20, 1)), 5000, {"mle": (LN2, 1e-4)}),
    "logistic 2.5": Textbook(lambda: logistic(2.5), [[0.3]], 1000, {"mle": (-LN2, 1e-6)}),
    "logistic 3.2": Textbook(lambda: logistic(3.2), [[0.3]], 1000, {"mle": (0.5 * np.log(0.16), 1e-6)}),
    "logistic 3.5": Textbook(lambda: logistic(3.5), [[0.3]], 1000, {"mle": (-0.872507, 1e-5)}),
    "logistic 3": Textbook(lambda: logistic(3), [[0.3]], 10_000, {"mle": (0, 2e-3)}),
    "Henon": Textbook(henon, around([0.1, 0.1], 0.01, 5), 2000, {"mle": (0.4192, 1e-2), "sum": (np.log(0.3), 1e-10)}),
    "Henon, long": Textbook(
        henon, around([0.1, 0.1], 0.01, 50), 2000, {"mle": (0.4192, 3e-3), "kaplan_yorke": (1.2583, 5e-3)}
    ),
    "cat": Textbook(cat, [[0.1, 0.3]], 1000, {"spectrum": ([0.9624237, -0.9624237], 1e-6)}, transient=100),
    "standard": Textbook(
        standard, [[0.001, 0.008], [np.pi, 0.01]], 20_000, {"mles": ([0.140149, 0], [0.06, 2e-3]), "sum": (0, 1e-6)}
    ),
    "coupled logistic": Textbook(coupled_logistic, UNIT((20, 2)), 5000, {"spectrum": ([LN2, LN2 + np.log(0.2)], 1e-3)}),
    "Lorenz": Textbook(
        lorenz,
        around([1, 1, 20], 1, 40),
        2500,
        {"mle": (0.9056, 0.03), "second": (0, 1e-2), "sum": (-41 / 3, 1e-3), "kaplan_yorke": (2.062, 5e-3)},
        transient=2000,
        settings={"every": 10},
        per_unit=True,
    ),
    "rotation": Textbook(lambda: linear(rotation(0.8, 1)), 1, 8, {"mle": (np.log(0.8), 1e-12)}, transient=0),
    "Jordan": Textbook(lambda: linear(np.array([[0.9, 1], [0, 0.9]])), 1, 10_000, {"mle": (np.log(0.9), 2e-3)}, 0),
    "random matrix": Textbook(
        lambda: linear(scaled(gaussian(50, 1), 0.9)), 1, 5000, {"mle": (np.log(0.9), 1e-4)}, transient=500
    ),
    "tanh 0.5": Textbook(lambda: tanh_map(np.full((1, 1), 0.5)), SCALAR, 1250, {"mle": (-LN2, 1e-8)}),
    "tanh 1.2": Textbook(lambda: tanh_map(np.full((1, 1), 1.2)), SCALAR, 1250, {"mle": (-0.38633447, 1e-7)}),
    "tanh 2": Textbook(lambda: tanh_map(np.full((1, 1), 2.0)), SCALAR, 1250, {"mle": (-1.79352851, 1e-7)}),
    "tanh -2": Textbook(lambda: tanh_map(np.full((1, 1), -2.0)), SCALAR, 1250, {"mle": (-1.79352851, 1e-7)}),
    "tanh 1": Textbook(lambda: tanh_map(np.full((1, 1), 1.0)), SCALAR, 5000, {"mle": (0, 2e-3)}),
    "circle of two neurons": Textbook(
        lambda: tanh_map(rotation(1.5, 1)), 4, 5000, {"spectrum": ([0, -0.9620], 2e-3)}, transient=2000
    ),
    "period 4 of two neurons": Textbook(
        lambda: tanh_map(rotation(1.5, np.pi / 2)), 4, 1000, {"spectrum": ([-0.9306102] * 2, 1e-6)}, transient=2000
    ),
    "random network 200": Textbook(lambda: tanh_map(gaussian(200, 2)), 8, 700, {"mle": (0.1547, 0.05)}, 300),
    "random network 400": Textbook(lambda: tanh_map(gaussian(400, 3)), 8, 700, {"mle": (0.3103, 0.03)}, 300),
}
# Minutes on one core.
LARGE = {
    f"continuous {gain}": Textbook(
        lambda gain=gain: continuous_network(gaussian(1024, gain)),
        2,
        3000,
        {"mle": (value, 0.03)},
        1000,
        per_unit=True,
    )
    for gain, value in ((2, 0.1125), (3, 0.2358))
}
