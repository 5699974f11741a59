"""Builds programs once and keeps them: by content, in a folder of the user, safe for several processes."""

from __future__ import annotations

import fcntl
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import neuroap
from neuroap.brian.compiled.recipe import Recipe
from neuroap.brian.compiled.toolchain import Toolchain
from neuroap.brian.compiled.unity import UNITY
from neuroap.errors import DeviceError

PROGRAM, MANIFEST, LOG = "main", "manifest.json", "build.log"
KEPT = 200  # programs; the ones that were not used for longest are removed


def build_root() -> Path:
    """The folder of all programs: NEUROAP_BUILDS if it is set, else in the user's cache."""
    chosen = os.environ.get("NEUROAP_BUILDS", "")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from pooch import os_cache

    return Path(os_cache("neuroap")) / "builds"


def built(recipe: Recipe, toolchain: Toolchain, say: Callable[[str], None]) -> Path:
    """The folder of the program of `recipe`; it is built if it is not there.

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
    if not (folder / PROGRAM).exists():
        try:
            root.mkdir(parents=True, exist_ok=True)
            with _locked(root / f".{folder.name}.lock"):
                if not (folder / PROGRAM).exists():  # another process may have built it meanwhile
                    _build(recipe, toolchain, folder, say)
        except OSError as error:
            rule = f"the program cannot be kept in {root}"
            raise DeviceError(recipe.device, rule, _reason(error), _room()) from error
    os.utime(folder)
    return folder


def _build(recipe: Recipe, toolchain: Toolchain, folder: Path, say: Callable[[str], None]) -> None:
    """Build beside the final place, then move: a program is there as a whole or not at all."""
    for left in folder.parent.glob(f".{folder.name}.*.part"):  # of builds that were killed: the lock is ours
        shutil.rmtree(left, ignore_errors=True)
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    part.mkdir()
    try:
        say(f"building the network for {recipe.device} (once; kept in {folder.parent})")
        _generate(recipe, toolchain, part)
        _compile(recipe, toolchain, part)
        for left in part.glob("*.o"):
            left.unlink()
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    _forget_oldest(folder.parent)


def _generate(recipe: Recipe, toolchain: Toolchain, part: Path) -> None:
    command = [sys.executable, "-m", "neuroap.brian.compiled.generate"]
    paths = [str(Path(neuroap.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in paths if p)}
    job = pickle.dumps((recipe.canonical, part, toolchain.preferences))
    done = subprocess.run(command, input=job, capture_output=True, env=environment, check=False)
    if done.returncode:
        _fail(recipe, "its code cannot be generated", done.stderr.decode(errors="replace"))


def _compile(recipe: Recipe, toolchain: Toolchain, part: Path) -> None:
    source = next(part.glob(f"{UNITY}.*"))
    # Brian2's makefile, its compiler and its options; but one source file for all.
    command = ["make", f"SRCS={source.name}", "H_SRCS=", PROGRAM]
    environment = os.environ | toolchain.environment
    done = subprocess.run(command, cwd=part, capture_output=True, env=environment, check=False)
    output = (done.stdout + done.stderr).decode(errors="replace")
    (part / LOG).write_text(output)
    if done.returncode:
        _fail(recipe, "it does not compile", output)


def _fail(recipe: Recipe, what: str, output: str) -> None:
    """Keep the output, and raise an error that says where."""
    if "No space left on device" in output:
        raise DeviceError(recipe.device, "the disk is full", str(build_root()), _room())
    log = build_root() / f"failed-{os.getpid()}.log"
    log.write_text(output)
    lines = [line for line in output.splitlines() if "error" in line.lower()] or output.splitlines() or ["no message"]
    hint = f"first complaint: {lines[0].strip()[:200]}\n  all of it: {log}"
    raise DeviceError(recipe.device, f"the network cannot be built: {what}", hint=hint)


def _room() -> str:
    return "free space, or set NEUROAP_BUILDS to another folder"


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that the system gives back even if the process is killed."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _forget_oldest(root: Path) -> None:
    programs = [p for p in root.iterdir() if (p / PROGRAM).exists() and not p.name.startswith(".")]
    for folder in sorted(programs, key=lambda p: p.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(folder, ignore_errors=True)
