"""The matrix products of a network that no implementation can avoid, computed bare: the floor of its run time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroap.brian.threads import threads_for
from neuroap.layout import Area, Layout, Output, Site
from neuroap.names import recurrence_name
from neuroap.rules import AdjointPropagation
from neuroap.seeds import generator
from neuroap.timeline import Timeline, timeline

Array = NDArray[np.floating]


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
    found = list(_drives(layout, line, 0, line.inference_length))
    if learn:
        found += _drives(layout, line, line.inference_length, line.length)
        found += _correlations(layout, rule, line)
    return found


def _drives(layout: Layout, line: Timeline, start: int, stop: int) -> Iterator[Product]:
    """What acts in ticks from `start` to `stop`."""
    for tick in range(start, stop):
        for p in layout.open():
            if tick in line.drive_ticks(p.target_node, p.kind):
                yield Product(p.name, layout.site(p.source), layout.site(p.target))
        for name, window in (*line.inference.items(), *line.learning.items()):
            if _recurs(layout, name) and tick in window.recurrent_ticks:
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

    They are computed by ``numpy.matmul``, with as many threads as the network takes. With one trial they are
    products of a vector and a matrix, and outer products; the latter by ``numpy.einsum``, which is quickest.

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
        self._largest = max((float(np.prod(p.shape(trials))) for p in chain), default=0.0)

    def _call(self, product: Product) -> tuple[Array, Array, Array]:
        """Left factor, right factor, result."""
        source, target = _columns(product.source), _columns(product.target)
        rates = self._rates[product.source.node][:, source]
        if product.correlates:
            # Errors are an array of their own in the network, of the size of the rates.
            return rates.T, self._rates[product.target.node][:, target], self._gradients[product.weights]
        return rates, self._weights[product.weights], self._drives[product.target.node][:, target]

    def run(self, times: int = 1) -> float:
        """Compute all products `times` times; returns the seconds it took."""
        with threads_for(self._largest):
            start = time.perf_counter()
            for _ in range(times):
                for left, right, out in self._calls:
                    if left.shape[1] == 1:
                        np.einsum("ik,kj->ij", left, right, out=out)
                    else:
                        np.matmul(left, right, out=out)
            return time.perf_counter() - start


def _columns(site: Site) -> slice:
    return slice(site.start, site.stop)
