"""The time that is left: against the true one, on a clock of our own."""

from __future__ import annotations

import heapq
import io
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from neuroap.sweeps import processes, sweep
from neuroap.sweeps.progress import Progress


class Clock:
    """It shows what it is told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that progress looks at."""
    made = Clock()
    monkeypatch.setattr("neuroap.sweeps.progress.time.monotonic", made)
    return made


def run(clock: Clock, shown: Progress, durations: list[float], workers: int, start: float) -> Iterator[float]:
    """Workers that start, and compute points one after the other; gives the seconds left after each point."""
    shown.at_once(workers)
    zero, waiting = clock.now, list(enumerate(durations))
    running = [(start + seconds, k) for k, seconds in waiting[:workers]]
    del waiting[:workers]
    heapq.heapify(running)
    ends = []
    while running:
        end, k = heapq.heappop(running)
        ends.append((end, durations[k]))
        if waiting:
            k, seconds = waiting.pop(0)
            heapq.heappush(running, (end + seconds, k))
    for end, seconds in ends:
        clock.now = zero + end
        shown.point(failed=False, seconds=seconds)
        yield ends[-1][0] - end


@pytest.mark.parametrize("workers", [1, 2, 3, 8, 20])
@pytest.mark.parametrize("start", [0.0, 4.0])
def test_points_of_equal_length(clock, workers, start):
    """It is exact from the first point on, however many workers there are and however long they take to start."""
    shown = Progress(8, 3, shown=False)
    for left in run(clock, shown, [5.0] * 8, workers, start):
        assert shown.left() == pytest.approx(left)
    assert shown.done == 8


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_points_of_different_length(clock, workers):
    """The first points say the order of magnitude, a quarter of them the time to a fifth."""
    durations = np.random.default_rng(0).uniform(3, 7, 80).tolist()
    shown = Progress(80, 0, shown=False)
    for k, left in enumerate(run(clock, shown, durations, workers, 2.0)):
        assert shown.left() == pytest.approx(left, rel=0.2 if k > 20 else 0.5, abs=7)


def test_how_long_nobody_knows_of_a_process_that_died(clock):
    shown = Progress(3, 0, shown=False)
    clock.now += 10
    shown.point(failed=True, seconds=0)
    assert shown.left() == 20


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "2 s"), (5.9, "59 s"), (5.96, "1 min"), (90, "15 min"), (359.6, "1 h 0 min"), (3000, "8 h 20 min")],
)
def test_lines_on_stderr(clock, capfd, seconds, said):
    """At most one in five seconds; long times in minutes and hours."""
    with Progress(12, 2) as shown:
        for k in range(2):
            clock.now += 6.0 if seconds > 5 else 3.0
            shown.started = clock.now - (k + 1) * seconds
            shown.point(failed=k == 0, seconds=seconds)
    first, *lines = capfd.readouterr().err.splitlines()
    assert first == "neuroap: 2 of 14 points are there already"
    assert lines[-1] == f"neuroap: 2 of 12 points, 1 failed, {said} left"
    assert len(lines) == (2 if seconds > 5 else 1)


def test_a_bar_on_a_terminal(clock, monkeypatch):
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress(1000, 0) as shown:
        shown.at_once(2)
        shown.bar.mininterval = 0
        clock.now += 100
        shown.point(failed=True, seconds=99)
    assert "1/1000 points" in terminal.getvalue()
    assert ", 1 failed, 13 h 43 min left]" in terminal.getvalue()


@pytest.mark.parametrize(("workers", "there"), [(1, 1), (None, 2)])
def test_a_sweep_tells_who_computes(tmp_path, monkeypatch, workers, there):
    """And how long each point took: the second point begins when the first has ended."""
    told = []
    monkeypatch.setattr(processes, "cores", lambda: 2)
    monkeypatch.setattr(Progress, "point", lambda self, failed, seconds: told.append((self.workers, seconds)))

    def slow(x):
        import time

        time.sleep(0.2)
        return 1 / x

    with pytest.warns(RuntimeWarning, match="1 of 3 points failed"):
        sweep(slow, {"x": [0, 1, 2]}, seeds=None, store=tmp_path / "store", workers=workers)
    assert [number for number, _ in told] == [there] * 3
    assert all(0.2 <= seconds < 0.9 for _, seconds in told)
