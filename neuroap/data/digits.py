"""Scikit-learn's handwritten digits: 1,797 real images of 8 x 8 that need no download."""

from __future__ import annotations

import numpy as np

from neuroap.data.images import ImageSet
from neuroap.data.registry import DIGIT_NAMES
from neuroap.seeds import generator

TEST_EVERY = 5
SEED = 0


def digits() -> ImageSet:
    """Return the digits: 1,437 training and 360 test images of 8 x 8, divided by 16.

    The split never changes, and each class has its share in both parts.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    X = (bunch.data / 16).astype(np.float32)
    y = bunch.target.astype(np.int64)
    order = generator(SEED, "digits", "split").permutation(len(y))
    by_class = order[np.argsort(y[order], kind="stable")]
    is_test = np.zeros(len(y), bool)
    is_test[by_class[::TEST_EVERY]] = True  # every fifth of a list sorted by class is stratified
    parts = (X[~is_test], y[~is_test], X[is_test], y[is_test])
    return ImageSet("digits", *parts, (8, 8), DIGIT_NAMES, "scikit-learn")
