"""Orders of visit: the areas sorted along the open pathways of one kind."""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

from neuroap.errors import LayoutError
from neuroap.layout.pathways import Pathway


def order(pathways: Iterable[Pathway]) -> tuple[str, ...]:
    """Sort the nodes that `pathways` join so that every source comes before its targets.

    Raises
    ------
    LayoutError
        If the pathways form a cycle; the message names it.
    """
    listed = list(pathways)
    graph: dict[str, list[str]] = {}
    for pathway in listed:
        graph.setdefault(pathway.target_node, []).append(pathway.source_node)
    try:
        return tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        cycle = error.args[1]
        closing = next(p for p in listed if p.source_node == cycle[0] and p.target_node == cycle[1])
        hint = f"declared at {closing.declared}; areas settle one after the other, recurrence belongs inside an area"
        rule = f"{closing.kind} pathways must not form a cycle"
        raise LayoutError("Layout.pathways", rule, " -> ".join(cycle), hint) from None


def reached(pathways: Iterable[Pathway], sources: Iterable[str]) -> set[str]:
    """Nodes that a signal from `sources` reaches along `pathways` (the sources included)."""
    found = set(sources)
    edges = [(p.source_node, p.target_node) for p in pathways]
    while new := {target for source, target in edges if source in found} - found:
        found |= new
    return found
