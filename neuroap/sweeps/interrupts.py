"""Ctrl-C while a function runs in this process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def noticed() -> Iterator[None]:
    """Raise KeyboardInterrupt at the end if Ctrl-C came and was swallowed.

    Brian2 ends a simulation at Ctrl-C without an error: what the function returns then is half a result.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    came = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)
        before(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is note:  # not that of Brian2, if it was imported meanwhile
            signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt
