"""Workers on this machine: fresh Python processes, each led by a thread of this one."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress

from neuroap.sweeps.grid import Point
from neuroap.sweeps.job import ONE_THREAD, Job, Outcome, died
from neuroap.sweeps.worker import GRACE_SECONDS

TRIES = 3
# What is raised where the other end of a pipe is gone, or this end was closed by another thread.
GONE = (EOFError, OSError, ValueError, pickle.UnpicklingError)
# Not multiprocessing, which would run the user's script once more in each process.
PROGRAM = "import sys; sys.path[:] = {path!r}; from neuroap.sweeps.worker import main; main()"


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_processes(
    job: Job,
    points: list[Point],
    keep: Callable[[Point, Outcome], None],
    at_once: Callable[[int], None],
    workers: int | None,
) -> None:
    """Compute points in processes.

    A point whose process dies is tried again in a new one, `TRIES` times in all; other points do not notice.
    However this ends, no process is left.

    Parameters
    ----------
    job : Job
    points : list of Point
    keep : callable
        Gets each outcome as it comes, in any thread: what is finished when Ctrl-C arrives is kept too.
    at_once : callable
        Told how many points are computed at the same time.
    workers : int, optional
        Number of processes; at most one for each core and each point, which is the default.
    """
    crew = _Crew(job.packed(), keep)
    number = min(workers or cores(), cores(), len(points))
    at_once(number)
    with ThreadPoolExecutor(number) as threads:
        try:
            for future in as_completed([threads.submit(crew.work, point) for point in points]):
                future.result()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            crew.dismiss()


class _Crew:
    """One process for each thread that asks."""

    def __init__(self, packed: bytes, keep: Callable[[Point, Outcome], None]) -> None:
        self._packed, self._keep = packed, keep
        self._own = threading.local()
        self._lock = threading.Lock()
        self._processes: list[_Process] = []
        self._dismissed = False

    def work(self, point: Point) -> None:
        """Have a point computed by the process of this thread, and keep what became of it."""
        outcome = self._outcome(point)
        if outcome is not None:
            self._keep(point, outcome)

    def _outcome(self, point: Point) -> Outcome | None:
        """The outcome of a point; None when no more work is wanted."""
        how = ""
        for _ in range(TRIES):
            process = self._of_this_thread()
            if process is None:
                return None
            try:
                answer = process.ask(point)
            except GONE:
                self._own.process = None
                how = process.ended()
                continue
            if isinstance(answer, Exception):
                raise answer
            return answer
        return None if self._dismissed else died(how)

    def _of_this_thread(self) -> _Process | None:
        """The process of this thread, a new one if it has none; None when no more work is wanted."""
        with self._lock:
            if self._dismissed:
                return None
            process: _Process | None = getattr(self._own, "process", None)
            if process is None:
                process = self._own.process = _Process(self._packed)
                self._processes.append(process)
            return process

    def dismiss(self) -> None:
        """End all processes: they clean up, or are killed after a while."""
        with self._lock:
            self._dismissed = True
        for process in self._processes:
            process.leave()
        deadline = time.monotonic() + GRACE_SECONDS
        for process in self._processes:
            process.ended(deadline - time.monotonic())


class _Process:
    """A process that computes points, one after the other (`neuroap.sweeps.worker`)."""

    def __init__(self, packed: bytes) -> None:
        self._first = [packed]
        self._popen = subprocess.Popen(
            [sys.executable, "-c", PROGRAM.format(path=[*map(str, sys.path)])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD},
            start_new_session=True,  # Ctrl-C reaches this process alone, which then ends the others
        )
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        self._to, self._from = self._popen.stdin, self._popen.stdout

    def ask(self, point: Point) -> Outcome | Exception:
        """Send a point, before the first one also the job, and wait for the outcome, or an error with the job."""
        for message in (*self._first, point):
            pickle.dump(message, self._to)
        self._to.flush()
        self._first = []
        answer: Outcome | Exception = pickle.load(self._from)
        return answer

    def leave(self) -> None:
        """Ask it to end: it stops what it does when nobody is at the other end."""
        with suppress(OSError):  # it is gone already, with a message on its way
            self._to.close()

    def ended(self, patience: float = GRACE_SECONDS) -> str:
        """Wait for its end, kill it after `patience` seconds, and say how it ended."""
        self.leave()
        try:
            code = self._popen.wait(max(patience, 0))
        except subprocess.TimeoutExpired:
            self._popen.kill()
            code = self._popen.wait()
        with suppress(OSError):  # what it has started and left behind, such as a compiled network
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._from.close()
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
