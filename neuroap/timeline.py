"""The timeline: which node settles in which ticks of a cycle that shows one batch of trials."""

from __future__ import annotations

import numbers
from collections.abc import Container, Iterable, Mapping, Set
from dataclasses import dataclass, field

from neuroap.errors import SettingError
from neuroap.frames import changes, shown
from neuroap.layout import Area, Layout, activation
from neuroap.layout.graph import order, reached
from neuroap.rules import AdjointPropagation
from neuroap.window import Window


@dataclass(frozen=True)
class Timeline:
    """A repeating cycle: inference windows, learning windows, one tick in which weights change.

    Attributes
    ----------
    inference, learning : mapping of str to Window
        Per node. Areas whose rates stay zero through inference have no inference window, areas that no
        open error pathway reaches no learning window.
    inference_length : int
        Ticks of a cycle without learning.
    length : int
        Ticks of a whole cycle; weights change at the end of the last one.
    concurrent : bool
        All windows of a phase coincide, and drives change in every tick.
    frames : mapping of str to mapping
        For each input whose stimulus changes, the frame that is shown from a tick on.
    changes : mapping of str to set of int
        For each area that such an input drives, the ticks from which another frame does.
    """

    inference: Mapping[str, Window]
    learning: Mapping[str, Window]
    inference_length: int
    length: int
    concurrent: bool
    frames: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    changes: Mapping[str, Set[int]] = field(default_factory=dict)

    def drive_ticks(self, node: str, kind: str) -> list[int]:
        """Ticks in which the pathways of a kind ("inference", "error") act on a node; it keeps their drive between.

        There are none for silent areas, between which there is nothing to transmit.
        """
        windows = self.inference if kind == "inference" else self.learning
        if node not in windows:
            return []
        ticks = windows[node].ticks
        if self.concurrent:
            return list(ticks)
        return sorted({ticks[0], *(self.changes.get(node, ()) if kind == "inference" else ())})


def timeline(
    layout: Layout, rule: AdjointPropagation, tasks: Iterable[str] | None = None, dt_ms: float | None = None
) -> Timeline:
    """Lay the two phases of `rule` out in time for `tasks` running together.

    Parameters
    ----------
    layout : Layout
    rule : AdjointPropagation
    tasks : iterable of str, optional
        The tasks whose pathways are open; None for all.
    dt_ms : float, optional
        Integration step; None for dt = tau.

    Raises
    ------
    LayoutError
        If the pathways of the tasks together form a cycle.
    SettingError
        If the time constant of an area is not a multiple of the step, or the ticks of a window not one of the frames
        that are shown in it.
    """
    tasks = layout.check_tasks(tasks)
    pathways = layout.open(tasks, "inference")
    forward, backward = order(pathways), order(layout.open(tasks, "error"))
    concurrent = rule.schedule == "concurrent"
    inputs = {i.name for i in layout.inputs}
    lively = [a.name for a in layout.areas if not stays_silent(layout, a.name, rule)]
    resting = [n for n in lively if n in backward and n not in forward]
    driven = reached(pathways, [*inputs, *lively])
    visited = [*resting, *(n for n in forward if n in driven and n not in inputs)]
    inference, end = _windows(layout, visited, rule.steps[0], dt_ms, 0, visited, concurrent)
    perturbed = [n for n in backward if isinstance(layout[n], Area)]
    # An area that rested through inference starts from rest whatever the kind of error.
    at_rest = [n for n in perturbed if rule.error == "STE" or n not in inference]
    learning, stop = _windows(layout, perturbed, rule.steps[1], dt_ms, end, at_rest, concurrent)
    frames = shown(layout, pathways, rule, inference, learning)
    changing = changes(layout, pathways, inference, learning)
    return Timeline(inference, learning, end, stop + 1, concurrent, frames, changing)


def stays_silent(layout: Layout, name: str, rule: AdjointPropagation) -> bool:
    """Whether an area without drive keeps all its rates at zero."""
    area = layout[name]
    return isinstance(area, Area) and _silent_at_rest(area) and area.bias is None and not rule.bias_plasticity


def ticks_per_tau(area: Area, dt_ms: float | None) -> int:
    """Number of integration steps in one time constant of `area`.

    Raises
    ------
    SettingError
        If they are no whole number, or the step is none.
    """
    if dt_ms is None:
        return 1
    if not isinstance(dt_ms, numbers.Real):
        raise SettingError("dt_ms", "must be a positive number of milliseconds, or None for tau", dt_ms)
    ratio = area.tau_ms / dt_ms if dt_ms > 0 else 0.0  # NaN is not > 0 either
    if round(ratio) < 1 or abs(ratio - round(ratio)) > 1e-9 * ratio:
        hint = f"for example dt_ms={area.tau_ms / 10:g}; with several time constants a step that divides all of them"
        raise SettingError("dt_ms", f"tau of {area.name!r} ({area.tau_ms:g} ms) must be a multiple of it", dt_ms, hint)
    return round(ratio)


def _silent_at_rest(area: Area) -> bool:
    return area.equations is None and activation(area.activation).rest == 0.0


def _windows(
    layout: Layout,
    names: Iterable[str],
    steps: int,
    dt_ms: float | None,
    start: int,
    at_rest: Container[str],
    concurrent: bool,
) -> tuple[dict[str, Window], int]:
    """One window per node, one after the other (or all at once); returns where they end."""
    windows, now, end = {}, start, start
    longest = max((steps * ticks_per_tau(a, dt_ms) for a in layout.areas), default=1)
    for name in names:
        node = layout[name]
        length = steps * ticks_per_tau(node, dt_ms) if isinstance(node, Area) else 1
        from_rest = name in at_rest
        silent = from_rest and isinstance(node, Area) and _silent_at_rest(node)
        stop = start + longest if concurrent else now + length
        windows[name] = Window(start if concurrent else now, stop, from_rest, silent)
        now = stop
        end = max(end, stop)
    return windows, end
