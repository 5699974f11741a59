"""The running program of a compiled network: commands go in by a pipe, arrays through a file that both map."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from neuroap.brian.compiled.build import PROGRAM
from neuroap.errors import DeviceError

SHARED, MESSAGES = "arrays", "messages"
PREFIX = "neuroap-"
YOUNG = 60.0  # seconds in which a folder may have no program yet
PATIENCE = 10.0  # seconds for a program that has failed to end
# Names of files are never used twice, not even by a program that takes the place of another.
NUMBERS = itertools.count(1)


class Program:
    """A compiled network in a process of its own, which lives until `close` or the end of Python.

    Parameters
    ----------
    folder : Path
        Where it was built.
    device : str
        What errors call it.
    shared_bytes : int
        Size of the file of arrays.
    environment : mapping of str to str
        Added to that of this process.

    Raises
    ------
    DeviceError
        If the program does not start, or the disk is full.
    """

    def __init__(self, folder: Path, device: str, shared_bytes: int, environment: Mapping[str, str]) -> None:
        self.device, self._unsent = device, b""
        with _DiskErrors(device, "a folder for temporary files"):
            self.exchange = Path(tempfile.mkdtemp(prefix=PREFIX))
        _sweep(self.exchange.parent)
        self._remove = weakref.finalize(self, shutil.rmtree, self.exchange, ignore_errors=True)
        try:
            with self._room():
                _make_file(self.exchange / SHARED, max(shared_bytes, 1))
                self.shared = np.asarray(np.memmap(self.exchange / SHARED, np.uint8, "r+"))
            self._start(folder, environment)
        except BaseException:
            self._remove()
            raise
        self._end = weakref.finalize(self, _end, self.process, self._commands, self._replies)
        _RUNNING.add(self)
        try:
            self._expect("ready")
        except BaseException:
            self.close()
            raise

    def _start(self, folder: Path, environment: Mapping[str, str]) -> None:
        (commands, ours), (replies, theirs) = os.pipe(), os.pipe()
        pipes = {"NEUROAP_COMMANDS": str(commands), "NEUROAP_REPLIES": str(theirs)}
        variables = {**os.environ, **environment, **pipes, "NEUROAP_FOLDER": str(self.exchange)}
        try:
            with (self.exchange / MESSAGES).open("wb") as messages:
                _lock(messages)  # until the program ends, which keeps the file open
                self.process = subprocess.Popen(
                    [str(folder / PROGRAM)],
                    cwd=folder,
                    env=variables,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=messages,
                    pass_fds=(commands, theirs),
                    start_new_session=True,  # Ctrl-C is Python's to handle
                )
        except BaseException as error:
            os.close(ours)
            os.close(replies)
            if isinstance(error, OSError):
                reason, hint = error.strerror or str(error), "remove the folder; it is built again"
                raise DeviceError(self.device, f"the program in {folder} does not start", reason, hint) from error
            raise
        finally:
            os.close(commands)
            os.close(theirs)
        # Unbuffered: a second reader, or Ctrl-C in the middle, must not lose a line.
        self._commands, self._replies = os.fdopen(ours, "wb", buffering=0), os.fdopen(replies, "rb")

    # -- what goes in and comes out ------------------------------------------------------------

    def send(self, *words: object) -> None:
        """Send one command; it leaves with the next one that is answered."""
        self._unsent += (" ".join(map(str, words)) + "\n").encode()

    def _send_all(self) -> None:
        unsent, self._unsent = self._unsent, b""
        while unsent:
            try:
                unsent = unsent[self._commands.write(unsent) :]
            except BrokenPipeError:
                self.fail()

    def fetch(self, arrays: Iterable[int]) -> None:
        """Bring arrays, by their numbers, into the shared file."""
        try:
            self.send("get", *arrays)
            self._expect("got")
        except BaseException:
            self.close()  # the answer may still come, and would be taken for that to another question
            raise

    def finish(self, on_batch: Callable[[int], None]) -> int:
        """Wait for the end of a run; `on_batch` is told about every batch that has begun. Returns ticks."""
        while True:
            word, *rest = self._reply()
            if word == "done":
                return int(rest[0])
            if word == "at":
                on_batch(int(rest[0]))

    def put(self, array: NDArray[Any]) -> str:
        """Write an array to a file in the exchange folder; returns its name."""
        path = self.exchange / f"data-{next(NUMBERS)}"
        try:
            with self._room(), path.open("wb") as file:
                np.ascontiguousarray(array).tofile(file)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path.name

    def take(self, name: str, dtype: Any) -> NDArray[Any]:
        """Read an array from a file in the exchange folder, and remove that."""
        with self._room():
            array = np.fromfile(self.exchange / name, dtype)
            (self.exchange / name).unlink()
        return array

    def new_file(self, size: int = 0) -> Path:
        """A file of the exchange folder, of `size` bytes."""
        path = self.exchange / f"data-{next(NUMBERS)}"
        with self._room():
            _make_file(path, size)
        return path

    def forget(self, names: Iterable[str]) -> None:
        """Remove files of stimuli."""
        for name in names:
            self.send("forget", name)
            (self.exchange / name).unlink(missing_ok=True)
        self._send_all()

    def close(self) -> None:
        """End the program and remove its files."""
        self._end()
        self._remove()

    @property
    def alive(self) -> bool:
        """Whether the program runs."""
        return self._end.alive and self.process.poll() is None

    @property
    def failed(self) -> bool:
        """Whether the program ended without being told to."""
        return self._end.alive and self.process.poll() is not None

    def leave(self) -> None:
        """In a process that was forked: leave the program to the one that started it, and let go of its pipes."""
        self._end.detach()
        self._remove.detach()
        self.process.returncode = 0  # not a child of this process
        nothing = os.open(os.devnull, os.O_RDWR)
        for pipe in (self._commands, self._replies):
            os.dup2(nothing, pipe.fileno(), inheritable=False)  # closing may wait for a thread that was not forked
        os.close(nothing)

    def fail(self, reason: str = "") -> NoReturn:
        """Raise what the program said last.

        Raises
        ------
        DeviceError
        """
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            code = 0
        with suppress(OSError):
            said = (self.exchange / MESSAGES).read_text(errors="replace").strip().splitlines()
            reason = reason or (said[-1].removeprefix("neuroap: ") if said else "")
        reason = reason or _end_of(code)
        self.close()
        raise DeviceError(self.device, f"the program failed: {reason}", hint=_advice(reason))

    # -- inside --------------------------------------------------------------------------------

    def _reply(self) -> list[str]:
        self._send_all()
        line = self._replies.readline().decode(errors="replace").split()
        if not line or line[0] == "error":
            self.fail(" ".join(line[1:]))
        return line

    def _expect(self, word: str) -> None:
        while self._reply()[0] != word:
            pass

    def _room(self) -> _DiskErrors:
        return _DiskErrors(self.device, str(self.exchange))


class _DiskErrors:
    """Turns errors of the file system into one sentence."""

    def __init__(self, device: str, place: str) -> None:
        self.device, self.place = device, place

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, OSError):
            hint = "free space, or set TMPDIR to another folder"
            # NumPy raises errors of writing without their number.
            reason = error.strerror or str(error)
            raise DeviceError(self.device, f"{self.place} cannot be written", reason, hint) from error


def _lock(file: IO[bytes]) -> bool:
    """Lock a file, which ends with the last process that has it open; returns whether it was free."""
    import fcntl  # which Windows lacks; no program runs there

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sweep(folder: Path) -> None:
    """Remove the files of programs that have ended, but whose Python was killed and could not remove them."""
    for exchange in folder.glob(f"{PREFIX}*"):
        with suppress(OSError):  # of another user, or just removed by another process
            if time.time() - exchange.stat().st_mtime > YOUNG:
                with (exchange / MESSAGES).open("rb") as messages:
                    free = _lock(messages)
                if free:
                    shutil.rmtree(exchange, ignore_errors=True)


def _make_file(path: Path, size: int) -> None:
    """Make a file whose space is reserved: in a file mapped into memory a full disk would end the process."""
    with path.open("wb") as file:
        if size and hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.truncate(size)


def _end_of(code: int) -> str:
    """How a program ended that said nothing."""
    if code < 0:
        with suppress(ValueError):
            return f"it was ended by the signal {signal.Signals(-code).name}"
    return f"it ended with status {code}"


def _advice(reason: str) -> str:
    """What to do about a failure."""
    text = reason.lower()
    if "out of memory" in text or "bad_alloc" in text or "sigkill" in text:
        killed = "the system kills programs when memory is short: " if "sigkill" in text else ""
        return f"{killed}use a smaller batch_size, fewer networks side by side, or device='runtime'"
    if "driver" in text or "no cuda-capable device" in text or "insufficient" in text:
        return "install an NVIDIA driver that fits the CUDA toolkit, or use another device"
    if "disk is full" in text or "sigbus" in text or "sigxfsz" in text:
        return "free space, or set TMPDIR to another folder"
    if "shared libraries" in text or "sigill" in text:
        return "remove the programs that are kept ('neuroap doctor' says where); they are built again"
    return "weights are as they were before this run; 'neuroap doctor' looks at the machine"


# Programs of this process. A process that is forked from it must neither end nor use them, and must not hold
# their pipes open: programs end when nobody can send commands any more.
_RUNNING: weakref.WeakSet[Program] = weakref.WeakSet()


def _leave_all() -> None:
    for program in list(_RUNNING):
        program.leave()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all)


def _end(process: subprocess.Popen[bytes], *pipes: Any) -> None:
    process.kill()
    process.wait()
    for pipe in pipes:
        pipe.close()
