"""How long a batch takes on each device, next to the matrix products that no implementation can avoid."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl

from neuroap.brian import DEVICES
from neuroap.brian.compiled import CompiledNetwork
from neuroap.brian.compiled.build import MANIFEST
from neuroap.brian.interface import SimulatedNetwork
from neuroap.errors import DeviceError, SettingError
from neuroap.floor import Floor, products
from neuroap.layout import Layout, hierarchy
from neuroap.memory import peak_of_training
from neuroap.rules import AdjointPropagation
from neuroap.seeds import generator
from neuroap.timing import Started, Times, in_turn
from neuroap.training.learner import Learner, choose
from neuroap.weights import draw_weights

TRIALS = 500
FULL_DATA = 60_000  # trials of Fashion-MNIST
LEARNING, INFERENCE, ONLINE = "batch learning", "batch inference", "online learning"
# Batches of one run; a run of the online task must last long enough to be timed.
PER_RUN, PER_ONLINE_RUN = 2, 100


@dataclass(frozen=True)
class Result:
    """Medians over the rounds of one measurement.

    Attributes
    ----------
    device, task : str
    milliseconds : float
        One batch (or trial, if learning is online) in the network.
    floor_milliseconds : float
        Its matrix products alone: by numpy beside the runtime device; on a compiled device inside its program, by the
        library and on the arrays of the network.
    times_floor : float
        Median of the ratios of both, round by round.
    call_milliseconds : float
        From the start of a run to its first batch, once however many batches follow.
    trials_per_second : float
    """

    device: str
    task: str
    milliseconds: float
    floor_milliseconds: float
    times_floor: float
    call_milliseconds: float
    trials_per_second: float


@dataclass(frozen=True)
class Case:
    """A network to measure: `per_run` batches in each run."""

    layout: Layout
    rule: AdjointPropagation
    trials: int
    per_run: int


def measure(
    layout: Layout | None = None,
    online: Layout | None = None,
    batches: int = 20,
    device: str | None = None,
    trials: int = TRIALS,
    full_data: bool = False,
) -> dict[str, Any]:
    """Measure batch learning, batch inference, online learning and memory in float32 with Adam.

    Parameters
    ----------
    layout : Layout, optional
        Learns in batches with STE 8-8; None: two areas of 1024 neurons.
    online : Layout, optional
        Learns after every trial with EPE 8-4 and recurrent plasticity; None: two areas of 256 neurons.
    batches : int
        Batches measured; online learning shows fifty times as many trials.
    device : str, optional
        None for all that are present.
    trials : int
        Trials per batch.
    full_data : bool
        Measure the memory with as many trials as Fashion-MNIST has, not with one batch.

    Returns
    -------
    dict
        ``results`` (see `Result`), ``memory`` (see `peak_of_training`), ``builds`` of programs, ``absent``
        devices with the reason, and what was measured where.

    Raises
    ------
    SettingError
        No batches, or an unknown device.
    DeviceError
        If the one device asked for cannot be used.
    """
    if batches < 1:
        raise SettingError("batches", "must be a positive integer", batches)
    if device is not None:
        choose("device", device, DEVICES)
    layout = layout or hierarchy(areas=2)
    online = online or hierarchy(areas=2, block=64, input=1024, output=2)
    quick = AdjointPropagation(steps=(8, 4), error="EPE", recurrent_plasticity=0.1)
    cases = [Case(layout, AdjointPropagation(), trials, PER_RUN), Case(online, quick, 1, PER_ONLINE_RUN)]
    found: dict[str, Any] = {"results": [], "memory": [], "builds": [], "absent": {}}
    rows = FULL_DATA if full_data else trials
    for name in [device] if device else DEVICES:
        try:
            results, builds = _on_device(name, cases, batches)
            memory = peak_of_training(layout, name, rows, trials)
        except DeviceError as error:
            if device:
                raise
            found["absent"][name] = str(error).partition("\n")[0]
            continue
        found["results"] += [vars(r) for r in results]
        found["builds"] += builds
        found["memory"].append(memory)
    sizes = {"neurons": [a.size for a in layout.areas], "online_neurons": [a.size for a in online.areas]}
    settings = {"layout": layout.name, "trials": trials, "batches": batches}
    return found | sizes | settings | {"threads": threads(), "machine": machine()}


def _on_device(device: str, cases: list[Case], batches: int) -> tuple[list[Result], list[dict[str, Any]]]:
    results, builds = [], []
    for case in cases:
        weights = draw_weights(case.layout, 0)
        learner = Learner(case.layout, case.rule, weights, case.trials, dtype="float32", device=device)
        began = time.time()
        network = learner.network()
        if isinstance(network, CompiledNetwork):
            builds.append(_build(network, began) | {"neurons": [a.size for a in case.layout.areas]})
        network.load(learner.weights)
        try:
            for learn in (True, False) if case.trials > 1 else (True,):
                times, per_run = _times(network, case, batches, learn)
                results.append(_result(device, case, learn, per_run, times))
        finally:
            network.close()
    return results, builds


def _times(network: SimulatedNetwork, case: Case, batches: int, learn: bool) -> tuple[Times, int]:
    """Runs and floors in turn, and the batches of each run."""
    per_run = case.per_run if case.trials == 1 else min(case.per_run, batches)
    data = _trials(case.layout, max(case.trials, per_run))
    rows = np.arange(case.trials * per_run) % max(case.trials, per_run)
    order = dict.fromkeys(data, rows)

    def run(started: Started) -> None:
        network.run(data, order, learn=learn, on_batch=started)

    if isinstance(network, CompiledNetwork):
        floor = partial(_products_inside, network, run)
    else:
        bare = Floor(case.layout, products(case.layout, case.rule, learn), case.trials, str(network.dtype))
        floor = partial(bare.run, per_run)
    with network.holding([x for x, _ in data.values()]):
        times = in_turn(run, floor, -(-batches // PER_RUN))
    return times, per_run


def _products_inside(network: CompiledNetwork, run: Callable[[Started], None]) -> float:
    """The same run of a program with its matrix products alone, in seconds."""
    started = Started()
    with network.products_only():
        run(started)
        return time.perf_counter() - started.at


def _result(device: str, case: Case, learn: bool, per_run: int, times: Times) -> Result:
    seconds = float(np.median(times.runs)) / per_run
    task = ONLINE if case.trials == 1 else LEARNING if learn else INFERENCE
    return Result(
        device,
        task,
        1e3 * seconds,
        1e3 * float(np.median(times.floors)) / per_run,
        times.ratio,
        1e3 * float(np.median(times.calls)),
        case.trials / seconds,
    )


def _build(network: CompiledNetwork, began: float) -> dict[str, Any]:
    """What the program took to build, None if it was there already, and its folder's size."""
    fresh = (network.folder / MANIFEST).stat().st_mtime >= began
    seconds = time.time() - began if fresh else None
    size = sum(f.stat().st_size for f in network.folder.rglob("*") if f.is_file())
    return {"device": network.device, "seconds": seconds, "mib": size / 2**20}


def _trials(layout: Layout, trials: int) -> Mapping[str, Any]:
    """Random stimuli and labels for each task."""
    rng = generator(0, "benchmark", "trials")
    data = {}
    for task in layout.tasks:
        columns = sum(i.columns for i in layout.task_inputs(task))
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
