"""Trials as a labelled Dataset, which says what it holds to those who have only the file."""

from __future__ import annotations

import numpy as np
import xarray as xr

from neuroap.psychophysics.methods import Record
from neuroap.tasks import TwoAlternative


def labelled(record: Record, task: TwoAlternative) -> xr.Dataset:
    """Arrange the trials of one condition as a Dataset with dim ``trial``, see `experiment`."""
    first, second = task.choices
    right_answer = np.where(record.level == 0, np.nan, record.level > 0)
    correct = np.where(np.isnan(right_answer), np.nan, record.choice == right_answer)
    noise = np.full(len(record.level), task.noise)
    variables = {
        "level": (record.level, task.level_name, task.level_units),
        "choice": (record.choice, "choice", "1"),
        "p_right": (record.p_right, f"probability of {second!r}", "1"),
        "correct": (correct, "whether the choice was right", "1"),
        "noise": (noise, task.noise_name, task.noise_units),
        "seed": (record.seed, "seed of the stimuli of a block", "1"),
        "draw": (record.draw, "position in the block", "1"),
    }
    dataset = xr.Dataset(
        {
            name: ("trial", values, {"long_name": label, "units": units})
            for name, (values, label, units) in variables.items()
        }
    )
    dataset["choice"].attrs |= {"flag_values": np.array([0, 1], np.int8), "flag_meanings": f"{first} {second}"}
    dataset["correct"].attrs["comment"] = "not a number where the level is 0: neither choice is right"
    return dataset
