"""The network that learns a two-alternative task unless told otherwise, and how it learns."""

from __future__ import annotations

import dataclasses
from typing import Any

from neuroap.layout import Layout, Recurrence, hierarchy
from neuroap.rules import AdjointPropagation
from neuroap.tasks import TwoAlternative

# Appendix 2 of Liu et al. 2026, doi 10.7554/eLife.108237.
PUBLISHED_RULE = AdjointPropagation(steps=(8, 4), error="EPE", learning_rate=2e-2, recurrent_plasticity=1e-4)
PUBLISHED_RECURRENCE = Recurrence(spectral_radius=0.25, connection_rate=1, placement="with-replacement")


def two_choice(task: TwoAlternative, block: int = 64, dale: bool = False) -> Layout:
    """Declare two areas of four blocks between the stimuli of a task and two choices.

    The network of appendix 2 of Liu et al. 2026 (doi 10.7554/eLife.108237), for stimuli of any length. Frames of a
    stimulus are shown one after the other while the areas settle.

    Parameters
    ----------
    task : TwoAlternative
    block : int
        Neurons per block.
    dale : bool
        The same of excitatory and inhibitory cells that obey Dale's law, with the recurrence of `hierarchy`.
    """
    own: dict[str, Any] = {"dale": True} if dale else {"recurrence": PUBLISHED_RECURRENCE}
    name = "two_choice_dale" if dale else "two_choice"
    return hierarchy(2, task.columns // task.frames, 2, block, frames=task.frames, name=name, **own)


def rule_for(task: TwoAlternative, rule: AdjointPropagation = PUBLISHED_RULE) -> AdjointPropagation:
    """Return `rule`; for stimuli that change, areas settle for one time constant and learn by STE.

    A short-trajectory error shows the frames once more, so that inference and learning differ by the error alone.
    """
    return rule if task.frames == 1 else dataclasses.replace(rule, steps=(1, 1), error="STE")


def time_step(task: TwoAlternative, layout: Layout) -> float | None:
    """Integration step in ms that goes with `rule_for`; None for dt = tau, the published map.

    ``dt = tau / frames``: the membrane integrates, ``u <- u + (I - u) / frames``, and a frame lasts one step. The map
    with dt = tau has no memory but that of its recurrence.
    """
    return None if task.frames == 1 else min(a.tau_ms for a in layout.areas) / task.frames
