"""Functions to sweep, and what the tests share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_info

GRID = {"x": [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0], "y": ["a", "b"]}  # 40 points with two seeds


def note(folder: str, text: object) -> None:
    """Append a line to a file that counts what was computed, in whatever process."""
    with open(Path(folder) / "counter", "a", encoding="utf-8") as file:
        file.write(f"{text}\n")


def counted(folder: str | Path) -> Counter[str]:
    """How often each line was noted."""
    path = Path(folder) / "counter"
    return Counter(path.read_text(encoding="utf-8").split("\n")[:-1]) if path.exists() else Counter()


def first_time(folder: str, name: str) -> bool:
    """Whether no process asked this before."""
    try:
        os.close(os.open(Path(folder) / name, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def study(x: float, y: str, seed: int, notes: str = "") -> xr.Dataset:
    """Sums of random numbers, long enough for threads to share them."""
    weights = np.random.default_rng(seed).normal(0, x, (200, 200))
    product = weights @ weights
    values = {"mean": product.mean(), "norm": float(np.vdot(product, product)), "rates": ("neuron", product[0, :5])}
    if notes:
        note(notes, f"{x} {y} {seed}")
    return xr.Dataset(values, coords={"neuron": list("abcde")}, attrs={"y": y})


def killed_once(x: float, y: str, seed: int, notes: str) -> xr.Dataset:
    """As `study`, but the process that first comes to the middle of the grid is killed."""
    if x == 2.5 and y == "b" and first_time(notes, "killed"):
        os.kill(os.getpid(), signal.SIGKILL)
    return study(x, y, seed)


def killed_always(x: float, seed: int, notes: str) -> float:
    """Point 2 kills its process whenever it is tried; point 4 fails."""
    note(notes, x)
    if x == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return x / (x != 4)


def failing(x: float, seed: int, notes: str) -> float:
    """Point 2 fails, until there is a file "mended"."""
    note(notes, x)
    if x == 2 and not (Path(notes) / "mended").exists():
        raise ValueError("two is too many")
    return 10 * x


def interrupted(x: float, seed: int, notes: str) -> float:
    """Ctrl-C arrives at point 3, once."""
    if x == 3 and first_time(notes, "interrupted"):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
    note(notes, x)
    return 10 * x


def swallowing(x: float, seed: int, notes: str) -> float:
    """Ctrl-C at point 3 ends it early and without an error, as it does a simulation of Brian2."""
    try:
        return interrupted(x, seed, notes)
    except KeyboardInterrupt:
        return -1.0


def slow_at_the_end(x: float, seed: int, notes: str) -> float:
    """The last point takes a minute, the first time, has a program of its own, and makes a result of an interrupt."""
    if x == 5 and first_time(notes, "slow"):
        program = subprocess.Popen(["sleep", "61"])
        note(notes, f"pid {os.getpid()} {program.pid}")
        with suppress(KeyboardInterrupt):
            time.sleep(60)
        return -1
    note(notes, x)
    return 10 * x


def surroundings(x: int) -> dict[str, object]:
    """How many BLAS threads there are, who computes, and what stdin holds."""
    print("this is printed")
    threads = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {"threads": max(threads), "process": os.getpid(), "stdin": sys.stdin.read() if x else ""}


def leaving(x: int) -> int:
    """It ends the program at 1."""
    return sys.exit("nothing more to do") if x == 1 else x


def returning(x: int) -> object:
    """Something different at each point."""
    return RETURNED[x]


RETURNED: list[object] = []
