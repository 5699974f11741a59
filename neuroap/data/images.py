"""ImageSet: images and labels for classification, cut into a training and a test part."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neuroap.errors import DataError, SettingError
from neuroap.seeds import generator


@dataclass(frozen=True, eq=False, repr=False)
class ImageSet:
    """A set of images and their labels, in a training and a test part.

    Parameters
    ----------
    name : str
        For example ``"mnist"``; for the user's own files the name of the folder.
    X_train, X_test : array of float32, shape (n, pixels)
        Flattened images in [0, 1].
    y_train, y_test : array of int64, shape (n,)
        Labels, positions in `classes`.
    shape : tuple of int
        The shape of one image before it was flattened: (28, 28), or (3, 32, 32) for colour planes.
    classes : tuple of str
        The name of each class.
    source : str
        Where the images come from: a folder, or scikit-learn.

    Raises
    ------
    DataError
        If dtypes, shapes or ranges differ from the above, or a part is empty.
    """

    name: str
    X_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    X_test: NDArray[np.float32]
    y_test: NDArray[np.int64]
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    source: str

    def __post_init__(self) -> None:
        for part in ("train", "test"):
            X, y = getattr(self, f"X_{part}"), getattr(self, f"y_{part}")
            _check_images(f"ImageSet.X_{part}", X, self.shape)
            _check_labels(f"ImageSet.y_{part}", y, len(X), len(self.classes))

    def __repr__(self) -> str:
        size = " x ".join(map(str, self.shape))
        count = f"{len(self.X_train)} + {len(self.X_test)} images of {size}"
        return f"<ImageSet {self.name!r}: {count}, {len(self.classes)} classes, from {self.source}>"

    def validation_split(self, n: int, seed: int) -> ImageSet:
        """Hold out `n` training images as the new test part; the true test part stays out of sight.

        The images held out are drawn at random; both parts keep their order. The rows are copied: until
        the old set is let go, memory holds both.

        Parameters
        ----------
        n : int
            How many images to hold out, at least 1 and fewer than there are.
        seed : int
            The same seed holds out the same images.

        Raises
        ------
        SettingError
            If `n` or `seed` is out of range.
        """
        total = len(self.X_train)
        if not isinstance(n, numbers.Integral) or not 1 <= n < total:
            hint = "this many training images are held out for validation"
            raise SettingError("validation_split.n", f"must be an integer in 1..{total - 1}", n, hint)
        order = generator(seed, "validation split").permutation(total)
        held, kept = np.sort(order[:n]), np.sort(order[n:])
        return replace(
            self,
            X_train=self.X_train[kept],
            y_train=self.y_train[kept],
            X_test=self.X_train[held],
            y_test=self.y_train[held],
            source=f"{self.source}, {n} training images held out for validation",
        )


def scaled(raw: NDArray[np.uint8], out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Flatten images of bytes and divide by 255, with no temporary array beside the result.

    Parameters
    ----------
    raw : array of uint8, shape (n, ...)
        The images.
    out : array of float32, shape (n, pixels), optional
        Where to write; allocated by default.
    """
    flat = raw.reshape(len(raw), math.prod(raw.shape[1:]))
    result: NDArray[np.float32] = np.divide(flat, np.float32(255), out=out, dtype=np.float32)
    return result


def _check_images(where: str, X: NDArray[np.float32], shape: tuple[int, ...]) -> None:
    pixels = math.prod(shape)
    if not isinstance(X, np.ndarray) or X.dtype != np.float32 or X.shape[1:] != (pixels,):
        hint = "flatten and convert: X.reshape(len(X), -1).astype('float32')"
        raise DataError(where, f"must be float32 of shape (n, {pixels})", _described(X), hint)
    if X.size == 0:
        raise DataError(where, "must hold at least one image", X.shape)
    low, high = float(X.min()), float(X.max())
    if not (low >= 0 and high <= 1):  # written so that NaN fails
        raise DataError(where, "must lie in [0, 1]", (low, high), "divide bytes by 255")


def _check_labels(where: str, y: NDArray[np.int64], images: int, classes: int) -> None:
    if not isinstance(y, np.ndarray) or y.dtype != np.int64 or y.ndim != 1:
        raise DataError(where, "must be int64 of shape (n,)", _described(y), "convert: y.astype('int64')")
    if len(y) != images:
        raise DataError(where, f"must hold one label for each of {images} images", len(y))
    outside = y[(y < 0) | (y >= classes)]
    if len(outside):
        hint = "labels are positions in `classes`"
        raise DataError(where, f"labels must lie in 0..{classes - 1}", int(outside[0]), hint)


def _described(array: object) -> str:
    """Name dtype and shape: an error must not print an array."""
    if isinstance(array, np.ndarray):
        return f"{array.dtype} {array.shape}"
    return type(array).__name__
