"""Ends a window early, once the areas in it have settled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from brian2 import BrianObject, Clock, Network

from neuroap.brian.cycle import Cycle
from neuroap.brian.feed import Feed
from neuroap.brian.nodes import AreaGroup
from neuroap.timeline import Timeline, Window


@dataclass(frozen=True)
class Settling:
    """Areas that share a window; it ends when the largest change of any rate in one step is below `tolerance`.

    Attributes
    ----------
    groups : tuple of AreaGroup
    window : Window
    tolerance : float
    """

    groups: tuple[AreaGroup, ...]
    window: Window
    tolerance: float

    @property
    def ticks(self) -> range:
        """Ticks in which it pays to look: after the last one the window ends anyway."""
        return self.window.ticks[:-1]


def settlings(groups: Mapping[str, AreaGroup], line: Timeline, tolerance: float) -> Iterator[Settling]:
    """What has to settle in each window; where all areas are live at once, all of them."""
    for windows in (line.inference, line.learning):
        mine = {name: windows[name] for name in groups if name in windows}
        for window in dict.fromkeys(mine.values()) if line.concurrent else mine.values():
            yield Settling(tuple(groups[n] for n, w in mine.items() if w is window or w == window), window, tolerance)


class Settler(BrianObject):
    """Goes to the last tick of a window, in which it closes, as soon as its areas have settled."""

    add_to_magic_network = False

    def __init__(self, settling: Settling, feed: Feed, clock: Clock, name: str) -> None:
        super().__init__(clock=clock, when="groups", order=1, name=name)
        self.settling, self.feed, self.cycle = settling, feed, feed.cycle

    def run(self) -> None:
        if self.cycle.position in self.settling.ticks and self._settled():
            self.cycle.position = self.settling.window.stop - 1

    def _settled(self) -> bool:
        """Whether no rate of a trial that is shown changed by as much as the tolerance."""
        for group in self.settling.groups:
            shape = group.batch.copies, group.batch.trials, group.size
            r, last = (group.array(v).reshape(shape)[:, : self.feed.count] for v in ("r", "r_last"))
            np.subtract(r, last, out=last)  # it is written anew in the next step
            if not max(last.max(), -last.min()) < self.settling.tolerance:
                return False
        return True


class Finish(BrianObject):
    """Stops the network after the last tick: where windows end early, it comes before the time is up."""

    add_to_magic_network = False

    def __init__(self, cycle: Cycle, clock: Clock, name: str) -> None:
        super().__init__(clock=clock, when="end", order=2000, name=name)
        self.cycle = cycle
        self.stops: Network | None = None

    def run(self) -> None:
        if self.cycle.over and self.stops is not None:
            self.stops.stop()


def settlers(parts: Sequence[Settling], feed: Feed, clock: Clock) -> list[Settler]:
    """The objects that look, one per window."""
    return [Settler(s, feed, clock, f"neuroap_settler_{k}") for k, s in enumerate(parts)]
