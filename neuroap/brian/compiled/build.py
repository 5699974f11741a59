"""Builds programs once and keeps them: by content, in a folder of the user, safe for several processes."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import neuroap
from neuroap.brian.compiled.recipe import Recipe
from neuroap.brian.compiled.toolchain import Toolchain
from neuroap.brian.compiled.unity import UNITY
from neuroap.builds import SEAL, age, build_root, programs_in
from neuroap.errors import DeviceError

PROGRAM, MANIFEST, LOG = "main", "manifest.json", "build.log"
# Compilers and Brian2 leave temporary files behind when they are killed: here they vanish with the rest.
TEMPORARY = "temporary"
KEPT = 200  # programs, and messages of compilers; the ones that were not used for longest are removed


def built(recipe: Recipe, toolchain: Toolchain, say: Callable[[str], None]) -> Path:
    """The folder of the program of `recipe`; it is built if it is not there, or not whole.

    Parameters
    ----------
    recipe : Recipe
    toolchain : Toolchain
    say : callable
        Told that something is being built, which takes its time.

    Raises
    ------
    DeviceError
        If it cannot be built; nothing half-built is left behind.
    """
    key = recipe.key(toolchain.identity)
    root = build_root()
    folder = root / f"{recipe.device}-{key}"
    try:
        if not is_whole(folder):
            root.mkdir(parents=True, exist_ok=True)
            with _locked(_lock_of(folder)):
                if not is_whole(folder):  # another process may have built it meanwhile
                    _build(recipe, toolchain, folder, say)
            _tidy(root)
    except OSError as error:
        rule = f"the program cannot be kept in {root}"
        raise DeviceError(recipe.device, rule, error.strerror or str(error), _room()) from error
    with suppress(OSError):  # a folder that others may only read serves as well
        os.utime(folder)
    return folder


def is_whole(folder: Path) -> bool:
    """Whether a program is there as it was built."""
    try:
        return (folder / SEAL).read_text() == _checksums(folder) and os.access(folder / PROGRAM, os.X_OK)
    except OSError:
        return False


def _checksums(folder: Path) -> str:
    return "".join(f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in (PROGRAM, MANIFEST))


def _build(recipe: Recipe, toolchain: Toolchain, folder: Path, say: Callable[[str], None]) -> None:
    """Build beside the final place, then move: a program is there as a whole or not at all."""
    _remove_parts(folder)  # of builds that were killed: the lock is ours
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    (part / TEMPORARY).mkdir(parents=True)
    log = _failure_of(folder)
    try:
        say(f"building the network for {recipe.device} (takes a while, but only once; kept in {folder.parent})")
        _generate(recipe, toolchain, part, log)
        _compile(recipe, toolchain, part, log)
        for left in part.glob("*.o"):
            left.unlink()
        shutil.rmtree(part / TEMPORARY)
        (part / SEAL).write_text(_checksums(part))
        shutil.rmtree(folder, ignore_errors=True)  # a damaged one
        part.rename(folder)
        log.unlink(missing_ok=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _generate(recipe: Recipe, toolchain: Toolchain, part: Path, log: Path) -> None:
    # Without -P the user's folder would come first, and a file like random.py in it would be imported.
    command = [sys.executable, "-P", "-m", "neuroap.brian.compiled.generate"]
    paths = [str(Path(neuroap.__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {"PYTHONPATH": os.pathsep.join(p for p in paths if p)}
    job = pickle.dumps((recipe.canonical, part, toolchain.preferences))
    code, output = _output_of(command, part, environment, job)
    if code:
        _fail(recipe, "its code cannot be generated", output, log)


def _compile(recipe: Recipe, toolchain: Toolchain, part: Path, log: Path) -> None:
    source = next(part.glob(f"{UNITY}.*"))
    # Brian2's makefile, its compiler and its options; but one source file for all.
    command = ["make", f"SRCS={source.name}", "H_SRCS=", PROGRAM]
    # Flags of a make that runs neuroap are not meant for this one.
    code, output = _output_of(command, part, toolchain.environment | {"MAKEFLAGS": ""})
    (part / LOG).write_text(output)
    if code or not (part / PROGRAM).exists():
        _fail(recipe, "it does not compile", output, log)


def _output_of(command: list[str], folder: Path, more: Mapping[str, str], sent: bytes = b"") -> tuple[int, str]:
    """Exit status and output of a program; it is ended if this process is interrupted."""
    pipe, both = subprocess.PIPE, subprocess.STDOUT
    environment = {**os.environ, **more, "TMPDIR": str(folder / TEMPORARY)}
    with subprocess.Popen(command, cwd=folder, env=environment, stdin=pipe, stdout=pipe, stderr=both) as process:
        try:
            output, _ = process.communicate(sent)
        except BaseException:
            process.terminate()  # make ends its compilers then; being killed it could not
            raise
    return process.returncode, output.decode(errors="replace")


def _fail(recipe: Recipe, what: str, output: str, log: Path) -> None:
    """Keep the output, and raise an error that says where."""
    if "No space left on device" in output:
        raise DeviceError(recipe.device, "the disk is full", str(build_root()), _room())
    log.write_text(output)
    hint = f"first complaint: {_complaint(output)[:200]}\n  all of it: {log}"
    raise DeviceError(recipe.device, f"the network cannot be built: {what}", hint=hint)


def _complaint(output: str) -> str:
    """The line that says most: of a compiler the first error, of Python the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = ("error:", "undefined reference", "cannot find", "not found")
    if "Traceback (most recent call last)" not in output:
        lines = [line for line in lines if any(t in line for t in telling)][:1] or lines
    return lines[-1] if lines else "no message"


def _room() -> str:
    return "free space, or set NEUROAP_BUILDS to another folder"


# -- files beside the programs -----------------------------------------------------------------


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.lock")


def _failure_of(folder: Path) -> Path:
    return folder.with_name(f"failed-{folder.name}.log")


@contextmanager
def _locked(path: Path, wait: bool = True) -> Iterator[bool]:
    """Hold a lock that the system gives back even if the process is killed; gives whether it is held."""
    import fcntl  # which Windows lacks; nothing is compiled there

    while True:
        with path.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            if not _is_at(path, file.fileno()):
                continue  # the one who held it has removed the file
            try:
                yield True
            finally:
                path.unlink(missing_ok=True)
            return


def _is_at(path: Path, file: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(file).st_ino
    except FileNotFoundError:
        return False


def _tidy(root: Path) -> None:
    """Remove what killed builds left, and the programs and messages that were not used for longest."""
    for lock in root.glob(".*.lock"):
        with _locked(lock, wait=False) as held:
            if held:
                _remove_parts(root / lock.name.removeprefix(".").removesuffix(".lock"))
    for folder in programs_in(root)[:-KEPT]:
        shutil.rmtree(folder, ignore_errors=True)
    for log in sorted(root.glob("failed-*.log"), key=age)[:-KEPT]:
        log.unlink(missing_ok=True)


def _remove_parts(folder: Path) -> None:
    for part in folder.parent.glob(f".{folder.name}.*.part"):
        shutil.rmtree(part, ignore_errors=True)
