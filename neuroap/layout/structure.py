"""What of a layout decides about the network that is built from it: all but initial weights."""

from __future__ import annotations

from dataclasses import replace

from neuroap.layout.initial import Recurrence, Zeros
from neuroap.layout.layout import Layout


def structure(layout: Layout) -> Layout:
    """The layout with the same initial weights everywhere, and without name and lines of declaration.

    Layouts of one structure have the same network: initial weights enter at run time.
    """
    areas = [
        replace(
            a,
            # Without inhibition it fits the areas of Dale's law that have no inhibitory cells, too.
            recurrence=None if a.recurrence is None else Recurrence(balance=0) if a.dale else Recurrence(),
            bias=None if a.bias is None else Zeros(),
            declared="",
        )
        for a in layout.areas
    ]
    inputs = [replace(i, declared="") for i in layout.inputs]
    outputs = [replace(o, bias=Zeros(), declared="") for o in layout.outputs]
    pathways = [replace(p, weights=Zeros(), declared="") for p in layout.pathways]
    return Layout(*inputs, *areas, *outputs, *pathways, name="layout")


def first_difference(one: Layout, other: Layout) -> str | None:
    """The name of the first node or pathway in which the structures of two layouts differ; None if they do not."""
    first, second = structure(one), structure(other)
    for parts, others in ((first.nodes, second.nodes), (first.pathways, second.pathways)):
        ours, theirs = ({p.name: p for p in each} for each in (parts, others))
        for name in (*ours, *theirs):
            if ours.get(name) != theirs.get(name):
                return name
        for ours_there, theirs_there in zip(ours, theirs, strict=True):  # declared in another order
            if ours_there != theirs_there:
                return ours_there
    return None
