"""Exponents of simulated networks: those of their maps, where these are known, and of coupled systems."""

from __future__ import annotations

import dataclasses

import brian2
import numpy as np
import pytest
import xarray as xr

from neuroap import AdjointPropagation, CorticalClassifier, Layout, Recurrence, hierarchy
from neuroap.analysis import Benettin, max_lyapunov
from neuroap.errors import LayoutError, SettingError
from neuroap.regimes import area_map, simulated_lyapunov

X = np.random.default_rng(0).uniform(size=(2, 8))


def net(radius: float, areas: int = 1, block: int = 16) -> Layout:
    return hierarchy(areas, 8, 3, block, recurrence=Recurrence(spectral_radius=radius))


def with_equations(layout: Layout, equations: str) -> Layout:
    areas = [dataclasses.replace(a, equations=equations) for a in layout.areas]
    return Layout(*layout.inputs, *areas, *layout.outputs, *layout.pathways)


def mle(found: xr.Dataset) -> float:
    return float(found.mle)


@pytest.mark.parametrize("dt_ms", [None, 5.0])
def test_a_stable_area_has_the_exponent_of_its_map(dt_ms: float | None) -> None:
    """At a fixed point both find the same number, per integration step, from the same stimuli."""
    simulated = simulated_lyapunov(net(0.5), X, steps=500, transient=300, initial=2, dt_ms=dt_ms)
    tangent = max_lyapunov(area_map(net(0.5), "V1", X, dt_ms=dt_ms), initial=4, steps=500, transient=600)
    assert mle(simulated) == pytest.approx(mle(tangent), abs=1e-4)
    assert simulated.attrs.get("steps_per_unit") == (None if dt_ms is None else 2)


def test_a_chaotic_area_has_the_exponent_of_its_map() -> None:
    simulated = simulated_lyapunov(net(3, block=32), X, steps=800, transient=200, initial=4)
    tangent = max_lyapunov(area_map(net(3, block=32), "V1", X), initial=8, steps=800, transient=200)
    error = 4 * float(np.hypot(simulated.mle_se, tangent.mle_se))
    assert 0.1 < mle(simulated) == pytest.approx(mle(tangent), abs=error)


def test_the_same_equations_written_out_have_the_same_exponent() -> None:
    """A leaky area in the user's own words: two state variables are no different from one."""
    text = "du/dt = (-u + I_rec + b + I_inf - beta*I_err)/tau : 1\nr = tanh(u) : 1"
    settings = dict(steps=200, transient=100, initial=2, dt_ms=5.0)
    written = simulated_lyapunov(with_equations(net(0.5), text), X, **settings)  # type: ignore[arg-type]
    assert mle(written) == pytest.approx(mle(simulated_lyapunov(net(0.5), X, **settings)), abs=1e-9)  # type: ignore[arg-type]


def test_a_slow_variable_of_ones_own_decays_at_its_rate() -> None:
    """Nothing else reads it: of all directions it is the slowest, exp(-dt/(200 ms)) by Euler's step."""
    text = """
    du/dt = (-u + I_rec + b + I_inf - beta*I_err)/tau : 1
    da/dt = (-a + r)/(200*ms) : 1
    r = tanh(u) : 1"""
    found = simulated_lyapunov(with_equations(net(0.25), text), X, steps=300, transient=300, dt_ms=5.0)
    assert mle(found) == pytest.approx(np.log(1 - 5 / 200), abs=1e-6)


def test_coupled_areas_are_as_unstable_as_the_worst_of_them() -> None:
    """Inference runs one way: the exponents of a chain are those of its areas."""
    layout = net(0.4, areas=2)
    first, second = layout.areas
    second = dataclasses.replace(second, recurrence=Recurrence(spectral_radius=0.8))
    layout = Layout(*layout.inputs, first, second, *layout.outputs, *layout.pathways)
    found = simulated_lyapunov(layout, steps=400, transient=400, initial=2)
    assert mle(found) == pytest.approx(np.log(0.8), abs=2e-3)
    alone = simulated_lyapunov(layout, steps=400, transient=400, initial=2, areas=["V1"])
    assert mle(alone) == pytest.approx(np.log(0.4), abs=2e-3)
    assert alone.attrs["areas"] == "V1"


def test_the_loop_of_inference_and_error_is_another_system() -> None:
    """In the learning phase errors flow back while inference goes on."""
    model = CorticalClassifier(net(0.5, 2), AdjointPropagation(beta=3.0), epochs=1, progress=False).fit(X, [0, 1])
    forward = simulated_lyapunov(model, X, steps=200, initial=2)
    loop = simulated_lyapunov(model, X, [0, 1], steps=200, initial=2)
    assert (forward.attrs["phase"], loop.attrs["phase"]) == ("inference", "learning")
    assert abs(mle(loop) - mle(forward)) > 1e-3
    assert np.isfinite(loop.exponent).all()


@pytest.mark.parametrize("labels", [None, [0, 1]])
@pytest.mark.parametrize(("dt_ms", "per_tau"), [(None, 1), (5.0, 2)])
@pytest.mark.parametrize(("steps", "transient"), [(1, 0), (3, 0), (1, 1), (3, 5)])
def test_as_many_steps_count_as_were_asked_for(
    steps: int, transient: int, dt_ms: float | None, per_tau: int, labels: list[int] | None
) -> None:
    found = simulated_lyapunov(net(0.5, 2), X, labels, steps=steps, transient=transient, initial=1, dt_ms=dt_ms)
    assert (found.attrs["steps"], found.attrs["transient"]) == (steps * per_tau, transient * per_tau)
    assert np.isfinite(found.mle)


def test_without_transient_the_first_step_counts() -> None:
    """The mean of the first two steps, and the second alone: together they give the first."""
    settings = {"transient": 0, "initial": 2}
    whole = simulated_lyapunov(net(2), X, steps=2, **settings)  # type: ignore[arg-type]
    first = simulated_lyapunov(net(2), X, steps=1, **settings)  # type: ignore[arg-type]
    later = simulated_lyapunov(net(2), X, steps=1, transient=2, initial=2)
    np.testing.assert_allclose(2 * whole.exponent - first.exponent, later.exponent, rtol=1e-9)


def test_a_step_of_no_length_is_refused() -> None:
    with pytest.raises(SettingError, match=r"dt_ms: tau of 'V1' \(10 ms\) must be a multiple of it \(got 0\)"):
        simulated_lyapunov(net(1), steps=5, dt_ms=0)


def test_stimuli_that_change_are_shown_once() -> None:
    """Without labels nothing is shown again for an error, whatever the rule of a layout."""
    layout = hierarchy(1, 4, 3, 5, frames=2)
    X = np.random.default_rng(0).uniform(size=(2, 8))
    found = simulated_lyapunov(layout, X=X, initial=2, steps=40, transient=10)
    assert np.isfinite(found["mle"]).all()
    assert found.attrs["phase"] == "inference"


@pytest.mark.parametrize("step", ["a", [1.0]])
def test_a_step_is_a_number(step: object) -> None:
    with pytest.raises(SettingError, match="dt_ms: must be a positive number of milliseconds, or None"):
        area_map(hierarchy(1, 4, 3, 5), "V1", np.ones((1, 4)), dt_ms=step)  # type: ignore[arg-type]


def test_states_that_grow_without_bound_have_diverged() -> None:
    layout = hierarchy(1, 8, 3, 16, activation="identity", recurrence=Recurrence(spectral_radius=1.2))
    assert simulated_lyapunov(layout, X, steps=40, transient=20).diverged.all()
    assert not simulated_lyapunov(net(3), X, steps=40, transient=20).diverged.any()


def test_the_same_seed_gives_the_same_bits() -> None:
    first, second, other = (simulated_lyapunov(net(2), X, steps=30, transient=5, seed=s) for s in (0, 0, 1))
    xr.testing.assert_identical(first, second)
    assert mle(first) != mle(other)


def test_a_run_that_was_stopped_has_no_exponent(monkeypatch: pytest.MonkeyPatch) -> None:
    """At Ctrl-C Brian2 ends its run without an error."""
    update = Benettin.update

    def interrupted(self: Benettin, *states: object) -> object:
        brian2.stop()
        return update(self, *states)  # type: ignore[arg-type]

    monkeypatch.setattr(Benettin, "update", interrupted)
    with pytest.raises(KeyboardInterrupt, match="the simulation was stopped before its end"):
        simulated_lyapunov(net(1), steps=5, transient=2)


def test_mistakes() -> None:
    for steps in (0, 2.5, "5"):
        with pytest.raises(SettingError, match=rf"steps: must be an integer from 1 on \(got {steps!r}\)"):
            simulated_lyapunov(net(1), steps=steps)  # type: ignore[arg-type]
    with pytest.raises(LayoutError, match=r"areas: no such area takes part in the task \(got 'V9'\)"):
        simulated_lyapunov(net(1), areas=["V9"])
    noisy = "du/dt = (-u + I_rec + b + I_inf - beta*I_err)/tau + 0.1*xi*tau**-0.5 : 1\nr = tanh(u) : 1"
    with pytest.raises(SettingError, match=r"source: has noise.*\n  leave xi out"):
        simulated_lyapunov(with_equations(net(1), noisy), steps=5, dt_ms=5.0)
