"""What runs in a worker process: points come in, outcomes go out."""

from __future__ import annotations

import os
import pickle
import queue
import signal
import threading
import time
from typing import IO, Any

from neuroap.errors import SettingError
from neuroap.sweeps.job import unpacked

GRACE_SECONDS, LAST_SECONDS = 5.0, 1.0  # after an interrupt, and after SIGTERM


def main() -> None:
    """Compute the points that come through stdin, until it is closed at the other end."""
    requests, answers = _own_streams()
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    try:
        over = threading.Event()
        threading.Thread(target=_listen, args=(requests, inbox, over), daemon=True).start()
        _work(inbox, answers, over)
    except (KeyboardInterrupt, BrokenPipeError):
        pass  # nobody waits for an answer any more
    finally:
        _end_programs()


def _end_programs() -> None:
    """End what the function has started and left behind, also where nobody is left to do it."""
    if os.getpgid(0) == os.getpid():  # the group is ours alone
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)


def _own_streams() -> tuple[IO[bytes], IO[bytes]]:
    """Keep stdin and stdout to ourselves: what the function reads is empty, what it prints goes to stderr."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return requests, answers


def _listen(requests: IO[bytes], inbox: queue.SimpleQueue[Any], over: threading.Event) -> None:
    """Pass on what comes; at the end, whether the parent closed the stream or died, interrupt the work."""
    try:
        while True:
            inbox.put(pickle.load(requests))
    except (EOFError, pickle.UnpicklingError):
        pass
    finally:
        over.set()
        inbox.put(None)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        _end_hard()


def _end_hard() -> None:
    """End a function that takes no notice of an interrupt: nobody else will if the parent is dead."""
    time.sleep(GRACE_SECONDS)
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGTERM)  # its programs may clean up
        time.sleep(LAST_SECONDS)
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _work(inbox: queue.SimpleQueue[Any], answers: IO[bytes], over: threading.Event) -> None:
    """Compute until it is over; Brian2 makes half a result of an interrupt, which nobody must get."""
    try:
        job = unpacked(inbox.get())
    except SettingError as error:
        return _answer(answers, error)
    while (point := inbox.get()) is not None:
        outcome = job.compute(point)
        if not over.is_set():
            _answer(answers, outcome)
    return None


def _answer(answers: IO[bytes], message: object) -> None:
    pickle.dump(message, answers)
    answers.flush()
