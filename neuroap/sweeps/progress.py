"""Progress of a sweep on stderr, with the time that is left: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 5.0


class Progress:
    """Counts points.

    Parameters
    ----------
    points : int
        How many are to be computed.
    there : int
        How many are there from earlier runs.
    shown : bool or "auto"
        False: nothing at all. "auto" and True: as the module says.
    """

    def __init__(self, points: int, there: int, shown: bool | str = "auto") -> None:
        self.points, self.shown = points, bool(shown)
        self.done = self.failed = 0
        self._lock = threading.Lock()
        self.started = self.printed = time.monotonic()
        if there:
            self._say(f"{there} of {there + points} points are there already")
        terminal = self.shown and sys.stderr.isatty()
        self.bar = tqdm(total=points, unit="point", leave=False, dynamic_ncols=True) if terminal else None

    def point(self, failed: bool) -> None:
        """One point is finished; any thread may say so."""
        with self._lock:
            self._point(failed)

    def _point(self, failed: bool) -> None:
        self.done += 1
        self.failed += failed
        if self.bar is not None:
            self.bar.set_postfix_str(f"{self.failed} failed" if self.failed else "", refresh=False)
            self.bar.update()
            return
        now = time.monotonic()
        if now - self.printed > SECONDS_BETWEEN_LINES:
            self._say(self.line(now - self.started))
            self.printed = now

    def line(self, seconds: float) -> str:
        """What is said after so many seconds."""
        left = seconds / self.done * (self.points - self.done)
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.done} of {self.points} points{failed}, {left:.0f} s left"

    def _say(self, message: str) -> None:
        if self.shown:
            print(f"neuroap: {message}", file=sys.stderr, flush=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self.bar is not None:
            self.bar.close()
        if kind is KeyboardInterrupt:
            self._say(f"interrupted after {self.done} of {self.points} points; run it again to go on")
