"""Drives of stimuli that change: step by step those of the network, in both phases."""

from __future__ import annotations

from functools import cache

import brian2
import numpy as np
import pytest
from numpy.typing import NDArray

from neuroap import AdjointPropagation, CorticalClassifier, Uniform, draw_weights, hierarchy
from neuroap.analysis import max_lyapunov, per_unit_of_time
from neuroap.analysis.maps import jvp_error
from neuroap.errors import DataError
from neuroap.regimes import area_map, drive

FRAMES, STEPS = 3, 6
RNG = np.random.default_rng(0)
X, Y = RNG.uniform(size=(5, FRAMES * 8)), np.arange(5) % 3
LAYOUT = hierarchy(2, 8, 3, 6, frames=FRAMES, bias=Uniform(0.3))
Floats = NDArray[np.float64]


@cache
def trained(error: str = "STE", dt_ms: float | None = None, schedule: str = "sequential") -> CorticalClassifier:
    rule = AdjointPropagation(steps=(STEPS, STEPS), error=error, beta=0.7, schedule=schedule)
    return CorticalClassifier(LAYOUT, rule, epochs=2, dtype="float64", dt_ms=dt_ms, progress=False).fit(X, Y)


def states(model: CorticalClassifier, area: str, c: Floats, u: Floats) -> Floats:
    """What the map of each step makes of states: rates, or membrane states; shape (T, trials, N)."""
    found = []
    for each in c:
        u = area_map(model, area, drive=each)(u)
        found.append(u)
    return np.stack(found)


@pytest.mark.parametrize("dt_ms", [None, 2.5])
@pytest.mark.parametrize("error", ["STE", "EPE"])
@pytest.mark.parametrize("area", ["V1", "V2"])
def test_drives_are_those_of_the_network_in_every_step(area: str, error: str, dt_ms: float | None) -> None:
    """Rates from them are those that the network had."""
    model, ticks = trained(error, dt_ms), STEPS * (1 if dt_ms is None else 4)
    recorded = model.record(X, Y).rate.sel(area=area)
    rest = u = np.zeros((5, 24))
    for phase, y in (("inference", None), ("learning", Y)):
        c = drive(model, area, X, y)
        changes = area == "V1" and (phase == "inference" or error == "STE")
        assert c.shape == ((ticks, 5, 24) if changes else (5, 24))
        u = rest if phase == "inference" or error == "STE" else u
        found = states(model, area, c if changes else np.repeat(c[None], ticks, 0), u)
        rates = found if dt_ms is None else np.tanh(found)
        expected = recorded.sel(phase=phase).dropna("step").transpose("step", "trial", "neuron").values[-ticks:]
        np.testing.assert_allclose(rates, expected, rtol=0, atol=1e-12)
        u = found[-1]


@pytest.mark.parametrize("dt_ms", [None, 2.5])
def test_a_cycle_of_the_map_is_a_window_of_the_network(dt_ms: float | None) -> None:
    model = trained(dt_ms=dt_ms)
    system = area_map(model, "V1", X)
    end = system(np.zeros((5, 24)))
    rates = end if dt_ms is None else np.tanh(end)
    last = model.record(X).rate.sel(area="V1", phase="inference").dropna("step").values[:, -1]
    np.testing.assert_allclose(rates, last, rtol=0, atol=1e-12)
    given = area_map(model, "V1", drive=drive(model, "V1", X))
    np.testing.assert_array_equal(given(end), system(end))
    assert (system.multiple, system.steps_per_unit) == (5, 1 / STEPS)
    assert jvp_error(system) < 1e-6  # six steps that contract
    found = per_unit_of_time(max_lyapunov(system, steps=30, transient=30))
    assert found.mle.attrs["units"] == ("1/step" if dt_ms is None else "1/tau")
    assert -3 < float(found.mle) < 0


def test_each_frame_has_its_part_of_the_window() -> None:
    """Of a layout: 9 steps, the first multiple of 3 frames from 8 on, or as many times four."""
    weights = draw_weights(LAYOUT, 4)
    for dt_ms, length in ((None, 3), (2.5, 12)):
        c = drive(LAYOUT, "V1", X, dt_ms=dt_ms, seed=4)
        assert c.shape == (FRAMES * length, 5, 24)
        for k in range(FRAMES):
            expected = np.tile(weights["V1.bias"], (5, 1))
            expected[:, :6] += X[:, 8 * k : 8 * k + 8] @ weights["image -> V1.RI"]
            np.testing.assert_allclose(
                c[k * length : (k + 1) * length], np.repeat(expected[None], length, 0), atol=1e-12
            )
    assert area_map(LAYOUT, "V1", X, dt_ms=2.5).steps_per_unit == 4 / (FRAMES * 12)


def test_frames_that_are_equal_are_a_stimulus_that_does_not_change() -> None:
    still = hierarchy(2, 8, 3, 6, bias=Uniform(0.3))
    c = drive(LAYOUT, "V1", np.tile(X[:, :8], FRAMES))
    np.testing.assert_allclose(c, np.repeat(drive(still, "V1", X[:, :8])[None], 9, 0), atol=1e-12)


def test_signals_that_flow_change_the_drive_of_all_areas() -> None:
    """With all areas live at once, rates come from the drives of the areas below in the same way."""
    model = trained("EPE", schedule="concurrent")
    recorded = model.record(X).rate.sel(phase="inference")
    for area in ("V1", "V2"):
        c = drive(model, area, X)
        assert c.shape == (STEPS, 5, 24)
        expected = recorded.sel(area=area).dropna("step").transpose("step", "trial", "neuron").values[-STEPS:]
        np.testing.assert_allclose(states(model, area, c, np.zeros((5, 24))), expected, rtol=0, atol=1e-12)
        assert drive(model, area, X, Y).shape == (5, 24)


def test_a_run_that_was_stopped_has_no_drive(monkeypatch: pytest.MonkeyPatch) -> None:
    """At Ctrl-C Brian2 ends its run without an error."""
    run = brian2.Network.run

    def interrupted(self: brian2.Network, duration: object, **more: object) -> None:
        if not hasattr(self, "stopped_once"):
            self.stopped_once = True
            return
        run(self, duration, **more)

    monkeypatch.setattr(brian2.Network, "run", interrupted)
    with pytest.raises(KeyboardInterrupt, match="the simulation was stopped before its end"):
        drive(LAYOUT, "V1", X)


def test_frames_come_one_after_the_other() -> None:
    with pytest.raises(DataError, match=r"X: .*24"):
        drive(LAYOUT, "V1", X[:, :8])
