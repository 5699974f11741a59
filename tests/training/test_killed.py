"""SIGKILL at any moment: the checkpoint is whole, and resuming gives what the run would have given."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from training.small import assert_same_bits, model, trials, unseen

from neuroap import CorticalClassifier

TESTS = Path(__file__).resolve().parents[1]
SETTINGS = {"stop_at": 2.0, "batch_size": 20}

# Trains, keeping its state after every epoch; the arguments are the path of the checkpoint and the epochs.
TRAIN = """
import sys
from training import small
from neuroap.training import keeping
keeping.EVERY_SECONDS = 0.0
def train():
    settings = dict(checkpoint=sys.argv[1], epochs=int(sys.argv[2]), stop_at=2.0, batch_size=20)
    small.model(**settings).fit(*small.trials(), test=small.unseen(), resume=True)
"""
# Starts a new process for each line that it reads, and says who it is; it imports everything only once.
FORKS = """
import os
small.trials()
print("ready", flush=True)
for _ in sys.stdin:
    child = os.fork()
    if not child:
        train()
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""
Start = Callable[[], tuple[int, Callable[[], int]]]


def environment() -> dict[str, str]:
    """That of a new process, which finds the helpers of the tests."""
    return {**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}", "PYTHONWARNINGS": "ignore"}


@contextmanager
def forks(path: Path, epochs: int) -> Iterator[Start]:
    """New processes that need not import anything: a function that starts one, and gives its id and how to wait."""
    program = [sys.executable, "-c", TRAIN + FORKS, str(path), str(epochs)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment()}
    with subprocess.Popen(program, **pipes) as server:  # type: ignore[call-overload]
        assert server.stdout.readline() == "ready\n"

        def start() -> tuple[int, Callable[[], int]]:
            server.stdin.write("another\n")
            server.stdin.flush()
            return int(server.stdout.readline()), lambda: int(server.stdout.readline())

        yield start
        server.stdin.close()


@contextmanager
def interpreters(path: Path, epochs: int) -> Iterator[Start]:
    """The same with a new interpreter each time."""

    def start() -> tuple[int, Callable[[], int]]:
        program = [sys.executable, "-c", TRAIN + "train()", str(path), str(epochs)]
        child = subprocess.Popen(program, env=environment())
        return child.pid, child.wait

    yield start


def writes(path: Path, count: int, patience: float = 60.0) -> None:
    """Wait until the file was replaced so many times."""
    seen, deadline = path.stat().st_mtime_ns, time.monotonic() + patience
    while count:
        now = path.stat().st_mtime_ns
        if now != seen:
            seen, count = now, count - 1
        assert time.monotonic() < deadline, "the run does not get on"
        time.sleep(0.001)


@pytest.mark.parametrize(
    ("processes", "epochs", "kills"), [(forks, 16, 2), pytest.param(interpreters, 30, 5, marks=pytest.mark.slow)]
)
def test_a_run_that_is_killed_ends_as_if_nothing_had_been(
    processes: Callable, epochs: int, kills: int, tmp_path: Path
) -> None:
    """Killed a random while after some checkpoints, so that some kills fall into the writing of one."""
    path, rng = tmp_path / "run.nc", np.random.default_rng(20)
    model(checkpoint=path, epochs=1, **SETTINGS).fit(*trials(), test=unseen())
    reached = [1]
    with processes(path, epochs) as start:
        for _ in range(kills):
            child, wait = start()
            writes(path, int(rng.integers(2, 5)))
            time.sleep(rng.uniform(0, 0.15))
            os.kill(child, signal.SIGKILL)
            assert abs(wait()) == signal.SIGKILL
            reached.append(CorticalClassifier.load(path).n_iter_)
        assert start()[1]() == 0
    assert reached == sorted(set(reached))
    assert reached[-1] < epochs
    whole, kept = model(epochs=epochs, **SETTINGS).fit(*trials(), test=unseen()), CorticalClassifier.load(path)
    assert whole.n_iter_ == epochs
    assert_same_bits(whole, kept)
    assert (kept.history_.seconds > 0).all()
    assert [p.name for p in tmp_path.iterdir() if p.name != "run.nc" and not p.name.startswith(".")] == []
