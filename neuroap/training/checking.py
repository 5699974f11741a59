"""Counting violations: of Dale's law, of the places of weights, of the range of rates."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroap.layout import Area, Layout, activation
from neuroap.names import RECURRENCE
from neuroap.timeline import timeline
from neuroap.training.learner import Learner
from neuroap.training.recording import PHASES
from neuroap.weights import draw_weights, source_alive, source_signs

ROUNDING = 1e-6  # by which single precision may leave the range of an activation
LONG_NAMES = {
    "size": "number of weights",
    "wrong_sign": "weights against Dale's law",
    "misplaced": "weights where there must be none",
    "not_finite": "weights that are infinite or NaN",
    "rates": "number of rates",
    "rate_out_of_range": "rates out of the range of their activation",
    "violations": "violations in all",
}


def violations(learner: Learner, seed: int, recorded: xr.Dataset | None = None, task: str = "") -> xr.Dataset:
    """Count violations; see `CorticalClassifier.check`.

    Parameters
    ----------
    learner : Learner
    seed : int
        Of the initial weights: where a recurrent weight was 0, there is no connection.
    recorded : Dataset, optional
        Rates of a task, as `CorticalClassifier.record` returns them.
    task : str
    """
    first = draw_weights(learner.layout, seed)
    rows = {name: _count(learner.layout, name, w, first[name]) for name, w in learner.weights.items()}
    columns = ("size", "wrong_sign", "misplaced", "not_finite")
    counts = {c: ("weights", [row[k] for row in rows.values()]) for k, c in enumerate(columns)}
    found = xr.Dataset(counts, {"weights": list(rows)})
    if recorded is not None:
        found = found.assign(_rates(learner, recorded["rate"], task))
    bad = [v for v in found.data_vars if v not in ("size", "rates")]
    found["violations"] = sum(found[v].sum() for v in bad)
    for name in found.data_vars:
        found[name].attrs.update(long_name=LONG_NAMES[str(name)], units="1")
    return found


def _count(layout: Layout, name: str, w: NDArray[Any], first: NDArray[Any]) -> tuple[int, int, int, int]:
    """Size, wrong signs, misplaced weights and those that are not finite."""
    signs, living = source_signs(layout, name), source_alive(layout, name)
    wrong = 0 if signs is None else int((w * signs[:, None] < 0).sum())
    nowhere = first == 0 if name.endswith(RECURRENCE) else np.zeros(w.shape, bool)
    if living is not None:
        nowhere = nowhere | ~living[:, None]
    return w.size, wrong, int((nowhere & (w != 0)).sum()), int((~np.isfinite(w)).sum())


def _rates(learner: Learner, rate: xr.DataArray, task: str) -> xr.Dataset:
    """Of the steps that an area settles for, how many rates there are and how many are out of range."""
    line = timeline(learner.layout, learner.rule, [task], learner.dt_ms)
    phases = dict(zip(PHASES, (line.inference, line.learning), strict=True))
    sizes, outside = [], []
    for name in map(str, rate["area"].values):
        area = learner.layout[name]
        assert isinstance(area, Area)
        low, high = _range(area)
        windows = {str(p): phases[p][name] for p in rate["phase"].values if name in phases[p]}
        steps = {p: rate.sel(phase=p, area=name).isel(step=slice(len(w.ticks))) for p, w in windows.items()}
        values = [r.isel(neuron=slice(area.size)).transpose("step", "trial", "neuron").values for r in steps.values()]
        shown = [v[~_left_out(v)] if learner.rule.tolerance is not None else v for v in values]  # (..., neuron)
        sizes.append(sum(v.size for v in shown))
        outside.append(sum(int((~((v >= low - ROUNDING) & (v <= high + ROUNDING))).sum()) for v in shown))
    return xr.Dataset({"rates": ("area", sizes), "rate_out_of_range": ("area", outside)}, {"area": rate["area"].values})


def _range(area: Area) -> tuple[float, float]:
    """Between which values rates lie; equations of one's own promise nothing, Dale's law that none is negative."""
    if area.equations is not None:
        return 0.0 if area.dale else -np.inf, np.inf
    f = activation(area.activation)
    return f.low, f.high


def _left_out(rates: NDArray[Any]) -> NDArray[np.bool_]:
    """Steps of a trial that a window did without when it ended early: NaN, after a step in which all was finite.

    Rates that became NaN by themselves begin with one neuron, and stay. Shape (step, trial) for (step, trial, neuron).
    """
    missing, well = np.isnan(rates).all(-1), np.isfinite(rates).all(-1)
    left = np.zeros_like(missing)
    for step in range(1, len(left)):
        left[step] = missing[step] & (well[step - 1] | left[step - 1])
    return left
