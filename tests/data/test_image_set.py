"""ImageSet: what it refuses, how it scales, how it holds out images for validation."""

import dataclasses
import re

import numpy as np
import pytest

from neuroap.data import ImageSet
from neuroap.data.images import scaled
from neuroap.errors import DataError, SettingError


def first_line(text):
    return "^" + re.escape(text) + r"(\n|\Z)"


def image_set(**changes):
    """Ten training images whose pixels are their number / 16, and three test images of zeros."""
    X = np.repeat(np.arange(10, dtype=np.float32)[:, None] / 16, 6, axis=1)
    given = {
        "name": "tiny",
        "X_train": X,
        "y_train": np.arange(10) % 2,
        "X_test": np.zeros((3, 6), np.float32),
        "y_test": np.array([1, 1, 1]),
        "shape": (2, 3),
        "classes": ("even", "odd"),
        "source": "a test",
    }
    return ImageSet(**(given | changes))


def with_pixel(value):
    X = np.zeros((3, 6), np.float32)
    X[1, 2] = value
    return X


REFUSED = [
    (
        {"X_train": np.zeros((10, 6))},
        "ImageSet.X_train: must be float32 of shape (n, 6) (got 'float64 (10, 6)')",
    ),
    (
        {"X_test": np.zeros((3, 2, 3), np.float32)},
        "ImageSet.X_test: must be float32 of shape (n, 6) (got 'float32 (3, 2, 3)')",
    ),
    ({"X_test": [[0.0] * 6]}, "ImageSet.X_test: must be float32 of shape (n, 6) (got 'list')"),
    ({"X_test": np.zeros((0, 6), np.float32)}, "ImageSet.X_test: must hold at least one image (got (0, 6))"),
    ({"X_test": with_pixel(255)}, "ImageSet.X_test: must lie in [0, 1] (got (0.0, 255.0))"),
    ({"X_test": with_pixel(-0.5)}, "ImageSet.X_test: must lie in [0, 1] (got (-0.5, 0.0))"),
    ({"X_test": with_pixel(np.nan)}, "ImageSet.X_test: must lie in [0, 1] (got (nan, nan))"),
    ({"y_test": np.ones(3)}, "ImageSet.y_test: must be int64 of shape (n,) (got 'float64 (3,)')"),
    (
        {"y_test": np.eye(3, dtype=np.int64)},
        "ImageSet.y_test: must be int64 of shape (n,) (got 'int64 (3, 3)')",
    ),
    ({"y_test": np.array([0, 1])}, "ImageSet.y_test: must hold one label for each of 3 images (got 2)"),
    ({"y_test": np.array([0, 1, 2])}, "ImageSet.y_test: labels must lie in 0..1 (got 2)"),
    ({"y_test": np.array([0, -1, 1])}, "ImageSet.y_test: labels must lie in 0..1 (got -1)"),
]


@pytest.mark.parametrize(("changes", "text"), REFUSED)
def test_what_does_not_fit_is_refused(changes, text):
    with pytest.raises(DataError, match=first_line(text)):
        image_set(**changes)


def test_it_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError, match="name"):
        image_set().name = "other"


def test_repr_tells_sizes_and_prints_no_array():
    assert repr(image_set()) == "<ImageSet 'tiny': 10 + 3 images of 2 x 3, 2 classes, from a test>"


def test_scaling_is_division_by_255_rounded_to_float32():
    raw = np.arange(256, dtype=np.uint8).reshape(4, 8, 8)
    result = scaled(raw)
    assert result.dtype == np.float32
    assert result.shape == (4, 64)
    np.testing.assert_array_equal(result.ravel(), np.arange(256, dtype=np.float32) / np.float32(255))
    assert (result.min(), result.max()) == (0, 1)


def test_scaling_into_a_given_array_allocates_none():
    out = np.empty((4, 64), np.float32)
    assert scaled(np.full((4, 8, 8), 51, np.uint8), out=out) is out
    np.testing.assert_array_equal(out, np.float32(51) / np.float32(255))


def test_validation_images_come_from_the_training_part_and_leave_it():
    whole = image_set()
    split = whole.validation_split(4, seed=3)
    kept, held = split.X_train[:, 0] * 16, split.X_test[:, 0] * 16
    assert (len(kept), len(held)) == (6, 4)
    assert sorted([*kept, *held]) == list(range(10))
    np.testing.assert_array_equal(split.y_train, kept % 2)
    np.testing.assert_array_equal(split.y_test, held % 2)
    assert split.source == "a test, 4 training images held out for validation"
    assert (split.name, split.shape, split.classes) == (whole.name, whole.shape, whole.classes)


def test_validation_split_is_drawn_by_the_seed():
    def held(seed):
        return (image_set().validation_split(4, seed).X_test[:, 0] * 16).tolist()

    assert held(3) == held(3)
    assert len({tuple(held(seed)) for seed in range(8)}) > 1
    assert any(held(seed) not in ([0, 1, 2, 3], [6, 7, 8, 9]) for seed in range(3))


@pytest.mark.parametrize("n", [0, -1, 10, 2.0, "4"])
def test_validation_split_refuses(n):
    text = f"validation_split.n: must be an integer in 1..9 (got {n!r})"
    with pytest.raises(SettingError, match=first_line(text)):
        image_set().validation_split(n, seed=0)
