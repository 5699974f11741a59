"""CIFAR-10's binary version: layout of the records, sizes, labels, memory."""

import re
import tracemalloc

import numpy as np
import pytest

from neuroap.data import cifar, load
from neuroap.errors import DataError


def first_line(where, text):
    return "^" + re.escape(f"{where}: {text}") + r"(\n|\Z)"


@pytest.fixture
def folder(tmp_path):
    """Six batches of four records; record i of batch b has label (b + i) % 10."""
    rng = np.random.default_rng(1)
    for b, file in enumerate(cifar.FILES):
        records = rng.integers(0, 256, (4, cifar.RECORD), dtype=np.uint8)
        records[:, 0] = (b + np.arange(4)) % 10
        (tmp_path / file).write_bytes(records.tobytes())
    return tmp_path


def test_a_record_is_label_then_red_green_blue_planes(tmp_path):
    record = bytes([7]) + bytes([10]) * 1024 + bytes([20]) * 1024 + bytes([30]) * 1024
    (tmp_path / "batch.bin").write_bytes(record)
    pixels, labels = cifar.read_batch(tmp_path / "batch.bin")
    assert labels.tolist() == [7]
    assert pixels.reshape(cifar.SHAPE).mean(axis=(1, 2)).tolist() == [10, 20, 30]


def test_batches_are_joined_in_order(folder):
    images = load(folder)
    assert (images.name, images.shape, images.classes[3]) == ("cifar10", (3, 32, 32), "cat")
    assert images.y_train.tolist() == [(b + i) % 10 for b in range(5) for i in range(4)]
    assert images.y_test.tolist() == [5, 6, 7, 8]
    raw = np.fromfile(folder / "data_batch_3.bin", np.uint8).reshape(4, -1)[:, 1:]
    np.testing.assert_array_equal(images.X_train[8:12], raw.astype(np.float32) / np.float32(255))


def test_the_folder_that_the_archive_unpacks_to_is_found(folder, tmp_path_factory):
    outer = tmp_path_factory.mktemp("outer")
    folder.rename(outer / cifar.ARCHIVE_FOLDER)
    assert len(load(outer).X_train) == 20


def test_a_part_of_a_record_is_refused(folder):
    path = folder / "data_batch_2.bin"
    path.write_bytes(path.read_bytes()[:-1])
    text = "must hold whole records of 3073 bytes (got 12291)"
    with pytest.raises(DataError, match=first_line(path, text)):
        load(folder)


def test_an_empty_batch_is_refused(folder):
    path = folder / "test_batch.bin"
    path.write_bytes(b"")
    with pytest.raises(DataError, match=first_line(path, "must hold whole records of 3073 bytes (got 0)")):
        load(folder)


def test_a_label_beyond_9_is_refused(folder):
    path = folder / "data_batch_5.bin"
    path.write_bytes(b"\x0a" + path.read_bytes()[1:])
    with pytest.raises(DataError, match=first_line(path, "labels must lie in 0..9 (got 10)")):
        load(folder)


def test_a_missing_batch_is_named(folder):
    (folder / "data_batch_4.bin").unlink()
    assert not cifar.complete(folder)
    with pytest.raises(DataError, match=first_line(folder, "data_batch_4.bin is missing")):
        load(folder)


def test_loading_holds_the_bytes_of_one_batch_only(tmp_path):
    for file in cifar.FILES:
        (tmp_path / file).write_bytes(bytes(200 * cifar.RECORD))
    load(tmp_path)  # first-use allocations are not what is measured
    tracemalloc.start()
    images = load(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    result = images.X_train.nbytes + images.X_test.nbytes
    assert result == 6 * 200 * 3072 * 4
    assert peak < result + 1.5 * 200 * cifar.RECORD
