"""The drive of an area while it settles, constant or step by step, as the network itself computes it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroap.brian import CorticalNetwork
from neuroap.errors import DataError
from neuroap.layout import Area, Layout
from neuroap.regimes.sources import Source, as_source
from neuroap.training import CorticalClassifier

Floats = NDArray[np.float64]


def drive(
    source: CorticalClassifier | Layout,
    area: str,
    X: Any,
    y: Any = None,
    *,
    task: str | None = None,
    dt_ms: float | None = None,
    seed: int = 0,
) -> Floats:
    """The drive that an area settles under, for each of several stimuli.

    ``c = b + I_inf`` in inference, ``c = b + I_inf - beta I_err`` in the learning phase (eq. 1 of
    doi 10.7554/eLife.108237), read from a network that runs in float64: after it has settled, or in each step of the
    area's window where the stimulus changes (inputs with several frames).

    Parameters
    ----------
    source : CorticalClassifier or Layout
        A trained model, or a layout with the initial weights of `seed`. A layout settles for 8 tau, or for the next
        multiple of the frames of its inputs.
    area : str
    X : array, shape (trials, inputs)
        With frames, the frames of a trial one after the other.
    y : array, shape (trials,), optional
        Targets: with them the drive of the learning phase.
    task : str, optional
        Needed where there are several.
    dt_ms : float, optional
        Integration step; None: that of the model, or tau.
    seed : int
        Of the weights of a layout.

    Returns
    -------
    array, shape (trials, N), or (T, trials, N) where frames drive the area
        T integration steps, those of the area's window: each frame for the same time, once. So it is for areas that
        an input with frames drives directly; those beyond see the last rates of these, and their drive is constant
        (with ``schedule="concurrent"`` it is not). In the learning phase areas that start from rest (STE) see all
        frames once more, those that go on (EPE) only the last one.

    Raises
    ------
    LayoutError
        An unknown area.
    DataError
        Stimuli that do not fit.
    SettingError
        A step of which tau is no multiple.
    """
    return drive_from(as_source(source, seed), area, X, y, task, dt_ms)


def drive_from(source: Source, area: str, X: Any, y: Any, task: str | None, dt_ms: float | None = None) -> Floats:
    """As `drive`, from weights and rule.

    Parameters
    ----------
    source : Source
    area : str
    X, y : arrays
    task : str or None
    dt_ms : float or None

    Raises
    ------
    DataError, SettingError
        As `drive`.
    """
    node = source.layout[area]
    if not isinstance(node, Area):
        raise DataError("area", "must name an area", area, f"one of {[a.name for a in source.layout.areas]}")
    task = source.task(task)
    x = source.stimuli(X, task)
    labels = None if y is None else source.labels(y, len(x), task)
    step = source.dt_ms if dt_ms is None else dt_ms
    network = CorticalNetwork(source.layout, source.rule, [task], len(x), dt_ms=step, dtype="float64")
    if area not in network.nodes:
        return np.tile(source.bias(area), (len(x), 1))
    network.load(source.weights)
    beta, data = source.rule.beta if labels is not None else 0.0, {task: (x, labels)}
    changes = _changes(network, area, labels is not None)
    if changes:
        return source.bias(area) + _drives_by_step(network, area, beta, data, changes)
    network.run(data, learn=labels is not None)
    return source.bias(area) + _drives(network, area, beta)


def _changes(network: CorticalNetwork, area: str, learning: bool) -> list[int]:
    """Ticks of the area's window from which its drive is another one, and the end of the window; none if it stays."""
    line = network.timeline
    window = (line.learning if learning else line.inference).get(area)
    if window is None:
        return []
    if line.concurrent:  # signals flow in every tick
        return [*window.ticks, window.stop] if line.frames and not learning else []
    later = [tick for tick in sorted(line.changes.get(area, ())) if tick in window.ticks[1:]]
    return [window.start, *later, window.stop] if later else []


def _drives_by_step(
    network: CorticalNetwork, area: str, beta: float, data: Mapping[str, Any], changes: list[int]
) -> Floats:
    """Shape (ticks of the window, trials, N). The simulation halts after each tick that changes the drive."""
    simulation = network.hand_over(data, learn=any(labels is not None for _, labels in data.values()))
    found, done = [], 0
    for tick, following in pairwise(changes):
        simulation.run((tick + 1 - done) * network.clock.dt, namespace={})
        if network.cycle.position != tick:
            raise KeyboardInterrupt("the simulation was stopped before its end")
        found += [_drives(network, area, beta)] * (following - tick)
        done = tick + 1
    return np.stack(found)


def _drives(network: CorticalNetwork, area: str, beta: float) -> Floats:
    present: Mapping[str, Any] = network.groups[area].variables
    total = np.zeros((network.trials, network.layout[area].size))
    for name, sign in (("I_inf", 1.0), ("I_err", -beta)):
        if name in present and sign:
            total += sign * network.values(area, name)
    return total
