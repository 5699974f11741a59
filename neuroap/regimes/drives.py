"""The constant drive of an area while it settles, as the network itself computes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroap.brian import CorticalNetwork
from neuroap.errors import DataError, SettingError
from neuroap.layout import Area, Layout
from neuroap.regimes.sources import Source, as_source
from neuroap.training import CorticalClassifier

Floats = NDArray[np.float64]


def drive(
    source: CorticalClassifier | Layout, area: str, X: Any, y: Any = None, *, task: str | None = None, seed: int = 0
) -> Floats:
    """The drive that an area settles under, for each of several stimuli.

    ``c = b + I_inf`` in inference, ``c = b + I_inf - beta I_err`` in the learning phase (eq. 1 of
    doi 10.7554/eLife.108237); read from a network that has settled in float64.

    Parameters
    ----------
    source : CorticalClassifier or Layout
        A trained model, or a layout with the initial weights of `seed`.
    area : str
    X : array, shape (trials, inputs)
    y : array, shape (trials,), optional
        Targets: with them the drive of the learning phase.
    task : str, optional
        Needed where there are several.
    seed : int
        Of the weights of a layout.

    Returns
    -------
    array, shape (trials, N)

    Raises
    ------
    LayoutError
        An unknown area.
    DataError
        Stimuli that do not fit.
    """
    return drive_from(as_source(source, seed), area, X, y, task)


def drive_from(source: Source, area: str, X: Any, y: Any, task: str | None) -> Floats:
    """As `drive`, from weights and rule.

    Parameters
    ----------
    source : Source
    area : str
    X, y : arrays
    task : str or None

    Raises
    ------
    DataError, SettingError
        As `drive`.
    """
    node = source.layout[area]
    if not isinstance(node, Area):
        raise DataError("area", "must name an area", area, f"one of {[a.name for a in source.layout.areas]}")
    task = source.task(task)
    if any(i.frames > 1 for i in source.layout.task_inputs(task)):
        raise SettingError(
            "X",
            "a stimulus that changes is no constant drive",
            task,
            "give area_map the drive itself, of shape (T, B, N)",
        )
    x = source.stimuli(X, task)
    labels = None if y is None else source.labels(y, len(x), task)
    network = CorticalNetwork(source.layout, source.rule, [task], len(x), dt_ms=source.dt_ms, dtype="float64")
    if area not in network.nodes:
        return np.tile(source.bias(area), (len(x), 1))
    network.load(source.weights)
    network.run({task: (x, labels)}, learn=labels is not None)
    return source.bias(area) + _drives(network, area, source.rule.beta if labels is not None else 0.0)


def _drives(network: CorticalNetwork, area: str, beta: float) -> Floats:
    present: Mapping[str, Any] = network.groups[area].variables
    total = np.zeros((network.trials, network.layout[area].size))
    for name, sign in (("I_inf", 1.0), ("I_err", -beta)):
        if name in present and sign:
            total += sign * network.values(area, name)
    return total
