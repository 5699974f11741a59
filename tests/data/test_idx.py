"""The IDX reader: what is right is read exactly, and each kind of damage has its own first line."""

import gzip
import re

import numpy as np
import pytest

from neuroap.data.idx import candidates, read_idx
from neuroap.errors import DataError

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def idx_bytes(array):
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def first_line(path, text):
    return "^" + re.escape(f"{path}: {text}") + r"(\n|\Z)"


def written(folder, content, name="images"):
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
@pytest.mark.parametrize("name", ["a", "a.gz"])
@pytest.mark.parametrize("shape", [(24,), (6, 4), (2, 3, 4), (2, 3, 2, 2)], ids=str)
def test_reads_what_was_written(tmp_path, pack, name, shape):
    array = IMAGES.reshape(shape)
    read = read_idx(written(tmp_path, pack(idx_bytes(array)), name))
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, array)


def test_dims_are_big_endian_and_the_last_varies_fastest(tmp_path):
    content = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])
    np.testing.assert_array_equal(read_idx(written(tmp_path, content)), [[1, 2, 3], [4, 5, 6]])


GOOD = idx_bytes(IMAGES)
DAMAGED = {
    "truncated": (GOOD[:-1], "is truncated: 2 x 3 x 4 needs 40 bytes (got 39)"),
    "trailing": (GOOD + b"\0", "has trailing bytes: 2 x 3 x 4 needs 40 bytes (got 41)"),
    "header cut": (GOOD[:10], "is truncated: the header needs 16 bytes (got 10)"),
    "empty file": (b"", "is not an IDX file: wrong magic number (got '')"),
    "web page": (b"<!DOCTYPE html>", "is not an IDX file: wrong magic number (got '3c 21 44 4f')"),
    "no dims": (bytes([0, 0, 8, 0]), "is not an IDX file: wrong magic number (got '00 00 08 00')"),
    "many dims": (bytes([0, 0, 8, 9]), "is not an IDX file: wrong magic number (got '00 00 08 09')"),
    "floats": (bytes([0, 0, 13, 1]) + GOOD[4:], "must hold unsigned bytes, IDX type 0x08 (got '0x0d')"),
    "no images": (idx_bytes(IMAGES[:0]), "is empty: its dims are 0 x 3 x 4"),
    "huge dims": (GOOD[:4] + b"\xff" * 12 + GOOD[16:], "is truncated: 4294967295 x 4294967295 x 4294967295"),
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
@pytest.mark.parametrize("kind", [kind for kind in DAMAGED if kind != "huge dims"])
def test_damage_has_its_own_first_line(tmp_path, kind, pack):
    content, text = DAMAGED[kind]
    path = written(tmp_path, pack(content))
    with pytest.raises(DataError, match=first_line(path, text)):
        read_idx(path)


def test_huge_dims_allocate_nothing(tmp_path):
    content, text = DAMAGED["huge dims"]
    path = written(tmp_path, content)
    with pytest.raises(DataError, match="^" + re.escape(f"{path}: {text}")):
        read_idx(path)


def test_truncated_gzip(tmp_path):
    path = written(tmp_path, gzip.compress(GOOD)[:-9])
    with pytest.raises(DataError, match=first_line(path, "is a truncated gzip file")):
        read_idx(path)


@pytest.mark.parametrize("position", [2, 12, -6], ids=["method", "stream", "checksum"])
def test_corrupt_gzip(tmp_path, position):
    content = bytearray(gzip.compress(GOOD))
    content[position] ^= 0xFF
    path = written(tmp_path, bytes(content))
    with pytest.raises(DataError, match=first_line(path, "is a corrupt gzip file")):
        read_idx(path)


def test_any_mutation_is_read_or_refused_with_a_data_error(tmp_path):
    rng = np.random.default_rng(0)
    refused = []
    for packed in (GOOD, gzip.compress(GOOD)):
        for _ in range(200):
            content = bytearray(packed)
            content[rng.integers(len(content))] = rng.integers(256)
            path = written(tmp_path, bytes(content[: rng.integers(1, len(content) + 1)]))
            try:
                assert read_idx(path).dtype == np.uint8
            except DataError as error:
                refused.append(error)
    assert len(refused) > 300
    assert {error.where for error in refused} == {str(path)}


def test_unpacked_files_win_and_both_spellings_are_found(tmp_path):
    names = [
        "train-images-idx3-ubyte",
        "train-images-idx3-ubyte.gz",
        "train-images.idx4-ubyte.gz",
    ]
    for name in names:
        written(tmp_path, b"", name)
    written(tmp_path, b"", "train-images-idx3-ubyte.part")
    written(tmp_path, b"", "train-labels-idx1-ubyte")
    assert [path.name for path in candidates(tmp_path, names[0])] == names
