"""A layout with weights: it learns from and answers to batches, through Brian2 networks built when needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroap.brian import AUTO, DEVICES, SimulatedNetwork, chosen_device, network_on
from neuroap.errors import SettingError, did_you_mean
from neuroap.layout import Layout
from neuroap.rules import AdjointPropagation
from neuroap.training.progress import silent
from neuroap.weights import KEPT

Array = NDArray[np.floating]
Trials = tuple[Array, NDArray[np.integer] | None]
DTYPES = ("float32", "float64")
PRECISIONS = ("float32", "tf32")
DEVICE_CHOICES = (AUTO, *DEVICES)


def choose(setting: str, value: object, known: tuple[str, ...]) -> None:
    """Raise SettingError if `value` is none of those that are `known`."""
    if value not in known:
        raise SettingError(setting, f"must be one of {known}", value, did_you_mean(value, known))


def check_precision(precision: str, dtype: str, device: str) -> None:
    """Raise SettingError for a precision that is unknown, or that dtype or device do not have."""
    choose("precision", precision, PRECISIONS)
    if precision == "tf32" and (dtype != "float32" or device not in (AUTO, "cuda_standalone")):
        hint = 'use it with dtype="float32" and device="cuda_standalone" or "auto"'
        raise SettingError("precision", "tf32 is a mode of GPUs for single precision", (dtype, device), hint)


class OptimizerState:
    """Where the optimiser of one set of tasks stands: updates made, and arrays per plastic weight."""

    def __init__(self, updates: int = 0, arrays: Mapping[str, Mapping[str, Array]] | None = None) -> None:
        self.updates = updates
        self.arrays = {name: dict(states) for name, states in (arrays or {}).items()}


class Learner:
    """Weights and optimiser states, and the networks that change them.

    Tasks that run together share one network and one optimiser state, named ``"a+b"``; all networks
    share the weights.

    Parameters
    ----------
    layout : Layout
    rule : AdjointPropagation
    weights : mapping of str to ndarray, shape (source, target)
        Initial weights by name (see `neuroap.draw_weights`).
    trials : int
        Trials that run side by side, the batch size.
    dt_ms : float, optional
        Integration step; None for dt = tau.
    dtype : {"float32", "float64"}
    device : {"auto", "runtime", "cpp_standalone", "cuda_standalone"}
        "auto" is what suits the machine and `trials`; the attribute `device` says what that is.
    say : callable, optional
        Told which device is chosen, and when a network has to be compiled.
    precision : {"float32", "tf32"}
        "tf32" lets a GPU round the factors of matrix products to 10 bits, which is faster.

    Raises
    ------
    SettingError
        An unknown device, dtype or precision, or a batch size below 1.
    """

    def __init__(
        self,
        layout: Layout,
        rule: AdjointPropagation,
        weights: Mapping[str, Array],
        trials: int = 500,
        dt_ms: float | None = None,
        dtype: str = "float32",
        device: str = "runtime",
        say: Callable[[str], None] = silent,
        precision: str = "float32",
    ) -> None:
        choose("device", device, DEVICE_CHOICES)
        choose("dtype", dtype, DTYPES)
        check_precision(precision, dtype, device)
        if not isinstance(trials, int | np.integer) or trials < 1:
            raise SettingError("batch_size", "must be a positive integer", trials)
        self.layout, self.rule, self.trials, self.dt_ms = layout, rule, int(trials), dt_ms
        self.dtype, self.device, self.say, self.precision = np.dtype(dtype), device, say, precision
        if device == AUTO:
            self.device, why = chosen_device(self.trials)
            say(f"device {self.device}: {why}")
        self.weights: dict[str, Array] = {n: np.array(w, self.dtype) for n, w in weights.items()}
        self.states: dict[str, OptimizerState] = {}
        self._networks: dict[tuple[Any, ...], SimulatedNetwork] = {}

    @property
    def network_settings(self) -> dict[str, Any]:
        """What networks are told besides layout, rule, tasks and trials."""
        return dict(dt_ms=self.dt_ms, dtype=str(self.dtype), say=self.say, precision=self.precision)

    def network(self, tasks: Iterable[str] | None = None, trials: int | None = None) -> SimulatedNetwork:
        """The network in which `tasks` run together, built at first use."""
        chosen = self.layout.check_tasks(tasks)
        key = (tuple(t for t in self.layout.tasks if t in chosen), trials or self.trials)
        if key not in self._networks:
            self._networks[key] = network_on(self.device, self.layout, self.rule, *key, **self.network_settings)
        return self._networks[key]

    def learn(
        self,
        data: Mapping[str, Trials],
        order: Mapping[str, NDArray[np.integer]] | None = None,
        on_batch: Callable[[int], None] | None = None,
        seed: int = 0,
        epochs: int = 0,
    ) -> dict[str, Array]:
        """Show every trial once, learning after each batch; returns the outputs of inference by task.

        If the run is interrupted, weights and states stay as they were. Overflow is not an error here: ask
        `diverged`.

        Parameters
        ----------
        data, order, on_batch, seed, epochs
            As of `SimulatedNetwork.run`.
        """
        network = self.network(data)
        key = "+".join(network.tasks)
        state = self.state(key)
        network.load(self.weights, state.arrays or None)
        with np.errstate(over="ignore", invalid="ignore"):
            outputs = network.run(
                data, order, learn=True, updates=state.updates, epochs=epochs, on_batch=on_batch, seed=seed
            )
        shown = len(next(iter(outputs.values())))
        self.take(key, shown, network.weights(plastic_only=True), network.state())
        return outputs

    def state(self, key: str) -> OptimizerState:
        """Where the optimiser of the tasks ``"a+b"`` stands; at the beginning it knows what other tasks know."""
        if key in self.states:
            return self.states[key]
        # Which weights learn, and within which bounds, follows from the first weights: other tasks may know it.
        kept = {n: arrays for s in self.states.values() for n, arrays in s.arrays.items()}
        return OptimizerState(0, {n: {v: a for v, a in arrays.items() if v in KEPT} for n, arrays in kept.items()})

    def take(
        self, key: str, shown: int, weights: Mapping[str, Array], arrays: Mapping[str, Mapping[str, Array]]
    ) -> None:
        """Take over what the tasks ``"a+b"`` have learnt from `shown` trials."""
        self.weights.update(weights)
        self.states[key] = OptimizerState(self.state(key).updates + -(-shown // self.trials), arrays)

    def standing(self) -> tuple[dict[str, Array], dict[str, OptimizerState]]:
        """Weights and states as they are, for `put_back`."""
        return dict(self.weights), dict(self.states)

    def put_back(self, before: tuple[dict[str, Array], dict[str, OptimizerState]]) -> None:
        """Return to an earlier `standing`."""
        weights, states = before
        self.weights.update(weights)
        self.states = dict(states)

    @contextmanager
    def holding(self, together: Iterable[str], stimuli: Iterable[Array]) -> Iterator[None]:
        """Keep stimuli where the network of `together` runs, for all runs within; they must not change meanwhile."""
        with self.network(together).holding(stimuli):
            yield

    def readable_in_run(self, tasks: Iterable[str]) -> bool:
        """Whether `diverged` can be asked while the network of `tasks` runs."""
        return self.network(tasks).readable_in_run

    def diverged(self, tasks: Iterable[str]) -> str | None:
        """Say which node or weights first became infinite or NaN in the last batch of `tasks`; None if none did."""
        return overflows(self.network(tasks))[0]

    def close(self) -> None:
        """End the programs of all networks; they are started again when needed."""
        for network in self._networks.values():
            network.close()

    def __getstate__(self) -> dict[str, Any]:
        # Brian2 objects cannot be pickled; networks are built again when needed.
        return {**self.__dict__, "_networks": {}}

    def infer(self, task: str, x: Array, trials: int | None = None) -> Array:
        """Output rates, shape (n, output nodes), of `task` running alone, without learning."""
        network = self.network([task], trials)
        network.load(self.weights)
        return network.run({task: (x, None)})[task]


def overflows(network: SimulatedNetwork) -> list[str | None]:
    """Per copy of a network, which node or weights first became infinite or NaN in the last batch, or None."""
    line = network.timeline
    places: list[str | None] = [None] * network.copies

    def look(owner: str, variable: str, place: str) -> None:
        values = network.values(owner, variable).reshape(network.copies, -1)
        if not _is_finite(values):  # in a rare case, to look at each copy costs nothing
            for copy, own in enumerate(values):
                places[copy] = places[copy] or (None if _is_finite(own) else place)

    rates = [(n, "r_inf") for n in line.inference] + [(n, "err") for n in line.learning]
    network.bring([*rates, *((n, "w") for n in network.plastic)])
    for windows, variable, quantity in ((line.inference, "r_inf", "rates"), (line.learning, "err", "errors")):
        for name in windows:
            look(name, variable, f"the {quantity} of {name!r}")
    for name in network.plastic:
        look(name, "w", f"the weights {name!r}")
    return places


def _is_finite(array: Array) -> bool:
    # The sum needs no memory; where it overflows each number is looked at.
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(array.sum()) or np.isfinite(array).all())
