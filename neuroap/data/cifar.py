"""CIFAR-10, binary version: six files of records, one byte of label and 3 x 32 x 32 bytes of pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroap.data.images import ImageSet, scaled
from neuroap.data.registry import KNOWN
from neuroap.errors import DataError

SHAPE = (3, 32, 32)  # red, green and blue planes, each row by row
PIXELS = 3 * 32 * 32
RECORD = 1 + PIXELS
TRAIN_FILES = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
TEST_FILES = ("test_batch.bin",)
FILES = TRAIN_FILES + TEST_FILES
ARCHIVE_FOLDER = "cifar-10-batches-bin"
AGAIN = "delete the file and run `neuroap fetch cifar10`; only the binary version is read"


def home(folder: Path) -> Path:
    """Return where the batches lie: in `folder`, or in the folder that the archive unpacks to."""
    inner = folder / ARCHIVE_FOLDER
    return inner if inner.is_dir() and not any((folder / file).exists() for file in FILES) else folder


def present(folder: Path) -> bool:
    """Say whether any of the six files lies in `folder`."""
    return any((home(folder) / file).is_file() for file in FILES)


def complete(folder: Path) -> bool:
    """Say whether all six files are there and hold whole records."""
    paths = [home(folder) / file for file in FILES]
    return all(path.is_file() and _whole(path.stat().st_size) for path in paths)


def load(folder: Path) -> ImageSet:
    """Read the six batches of a folder.

    Each batch is scaled into its rows of the result, so that memory holds the pixels as bytes for one
    batch only: the training part alone takes 614 MB as float32.

    Raises
    ------
    DataError
        If a file is missing, has a part of a record, or labels outside 0..9.
    """
    source = home(folder)
    X_train, y_train = _read_part([_path(source, file) for file in TRAIN_FILES])
    X_test, y_test = _read_part([_path(source, file) for file in TEST_FILES])
    classes = KNOWN["cifar10"].classes
    return ImageSet("cifar10", X_train, y_train, X_test, y_test, SHAPE, classes, str(folder))


def read_batch(path: str | Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read one batch of the binary version.

    Returns
    -------
    pixels : array of uint8, shape (n, 3072)
    labels : array of uint8, shape (n,)

    Raises
    ------
    DataError
        If the file ends within a record, is empty, or has labels outside 0..9.
    """
    content = np.fromfile(path, np.uint8)
    if not _whole(content.size):
        raise DataError(str(path), f"must hold whole records of {RECORD} bytes", content.size, AGAIN)
    records = content.reshape(-1, RECORD)
    labels = records[:, 0]
    if labels.max() > 9:
        raise DataError(str(path), "labels must lie in 0..9", int(labels.max()), AGAIN)
    return records[:, 1:], labels


def _read_part(paths: list[Path]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    sizes = [path.stat().st_size // RECORD for path in paths]
    X = np.empty((sum(sizes), PIXELS), np.float32)
    y = np.empty(sum(sizes), np.int64)
    start = 0
    for path, size in zip(paths, sizes, strict=True):
        rows = slice(start, start + size)
        pixels, y[rows] = read_batch(path)
        scaled(pixels, out=X[rows])
        start += size
    return X, y


def _path(folder: Path, file: str) -> Path:
    path = folder / file
    if not path.is_file():
        raise DataError(str(folder), f"{file} is missing", hint="`neuroap fetch cifar10` downloads it")
    return path


def _whole(size: int) -> bool:
    return size > 0 and size % RECORD == 0
