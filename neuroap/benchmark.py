"""How long a batch takes, next to the matrix products that no implementation can avoid."""

from __future__ import annotations

import os
import platform
import re
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl
from numpy.typing import NDArray

from neuroap.errors import SettingError
from neuroap.floor import Floor, products
from neuroap.layout import Layout, hierarchy
from neuroap.rules import AdjointPropagation
from neuroap.seeds import generator
from neuroap.training.learner import Learner
from neuroap.weights import draw_weights

TRIALS = 500
LEARNING, INFERENCE = "batch learning", "batch inference"


@dataclass
class Interleaved:
    """Called as each batch begins: times the batch before, then the floor.

    Both are measured in turn, so that both suffer alike from whatever else the computer does. What
    Brian2 does once per run falls before the first batch.
    """

    floor: Floor
    called: float = 0.0
    first: float = 0.0
    batches: list[float] = field(default_factory=list)
    floors: list[float] = field(default_factory=list)
    began: float = 0.0

    def __call__(self, batch: int) -> None:
        now = time.perf_counter()
        if batch:
            self.batches.append(now - self.began)
        else:
            self.first = now
        self.floors.append(self.floor.run())
        self.began = time.perf_counter()

    def measured(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Seconds of each batch and of the floor before it.

        The first batch warms up; the last one has no successor that would tell when it ended.
        """
        return np.array(self.batches[1:]), np.array(self.floors[1:-1])


@dataclass(frozen=True)
class Result:
    """Medians over the batches of one measurement.

    Attributes
    ----------
    device, task : str
    milliseconds : float
        One batch in the network.
    floor_milliseconds : float
        Its matrix products alone.
    times_floor : float
        Median of the ratios of both, batch by batch.
    call_milliseconds : float
        From the start of a run to its first batch, once however many batches follow.
    """

    device: str
    task: str
    milliseconds: float
    floor_milliseconds: float
    times_floor: float
    call_milliseconds: float


def measure(
    layout: Layout | None = None, batches: int = 20, device: str = "runtime", trials: int = TRIALS
) -> dict[str, Any]:
    """Measure learning and inference, in float32, with STE 8-8 and Adam.

    Parameters
    ----------
    layout : Layout, optional
        None: two areas of 1024 neurons.
    batches : int
        Batches that are measured; one more warms up.
    device : str
    trials : int
        Trials per batch.

    Returns
    -------
    dict
        ``results`` (see `Result`), ``peak_memory_mib`` of the whole process, and what was measured where.

    Raises
    ------
    SettingError
        No batches, or an unknown device.
    """
    if batches < 1:
        raise SettingError("batches", "must be a positive integer", batches)
    layout, rule = layout or hierarchy(areas=2), AdjointPropagation()
    learner = Learner(layout, rule, draw_weights(layout, 0), trials, dtype="float32", device=device)
    data = _trials(layout, trials)
    learner.learn(data)
    peak = _peak_memory_mib()  # before the floor has arrays
    results = [_measured(learner, data, batches, device, learn) for learn in (True, False)]
    found = {"results": [vars(r) for r in results], "layout": layout.name, "neurons": [a.size for a in layout.areas]}
    return found | {
        "trials": trials,
        "batches": batches,
        "peak_memory_mib": peak,
        "threads": threads(),
        "machine": machine(),
    }


def _measured(learner: Learner, data: Mapping[str, Any], batches: int, device: str, learn: bool) -> Result:
    layout, trials = learner.layout, learner.trials
    floor = Floor(layout, products(layout, learner.rule, learn), trials, str(learner.dtype))
    network = learner.network()
    network.load(learner.weights)
    order = dict.fromkeys(data, np.tile(np.arange(trials), batches + 2))
    timer = Interleaved(floor, called=time.perf_counter())
    network.run(data, order, learn=learn, on_batch=timer)
    times, floors = timer.measured()
    return Result(
        device,
        LEARNING if learn else INFERENCE,
        1e3 * float(np.median(times)),
        1e3 * float(np.median(floors)),
        float(np.median(times / floors)),
        1e3 * (timer.first - timer.called),
    )


def _trials(layout: Layout, trials: int) -> dict[str, Any]:
    """One batch of random stimuli and labels for each task."""
    rng = generator(0, "benchmark", "trials")
    data = {}
    for task in layout.tasks:
        columns = sum(i.size for i in layout.task_inputs(task))
        labels = rng.integers(layout.task_output(task).size, size=trials)
        data[task] = rng.uniform(size=(trials, columns)).astype("float32"), labels
    return data


def threads() -> int:
    """Threads of the linear algebra library."""
    pools = [p for p in threadpoolctl.threadpool_info() if p["user_api"] == "blas"]
    return max((p["num_threads"] for p in pools), default=1)


def machine() -> str:
    """The processor and how many of its cores this process may use."""
    model = platform.processor() or platform.machine()
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
        model = found[1].strip() if found else model
    except OSError:
        pass  # no Linux
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores"


def _peak_memory_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
