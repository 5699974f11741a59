"""Every kind of damage to a checkpoint is refused before anything is read from it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import xarray as xr
from training.small import fitted, model, trials
from training.test_checkpoint import example

from neuroap import CorticalClassifier
from neuroap.errors import CheckpointError, NeuroapError
from neuroap.training import checkpoint
from neuroap.training.checkpoint import read, write

DAMAGED = "is damaged: its content does not have the checksum that was written"
FOREIGN = "is no neuroap checkpoint, or only a piece of one"


@cache
def whole() -> bytes:
    """A checkpoint that is not damaged."""
    with TemporaryDirectory() as folder:
        write(example(), Path(folder) / "run.nc")
        return (Path(folder) / "run.nc").read_bytes()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that holds the checkpoint."""
    (tmp_path / "run.nc").write_bytes(whole())
    return tmp_path / "run.nc"


def first_line(path: Path) -> str:
    """What `read` says about a file, after its name."""
    with pytest.raises(CheckpointError) as caught:
        read(path)
    assert isinstance(caught.value, NeuroapError)
    assert isinstance(caught.value, ValueError)
    line = str(caught.value).splitlines()[0]
    assert line.startswith(f"{path}: ")
    return line.removeprefix(f"{path}: ")


def test_the_file_is_whole_before_it_is_damaged(path: Path) -> None:
    """The counterpart of the tests below."""
    assert read(path).layout == example().layout


@pytest.mark.parametrize("length", [0, 1, 8, 100, 0.5, 0.9, -200, -91, -90, -50, -1])
def test_a_truncated_file_is_refused(path: Path, length: float) -> None:
    """Cut off after some bytes, at a fraction, or some bytes before the end: within and right before the seal too."""
    content = path.read_bytes()
    path.write_bytes(content[: int(length * len(content)) if length in (0.5, 0.9) else int(length)])
    assert first_line(path) == (FOREIGN if 0 <= length <= 100 and int(length) == length else DAMAGED)


@pytest.mark.parametrize("seed", range(24))
def test_a_single_flipped_bit_is_refused(path: Path, seed: int) -> None:
    """Anywhere: in numbers, in names, in the bookkeeping of HDF5, in the seal."""
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng([seed, 99])
    place = rng.integers(len(content)) if seed < 20 else len(content) - 1 - 20 * (seed - 20)
    content[place] ^= 1 << rng.integers(8)
    path.write_bytes(content)
    assert first_line(path) in (DAMAGED, FOREIGN)


def test_every_byte_of_the_name_and_of_the_seal_counts(path: Path) -> None:
    content = path.read_bytes()
    name = content.index(checkpoint.FORMAT.encode())
    for place in (0, name, len(content) - 65, len(content) - 64, len(content) - 1):
        damaged = bytearray(content)
        damaged[place] ^= 4
        path.write_bytes(damaged)
        assert first_line(path) == (FOREIGN if place == name else DAMAGED)


def test_bytes_put_in_or_appended_are_noticed(path: Path) -> None:
    content = path.read_bytes()
    for damaged in (content + b"\0", b"\0" + content, content[:500] + b"\0" + content[500:], content + content):
        path.write_bytes(damaged)
        assert first_line(path) == DAMAGED


def test_text_is_refused(path: Path) -> None:
    path.write_text("not a checkpoint, whatever its name says\n" * 100)
    assert first_line(path) == FOREIGN


def test_another_netcdf_file_is_refused(path: Path) -> None:
    xr.Dataset({"rate": ("trial", [1.0, 2.0])}).to_netcdf(path, engine="h5netcdf")
    assert first_line(path) == FOREIGN


def test_a_copy_by_another_program_is_refused(path: Path) -> None:
    """It has lost the seal: nobody knows whether the numbers are the same."""
    with xr.open_datatree(path) as tree:
        tree.load()
    tree.to_netcdf(path, engine="h5netcdf")
    assert first_line(path) == DAMAGED


def test_a_newer_format_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "FORMAT_VERSION", 2)
        write(example(), path)
    assert first_line(path) == "needs a newer neuroap (format 1 is known) (got 2)"


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert first_line(tmp_path / "run.nc") == "there is no such checkpoint"
    assert first_line(tmp_path) == "there is no such checkpoint"


def test_damage_is_refused_wherever_a_checkpoint_is_read(tmp_path: Path) -> None:
    """By `load` and at resume; the damaged file is not overwritten, and the model can begin afresh elsewhere."""
    path = tmp_path / "run.nc"
    fitted().save(path)
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(CheckpointError, match=DAMAGED):
        CorticalClassifier.load(path)
    with pytest.raises(CheckpointError, match=DAMAGED):
        model(checkpoint=path).fit(*trials(), resume=True)
    assert path.read_bytes() == damaged
