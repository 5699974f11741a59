"""Cases whose areas obey Dale's law, or have silent cells: those of `brian.graphs`, changed at random."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from brian.graphs import Case, draw_case

from neuroap.layout import ACTIVATIONS, Area, Block, Layout, Recurrence
from neuroap.layout.cells import runs

NOT_NEGATIVE = [a.name for a in ACTIVATIONS.values() if a.low >= 0]


def with_dale(seed: int) -> Case:
    """A case of `draw_case` with cell types, most areas under Dale's law, some cells silent, either update."""
    case, rng = draw_case(seed), np.random.default_rng([seed, 205])
    areas = {a.name: _obeying(a, rng) for a in case.layout.areas}
    layout = Layout(*(areas.get(n.name, n) for n in case.layout.nodes), *case.layout.pathways)
    layout = _from_cells(layout, rng)
    return replace(case, layout=layout, rule=replace(case.rule, dale=str(rng.choice(["clip", "multiplicative"]))))


def _obeying(area: Area, rng: np.random.Generator) -> Area:
    """Excitatory cells up to a border, inhibitory ones behind it, so that blocks that overlap agree."""
    border = int(rng.integers(1, max(2, area.size)))
    blocks = [Block(b.name, b.start, b.size, int(np.clip(border - b.start, 0, b.size))) for b in area.block_list]
    told = replace(area, blocks=blocks, excitatory=float(border > max(b.stop for b in blocks)), neurons=area.size)
    if rng.random() < 0.8:
        told = replace(told, activation=str(rng.choice(NOT_NEGATIVE)), dale=True, recurrence=_recurrence(told, rng))
    kinds = sorted({r.kind for r in runs(told)})
    lesions = (str(rng.choice([*kinds, told.block_list[0].name])),) if rng.random() < 0.3 else ()
    return replace(told, lesions=lesions)


def _recurrence(area: Area, rng: np.random.Generator) -> Recurrence | None:
    if area.recurrence is None:
        return None
    balance = float(rng.uniform(0.5, 1.5)) if {r.kind for r in runs(area)} == {"E", "I"} else 0.0
    return Recurrence(float(rng.uniform(0.2, 1.2)), 0.7, balance=balance, exact_balance=bool(rng.random() < 0.5))


def _from_cells(layout: Layout, rng: np.random.Generator) -> Layout:
    """Let some pathways leave from the excitatory or inhibitory cells of their source block alone."""
    pathways = []
    for p in layout.pathways:
        node = layout[p.source_node]
        if isinstance(node, Area) and rng.random() < 0.5 and not p.source.endswith(".all"):
            block = next(b for b in node.block_list if b.name == p.source.split(".")[1])
            kinds = [k for k in "EI" if block.cells(k)[0] < block.cells(k)[1]]
            p = replace(p, source=f"{p.source}.{rng.choice(kinds)}")
        pathways.append(p)
    return Layout(*layout.nodes, *pathways)
