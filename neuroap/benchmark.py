"""How long a batch takes, next to the matrix products that no implementation can avoid."""

from __future__ import annotations

import os
import platform
import re
import resource
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl
from numpy.typing import NDArray

from neuroap.errors import SettingError
from neuroap.layout import Area, Layout, Output, Site, hierarchy
from neuroap.rules import AdjointPropagation
from neuroap.seeds import generator
from neuroap.timeline import Timeline, Window, timeline
from neuroap.training.learner import Learner
from neuroap.weights import draw_weights, recurrence_name

Array = NDArray[np.floating]
TRIALS = 500
LEARNING, INFERENCE = "batch learning", "batch inference"


@dataclass(frozen=True)
class Product:
    """One matrix product of a cycle.

    Attributes
    ----------
    weights : str
        Name of the weights that drive, or of those that learn.
    source, target : Site
    correlates : bool
        False: rates of the source times weights. True: rates of the source times errors of the target.
    """

    weights: str
    source: Site
    target: Site
    correlates: bool = False

    def shape(self, trials: int) -> tuple[int, int, int]:
        """Rows of the left factor, its columns, and columns of the right factor."""
        if self.correlates:
            return self.source.size, trials, self.target.size
        return trials, self.source.size, self.target.size


def products(layout: Layout, rule: AdjointPropagation, learn: bool) -> list[Product]:
    """The matrix products of a cycle in which all tasks of a layout run, in the order of its timeline.

    Parameters
    ----------
    layout : Layout
    rule : AdjointPropagation
    learn : bool
        Learning phase and plasticity too, not inference alone.
    """
    line = timeline(layout, rule)
    found = list(_drives(layout, line.inference, "inference", line.concurrent))
    if learn:
        found += _drives(layout, line.learning, "error", line.concurrent)
        found += _correlations(layout, rule, line)
    return found


def _drives(
    layout: Layout, windows: Mapping[str, Window], kind: str, concurrent: bool
) -> Iterator[Product]:
    for tick in range(max((w.stop for w in windows.values()), default=0)):
        for name in (n for n, w in windows.items() if tick in w.ticks):
            if concurrent or tick == windows[name].start:
                for p in layout.open(kind=kind):
                    if p.target_node == name:
                        yield Product(p.name, layout.site(p.source), layout.site(p.target))
            if _recurs(layout, name) and tick in windows[name].recurrent_ticks:
                yield _recurrence(layout, name)


def _correlations(layout: Layout, rule: AdjointPropagation, line: Timeline) -> Iterator[Product]:
    each = sum(term.pre != "1" for term in rule.correlations)
    for p in layout.open():
        if p.plastic and (p.target_node in line.learning or isinstance(layout[p.target_node], Output)):
            yield from [Product(p.name, layout.site(p.source), layout.site(p.target), True)] * each
    for name in line.learning:
        if rule.recurrent_plasticity and _recurs(layout, name):
            yield from [_recurrence(layout, name, correlates=True)] * each


def _recurs(layout: Layout, name: str) -> bool:
    node = layout[name]
    return isinstance(node, Area) and node.recurrence is not None


def _recurrence(layout: Layout, name: str, correlates: bool = False) -> Product:
    whole = Site(name, 0, layout[name].size)
    return Product(recurrence_name(name), whole, whole, correlates)


class Floor:
    """Bare matrix products, on arrays of the shapes and the memory layout that the network has.

    Parameters
    ----------
    layout : Layout
    chain : sequence of Product
    trials : int
    dtype : str
    """

    def __init__(self, layout: Layout, chain: Sequence[Product], trials: int, dtype: str) -> None:
        rng = generator(0, "benchmark", "floor")
        self._rates = {n.name: rng.uniform(-1, 1, (trials, n.size)).astype(dtype) for n in layout.nodes}
        self._drives = {name: np.zeros_like(rates) for name, rates in self._rates.items()}
        shapes = {p.weights: (p.source.size, p.target.size) for p in chain}
        self._weights = {n: rng.uniform(-1, 1, shape).astype(dtype) for n, shape in shapes.items()}
        self._gradients = {p.weights: np.zeros(shapes[p.weights], dtype) for p in chain if p.correlates}
        self._calls = [self._call(p) for p in chain]

    def _call(self, product: Product) -> tuple[Array, Array, Array]:
        """Left factor, right factor, result."""
        source, target = _columns(product.source), _columns(product.target)
        rates = self._rates[product.source.node][:, source]
        if product.correlates:
            # Errors are an array of their own in the network, of the size of the rates.
            return rates.T, self._rates[product.target.node][:, target], self._gradients[product.weights]
        return rates, self._weights[product.weights], self._drives[product.target.node][:, target]

    def run(self) -> float:
        """Compute all products once; returns the seconds it took."""
        start = time.perf_counter()
        for left, right, out in self._calls:
            np.matmul(left, right, out=out)
        return time.perf_counter() - start


def _columns(site: Site) -> slice:
    return slice(site.start, site.stop)


@dataclass
class Interleaved:
    """Called as each batch begins: times the batch before, then the floor.

    Both are measured in turn, so that both suffer alike from whatever else the computer does. What
    Brian2 does once per run falls before the first batch or after the last one.
    """

    floor: Floor
    batches: list[float] = field(default_factory=list)
    floors: list[float] = field(default_factory=list)
    began: float = 0.0

    def __call__(self, batch: int) -> None:
        if batch:
            self.batches.append(time.perf_counter() - self.began)
        self.floors.append(self.floor.run())
        self.began = time.perf_counter()


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
        What a run adds once, however many batches it has.
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
    results = [
        _measured(learner, data, batches, device, learn=True),
        _measured(learner, data, batches, device, learn=False),
    ]
    return {
        "results": [vars(r) for r in results],
        "layout": layout.name,
        "neurons": [a.size for a in layout.areas],
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
    timer = Interleaved(floor)
    # The first batch warms up; the last one has no successor that would tell when it ended.
    order = dict.fromkeys(data, np.tile(np.arange(trials), batches + 2))
    start = time.perf_counter()
    network.run(data, order, learn=learn, on_batch=timer)
    whole = time.perf_counter() - start
    times, floors = np.array(timer.batches[1:]), np.array(timer.floors[1:-1])
    typical = float(np.median(times))
    once = whole - sum(timer.batches) - sum(timer.floors) - typical
    return Result(
        device,
        LEARNING if learn else INFERENCE,
        1e3 * typical,
        1e3 * float(np.median(floors)),
        float(np.median(times / floors)),
        1e3 * max(once, 0.0),
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
