"""Lyapunov exponents: textbook systems, and what must hold for every map and every number of steps."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.systems import (
    LARGE,
    TEXTBOOK,
    around,
    continuous_network,
    gaussian,
    henon,
    linear,
    logistic,
    lorenz,
    rotation,
    scaled,
    tanh_map,
)

from neuroap import draw_weights, hierarchy
from neuroap.analysis import (
    Map,
    finite_time,
    ftle_max,
    jvp_error,
    lyapunov_spectrum,
    max_lyapunov,
    per_unit_of_time,
)
from neuroap.errors import DataError, SettingError

READ = {
    "mle": lambda r: r.mle if "mle" in r else r.spectrum[0],
    "mles": lambda r: r.exponent[:, 0],
    "second": lambda r: r.spectrum[1],
    "sum": lambda r: r.spectrum.sum(),
    "spectrum": lambda r: r.spectrum,
    "kaplan_yorke": lambda r: r.kaplan_yorke,
}


def measured(book):
    """The maximum exponent if that is all that is known, or else the spectrum."""
    system = book.system()
    if book.known.keys() == {"mle"}:
        found = max_lyapunov(system, book.initial, book.steps, book.transient)
    else:
        found = lyapunov_spectrum(system, None, book.initial, book.steps, book.transient, **book.settings)
    return per_unit_of_time(found) if book.per_unit else found


def judge(book):
    found = measured(book)
    for quantity, (value, tolerance) in book.known.items():
        error = np.abs(READ[quantity](found).values - value)
        assert (error < tolerance).all(), (quantity, error)


def without_jacobian(system):
    return Map(system.step, system.size)


@pytest.mark.parametrize("name", TEXTBOOK)
def test_textbook(name):
    judge(TEXTBOOK[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_large_networks_in_continuous_time(name):
    judge(LARGE[name])


def test_network_in_continuous_time_at_its_fixed_point():
    """At rest the exponent per tau is the largest real part of an eigenvalue, less 1."""
    W = gaussian(100, 0.8)
    found = max_lyapunov(continuous_network(W), 2, steps=2000, transient=1000)
    assert (found.mle.units, per_unit_of_time(found).mle.units) == ("1/step", "1/tau")
    assert per_unit_of_time(found).mle == pytest.approx(np.linalg.eigvals(W).real.max() - 1, abs=1e-3)


SYSTEMS = {
    "logistic": (logistic(3.7), [[0.3], [0.6]]),
    "Henon": (henon(), around([0.1, 0.1], 0.1, 3)),
    "Lorenz": (lorenz(), around([1, 2, 20], 1, 2)),
    "tanh": (tanh_map(gaussian(5, 1.5), c=0.3), 3),
    "leaky tanh": (tanh_map(gaussian(5, 1.5), c=around(np.zeros(5), 1, 3), leak=0.3), 3),
    "continuous": (continuous_network(gaussian(5, 1.5)), 3),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_jacobians_of_the_test_systems(name):
    assert jvp_error(*SYSTEMS[name]) < 1e-8


def test_wrong_jacobians_are_seen():
    W = gaussian(5, 1.5)
    step = tanh_map(W).step
    transposed = Map(step, 5, jvp=lambda x, p: (p @ W.T) * (1 - step(x) ** 2))
    early = Map(step, 5, jvp=lambda x, p: (p @ W) * (1 - x**2))
    assert min(jvp_error(transposed, 3), jvp_error(early, 3)) > 0.1


@pytest.mark.parametrize("name", ["logistic", "Henon", "tanh", "leaky tanh"])
def test_two_trajectories_as_tangents(name):
    """The same exponents from difference quotients, where trajectories part and where they approach."""
    system, initial = SYSTEMS[name]
    if name == "logistic":
        system = logistic(np.array([[3.7], [2.8]]))
    short = {"initial": initial, "steps": 300, "transient": 10}
    tangent, pairs = max_lyapunov(system, **short), max_lyapunov(without_jacobian(system), **short)
    assert (tangent.method, pairs.method) == ("tangent space", "two trajectories")
    # In chaos the states are the same, but difference quotients have an error of the distance.
    np.testing.assert_allclose(pairs.exponent, tangent.exponent, atol=2e-5)


def test_telescoping():
    """The mean growth is the logarithm of the product of Jacobians, for each vector and horizon."""
    W, p = gaussian(4, 1.5), None
    system, x0 = tanh_map(W), around(np.zeros(4), 0.5, 3)
    found = finite_time(system, [1, 7], x0, vectors=2, seed=5)
    start = finite_time(linear(np.eye(4)), 1, x0, vectors=2, seed=5)
    np.testing.assert_allclose(start.exponent, 0, atol=1e-15)
    products, x = np.repeat(np.eye(4)[None], 3, 0), x0
    for t in range(1, 8):
        x = system(x)
        products = products @ (W * (1 - x**2)[:, None])
        if t in (1, 7):
            p = directions_of(x0, 2, seed=5)
            log = np.log(np.linalg.norm(p @ products, axis=2)) / t
            np.testing.assert_allclose(found.exponent.sel(horizon=t), log, rtol=1e-12)
            largest = np.log(np.linalg.norm(products, 2, axis=(1, 2))) / t
            np.testing.assert_allclose(ftle_max(system, t, x0).exponent[0], largest, rtol=1e-12)


def directions_of(x, k, seed):
    """The random directions, seen by a map that keeps what it is given."""
    seen = []

    def keep(x, p):
        seen.append(p.copy())
        return x, p

    finite_time(Map(lambda x: x, x.shape[1], step_with_tangent=keep), 1, x, vectors=k, seed=seed)
    return seen[0]


def test_finite_time_of_random_networks():
    """At the origin, for large N: ln of the gain; the largest follows from products of Ginibre matrices."""
    n, T = 300, np.array([1, 2, 4])
    system, origin = tanh_map(gaussian(n, 0.7)), np.zeros((1, n))
    random = finite_time(system, T.tolist(), origin, vectors=40)
    np.testing.assert_allclose(random.ftmle, np.log(0.7), atol=0.03)
    largest = ((T + 1) * np.log(T + 1) - T * np.log(T)) / (2 * T) + np.log(0.7)
    np.testing.assert_allclose(ftle_max(system, T.tolist(), origin).ftle_max, largest, atol=0.03)


def test_transient_of_states_leads_to_the_attractor():
    """The one exponent of a stable fixed point, once the state is there."""
    system = tanh_map(np.full((1, 1), 2.0))
    early, late = (finite_time(system, 1, [[0.01]], transient=t) for t in (0, 100))
    assert early.ftmle == pytest.approx(np.log(2), abs=1e-3)
    assert late.ftmle == pytest.approx(-1.79352851, abs=1e-7)
    assert np.isnan(late.ftmle_sd)


def test_standard_errors():
    """Of a map whose growth is known in every step: alternating, and different for each trajectory."""
    rate = np.array([[1.0], [2.0], [4.0]])
    system = Map(lambda x: -x, 1, jvp=lambda x, p: rate * np.where(x > 0, 2, 0.5) * p)
    found = max_lyapunov(system, np.ones((3, 1)), steps=840, transient=0, keep=True)
    ln2 = np.log(2)
    np.testing.assert_allclose(found.exponent, ln2 * np.arange(3), atol=1e-12)
    np.testing.assert_allclose(found.growth[:2], ln2 * np.array([[1, 2, 3], [-1, 0, 1]]), atol=1e-12)
    assert found.mle_se_initial == pytest.approx(ln2 / np.sqrt(3))
    assert found.mle_se == found.mle_se_initial
    assert (float(found.mle_se_time), float(found.mle_drift)) == pytest.approx((0, 0), abs=1e-12)


def test_errors_in_time():
    """White growth: batch means give sd / sqrt(T). Growth that changes: half of the change of the second half."""
    rng = np.random.default_rng(0)
    growth = np.exp(rng.standard_normal(4000))
    steps = iter(growth)
    found = max_lyapunov(Map(lambda x: x, 1, jvp=lambda x, p: next(steps) * p), [[1]], 4000, 0)
    assert found.mle_se_time == pytest.approx(1 / np.sqrt(4000), rel=0.4)
    assert np.isnan(found.mle_se_initial)
    steps = iter(np.repeat([1.0, np.e], 50))
    found = max_lyapunov(Map(lambda x: x, 1, jvp=lambda x, p: next(steps) * p), [[1]], 100, 0)
    assert found.mle_drift == pytest.approx(0.5)


def test_the_area_of_one_network():
    """Weights as the library draws them: at rest below a spectral radius of 1, ln of that radius."""
    layout = hierarchy(1, block=32)
    area = layout.areas[0]
    W = draw_weights(layout, 0)[f"{area.name}.recurrence"]
    assert max_lyapunov(tanh_map(scaled(W, 0.5)), 4, 1000, 500).mle == pytest.approx(np.log(0.5), abs=2e-3)
    chaotic = max_lyapunov(tanh_map(scaled(W, 3)), 4, 500, 300)
    assert chaotic.mle > 3 * chaotic.mle_se > 0


def test_what_is_not_finite_is_said():
    """Each trajectory by itself: a state that explodes, one that is all right, one whose perturbation vanishes."""
    system = logistic(np.array([[4.0], [4.0], [0.0]]))
    found = max_lyapunov(system, [[2.0], [0.3], [0.5]], 1000, 10)
    assert np.isnan(found.exponent[0])
    assert found.exponent[1] == pytest.approx(np.log(2), abs=5e-3)
    assert found.exponent[2] == -np.inf
    assert found.reason.values.tolist() == ["the state is no longer finite", "", "the perturbation vanished"]
    assert np.isnan(found.mle)
    spectrum = lyapunov_spectrum(system, None, [[2.0], [0.3], [0.5]], 1000, 10)
    np.testing.assert_array_equal(np.isnan(spectrum.exponent[:, 0]), [True, False, False])
    assert np.isnan(spectrum.kaplan_yorke)
    assert ftle_max(system, 3, [[2.0], [0.3], [0.5]]).exponent[0, 2] == -np.inf


def test_state_that_grows_without_bound_in_a_linear_map():
    found = max_lyapunov(linear(2 * np.eye(2)), 1, 2000, 0)
    assert np.isnan(found.exponent[0])
    assert max_lyapunov(linear(2 * np.eye(2)), 1, 500, 0).mle == pytest.approx(np.log(2))
    for measure in (finite_time, ftle_max):  # what comes later does not spoil what came before
        short, long = measure(linear(2 * np.eye(2)), [8, 2000], 1).exponent.values.reshape(2)
        assert short == pytest.approx(np.log(2))
        assert np.isnan(long)


def test_states_are_never_denormal():
    """From 1e-150 on they are 0, and the exponent remains that of the fixed point."""
    smallest = []

    def jvp(x, p):
        smallest.append(np.abs(x[x != 0]).min(initial=1))
        return p @ W

    W = rotation(0.5, 1)
    found = max_lyapunov(Map(lambda x: x @ W, 2, jvp), 1, 3000, 0)
    assert found.mle == pytest.approx(np.log(0.5))
    assert min(smallest) >= 1e-150


def test_directions_and_order_of_neurons_do_not_matter():
    W, order = gaussian(20, 0.9), np.random.default_rng(1).permutation(20)
    x = around(np.zeros(20), 0.5, 2)
    one = max_lyapunov(tanh_map(W), x, 3000, 3000)
    other = max_lyapunov(tanh_map(W[np.ix_(order, order)]), x[:, order], 3000, 3000, seed=1)
    assert one.mle == pytest.approx(float(other.mle), abs=1e-4)
    np.testing.assert_array_equal(one.exponent, max_lyapunov(tanh_map(W), x, 3000, 3000).exponent)


def test_results_can_be_stored(tmp_path):
    found = max_lyapunov(logistic(4), [[0.3]], 50, 0, keep=True)
    found.to_netcdf(tmp_path / "mle.nc", engine="h5netcdf")
    spectrum = lyapunov_spectrum(henon(), None, [[0.1, 0.1]], 50, 0)
    spectrum.to_netcdf(tmp_path / "spectrum.nc", engine="h5netcdf")
    for variable in (*found.data_vars.values(), *spectrum.data_vars.values()):
        assert {"long_name", "units"} <= variable.attrs.keys()


def test_mistakes():
    with pytest.raises(SettingError, match=r"Map.size: must be an integer from 1 on \(got 0\)"):
        Map(np.tanh, 0)
    with pytest.raises(SettingError, match=r"Map.steps_per_unit: must be a positive number \(got -1\)"):
        Map(np.tanh, 1, steps_per_unit=-1)
    with pytest.raises(DataError, match=r"initial: must have the shape \(B, 2\) \(got \(3,\)\)"):
        max_lyapunov(henon(), [1, 2, 3])
    with pytest.raises(DataError, match=r"Map.step: must return an array of shape \(8, 3\) \(got \(8,\)\)"):
        max_lyapunov(Map(lambda x: x.sum(1), 3))
    with pytest.raises(DataError, match=r"Map.jvp: must return an array of shape \(8, 3\) \(got \(8, 1\)\)"):
        max_lyapunov(Map(np.tanh, 3, jvp=lambda x, p: p[:, :1]))
    with pytest.raises(SettingError, match=r"max_lyapunov.steps: must be an integer from 1 on \(got 0\)"):
        max_lyapunov(henon(), steps=0)
    with pytest.raises(SettingError, match=r"finite_time.horizon: must be an integer from 1 on \(got 0.5\)"):
        finite_time(henon(), 0.5)
    with pytest.raises(SettingError, match=r"jvp_error.system: has neither jvp nor step_with_tangent"):
        jvp_error(Map(np.tanh, 1))
