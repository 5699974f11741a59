"""The course of training: one row per epoch, as an xarray Dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

SCORES = {
    "loss": "mean cross entropy of the training trials",
    "train_accuracy": "accuracy on the training trials, as they were shown",
    "test_accuracy": "accuracy on the test trials after the epoch",
}


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave.

    Attributes
    ----------
    seconds : float
        Wall-clock time of training and testing.
    scores : dict of (str, str) to float
        By score and task; what was not measured is left out.
    """

    seconds: float
    scores: dict[tuple[str, str], float] = field(default_factory=dict)


def as_dataset(epochs: Sequence[Epoch], tasks: Sequence[str]) -> xr.Dataset:
    """Arrange epochs as a Dataset with dims (epoch, task); NaN where nothing was measured."""
    dataset = xr.Dataset(coords={"epoch": np.arange(1, len(epochs) + 1), "task": list(tasks)})
    for score, long_name in SCORES.items():
        values = [[e.scores.get((score, task), np.nan) for task in tasks] for e in epochs]
        array = np.array(values, dtype=float).reshape(len(epochs), len(tasks))
        units = "nats" if score == "loss" else "1"
        dataset[score] = (("epoch", "task"), array, {"long_name": long_name, "units": units})
    seconds = np.array([e.seconds for e in epochs], dtype=float)
    dataset["seconds"] = ("epoch", seconds, {"long_name": "wall-clock time of the epoch", "units": "s"})
    dataset["epoch"].attrs = {"long_name": "epoch"}
    return dataset


def from_dataset(dataset: xr.Dataset) -> list[Epoch]:
    """Turn a Dataset of `as_dataset` back into epochs."""
    tasks = [str(t) for t in dataset["task"].values]
    epochs = []
    for k, seconds in enumerate(dataset["seconds"].values):
        rows = {s: dataset[s].values[k] for s in SCORES}
        scores = {(s, t): float(v) for s, row in rows.items() for t, v in zip(tasks, row, strict=True)}
        epochs.append(Epoch(float(seconds), {key: v for key, v in scores.items() if not np.isnan(v)}))
    return epochs
