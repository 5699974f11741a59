"""Times of a network and of its floor, measured in turn, so that both suffer alike from what else a computer does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

# Threads of OpenBLAS wait for more work in a loop, 2**28 cycles long, before they sleep (125 ms at 2 GHz). Those of
# a program would take the cores from the floor, and those of the floor the cores from the program.
PAUSE = 0.2


@dataclass
class Started:
    """Called by a network as each batch begins; remembers when the first one did."""

    at: float = 0.0

    def __call__(self, batch: int) -> None:
        if batch == 0:
            self.at = time.perf_counter()


@dataclass
class Times:
    """Seconds, round by round.

    Attributes
    ----------
    runs : list of float
        From the first batch of a run to its end.
    floors : list of float
        The matrix products of the same batches.
    calls : list of float
        From the start of a run to its first batch.
    """

    runs: list[float] = field(default_factory=list)
    floors: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Median of runs over floors, round by round."""
        return float(np.median(np.array(self.runs) / np.array(self.floors)))


def in_turn(run: Callable[[Started], object], floor: Callable[[], float], rounds: int) -> Times:
    """Run a network and its floor in turn; a first round warms up and does not count.

    Parameters
    ----------
    run : callable
        Runs some batches, and calls what it is given as each begins.
    floor : callable
        Computes the products of as many batches; returns the seconds they took.
    rounds : int
    """
    times = Times()
    for number in range(rounds + 1):
        time.sleep(PAUSE)
        called, started = time.perf_counter(), Started()
        run(started)
        ended = time.perf_counter()
        time.sleep(PAUSE)
        bare = floor()
        if number:
            times.runs.append(ended - started.at)
            times.calls.append(started.at - called)
            times.floors.append(bare)
    return times
