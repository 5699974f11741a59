"""Trajectories: the rates of every neuron in every step of both phases, as an xarray Dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from neuroap.brian import CorticalNetwork
from neuroap.brian.recorder import watch_areas
from neuroap.errors import LayoutError
from neuroap.layout import Area
from neuroap.timeline import Window

PHASES = ("inference", "learning")


def record(network: CorticalNetwork, data: Mapping[str, Any], learning: bool) -> xr.Dataset:
    """Run one batch of all trials and keep the rates.

    Parameters
    ----------
    network : CorticalNetwork
        A fresh one, with as many trials side by side as there are, and weights loaded.
    data : mapping of str to (x, labels)
    learning : bool
        Run the learning phase too (weights do not change).

    Returns
    -------
    Dataset
        ``rate(phase, trial, step, area, neuron)``: rates at the end of each step of the phase; NaN where
        an area has fewer neurons, settles for fewer steps, or not at all in that phase. With learning,
        ``error(trial, area, neuron)``: r_inference - r_learning. ``block(area, neuron)`` names blocks.
        ``output_TASK(trial, node)``: output rates.

    Raises
    ------
    LayoutError
        If the task uses no areas.
    """
    monitors, line = watch_areas(network), network.timeline
    if not monitors:
        raise LayoutError("record", "there are no areas whose rates could be recorded", list(network.tasks))
    network.show(data)
    # One tick short of the whole cycle: the last one changes the weights.
    network.advance(1, line.length - 1 if learning else line.inference_length)
    windows = (line.inference, line.learning) if learning else (line.inference,)
    dataset = _rates(network, {n: m.r for n, m in monitors.items()}, windows)
    if learning:
        errors = _padded([network.groups[n].array("err") for n in monitors])
        attrs = {"long_name": "error, r_inference - r_learning", "units": "1"}
        dataset["error"] = (("area", "trial", "neuron"), errors, attrs)
        dataset["error"] = dataset["error"].transpose("trial", "area", "neuron")
    for task, stream in network.feed.streams.items():
        attrs = {"long_name": f"output rates of {task}", "units": "1"}
        dataset[f"output_{task}"] = (("trial", f"node_{task}"), stream.outputs, attrs)
    return dataset


def _rates(
    network: CorticalNetwork, recorded: Mapping[str, Any], windows: tuple[Mapping[str, Window], ...]
) -> xr.Dataset:
    names = list(recorded)
    sizes = [network.groups[n].size for n in names]
    steps = max(len(w.ticks) for phase in windows for n, w in phase.items() if n in names)
    dtype = network.dtype
    rates = np.full((len(windows), network.trials, steps, len(names), max(sizes)), np.nan, dtype)
    for p, phase in enumerate(windows):
        for a, name in enumerate(names):
            if name in phase:
                ticks = phase[name].ticks
                # (trials * N, steps) -> (trials, steps, N)
                part = recorded[name][:, ticks.start : ticks.stop].reshape(network.trials, sizes[a], len(ticks))
                rates[p, :, : len(ticks), a, : sizes[a]] = part.transpose(0, 2, 1)
    dims = ("phase", "trial", "step", "area", "neuron")
    attrs = {"long_name": "rate at the end of the step", "units": "1"}
    coords: dict[str, Any] = {
        "phase": list(PHASES[: len(windows)]),
        "trial": np.arange(network.trials),
        "step": ("step", np.arange(1, steps + 1), {"long_name": "step of the phase", "units": "dt"}),
        "area": names,
        "neuron": np.arange(max(sizes)),
        "block": (("area", "neuron"), _blocks(network, names, max(sizes))),
    }
    settings = {"dt_ms": network.clock.dt_ * 1000, "tasks": ", ".join(network.tasks), "layout": network.layout.name}
    return xr.Dataset({"rate": (dims, rates, attrs)}, coords, settings)


def _blocks(network: CorticalNetwork, names: list[str], width: int) -> np.ndarray:
    """Names of the blocks that each neuron belongs to, joined by '+' where blocks overlap."""
    found = np.full((len(names), width), "", dtype=object)
    for a, name in enumerate(names):
        area = network.layout[name]
        assert isinstance(area, Area)
        for block in area.block_list:
            for k in range(block.start, block.stop):
                found[a, k] += ("+" if found[a, k] else "") + block.name
    return found.astype(str)


def _padded(arrays: list[np.ndarray]) -> np.ndarray:
    width = max(a.shape[1] for a in arrays)
    return np.stack([np.pad(a, ((0, 0), (0, width - a.shape[1])), constant_values=np.nan) for a in arrays])
