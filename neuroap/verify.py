"""Replay golden traces of the reference program through the Brian2 network, and measure the deviations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroap.brian import SimulatedNetwork
from neuroap.layout import Layout, Output
from neuroap.rules import OPTIMIZERS, AdjointPropagation
from neuroap.traces import Trace, TraceSettings, read_trace
from neuroap.training.learner import Learner
from neuroap.training.progress import silent

FLOAT64 = 1e-9
# In float32 the rates agree to rounding, which a chaotic area amplifies; a relative error of 1e-3 shows.
FLOAT32 = {"rates": 1e-5, "chaotic": 1e-4, "grad": 5e-4}


@dataclass(frozen=True)
class Deviation:
    """The largest deviation of one quantity over all nodes or weights of a trace.

    Attributes
    ----------
    quantity : str
        "output", "loss", "r_inference", "r_learning", "e", "e_out", "grad" or "final weights".
    largest : float
        Largest absolute deviation; for gradients in float32 relative to their largest entry.
    tolerance : float
    """

    quantity: str
    largest: float
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether the deviation is within the tolerance (NaN is not)."""
        return bool(self.largest <= self.tolerance)


def verify(path: str | Path, dtype: str = "float64", device: str = "runtime", say: Any = silent) -> list[Deviation]:
    """Replay one trace and compare every quantity that it holds.

    Parameters
    ----------
    path : str or Path
        A ``.npz`` trace.
    dtype : {"float64", "float32"}
        In float64 everything agrees to 1e-9. In float32 rates, outputs and errors agree to 1e-5
        (1e-4 beyond spectral radius 1), gradients to 5e-4 of their largest entry, and final weights
        are compared for SGD only: Adam turns the rounding of a tiny gradient into a full step.
    device : str
    say : callable, optional
        Told which device "auto" is, and when a network has to be compiled.

    Raises
    ------
    TraceError
        A file that is missing, damaged or foreign.
    """
    trace = read_trace(path)
    learner = Learner(
        trace.layout,
        rule_of(trace.settings),
        trace.initial,
        trace.settings.batch_size,
        dtype=dtype,
        device=device,
        say=say,
    )
    found: dict[str, float] = {}
    compared: set[tuple[str, ...]] = set()
    for tasks, data in trace.batches:
        outputs = learner.learn(data)
        if tasks not in compared:
            compared.add(tasks)
            for quantity, deviation in _deviations(trace, tasks, learner.network(tasks), outputs, dtype):
                found[quantity] = _larger(found.get(quantity, 0.0), deviation)
    if dtype == "float64" or trace.settings.optimizer == "sgd":
        found["final weights"] = 0.0
        for name, weights in trace.final.items():
            deviation = np.abs(learner.weights[name] - weights).max()
            found["final weights"] = _larger(found["final weights"], float(deviation))
    return [Deviation(q, d, _tolerance(q, dtype, trace.layout)) for q, d in found.items()]


def rule_of(settings: TraceSettings) -> AdjointPropagation:
    """The learning rule of a trace."""
    return AdjointPropagation(
        steps=settings.steps,
        error=settings.error,
        beta=settings.beta,
        optimizer=OPTIMIZERS[settings.optimizer](),
        learning_rate=settings.learning_rate,
        recurrent_plasticity=settings.recurrent_plasticity,
        bias_plasticity=settings.bias_plasticity,
    )


def _larger(a: float, b: float) -> float:
    return float(np.maximum(a, b))  # unlike max(), it keeps NaN


def _tolerance(quantity: str, dtype: str, layout: Layout) -> float:
    if dtype == "float64":
        return FLOAT64
    chaotic = any(a.recurrence is not None and a.recurrence.radius > 1 for a in layout.areas)
    return FLOAT32["grad" if quantity == "grad" else "chaotic" if chaotic else "rates"]


def _deviations(
    trace: Trace,
    tasks: tuple[str, ...],
    network: SimulatedNetwork,
    outputs: dict[str, NDArray[np.floating]],
    dtype: str,
) -> Iterator[tuple[str, float]]:
    x_labels = next(data for ran, data in trace.batches if ran == tasks)
    for (quantity, name), expected in trace.expected_in(tasks).items():
        actual = _actual(quantity, name, network)
        if quantity == "loss":
            task = next(t for t in tasks if trace.layout.task_output(t).name == name)
            labels = x_labels[task][1]
            actual = -np.log(outputs[task].astype(float)[np.arange(len(labels)), labels]).mean(keepdims=True)
        scale = np.abs(expected).max() if quantity == "grad" and dtype == "float32" else 1.0
        yield quantity, float(np.abs(actual - expected).max() / scale)


def _actual(quantity: str, name: str, network: SimulatedNetwork) -> NDArray[np.floating]:
    if quantity == "grad":
        return network.values(name, "g").reshape(network.weight_table[name].shape).astype(float)
    variables = {"output": "r_inf", "loss": "r_inf", "e_out": "err", "r_inference": "r_inf", "e": "err"}
    # The learning phase clamps an output to its target; an area keeps its rates.
    assert quantity != "r_learning" or not isinstance(network.layout[name], Output)
    return network.values(name, variables.get(quantity, "r")).astype(float)
