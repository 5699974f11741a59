"""The running program of a compiled network: commands go in by a pipe, arrays through a file that both map."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroap.brian.compiled.build import PROGRAM
from neuroap.errors import DeviceError

SHARED, MESSAGES = "arrays", "messages"


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
        self.device = device
        self.exchange = Path(tempfile.mkdtemp(prefix="neuroap-"))
        self._remove = weakref.finalize(self, shutil.rmtree, self.exchange, ignore_errors=True)
        self._files = 0
        with self._room():
            with (self.exchange / SHARED).open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, max(shared_bytes, 1))
            self.shared = np.memmap(self.exchange / SHARED, np.uint8, "r+")
            self._start(folder, environment)
        self._expect("ready")

    def _start(self, folder: Path, environment: Mapping[str, str]) -> None:
        (commands, ours), (replies, theirs) = os.pipe(), os.pipe()
        pipes = {"NEUROAP_COMMANDS": str(commands), "NEUROAP_REPLIES": str(theirs)}
        variables = {**os.environ, **environment, **pipes, "NEUROAP_FOLDER": str(self.exchange)}
        with (self.exchange / MESSAGES).open("wb") as messages:
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
        os.close(commands)
        os.close(theirs)
        # Unbuffered: a second reader, or Ctrl-C in the middle, must not lose a line.
        self._commands, self._replies = os.fdopen(ours, "wb", buffering=0), os.fdopen(replies, "rb")
        self._end = weakref.finalize(self, _end, self.process, self._commands, self._replies)

    # -- what goes in and comes out ------------------------------------------------------------

    def send(self, *words: object) -> None:
        """Send one command."""
        try:
            self._commands.write((" ".join(map(str, words)) + "\n").encode())
        except BrokenPipeError:
            self._fail()

    def fetch(self, arrays: Iterable[int]) -> None:
        """Bring arrays, by their numbers, into the shared file."""
        self.send("get", *arrays)
        self._expect("got")

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
        self._files += 1
        name = f"data-{self._files}"
        with self._room(), (self.exchange / name).open("wb") as file:
            np.ascontiguousarray(array).tofile(file)
        return name

    def new_file(self, size: int = 0) -> Path:
        """A file of the exchange folder, of `size` bytes."""
        self._files += 1
        path = self.exchange / f"data-{self._files}"
        with self._room(), path.open("wb") as file:
            if size:
                os.posix_fallocate(file.fileno(), 0, size)
        return path

    def close(self) -> None:
        """End the program and remove its files."""
        self._end()
        self._remove()

    @property
    def alive(self) -> bool:
        """Whether the program runs."""
        return self._end.alive and self.process.poll() is None

    # -- inside --------------------------------------------------------------------------------

    def _reply(self) -> list[str]:
        line = self._replies.readline().decode(errors="replace").split()
        if not line or line[0] == "error":
            self._fail(" ".join(line[1:]))
        return line

    def _expect(self, word: str) -> None:
        while self._reply()[0] != word:
            pass

    def _fail(self, reason: str = "") -> None:
        """Raise what the program said last."""
        self.process.wait()
        said = (self.exchange / MESSAGES).read_text(errors="replace").strip().splitlines()
        code = self.process.returncode
        reason = reason or (said[-1] if said else f"it ended with status {code}")
        self.close()
        raise DeviceError(self.device, f"the program failed: {reason}", hint=_advice(reason))

    def _room(self) -> _DiskErrors:
        return _DiskErrors(self.device, self.exchange)


class _DiskErrors:
    """Turns errors of the file system into one sentence."""

    def __init__(self, device: str, folder: Path) -> None:
        self.device, self.folder = device, folder

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, OSError):
            hint = "free space, or set TMPDIR to another folder"
            reason = error.strerror or str(error)
            raise DeviceError(self.device, f"{self.folder} cannot be written", reason, hint) from error


def _advice(reason: str) -> str:
    """What to do about a failure."""
    text = reason.lower()
    if "out of memory" in text or "bad_alloc" in text:
        return "use a smaller batch_size, fewer networks side by side, or device='runtime'"
    if "driver" in text or "no cuda-capable device" in text or "insufficient" in text:
        return "install an NVIDIA driver that fits the CUDA toolkit, or use another device"
    if "disk is full" in text:
        return "free space, or set TMPDIR to another folder"
    return "weights are as they were before this run; 'neuroap doctor' looks at the machine"


def _end(process: subprocess.Popen[bytes], *pipes: Any) -> None:
    process.kill()
    process.wait()
    for pipe in pipes:
        pipe.close()
