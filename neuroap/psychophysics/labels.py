"""Trials as a labelled Dataset, which says what it holds to those who have only the file."""

from __future__ import annotations

import numpy as np
import xarray as xr

from neuroap.psychophysics.methods import Record
from neuroap.tasks import TwoAlternative

CONDITION = "condition"
OF_CONDITION = {"long_name": "number of the condition", "units": "1"}


def labelled(record: Record, task: TwoAlternative, number: int) -> xr.Dataset:
    """Arrange the trials of the condition with this number as a Dataset with dim ``trial``, see `experiment`."""
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
    # CF conventions part meanings by blanks; names that have some are kept whole beside them.
    meanings = " ".join("_".join(name.split()) for name in task.choices)
    dataset["choice"].attrs |= {"flag_values": np.array([0, 1], np.int8), "flag_meanings": meanings}
    dataset["choice"].attrs |= {"meaning_of_0": first, "meaning_of_1": second}
    dataset["correct"].attrs["comment"] = "not a number where the level is 0: neither choice is right"
    dataset[CONDITION] = "trial", np.full(len(record.level), number), OF_CONDITION
    return dataset


def numbered(trials: xr.Dataset, first: int) -> tuple[xr.Dataset, int]:
    """Number the conditions of trials from `first` on, and say how many there are; trials without number are one."""
    known = trials[CONDITION].values if CONDITION in trials else np.zeros(trials.sizes["trial"])
    values, index = np.unique(known, return_inverse=True)
    return trials.assign({CONDITION: ("trial", first + index, OF_CONDITION)}), len(values)
