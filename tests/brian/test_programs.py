"""Running programs: what is killed, interrupted, copied or forgotten costs nothing and leaves nothing behind."""

from __future__ import annotations

import copy
import errno
import gc
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuroap import AdjointPropagation, draw_weights, hierarchy
from neuroap.brian.compiled import CompiledNetwork
from neuroap.brian.compiled.process import Program
from neuroap.brian.threads import threads_of_products
from neuroap.errors import DeviceError
from neuroap.training.learner import Learner

TESTS = Path(__file__).resolve().parents[1]
LAYOUT = hierarchy(1, 4, 3, 2)
RULE = AdjointPropagation(steps=(2, 2), learning_rate=0.01)
TASK = LAYOUT.tasks[0]
ROWS = 60
X = np.random.default_rng(0).random((ROWS, 4), dtype=np.float32)
Y = np.arange(ROWS) % 3
MANY = {TASK: np.tile(np.arange(ROWS), 20_000)}  # about a second
DATA = {TASK: (X, Y)}


@pytest.fixture(scope="module", autouse=True)
def builds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One folder of programs for all tests; the network is built once."""
    with pytest.MonkeyPatch.context() as patch:
        folder = Path(os.environ.get("NEUROAP_BUILDS") or tmp_path_factory.mktemp("builds"))
        patch.setenv("NEUROAP_BUILDS", str(folder))
        learner().network()
        yield folder


@pytest.fixture(autouse=True)
def exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of all temporary files; afterwards it is empty, and no program and no pipe is left."""
    folder, pipes = tmp_path / "temporary", open_files()
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    gc.collect()
    assert list(folder.iterdir()) == []
    assert open_files() == pipes


def learner(trials: int = 2, seed: int = 0, **rule: float) -> Learner:
    """A tiny network with its weights."""
    own = AdjointPropagation(steps=(2, 2), **{"learning_rate": 0.01, **rule})  # type: ignore[arg-type]
    return Learner(LAYOUT, own, draw_weights(LAYOUT, seed), trials, device="cpp_standalone")


def open_files() -> int:
    """Files and pipes that this process has open."""
    return len(os.listdir("/proc/self/fd"))


def program_of(study: Learner) -> Program:
    """The running program of a learner."""
    network = study.network()
    assert isinstance(network, CompiledNetwork)
    return network.program


def is_there(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pid: int, patience: float = 10.0) -> bool:
    """Whether a process ends within some time."""
    deadline = time.monotonic() + patience
    while is_there(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_there(pid)


def bits(study: Learner) -> dict[str, bytes]:
    """The weights, bit for bit."""
    return {name: w.tobytes() for name, w in study.weights.items()}


def later(seconds: float, pid: int, number: int) -> None:
    """Send a signal after a while."""
    timer = threading.Timer(seconds, os.kill, (pid, number))
    timer.start()


def expected() -> dict[str, bytes]:
    """Weights after the first epoch."""
    study = learner()
    study.learn(DATA)
    return bits(study)


def test_other_rates_weights_and_runs_compile_nothing(builds: Path) -> None:
    before = {p.name: p.stat().st_ino for p in builds.iterdir()}
    study = learner(seed=5, learning_rate=0.3, beta=0.7)
    study.learn(DATA)
    study.learn(DATA)
    study.infer(TASK, X)
    assert {p.name: p.stat().st_ino for p in builds.iterdir()} == before


def test_the_rate_of_an_epoch_needs_no_other_program(builds: Path) -> None:
    """After two epochs eta is a quarter of what it was: to the bit what a rule of that learning rate gives."""
    before = sorted(builds.iterdir())
    decayed, quarter = learner(learning_rate=0.4, learning_rate_decay=0.5), learner(learning_rate=0.1)
    decayed.learn(DATA, epochs=2)
    quarter.learn(DATA)
    assert bits(decayed) == bits(quarter)
    assert sorted(builds.iterdir()) == before


def test_a_program_that_is_killed_while_it_runs() -> None:
    study = learner()
    before, pid = bits(study), program_of(study).process.pid
    later(0.2, pid, signal.SIGKILL)
    with pytest.raises(DeviceError, match=r"\Acpp_standalone: the program failed: it was ended by the signal SIGKILL"):
        study.learn(DATA, MANY)
    assert bits(study) == before
    assert study.states == {}
    study.learn(DATA)
    assert bits(study) == expected()


def test_a_program_that_is_killed_between_two_runs_is_started_again() -> None:
    study = learner()
    study.infer(TASK, X)
    program = program_of(study)
    os.kill(program.process.pid, signal.SIGKILL)
    assert gone(program.process.pid)
    study.learn(DATA)
    assert bits(study) == expected()


def test_a_program_that_has_lost_its_weights_does_not_run() -> None:
    """It would answer, and learn, with weights of zero."""
    study = learner()
    network = study.network()
    network.load(study.weights)
    os.kill(program_of(study).process.pid, signal.SIGKILL)
    assert gone(program_of_pid(network))
    with pytest.raises(DeviceError, match="ended by the signal SIGKILL"):
        network.run(DATA, learn=True)
    with pytest.raises(DeviceError, match="ended by the signal SIGKILL"):
        _lose(study).values(network.plastic[0], "w")


def program_of_pid(network: Any) -> int:
    """The process of a network that must not be started again."""
    return int(network._program.process.pid)


def _lose(study: Learner) -> Any:
    network = study.network()
    network.load(study.weights)
    network.weights()
    os.kill(program_of_pid(network), signal.SIGKILL)
    assert gone(program_of_pid(network))
    return network


def test_ctrl_c_while_it_runs() -> None:
    study = learner()
    before, pid = bits(study), program_of(study).process.pid
    later(0.2, os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        study.learn(DATA, MANY)
    assert gone(pid)
    assert bits(study) == before
    study.learn(DATA)
    assert bits(study) == expected()


def test_ctrl_c_while_arrays_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to a question that was interrupted is not taken for that to another."""
    study = learner()
    study.learn(DATA)
    network, program = study.network(), program_of(study)

    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(program, "_expect", interrupted)
        with pytest.raises(KeyboardInterrupt):
            network.values(LAYOUT.areas[0].name, "r")
    assert gone(program.process.pid)
    study.infer(TASK, X)


def test_forgotten_learners_leave_neither_programs_nor_files(exchange: Path) -> None:
    """Without the help of the garbage collector."""
    gc.disable()
    try:
        for seed in range(3):
            study = learner(seed=seed)
            study.learn(DATA)
            pid = program_of(study).process.pid
            assert len(list(exchange.iterdir())) == 1
            del study
            assert not is_there(pid)
            assert list(exchange.iterdir()) == []
    finally:
        gc.enable()


def test_runs_leave_no_files(exchange: Path) -> None:
    study = learner()
    with study.holding([TASK], [X]):
        for _ in range(3):
            study.learn(DATA)
            study.infer(TASK, X)
    (folder,) = exchange.iterdir()
    assert sorted(p.name for p in folder.iterdir()) == ["arrays", "messages"]
    study.close()
    assert list(exchange.iterdir()) == []
    study.learn(DATA)  # starts it again


def test_products_alone_change_nothing_that_lasts() -> None:
    """They run through the same cycles, but learn nothing and answer nothing; afterwards all is as before."""
    first, second = learner(), learner()
    for study in (first, second):
        study.network().load(study.weights)
    network = first.network()
    assert isinstance(network, CompiledNetwork)
    with network.products_only():
        outputs = network.run(DATA, learn=True)
        assert network.ticks == ROWS // 2 * network.timeline.length
    assert np.abs(outputs[TASK]).max() == 0
    for a, b in zip(network.run(DATA, learn=True)[TASK], second.network().run(DATA, learn=True)[TASK], strict=True):
        np.testing.assert_array_equal(a, b)
    for name, weights in network.weights().items():
        np.testing.assert_array_equal(weights, second.network().weights()[name])


def test_programs_do_not_disturb_one_another() -> None:
    one, other = learner(), learner(seed=1)
    with one.holding([TASK], [X]), other.holding([TASK], [X]):
        other.learn(DATA)
        one.learn(DATA)
        assert program_of(one).process.pid != program_of(other).process.pid
    assert bits(one) == expected()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda study: pickle.loads(pickle.dumps(study))])
def test_copies_have_programs_of_their_own(copied: Any) -> None:
    study = learner()
    before = program_of(study).process.pid
    twin = copied(study)
    twin.learn(DATA)
    assert bits(twin) == expected()
    assert program_of(twin).process.pid != before == program_of(study).process.pid


def test_a_fork_neither_uses_nor_ends_the_program() -> None:
    study = learner()
    study.infer(TASK, X)
    program = program_of(study)
    child = os.fork()
    if not child:
        own = program_of(study)
        well = own is not program and own.process.pid != program.process.pid and not program.alive
        study.learn(DATA)
        study.close()
        del program, own
        gc.collect()
        os._exit(0 if well and bits(study) == WANTED else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert program.alive
    study.learn(DATA)
    assert program_of(study) is program
    assert bits(study) == expected()


WANTED: dict[str, bytes] = {}


@pytest.fixture(autouse=True, scope="module")
def _wanted(builds: Path) -> None:
    WANTED.update(expected())


# Starts a program, and another process that was forked and lives on; prints both ids.
LIVES_ON = """
import os, sys, time
from brian.test_programs import learner, program_of
study = learner()
program = program_of(study).process.pid
child = os.fork()
if not child:
    sys.stdout.close()
    time.sleep(30)
    os._exit(0)
print(program, child, flush=True)
STATE
"""


@pytest.mark.parametrize("state", ["time.sleep(30)", "study.learn(DATA, MANY)"], ids=["idle", "running"])
def test_the_program_ends_with_python(state: str, exchange: Path) -> None:
    """Killed, Python cannot end it: the program sees that its pipes are closed."""
    code = LIVES_ON.replace("STATE", state).replace("import learner", "import DATA, MANY, learner")
    variables = {**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}", "TMPDIR": str(exchange)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=variables) as python:
        assert python.stdout is not None
        program, child = map(int, python.stdout.readline().split())
        time.sleep(0.2)
        assert is_there(program)
        python.kill()
    try:
        assert gone(program)
        assert is_there(child)
    finally:
        os.kill(child, signal.SIGKILL)
    for log in exchange.glob("brian_*"):
        log.unlink()
    (left,) = exchange.iterdir()
    program_of(learner())
    assert left.exists()  # it is too young: another process may just be about to use it
    os.utime(left, (0, 0))
    program_of(learner())
    assert not left.exists()


def test_an_idle_program_takes_no_time() -> None:
    study = learner()
    study.learn(DATA)
    stat = Path(f"/proc/{program_of(study).process.pid}/stat")

    def ticks() -> int:
        fields = stat.read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(0.5)
    assert ticks() - before <= 1


def test_a_full_disk_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    study = learner()
    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        with pytest.raises(DeviceError, match=r"cannot be written \(got 'No space left on device'\)\n  free space"):
            study.learn(DATA)
    study.learn(DATA)
    assert bits(study) == expected()


def test_no_folder_for_temporary_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    study = learner()
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
        with pytest.raises(DeviceError, match="a folder for temporary files cannot be written"):
            study.learn(DATA)


def test_a_program_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    study = learner()
    network: Any = study.network()
    monkeypatch.setattr(network, "_built", lambda: Path("/no/such/folder"))
    with pytest.raises(DeviceError, match="the program in /no/such/folder does not start"):
        study.learn(DATA)


def test_threads_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_THREAD_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)
    assert threads_of_products(1e3) == {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_THREAD_TIMEOUT": "18"}
    monkeypatch.setenv("OPENBLAS_THREAD_TIMEOUT", "26")
    assert threads_of_products(1e3) == {"OPENBLAS_NUM_THREADS": "1"}
    assert int(threads_of_products(1e9)["OPENBLAS_NUM_THREADS"]) == len(os.sched_getaffinity(0))
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert (threads_of_products(1e9), threads_of_products(1e3)) == ({}, {"OPENBLAS_NUM_THREADS": "1"})
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    assert threads_of_products(1e3) == {}
