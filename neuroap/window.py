"""A window: the ticks in which a node settles."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """Ticks ``[start, stop)`` of a cycle in which a node settles.

    Attributes
    ----------
    from_rest : bool
        The node starts from its resting state; False: it goes on from where it is.
    silent_start : bool
        All rates are zero in the first tick, whose recurrent product is therefore left out.
    """

    start: int
    stop: int
    from_rest: bool = True
    silent_start: bool = False

    @property
    def ticks(self) -> range:
        """All ticks of the window."""
        return range(self.start, self.stop)

    @property
    def recurrent_ticks(self) -> range:
        """Ticks in which the recurrence acts."""
        return range(self.start + self.silent_start, self.stop)
