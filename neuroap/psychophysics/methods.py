"""Methods of an experiment: which level each trial shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuroap.psychophysics.observers import Observer
from neuroap.psychophysics.questplus import QuestPlus
from neuroap.seeds import as_seed, generator

QUEST_PLUS = "quest+"
BLOCK = 10_000  # trials shown at once: 40 MB of patches of 32 x 32


class Record(NamedTuple):
    """Trials of one condition, each array of shape (n,).

    ``task.stimuli(level[k], seed[k])`` of the k that share a seed, in the order of `draw`, gives the stimuli again.
    """

    level: NDArray[np.float64]
    choice: NDArray[np.int8]
    p_right: NDArray[np.float64]
    seed: NDArray[np.int64]
    draw: NDArray[np.int64]


def constant_stimuli(observer: Observer, levels: NDArray[np.float64], trials: int, seed: int) -> Record:
    """Show every level `trials` times."""
    shown = np.repeat(levels, trials)
    starts = range(0, len(shown), BLOCK)
    return _joined([_block(observer, shown[k : k + BLOCK], seed, number) for number, k in enumerate(starts)])


def quest_plus(observer: Observer, levels: NDArray[np.float64], trials: int, seed: int) -> Record:
    """Show `trials` levels in all, each chosen after the answers before it."""
    quest, records = QuestPlus(levels), []
    for number in range(trials):
        level = quest.next_level()
        records.append(_block(observer, np.array([level]), seed, number))
        quest.update(level, int(records[-1].choice[0]))
    return _joined(records)


METHODS: dict[str, Callable[[Observer, NDArray[np.float64], int, int], Record]] = {
    "constant": constant_stimuli,
    QUEST_PLUS: quest_plus,
}


def _block(observer: Observer, levels: NDArray[np.float64], seed: int, number: int) -> Record:
    """Show one stimulus per level at once."""
    own = as_seed(generator(seed, "stimuli", number))
    p_right = observer.p_right(observer.task.stimuli(levels, own))
    choices = observer.choices(p_right, generator(seed, "choices", number))
    return Record(levels, choices, p_right, np.full(len(levels), own), np.arange(len(levels)))


def _joined(records: Sequence[Record]) -> Record:
    return Record(*map(np.concatenate, zip(*records, strict=True)))
