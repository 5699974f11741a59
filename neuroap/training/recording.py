"""Trajectories: the rates of every neuron in every step of both phases, as an xarray Dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from neuroap.brian import CorticalNetwork, SimulatedNetwork
from neuroap.errors import LayoutError, RuleError, SettingError
from neuroap.layout import Area
from neuroap.rules import AdjointPropagation
from neuroap.timeline import Window
from neuroap.training.learner import Learner
from neuroap.weights import alive, cell_types

PHASES = ("inference", "learning")


def network_to_record(learner: Learner, task: str, data: Mapping[str, Any], steps: Any = None) -> SimulatedNetwork:
    """A network with the weights of `learner`, whose phases last for `steps`.

    Parameters
    ----------
    learner : Learner
    task : str
    data : mapping of str to (x, labels)
        The trials of `task`.
    steps : (int, int), optional
        Settling time of inference and learning, in membrane time constants; None: those of the rule.

    Raises
    ------
    SettingError
        If `steps` is no pair of positive integers.
    """
    rule = learner.rule if steps is None else _lasting(learner.rule, steps)
    if learner.device == "runtime" or rule != learner.rule:  # a program for other steps would have to be compiled
        return network_in_process(learner, rule, data)
    network = learner.network([task])  # the program is there already, for batches of its size
    network.load(learner.weights)
    return network


def network_in_process(learner: Learner, rule: AdjointPropagation, data: Mapping[str, Any]) -> CorticalNetwork:
    """A network in this process, of its own for these trials side by side, with the weights of `learner`."""
    trials = max(len(x) for x, _ in data.values())
    network = CorticalNetwork(learner.layout, rule, data, trials, dt_ms=learner.dt_ms, dtype=str(learner.dtype))
    network.load(learner.weights)
    return network


def _lasting(rule: AdjointPropagation, steps: Any) -> AdjointPropagation:
    """The same rule with other `steps`."""
    try:
        return replace(rule, steps=steps)
    except RuleError as error:
        hint = "for example steps=(100, 100): inference, learning"
        raise SettingError("record.steps", error.rule, steps, hint) from None


def record(network: SimulatedNetwork, data: Mapping[str, Any], learning: bool) -> xr.Dataset:
    """Show all trials and keep the rates.

    Parameters
    ----------
    network : SimulatedNetwork
        With weights loaded.
    data : mapping of str to (x, labels)
    learning : bool
        Run the learning phase too (weights do not change).

    Returns
    -------
    Dataset
        ``rate(phase, trial, step, area, neuron)``: rates at the end of each step of the phase; NaN where
        an area has fewer neurons, settles for fewer steps, or not at all in that phase. With learning,
        ``error(trial, area, neuron)``: r_inference - r_learning. ``block(area, neuron)`` names blocks,
        ``cell(area, neuron)`` types of cells ("E", "I", or ""); ``silent(area, neuron)`` tells cells of lesions, whose
        rate and error are 0.
        ``output_TASK(trial, node)``: output rates. The attribute ``error`` is the kind of error of the rule.

    Raises
    ------
    LayoutError
        If the task uses no areas.
    """
    line = network.timeline
    names = [a.name for a in network.layout.areas if a.name in network.nodes]
    if not names:
        raise LayoutError("record", "there are no areas whose rates could be recorded", list(network.tasks))
    # One tick short of the whole cycle: the last one changes the weights.
    length = line.length - 1 if learning else line.inference_length
    parts = [_batch(network, batch, length, names) for batch in _batches(data, network.trials)]
    outputs, rates, errors = (_joined([p[k] for p in parts]) for k in range(3))
    windows = (line.inference, line.learning) if learning else (line.inference,)
    dataset = _rates(network, rates, windows)
    if learning:
        attrs = {"long_name": "error, r_inference - r_learning", "units": "1"}
        dataset["error"] = (("area", "trial", "neuron"), _padded(list(errors.values())), attrs)
        dataset["error"] = dataset["error"].transpose("trial", "area", "neuron")
    for task, values in outputs.items():
        attrs = {"long_name": f"output rates of {task}", "units": "1"}
        dataset[f"output_{task}"] = (("trial", f"node_{task}"), values, attrs)
    return dataset


def _batches(data: Mapping[str, Any], size: int) -> Iterator[dict[str, Any]]:
    """The trials in portions of at most `size`."""
    total = min(len(x) for x, _ in data.values())
    for start in range(0, total, size):
        rows = slice(start, start + size)
        yield {t: (x[rows], None if labels is None else labels[rows]) for t, (x, labels) in data.items()}


def _batch(network: SimulatedNetwork, data: Mapping[str, Any], length: int, names: list[str]) -> tuple[Any, Any, Any]:
    """Outputs, rates (trial, tick, neuron) and errors (trial, neuron) of one batch."""
    show = network.plan(data, None, length)
    outputs, rates = network.traced(show, names)
    living = {n: alive(network.layout[n]) for n in names}  # type: ignore[arg-type]
    by_trial = {n: r[:, : show.total].transpose(1, 0, 2) * living[n] for n, r in rates.items()}
    errors = {n: network.values(n, "err")[: show.total] * living[n] for n in names}
    return {t: o[0] for t, o in outputs.items()}, by_trial, errors


def _joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def _rates(
    network: SimulatedNetwork, recorded: Mapping[str, Any], windows: tuple[Mapping[str, Window], ...]
) -> xr.Dataset:
    names = list(recorded)
    sizes = [network.layout[n].size for n in names]
    trials = len(recorded[names[0]])
    steps = max(len(w.ticks) for phase in windows for n, w in phase.items() if n in names)
    dtype = network.dtype
    rates = np.full((len(windows), trials, steps, len(names), max(sizes)), np.nan, dtype)
    for p, phase in enumerate(windows):
        for a, name in enumerate(names):
            if name in phase:
                ticks = phase[name].ticks
                rates[p, :, : len(ticks), a, : sizes[a]] = recorded[name][:, ticks.start : ticks.stop]
    dims = ("phase", "trial", "step", "area", "neuron")
    attrs = {"long_name": "rate at the end of the step", "units": "1"}
    coords: dict[str, Any] = {
        "phase": list(PHASES[: len(windows)]),
        "trial": np.arange(trials),
        "step": ("step", np.arange(1, steps + 1), {"long_name": "step of the phase", "units": "dt"}),
        "area": names,
        "neuron": np.arange(max(sizes)),
        "block": (("area", "neuron"), _blocks(network, names, max(sizes))),
        "cell": (("area", "neuron"), _cells(network, names, max(sizes))),
        "silent": (("area", "neuron"), _silent(network, names, max(sizes))),
    }
    settings = {"dt_ms": network.step_ms, "tasks": ", ".join(network.tasks), "layout": network.layout.name}
    return xr.Dataset({"rate": (dims, rates, attrs)}, coords, settings | {"error": network.rule.error})


def _blocks(network: SimulatedNetwork, names: list[str], width: int) -> np.ndarray:
    """Names of the blocks that each neuron belongs to, joined by '+' where blocks overlap."""
    found = np.full((len(names), width), "", dtype=object)
    for a, name in enumerate(names):
        area = network.layout[name]
        assert isinstance(area, Area)
        for block in area.block_list:
            for k in range(block.start, block.stop):
                found[a, k] += ("+" if found[a, k] else "") + block.name
    return found.astype(str)


def _cells(network: SimulatedNetwork, names: list[str], width: int) -> np.ndarray:
    """Types of the cells, "" where there are none or none is told."""
    types = [cell_types(network.layout[name]) for name in names]  # type: ignore[arg-type]
    return np.stack([np.pad(t, (0, width - len(t)), constant_values="") for t in types])


def _silent(network: SimulatedNetwork, names: list[str], width: int) -> np.ndarray:
    """Which cells a lesion silences."""
    living = [alive(network.layout[name]) for name in names]  # type: ignore[arg-type]
    return np.stack([np.pad(~own, (0, width - len(own)), constant_values=False) for own in living])


def _padded(arrays: list[np.ndarray]) -> np.ndarray:
    width = max(a.shape[1] for a in arrays)
    return np.stack([np.pad(a, ((0, 0), (0, width - a.shape[1])), constant_values=np.nan) for a in arrays])
