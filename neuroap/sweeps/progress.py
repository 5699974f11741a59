"""Progress of a sweep on stderr, with the time that is left: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 5.0
# Not tqdm's own estimate, which knows nothing of points that are being computed.
BAR = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} points [{elapsed}{postfix}]"


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
        self.failed, self.workers = 0, 1
        # Seconds since the start: when points ended, and when the first began; workers take a while to start.
        self._ends: list[float] = []
        self._begun = 0.0
        self._lock = threading.Lock()
        self.started = self.printed = time.monotonic()
        if there:
            self._say(f"{there} of {there + points} points are there already")
        terminal = self.shown and sys.stderr.isatty()
        self.bar = tqdm(total=points, bar_format=BAR, leave=False, dynamic_ncols=True) if terminal else None

    @property
    def done(self) -> int:
        """How many points were computed."""
        return len(self._ends)

    def at_once(self, workers: int) -> None:
        """Tell how many points are computed at the same time."""
        self.workers = max(workers, 1)

    def point(self, failed: bool, seconds: float) -> None:
        """One point is finished, which took so many seconds (0 if nobody knows); any thread may say so."""
        with self._lock:
            self._point(failed, seconds)

    def _point(self, failed: bool, seconds: float) -> None:
        now = time.monotonic()
        self._ends.append(now - self.started)
        if self.done == 1 and seconds:
            self._begun = max(self._ends[0] - seconds, 0.0)
        self.failed += failed
        if self.bar is not None:
            self.bar.set_postfix_str(self._rest(), refresh=False)
            self.bar.update()
        elif now - self.printed > SECONDS_BETWEEN_LINES:
            self._say(f"{self.done} of {self.points} points, {self._rest()}")
            self.printed = now

    def _rest(self) -> str:
        failed = f"{self.failed} failed, " if self.failed else ""
        return f"{failed}{_rough(self.left())} left"

    def left(self) -> float:
        """Seconds until all is done, if the points to come take as long as those before.

        It is taken that points end in the order in which they began, and that who ends one begins the next.
        """
        workers, left = min(self.workers, self.points), self.points - self.done
        running = min(workers, left)
        if not running:
            return 0.0
        mean = sum(end - self._begun for end in self._ends[-workers:]) / self.done
        begun = (*[self._begun] * workers, *self._ends)[self.done : self.done + running]
        rests = sorted(max(mean - (self._ends[-1] - start), 0.0) for start in begun)
        rounds, more = divmod(left - running, workers)
        return rounds * mean + max(rests[-1], rests[more - 1] + mean if more else 0.0)

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


def _rough(seconds: float) -> str:
    """A time in the unit that suits it."""
    minutes = round(seconds / 60)
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
