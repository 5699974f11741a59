"""The folder of a sweep: damaged files, what killed writers left, and two who come at the same time."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import xarray as xr
from sweeps.small_sweep import settled

from neuroap.errors import CheckpointError
from neuroap.sweeps import claim, store
from neuroap.sweeps.store import Manifest, Store


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores are made in a folder of their own."""
    monkeypatch.chdir(tmp_path)


def only_point() -> Path:
    """The one file of a small sweep."""
    (path,) = Path("store/points").iterdir()
    return path


def test_every_bit_of_a_point_counts() -> None:
    """Whichever is turned, no other value comes out: it is found, or was one of the words before the checksum."""
    first = settled()
    whole = only_point().read_bytes()
    draw = random.Random(0)
    for _ in range(300):
        damaged, bit = bytearray(whole), draw.randrange(8 * (len(whole) - len(store._seal(b""))))
        damaged[bit // 8] ^= 1 << bit % 8
        only_point().write_bytes(damaged)
        rule = r"is damaged: its content does not have the checksum that was written\n  remove it and run again"
        with pytest.raises(CheckpointError, match=rule):
            settled()
    only_point().write_bytes(whole[:-1] + b"x")
    with pytest.raises(CheckpointError, match="checksum"):
        settled()
    only_point().unlink()
    xr.testing.assert_identical(settled(), first)


def test_points_are_files_that_other_programs_read() -> None:
    settled()
    with xr.open_dataset(only_point(), engine="h5netcdf") as found:
        assert found["result"].item() == 1


def test_points_of_older_versions_have_no_checksum() -> None:
    first = settled()
    path = only_point()
    path.write_bytes(path.read_bytes().rpartition(store.SEAL)[0])
    xr.testing.assert_identical(settled(), first)


DAMAGED = """
from sweeps.small_sweep import settled
try:
    settled()
except ValueError as error:
    print(error)
"""


@pytest.mark.parametrize("damage", ["cut off", "a bit", "a bit, and no checksum"])
def test_nothing_but_the_message_is_said_about_a_damaged_point(damage: str) -> None:
    """HDF5 and its wrappers do not speak about a file that they could not close."""
    settled()
    path = only_point()
    content = bytearray(path.read_bytes()[: 100 if damage == "cut off" else None])
    content[64] ^= damage != "cut off"  # in the header of the root: the file opens, but has no attributes
    path.write_bytes(content.rpartition(store.SEAL)[0] if "no checksum" in damage else content)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", DAMAGED]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "is damaged: " in done.stdout
    assert done.stderr == ""


def test_whatever_is_raised_about_a_point(monkeypatch: pytest.MonkeyPatch) -> None:
    settled()

    def overflow(content: bytes) -> None:
        raise OverflowError("too large")

    monkeypatch.setattr(store, "from_bytes", overflow)
    with pytest.raises(CheckpointError, match="is damaged: too large"):
        settled()


@pytest.mark.parametrize("settings", ["[]", "1", "null", '"a"'])
def test_a_manifest_whose_settings_are_none(settings: str) -> None:
    settled()
    path = Path("store/sweep.json")
    path.write_text(path.read_text().replace('"settings": {}', f'"settings": {settings}'))
    with pytest.raises(CheckpointError, match=r"sweep.json: is damaged: its settings cannot be understood"):
        settled()


def test_what_killed_writers_left_is_removed() -> None:
    """Not what is being written, by a process of this machine or perhaps of another."""
    settled()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    long_ago = 2 * claim.YOUNG
    ages = {
        f".{dead.pid}.x=1-0123456789ab.nc": long_ago,
        f".{dead.pid}.x=1-0123456789ab.error.json": long_ago,
        f".{dead.pid}.sweep.json": long_ago,
        f".{dead.pid}.77.sweep.json": long_ago,
        f".{dead.pid}..{dead.pid}.77.sweep.json": long_ago,
        f".{dead.pid}.x=2-0123456789ab.nc": 10.0,
        f".{os.getpid()}.x=3-0123456789ab.nc": long_ago,
        f".{os.getppid()}.x=4-0123456789ab.nc": 2 * claim.OLD,
        ".hidden.nc": 2 * claim.OLD,
        ".2024.notes.txt": 2 * claim.OLD,
    }
    for name, age in ages.items():
        for path in (Path("store/points") / name, Path("store") / name):
            path.touch()
            os.utime(path, (time.time() - age,) * 2)
    settled()
    left = [
        f".{dead.pid}.x=2-0123456789ab.nc",
        f".{os.getpid()}.x=3-0123456789ab.nc",
        ".hidden.nc",
        ".2024.notes.txt",
    ]
    for folder in ("store", "store/points"):
        assert sorted(p.name for p in Path(folder).glob(".*")) == sorted(left)


def test_names_of_files_being_written_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that this process gives them: else what it left, were it killed, would stay."""
    seen: list[str] = []
    replace = Path.replace

    def look(path: Path, target: Path) -> Path:
        seen.append(path.name)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", look)
    settled()
    assert len(seen) >= 2
    assert [name for name in seen if not claim.PARTIAL.fullmatch(name)] == []
    own = claim.PARTIAL.fullmatch(f".{os.getpid()}.{threading.get_native_id()}.sweep.json")
    assert own is not None


@pytest.mark.parametrize("links", [True, False])
def test_two_sweeps_that_begin_at_the_same_time(monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    """Both find an empty folder; one gets it, and the other is told so, also where files have but one name."""
    together, write = threading.Barrier(2), store.write_first

    def at_the_same_time(path: Path, text: str) -> None:
        together.wait(10)
        write(path, text)

    def no_links(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(store, "write_first", at_the_same_time)
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    said: list[str] = []

    def begin(function: str) -> None:
        try:
            Store("store", Manifest(function, ["x"], {}))
            said.append("mine")
        except CheckpointError as error:
            said.append(error.rule)

    threads = [threading.Thread(target=begin, args=(name,)) for name in ("one", "other")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 2
    assert said.count("mine") == 1
    assert list(Path("store").glob(".*")) == []
