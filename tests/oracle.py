"""The judge of every device: adjoint propagation in plain NumPy, float64, for any layout.

Liu et al. 2026, doi 10.7554/eLife.108237. Vectors are rows, one per trial; ``W[pre, post]``; B trials,
N neurons.

Equation 1, one step of an area (dt = tau gives the published map)::

    u <- u + dt/tau * (-u + f(u) @ W_rec + b + I_inf - beta * I_err),    r = f(u)

with I_inf the sum of ``r_source @ W`` over the open inference pathways and I_err the sum of ``e_source @ W``
over the open error pathways, each into the columns of its target block. beta = 0 in the inference phase.

Errors: ``e = softmax - target`` at an output, ``e = r_inference - r_learning`` in an area.
Equation 2, every open plastic weight, a mean over the trials::

    gradient[pre, post] = r_pre(inference).T @ e_post / B,    W <- W - learning_rate * optimiser(gradient)

Dale's law: weights that leave an excitatory cell (s = 1) or an inhibitory one (s = -1) keep the sign s; silent cells
send nothing, and nothing that leaves them learns.

It shares no computing code with `neuroap`: only the declarations of `neuroap.layout` are read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neuroap.layout import Layout, Pathway

Array = NDArray[np.float64]

# f(u) and f'(u)
ACTIVATIONS = {
    "tanh": (np.tanh, lambda u: 1 - np.tanh(u) ** 2),
    "identity": (lambda u: u, np.ones_like),
    "relu": (lambda u: np.maximum(u, 0), lambda u: (u > 0).astype(float)),
    "sigmoid": (lambda u: (1 + np.tanh(u)) / 2, lambda u: (1 - np.tanh(u) ** 2) / 2),  # 1 / (1 + exp(-2 u))
    "rectified_tanh": (lambda u: np.maximum(np.tanh(u), 0), lambda u: (u > 0) * (1 - np.tanh(u) ** 2)),
    "saturating": (lambda u: np.minimum(np.maximum(u, 0), 1), lambda u: ((u > 0) & (u < 1)).astype(float)),
    "hard_sigmoid": (lambda u: np.minimum(np.maximum(u + 0.5, 0), 1), lambda u: (np.abs(u) < 0.5).astype(float)),
}


@dataclass
class Record:
    """What one batch gave: arrays by name of area, output or parameter."""

    frames: dict[str, list[Array]]  # inputs, each (B, n)
    r_inference: dict[str, Array] = field(default_factory=dict)  # areas, (B, N)
    u_inference: dict[str, Array] = field(default_factory=dict)  # areas, (B, N)
    r_learning: dict[str, Array] = field(default_factory=dict)  # areas, (B, N); without error: r_inference
    e: dict[str, Array] = field(default_factory=dict)  # areas (B, N) and outputs (B, n_out); without error: 0
    output: dict[str, Array] = field(default_factory=dict)  # outputs, (B, n_out)
    loss: dict[str, float] = field(default_factory=dict)  # outputs: mean cross entropy
    grad: dict[str, Array] = field(default_factory=dict)  # parameters that learn, shaped like them

    @property
    def r_pre(self) -> dict[str, Array]:
        """Presynaptic rates: the stimuli, averaged over their frames, and the areas' after their inference phase."""
        return {**{n: np.mean(x, axis=0) for n, x in self.frames.items()}, **self.r_inference}


class Oracle:
    """Adjoint propagation on `layout`, one batch at a time; `weights` holds the present values."""

    def __init__(
        self,
        layout: Layout,
        weights: Mapping[str, Array],
        steps: tuple[float, float] = (8, 8),
        error: str = "STE",
        beta: float = 1.0,
        derivative: bool = False,
        optimizer: str = "adam",
        learning_rate: float = 1e-3,
        recurrent_plasticity: float = 0.0,
        bias_plasticity: bool = False,
        weight_decay: float = 0.0,
        tolerance: float | None = None,
        dale: str = "clip",
        dt_over_tau: float | Mapping[str, float] = 1.0,  # the same for all areas, or by area
    ) -> None:
        assert error in ("STE", "EPE")
        assert optimizer in ("adam", "sgd")
        self.layout, self.steps, self.error, self.beta = layout, steps, error, beta
        self.derivative, self.optimizer, self.learning_rate = derivative, optimizer, learning_rate
        self.recurrent_plasticity, self.bias_plasticity = recurrent_plasticity, bias_plasticity
        self.weight_decay, self.tolerance, self.dale = weight_decay, tolerance, dale
        one = not isinstance(dt_over_tau, Mapping)
        self.dt = {a.name: dt_over_tau if one else dt_over_tau[a.name] for a in layout.areas}
        self.weights = {name: np.array(w, dtype=float) for name, w in weights.items()}
        self.mask = {name: w != 0 for name, w in self.weights.items() if name.endswith(".recurrence")}
        self.optimisers: dict[frozenset[str], Adam] = {}  # one per combination of tasks that runs
        self.size = {name: np.sqrt(np.mean(w[w != 0] ** 2)) for name, w in self.weights.items() if w.any()}

    def batch(self, tasks: str | Iterable[str], data: Mapping[str, tuple[Array, Array]]) -> Record:
        """Infer, perturb and learn from ``{task: (x, labels)}``; x (B, n), labels (B,)."""
        tasks = _names(tasks)
        record = self._infer(tasks, {task: data[task][0] for task in tasks})
        targets = {self.layout.task_output(task).name: data[task][1] for task in tasks}
        if len(targets) < len(tasks):
            raise ValueError("tasks that share an output cannot run at once")
        for output, labels in targets.items():
            target = np.eye(self.layout[output].size)[labels]
            record.loss[output] = -np.mean(np.log(record.output[output][target == 1]))
            record.e[output] = record.output[output] - target
        perturbed = self._perturb(tasks, record)
        self._differentiate(tasks, perturbed, record)
        self._learn(tasks, record.grad)
        return record

    def predict(self, tasks: str | Iterable[str], x: Mapping[str, Array] | Array) -> dict[str, Array]:
        """Softmax of every output; `x` is ``{task: x}``, or the array alone for one task."""
        tasks = _names(tasks)
        return self._infer(tasks, x if isinstance(x, Mapping) else {tasks[0]: x}).output

    # ------------------------------------------------------------------ the two phases

    def _infer(self, tasks: tuple[str, ...], x: Mapping[str, Array]) -> Record:
        """Inference phase: every area settles from u = 0, sources before targets; then the outputs."""
        record, pathways = Record(self._stimuli(tasks, x)), self.layout.open(tasks, "inference")
        for area in in_order([a.name for a in self.layout.areas], pathways):
            drive = [self._drive(area, pathways, signal) for signal in self._signals(record)]
            u = self._settle(area, np.zeros_like(drive[0]), drive, self.steps[0])
            record.u_inference[area] = u
            record.r_inference[area] = record.r_learning[area] = self._f(area, u)
            record.e[area] = np.zeros_like(u)
        for output in (self.layout.task_output(task).name for task in tasks):
            u = self._drive(output, pathways, record.r_pre) + self.weights[f"{output}.bias"]
            exp = np.exp(u - u.max(axis=1, keepdims=True))
            record.output[output] = exp / exp.sum(axis=1, keepdims=True)
        return record

    def _perturb(self, tasks: tuple[str, ...], record: Record) -> list[str]:
        """Learning phase: areas that an error pathway reaches settle again, from the outputs backwards."""
        inference, errors = self.layout.open(tasks, "inference"), self.layout.open(tasks, "error")
        targets = {p.target_node for p in errors}
        reached = in_order([a.name for a in self.layout.areas if a.name in targets], errors)
        for area in reached:
            u = record.u_inference[area]
            again = self.error == "STE"
            signals = self._signals(record)[0 if again else -1 :]  # what goes on keeps the last frame
            i_err = self._drive(area, errors, record.e)  # the inference drive stays on
            drive = [self._drive(area, inference, signal) - self.beta * i_err for signal in signals]
            u = self._settle(area, np.zeros_like(u) if again else u, drive, self.steps[1])
            record.r_learning[area] = self._f(area, u)
            record.e[area] = record.r_inference[area] - record.r_learning[area]
        return reached

    def _settle(self, area: str, u: Array, drive: list[Array], steps: float) -> Array:
        """Forward Euler for `steps` time constants, each of the drives for the same time. u, drive[frame] (B, N)."""
        w_rec, b = self.weights.get(f"{area}.recurrence"), self.weights[f"{area}.bias"]  # (N, N), (1, N)
        dt = self.dt[area]
        length = round(steps / dt)
        for k in range(length):
            r = self._f(area, u)
            i_rec = r @ w_rec if w_rec is not None else 0.0
            u = (1 - dt) * u + dt * (i_rec + b + drive[k * len(drive) // length])
            if self.tolerance is not None and np.abs(self._f(area, u) - r).max() < self.tolerance:
                break
        return u

    def _signals(self, record: Record) -> list[dict[str, Array]]:
        """What inference pathways carry, frame by frame; inputs with fewer frames show each for longer."""
        most = math.lcm(*map(len, record.frames.values()))
        shown = [{n: x[f * len(x) // most] for n, x in record.frames.items()} for f in range(most)]
        return [{**rates, **record.r_inference} for rates in shown]

    def _drive(self, node: str, pathways: Iterable[Pathway], signal: Mapping[str, Array]) -> Array:
        """Sum of ``signal @ W`` over the pathways into `node`: (B, N), zero outside the target blocks."""
        trials = len(next(iter(signal.values())))
        total = np.zeros((trials, self.layout[node].size))
        for p in pathways:
            if p.target_node == node:
                pre = signal[p.source_node][:, self._columns(p.source)]  # (B, n_source)
                total[:, self._columns(p.target)] += pre @ self.weights[p.name]  # (B, n_target)
        return total

    # ------------------------------------------------------------------ plasticity

    def _differentiate(self, tasks: tuple[str, ...], perturbed: list[str], record: Record) -> None:
        """Gradients of every weight that learns; their pathways are open, their areas were perturbed."""
        e = dict(record.e)
        if self.derivative:
            for area, u in record.u_inference.items():
                e[area] = e[area] * self._slope(area, u)
        grad, has_error = record.grad, {*perturbed, *record.output}
        for p in self.layout.open(tasks, "inference"):
            if p.plastic and p.target_node in has_error:
                pre = record.r_pre[p.source_node][:, self._columns(p.source)]
                post = e[p.target_node][:, self._columns(p.target)]
                grad[p.name] = pre.T @ post / len(post)
        if self.recurrent_plasticity:
            for area in perturbed:
                if f"{area}.recurrence" in self.weights:
                    grad[f"{area}.recurrence"] = record.r_inference[area].T @ e[area] / len(e[area])
        if self.bias_plasticity:
            for node in (*perturbed, *record.output):
                grad[f"{node}.bias"] = e[node].mean(axis=0, keepdims=True)

    def _learn(self, tasks: tuple[str, ...], grad: Mapping[str, Array]) -> None:
        """W <- W - learning_rate * (step + weight_decay * W)."""
        adam = self.optimisers.setdefault(frozenset(tasks), Adam())
        adam.t += 1
        for name, g in grad.items():
            step = g if self.optimizer == "sgd" else adam.step(name, g)
            if name in self.mask:
                step = self.recurrent_plasticity * self.mask[name] * step
            self.weights[name] = self._changed(name, step)

    def _changed(self, name: str, step: Array) -> Array:
        """A weight after its step, within Dale's law, and as it was where its source cell is silent."""
        w, eta, decay = self.weights[name], self.learning_rate, self.weight_decay
        sign, silent = self._source_cells(name)  # (n_source, 1)
        free = w - eta * (step + decay * w)
        if sign is not None and self.dale == "clip":
            free = np.where(sign > 0, np.maximum(free, 0), np.minimum(free, 0))
        elif sign is not None:
            free = w * np.exp(-eta * (sign * step / self.size.get(name, 1.0) + decay))
        return np.where(silent, w, free)

    def _source_cells(self, name: str) -> tuple[Array | None, Array | bool]:
        """Signs of the cells that weights leave (None: no law), and which of them are silent."""
        pathway = next((p for p in self.layout.pathways if p.name == name), None)
        if name.endswith(".bias") or (pathway and pathway.source_node not in {a.name for a in self.layout.areas}):
            return None, False
        area = self.layout[pathway.source_node if pathway else name.removesuffix(".recurrence")]
        columns = self._columns(pathway.source) if pathway else slice(None)
        sign, silent = np.zeros(area.size), np.zeros(area.size, bool)
        outside = [k for k in range(area.size) if not any(b.start <= k < b.stop for b in area.block_list)]
        if area.excitatory is not None:  # the tests have at most one gap
            sign[outside] = [1] * round(area.excitatory * len(outside)) + [-1] * (
                len(outside) - round(area.excitatory * len(outside))
            )
        cells = {"all": slice(None), "E": sign > 0, "I": sign < 0}
        for b in area.block_list:
            cells[b.name] = slice(b.start, b.stop)
            if b.excitatory is not None:
                cells[f"{b.name}.E"] = slice(b.start, b.start + b.excitatory)
                cells[f"{b.name}.I"] = slice(b.start + b.excitatory, b.stop)
                sign[cells[f"{b.name}.E"]], sign[cells[f"{b.name}.I"]] = 1, -1
        cells |= {"E": sign > 0, "I": sign < 0}
        for lesion in area.lesions:
            silent[cells[lesion]] = True
        return sign[columns, None] if area.dale else None, silent[columns, None]

    # ------------------------------------------------------------------ reading the layout

    def _stimuli(self, tasks: tuple[str, ...], x: Mapping[str, Array]) -> dict[str, list[Array]]:
        """Frames of the inputs; a task with several inputs has their columns side by side in `x`."""
        rates: dict[str, Array] = {}
        for task in tasks:
            inputs = self.layout.task_inputs(task)
            given, ends = np.asarray(x[task], float), np.cumsum([i.columns for i in inputs])
            assert given.shape[1] == ends[-1], f"x of {task!r} must have {ends[-1]} columns"
            for node, columns in zip(inputs, np.split(given, ends[:-1], axis=1), strict=True):
                if not np.array_equal(rates.setdefault(node.name, columns), columns):
                    raise ValueError(f"two tasks show different stimuli at {node.name!r}")
        return {name: np.split(columns, self.layout[name].frames, axis=1) for name, columns in rates.items()}

    def _columns(self, address: str) -> slice:
        site = self.layout.site(address)
        return slice(site.start, site.stop)

    def _f(self, area: str, u: Array) -> Array:
        return ACTIVATIONS[self.layout[area].activation][0](u)

    def _slope(self, area: str, u: Array) -> Array:
        return ACTIVATIONS[self.layout[area].activation][1](u)


@dataclass
class Adam:
    """Kingma & Ba 2015: ``step = m_hat / (sqrt(v_hat) + epsilon)``; `t` counts the updates."""

    t: int = 0
    moments: dict[str, tuple[Array, Array]] = field(default_factory=dict)

    def step(self, name: str, g: Array) -> Array:
        """Step of one parameter, shaped like its gradient `g`."""
        m, v = self.moments.get(name, (np.zeros_like(g), np.zeros_like(g)))
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        self.moments[name] = m, v
        return (m / (1 - 0.9**self.t)) / (np.sqrt(v / (1 - 0.999**self.t)) + 1e-8)


def in_order(nodes: list[str], pathways: Iterable[Pathway]) -> list[str]:
    """Sort `nodes` so that each comes after all of them from which a pathway reaches it."""
    edges = [(p.source_node, p.target_node) for p in pathways]
    done: list[str] = []
    while waiting := [n for n in nodes if n not in done]:
        ready = [n for n in waiting if not any(target == n and source in waiting for source, target in edges)]
        if not ready:
            raise ValueError(f"pathways form a cycle among {waiting}")
        done += ready
    return done


def _names(tasks: str | Iterable[str]) -> tuple[str, ...]:
    return (tasks,) if isinstance(tasks, str) else tuple(tasks)
