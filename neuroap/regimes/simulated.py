"""Lyapunov exponents of whole networks, and of areas with equations of their own, from two simulated trajectories."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroap.analysis.maps import whole
from neuroap.analysis.two_trajectories import Benettin
from neuroap.brian import CorticalNetwork
from neuroap.brian.perturbing import Perturber, memory
from neuroap.errors import LayoutError, SettingError, did_you_mean
from neuroap.layout import Layout
from neuroap.regimes.sources import Source, as_source
from neuroap.rules import AdjointPropagation
from neuroap.seeds import generator
from neuroap.training import CorticalClassifier

Floats = NDArray[np.float64]


def simulated_lyapunov(
    source: CorticalClassifier | Layout,
    X: Any = None,
    y: Any = None,
    *,
    steps: int = 1000,
    transient: int = 500,
    initial: int = 8,
    areas: Sequence[str] | None = None,
    task: str | None = None,
    dt_ms: float | None = None,
    seed: int = 0,
) -> xr.Dataset:
    r"""Maximum Lyapunov exponent of a network as it is simulated, whatever its equations.

    .. math:: \lambda = \frac1T \sum_t \ln \frac{\lVert y_{t+1} - x_{t+1} \rVert}{d}

    Every trajectory x has a copy y, which is brought back to the small distance d after every step (Benettin et al.
    1980, https://doi.org/10.1007/BF02128236). All of them are trials of one run, in float64. All areas are live at
    once and signals flow in every step (``schedule="concurrent"``), so that areas coupled through their pathways
    are one system: those of inference, or with labels the loop of inference and error in the learning phase.

    Parameters
    ----------
    source : CorticalClassifier or Layout
        A trained model, or a layout with the initial weights of `seed`.
    X : array, shape (trials, inputs), optional
        Stimuli; None: none (zeros).
    y : array, shape (trials,), optional
        Labels: with them the learning phase is measured.
    steps, transient : int
        Time constants that count, and those before them; with dt = tau these are steps of the map.
    initial : int
        Trajectories per stimulus; they start from rest plus uniform numbers in [-1, 1].
    areas : sequence of str, optional
        Areas that are perturbed and in which distance is measured; None: all.
    task : str, optional
        Needed where there are several.
    dt_ms : float, optional
        Integration step; None: that of the model, or tau.
    seed : int
        Of weights of a layout, initial states and directions.

    Returns
    -------
    Dataset
        As of `neuroap.analysis.max_lyapunov`, per integration step; `per_unit_of_time` gives it per tau.

    Raises
    ------
    SettingError
        Settings out of range; equations with noise, which trajectory and copy would not share.
    LayoutError
        An unknown area.
    KeyboardInterrupt
        If Brian2 was told to stop (Ctrl-C): it ends the run without a word.

    Examples
    --------
    >>> simulated_lyapunov(hierarchy(2), steps=500).mle  # doctest: +SKIP
    """
    origin = as_source(source, seed)
    task = origin.task(task)
    for name, value in (("steps", steps), ("transient", transient), ("initial", initial)):
        whole(name, value, least=int(name != "transient"))
    x, labels = _stimuli(origin, task, X, y, initial)
    # The network moves before there are copies: for one time constant at least.
    length = max(transient, 1) + steps
    network = _network(origin, task, len(x), length, labels is not None, dt_ms)
    chosen = _areas(network, areas)
    window = (network.timeline.inference if labels is None else network.timeline.learning)[chosen[0]]
    per_tau = len(window.ticks) // length
    if not transient:  # copies are made in the first tick, and exponents need as many as were asked for
        window = dataclasses.replace(window, stop=window.start + steps * per_tau + 1)
    trajectories = len(x) // 2
    benettin = Benettin(seed=seed)
    memories = [part for name in chosen for part in memory(network.groups[name], learning=labels is not None)]
    kick = generator(seed, "lyapunov", "simulated").uniform(-1, 1, (trajectories, sum(m.size for m in memories)))
    perturber = Perturber(network.cycle, network.clock, memories, window, benettin, kick)
    simulation = network.hand_over({task: (x, labels)}, learn=labels is not None)
    simulation.add(perturber)
    simulation.run(simulation.duration, namespace={})
    if not network.cycle.over:
        raise KeyboardInterrupt("the simulation was stopped before its end")
    found = benettin.result(max(transient * per_tau - 1, 0))  # the first step only makes the copies
    found.attrs["transient"] = transient * per_tau
    units = {"steps_per_unit": float(per_tau), "time_unit": "tau"} if per_tau > 1 else {}
    phase = "inference" if labels is None else "learning"
    return found.assign_attrs(units | {"areas": ", ".join(chosen), "phase": phase, "task": task})


def _stimuli(origin: Source, task: str, X: Any, y: Any, initial: int) -> tuple[Floats, NDArray[np.integer] | None]:
    """Each stimulus `initial` times for trajectories, and once more for their copies."""
    x = np.zeros((1, sum(i.columns for i in origin.layout.task_inputs(task)))) if X is None else X
    x = origin.stimuli(x, task)
    labels = None if y is None else origin.labels(y, len(x), task)
    rows = np.tile(np.repeat(np.arange(len(x)), initial), 2)
    return x[rows], None if labels is None else labels[rows]


def _network(
    origin: Source, task: str, trials: int, steps: int, learning: bool, dt_ms: float | None
) -> CorticalNetwork:
    """A network that settles for as long as is asked, with all areas live."""
    rule: AdjointPropagation = origin.rule
    lengths = (rule.steps[0], steps) if learning else (steps, 1)
    rule = dataclasses.replace(rule, steps=lengths, schedule="concurrent", tolerance=None)
    if not learning:
        rule = dataclasses.replace(rule, error="EPE")  # nothing begins anew: frames need not be shown once more
    step = origin.dt_ms if dt_ms is None else dt_ms
    network = CorticalNetwork(origin.layout, rule, [task], trials, dt_ms=step, dtype="float64")
    if network.noisy:
        hint = "leave xi out of the equations"
        raise SettingError("source", "has noise, which a trajectory and its copy would not share", task, hint)
    network.load(origin.weights)
    return network


def _areas(network: CorticalNetwork, areas: Sequence[str] | None) -> list[str]:
    live = [a.name for a in network.layout.areas if a.name in network.nodes]
    for name in areas or ():
        if name not in live:
            raise LayoutError("areas", "no such area takes part in the task", name, did_you_mean(str(name), live))
    return list(areas or live)
