"""When the frames of a stimulus that changes are shown: evenly, in the windows of the areas that it drives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from neuroap.errors import LayoutError, SettingError
from neuroap.layout import Area, Input, Layout, Pathway
from neuroap.rules import AdjointPropagation
from neuroap.window import Window

Windows = Mapping[str, Window]


def frame_ticks(frames: int, start: int, stop: int) -> dict[int, int]:
    """The tick from which each frame is shown: tick ``start + k`` of L shows frame ``k frames / L``, rounded down.

    Examples
    --------
    >>> frame_ticks(2, start=10, stop=18)
    {10: 0, 14: 1}
    """
    return {tick: f for f, tick in enumerate(range(start, stop, (stop - start) // frames))}


def shown(
    layout: Layout, pathways: Iterable[Pathway], rule: AdjointPropagation, inference: Windows, learning: Windows
) -> dict[str, dict[int, int]]:
    """For each input whose stimulus changes, the frame that is shown from a tick on.

    Parameters
    ----------
    layout : Layout
    pathways : iterable of Pathway
        The open inference pathways.
    rule : AdjointPropagation
    inference, learning : mapping of str to Window

    Raises
    ------
    LayoutError
        A changing stimulus that drives an output, which has no memory.
    SettingError
        Ticks of a window that are no multiple of the frames, or a rule that does not go with them.
    """
    found: dict[str, dict[int, int]] = {}
    for node, area in _streams(layout, pathways):
        _check_rule(node, rule)
        for window in _windows(area, inference, learning):
            length = window.stop - window.start
            if length % node.frames:
                what = f"{area!r} must settle in a multiple of the {node.frames} frames of input {node.name!r}"
                raise SettingError("steps", what, length, f"for example steps=({node.frames}, {node.frames})")
            found.setdefault(node.name, {}).update(frame_ticks(node.frames, window.start, window.stop))
    return found


def changes(layout: Layout, pathways: Sequence[Pathway], inference: Windows, learning: Windows) -> dict[str, set[int]]:
    """For each area that a changing stimulus drives, the ticks from which it does so with another frame.

    Parameters and frames as of `shown`.
    """
    found: dict[str, set[int]] = {}
    for node, area in _streams(layout, pathways):
        for window in _windows(area, inference, learning):
            found.setdefault(area, set()).update(frame_ticks(node.frames, window.start, window.stop))
    return found


def _streams(layout: Layout, pathways: Iterable[Pathway]) -> Iterator[tuple[Input, str]]:
    """Inputs whose stimulus changes, each with an area that it drives."""
    for p in pathways:
        source = layout[p.source_node]
        if isinstance(source, Input) and source.frames > 1:
            if not isinstance(layout[p.target_node], Area):
                what = f"an output takes one frame, not the {source.frames} of input {source.name!r}"
                raise LayoutError(p.where, what, p.name, "let an area integrate them")
            yield source, p.target_node


def _windows(area: str, inference: Windows, learning: Windows) -> Iterator[Window]:
    """Windows in which an area sees all frames: it settles from rest. One that goes on keeps the last frame."""
    yield inference[area]
    if area in learning and learning[area].from_rest:
        yield learning[area]


def _check_rule(node: Input, rule: AdjointPropagation) -> None:
    if rule.tolerance is not None:
        hint = "use tolerance=None, or an input with one frame"
        what = f"windows cannot end early while input {node.name!r} shows {node.frames} frames"
        raise SettingError("tolerance", what, rule.tolerance, hint)
    if rule.schedule == "concurrent" and rule.error == "STE":
        what = f"with schedule='concurrent' the frames of input {node.name!r} cannot be shown once more for the error"
        raise SettingError("error", what, rule.error, "use error='EPE', which goes on from the last frame")
