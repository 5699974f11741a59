"""Learners whose networks lie side by side: what one does alone, done for all in one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Self

import numpy as np

from neuroap.brian import SimulatedNetwork, network_on
from neuroap.brian.interface import Orders
from neuroap.training.learner import Array, Learner, Trials, overflows
from neuroap.training.progress import silent


class _Overflow(Exception):
    """No network is left whose numbers are finite."""


class Learners:
    """Learners of one structure, as one network of several copies; it ends with the context.

    Parameters
    ----------
    learners : sequence of Learner
        They keep weights and states; only initial weights, learning rates and beta may differ.
    say : callable, optional
        Told when a network has to be compiled.
    """

    def __init__(self, learners: Sequence[Learner], say: Callable[[str], None] = silent) -> None:
        self.learners, self.say = list(learners), say
        self._networks: dict[tuple[str, ...], SimulatedNetwork] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for network in self._networks.values():
            network.close()

    def network(self, tasks: Iterable[str]) -> SimulatedNetwork:
        """The network in which `tasks` run together, one copy per learner, built at first use."""
        first, chosen = self.learners[0], set(tasks)
        key = tuple(t for t in first.layout.tasks if t in chosen)
        if key not in self._networks:
            settings = {**first.network_settings, "say": self.say, "copies": len(self.learners)}
            network = network_on(first.device, first.layout, first.rule, key, first.trials, **settings)
            network.rules = [learner.rule for learner in self.learners]
            self._networks[key] = network
        return self._networks[key]

    @contextmanager
    def holding(self, together: Iterable[str], stimuli: Iterable[Array]) -> Iterator[None]:
        """As `Learner.holding`."""
        with self.network(together).holding(stimuli):
            yield

    def learn(
        self,
        data: Mapping[str, Trials],
        orders: Sequence[Orders],
        active: Sequence[int],
        on_batch: Callable[[int], None],
        seed: int,
        epochs: int = 0,
    ) -> tuple[dict[int, dict[str, Array]], dict[int, str]]:
        """Show every trial once to all networks; some of the learners learn from it.

        Parameters
        ----------
        data, on_batch, seed, epochs
            As in `Learner.learn`.
        orders : sequence of mappings of str to ndarray of int
            The order of trials of every learner.
        active : sequence of int
            Learners that take over what their networks learn; they have made the same number of updates.

        Returns
        -------
        outputs : dict of int to (dict of str to ndarray, shape (n, output nodes))
            Those of active learners by their index; they are what `Learner.learn` returns.
        places : dict of int to str
            Active learners that take over nothing, because numbers became infinite or NaN, and where first.
        """
        network = self.network(data)
        key, places = "+".join(network.tasks), dict[int, str]()

        def look() -> None:
            for k, place in enumerate(overflows(network)):
                if place and k in active:
                    places.setdefault(k, place)
            if len(places) == len(active):
                raise _Overflow

        def begin(batch: int) -> None:
            if batch and network.readable_in_run:
                look()
            on_batch(batch)

        updates = self.learners[active[0]].state(key).updates
        network.load_each({k: (own.weights, own.state(key).arrays or None) for k, own in enumerate(self.learners)})
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                found = network.run(data, orders, learn=True, updates=updates, epochs=epochs, on_batch=begin, seed=seed)
            look()
        except _Overflow:
            return {}, places
        outputs, learnt = self._by_learner(found), network.learnt()
        well = [k for k in active if k not in places]
        for k in well:
            self.learners[k].take(key, len(next(iter(outputs[k].values()))), *learnt[k])
        return {k: outputs[k] for k in well}, places

    def infer(self, task: str, x: Array) -> list[Array]:
        """As `Learner.infer`, for every learner."""
        network = self.network([task])
        network.load_each({k: (own.weights, None) for k, own in enumerate(self.learners)})
        with np.errstate(over="ignore", invalid="ignore"):  # what overflowed while it learnt may still be there
            found = network.run({task: (x, None)})
        return [outputs[task] for outputs in self._by_learner(found)]

    def _by_learner(self, outputs: Mapping[str, Array]) -> list[dict[str, Array]]:
        """Outputs by copy: a network of one copy leaves their axis out."""
        return [{t: o.reshape(-1, *o.shape[-2:])[k] for t, o in outputs.items()} for k in range(len(self.learners))]
