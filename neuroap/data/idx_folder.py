"""The four IDX files of a folder as one ImageSet: MNIST, Fashion-MNIST, or the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuroap.data import checksums, idx
from neuroap.data.images import ImageSet, scaled
from neuroap.data.registry import KNOWN
from neuroap.errors import DataError


class Part(NamedTuple):
    """The training or the test part of a folder."""

    X: NDArray[np.float32]  # (n, pixels)
    y: NDArray[np.int64]  # (n,)
    shape: tuple[int, ...]  # of one image
    paths: dict[str, Path]  # by the name of the file as published
    digests: dict[str, str]  # MD5 of the uncompressed content, by the same name


def present(folder: Path) -> bool:
    """Say whether any of the four IDX files lies in `folder`."""
    return any(idx.candidates(folder, file) for file in idx.FILES)


def load(folder: Path) -> ImageSet:
    """Read the four IDX files of a folder.

    The content says which published set it is. Other content is taken as the user's own, named after
    the folder, unless the folder bears the name of a published set: then the file is damaged.

    Raises
    ------
    DataError
        If a file is missing or damaged, or the files do not fit together.
    """
    train, test = _part(folder, *idx.FILES[:2]), _part(folder, *idx.FILES[2:])
    if test.shape != train.shape:
        rule = f"must hold images of shape {train.shape} as the training part does"
        raise DataError(str(test.paths[idx.FILES[2]]), rule, test.shape)
    name, classes = _identity(folder, train, test)
    return ImageSet(name, train.X, train.y, test.X, test.y, train.shape, classes, str(folder))


def _part(folder: Path, images_file: str, labels_file: str) -> Part:
    paths = {file: _path(folder, file) for file in (images_file, labels_file)}
    labels, labels_md5 = _read(paths[labels_file])
    images, images_md5 = _read(paths[images_file])
    if images.ndim < 2:
        raise DataError(str(paths[images_file]), "must have at least 2 dims to be images", images.ndim)
    if labels.ndim != 1:
        raise DataError(str(paths[labels_file]), "must have 1 dim to be labels", labels.ndim)
    if len(labels) != len(images):
        rule = f"must hold one label for each of {len(images)} images"
        raise DataError(str(paths[labels_file]), rule, len(labels), "the files belong to different sets")
    digests = {images_file: images_md5, labels_file: labels_md5}
    return Part(scaled(images), labels.astype(np.int64), images.shape[1:], paths, digests)


def _read(path: Path) -> tuple[NDArray[np.uint8], str]:
    content = idx.unpacked(path)
    return idx.parse(content, str(path)), checksums.md5_of(content)


def _path(folder: Path, file: str) -> Path:
    found = idx.candidates(folder, file)
    if not found:
        name = folder.name if folder.name in KNOWN else "NAME"
        hint = f"it may end in .gz; `neuroap fetch {name}` downloads what is missing of a published set"
        raise DataError(str(folder), f"{file} is missing", hint=hint)
    return found[0]


def _identity(folder: Path, train: Part, test: Part) -> tuple[str, tuple[str, ...]]:
    """Return the name and the classes."""
    digests = train.digests | test.digests
    name = checksums.identify(digests)
    if name:
        return name, KNOWN[name].classes
    checksums.check_undamaged(folder.name, digests, train.paths | test.paths)
    labels = [part.y.max(initial=0) for part in (train, test)]
    return folder.name, tuple(str(label) for label in range(max(labels) + 1))
