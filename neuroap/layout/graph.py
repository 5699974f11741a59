"""Orders of visit: the areas sorted along the open pathways of one kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from graphlib import CycleError, TopologicalSorter

from neuroap.errors import LayoutError
from neuroap.layout.pathways import Pathway


def order(pathways: Iterable[Pathway]) -> tuple[str, ...]:
    """Sort the nodes that `pathways` join so that every source comes before its targets.

    Raises
    ------
    LayoutError
        If the pathways form a cycle; the message names it and the pathway that closes it.
    """
    listed = list(pathways)
    graph: dict[str, list[str]] = {}
    for pathway in listed:
        graph.setdefault(pathway.target_node, []).append(pathway.source_node)
    try:
        return tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise _cycle_error(listed, error.args[1][:-1]) from None


def _cycle_error(pathways: Sequence[Pathway], nodes: list[str]) -> LayoutError:
    """Blame the pathway of the cycle that was declared last, and begin with it."""
    steps = set(zip(nodes, nodes[1:] + nodes[:1], strict=True))
    closing = [p for p in pathways if (p.source_node, p.target_node) in steps][-1]
    first = nodes.index(closing.source_node)
    cycle = " -> ".join([*nodes[first:], *nodes[: first + 1]])
    hint = "areas settle one after the other; recurrence belongs inside an area"
    return LayoutError(closing.where, f"{closing.kind} pathways must not form a cycle", cycle, hint)


def reached(pathways: Iterable[Pathway], sources: Iterable[str]) -> set[str]:
    """Nodes that a signal from `sources` reaches along `pathways` (the sources included)."""
    found = set(sources)
    edges = [(p.source_node, p.target_node) for p in pathways]
    while new := {target for source, target in edges if source in found} - found:
        found |= new
    return found
