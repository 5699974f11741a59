"""Two trajectories: the estimate that a simulator can drive."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.systems import around, gaussian, henon, logistic, tanh_map

from neuroap.analysis import Benettin, Map, max_lyapunov, two_trajectories
from neuroap.errors import DataError, SettingError


@pytest.mark.parametrize("gain", [0.5, 1.5, 3])
@pytest.mark.parametrize("distance", [1e-5, 1e-7, 1e-9])
def test_as_in_tangent_space(gain, distance):
    """Where trajectories part, and where they approach until their state is at rest."""
    system, x = tanh_map(gaussian(40, gain)), around(np.zeros(40), 0.5, 3)
    pairs = two_trajectories(system.step, x, 200, transient=100, distance=distance, seed=2)
    tangent = max_lyapunov(system, x, 200, 100, seed=2)
    np.testing.assert_allclose(pairs.exponent, tangent.exponent, atol=max(30 * distance, 1e-6))
    assert pairs.mle_se_initial == pytest.approx(float(tangent.mle_se_initial), rel=0.05)


def test_copies_are_rows_of_one_run():
    """The states come first; then all copies of the first state, at the distance that was asked for."""
    seen = []

    def step_many(rows):
        seen.append(rows.copy())
        return henon().step(rows)

    x = np.array([[0.1, 0.2], [0.3, -0.1]])
    found = two_trajectories(step_many, x, 50, copies=3)
    first, later = seen[0], seen[20]
    assert first.shape == (8, 2)
    np.testing.assert_array_equal(first[:2], x)
    for rows in (first, later):
        parts = rows[2:].reshape(2, 3, 2) - rows[:2, None]
        distance = np.linalg.norm(parts, axis=2)
        np.testing.assert_allclose(distance, np.repeat(1e-7 * np.linalg.norm(x, axis=1)[:, None], 3, 1), rtol=1e-6)
    assert found.attrs["copies"] == 3


def test_distance_of_a_state_at_rest():
    """Absolute where there is no state to compare with."""
    benettin = Benettin(distance=1e-4)
    copies = benettin.perturb(np.zeros((2, 5)))
    np.testing.assert_allclose(np.linalg.norm(copies[:, 0], axis=1), 1e-4)


def test_perturbing_begins_anew():
    benettin, x = Benettin(), np.array([[0.3]])
    for _ in range(2):
        copies = benettin.perturb(x)
        benettin.update(2 * x, 2 * copies)
    found = benettin.result(keep=True)
    assert found.growth.shape == (1, 1)
    assert found.mle == pytest.approx(np.log(2), abs=1e-6)


def test_copies_that_meet_and_states_that_explode():
    met = two_trajectories(np.zeros_like, [[0.3]], 10)
    assert (float(met.mle), str(met.reason.values[0])) == (-np.inf, "the perturbation vanished")
    exploded = two_trajectories(logistic(4).step, [[2.0], [0.3]], 100)
    assert exploded.reason.values.tolist() == ["the state is no longer finite", ""]
    assert np.isnan(exploded.exponent[0])


def test_mistakes():
    with pytest.raises(SettingError, match=r"Benettin.distance: must lie between 0 and 1 \(got 0\)"):
        Benettin(distance=0)
    with pytest.raises(DataError, match=r"Benettin.update: comes after `perturb`"):
        Benettin().update(np.zeros((1, 2)), np.zeros((1, 1, 2)))
    with pytest.raises(DataError, match=r"Benettin: takes states of shape \(B, N\), one row each \(got \(3,\)\)"):
        Benettin().perturb(np.zeros(3))
    benettin = Benettin()
    benettin.perturb(np.zeros((1, 2)))
    with pytest.raises(DataError, match=r"Benettin.update: takes arrays of shapes \(\(1, 2\), \(1, 1, 2\)\)"):
        benettin.update(np.zeros((1, 2)), np.zeros((1, 2)))
    with pytest.raises(SettingError, match=r"must be less than the 0 steps that were noted \(got 5\)"):
        benettin.result(transient=5)
    with pytest.raises(
        DataError, match=r"Benettin.update: must give float64 .* \(got 'float32'\)\n  compute in double"
    ):
        benettin.update(np.zeros((1, 2)), np.zeros((1, 1, 2), np.float32))
    with pytest.raises(DataError, match=r"Map.step: must give float64 .*\(got 'float32'\)"):
        max_lyapunov(Map(lambda x: x.astype("float32"), 1), 1)
    with pytest.raises(DataError, match=r"two_trajectories.step_many: must return the shape \(2, 1\) \(got \(1, 1\)\)"):
        two_trajectories(lambda rows: rows[:1], [[0.3]], 10)
