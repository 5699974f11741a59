"""Progress on stderr: one updating line on a terminal, plain lines elsewhere, nothing under a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from tqdm import tqdm

QUIET_SECONDS = 1.0


def announcer(shown: bool | str) -> Callable[[str], None]:
    """What tells the user that something takes long: a line on stderr, or nothing if `shown` is False."""
    return announce if shown else silent


def announce(message: str) -> None:
    """Print a line on stderr."""
    print(f"neuroap: {message}", file=sys.stderr, flush=True)


def silent(message: str) -> None:
    """Say nothing."""


class Progress:
    """Reports batches and epochs.

    Parameters
    ----------
    epochs, batches : int
        Epochs to come, and batches in each.
    shown : bool or "auto"
        False: nothing at all. "auto" and True: as the module says.
    """

    def __init__(self, epochs: int, batches: int, shown: bool | str = "auto") -> None:
        self.epochs, self.shown = epochs, bool(shown)
        self.started = self.printed = time.monotonic()
        self.done = 0
        terminal = self.shown and sys.stderr.isatty()
        self.bar = (
            tqdm(total=epochs * batches, unit="batch", delay=QUIET_SECONDS, leave=False, dynamic_ncols=True)
            if terminal
            else None
        )

    def batch(self, _index: int = 0) -> None:
        """One batch begins."""
        if self.bar is not None:
            self.bar.update()

    def epoch(self, summary: str) -> None:
        """One epoch is over."""
        self.done += 1
        if self.bar is not None:
            self.bar.set_postfix_str(summary, refresh=False)
            return
        now = time.monotonic()
        last = self.done == self.epochs
        if self.shown and now - self.started > QUIET_SECONDS and (last or now - self.printed > QUIET_SECONDS):
            left = (now - self.started) / self.done * (self.epochs - self.done)
            print(f"epoch {self.done}/{self.epochs}  {summary}  {left:.0f} s left", file=sys.stderr, flush=True)
            self.printed = now

    def close(self) -> None:
        """Training is over."""
        if self.bar is not None:
            self.bar.close()
