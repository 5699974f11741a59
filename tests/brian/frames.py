"""Random networks whose stimuli change while they settle."""

from __future__ import annotations

from dataclasses import replace

from brian.graphs import Case, draw_case

from neuroap.layout import Layout


def with_frames(seed: int) -> Case:
    """The random case of a seed; its inputs show one, two or three frames each."""
    case = draw_case(seed)
    layout = case.layout
    outputs = {o.name for o in layout.outputs}
    still = {p.source_node for p in layout.pathways if p.target_node in outputs}  # an output takes one frame only
    inputs = [i if i.name in still else replace(i, frames=2 + (k + seed) % 2) for k, i in enumerate(layout.inputs)]
    layout = Layout(*inputs, *layout.areas, *layout.outputs, *layout.pathways, name=layout.name)
    rule = replace(case.rule, steps=(6, (6, 12)[seed % 2]), tolerance=None, schedule="sequential")
    return replace(case, layout=layout, rule=rule)
