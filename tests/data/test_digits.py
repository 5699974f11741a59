"""The built-in digits: real, split the same way always, each class with its share."""

import numpy as np
import pytest

from neuroap.data import load


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def test_sizes_and_ranges(digits):
    assert digits.X_train.shape == (1437, 64)
    assert digits.X_test.shape == (360, 64)
    assert (digits.shape, digits.classes) == ((8, 8), tuple("0123456789"))
    assert (digits.X_train.min(), digits.X_train.max()) == (0, 1)


def test_no_image_is_lost_and_none_is_in_both_parts(digits):
    from sklearn.datasets import load_digits

    together = np.hstack(
        [np.vstack([digits.X_train, digits.X_test]) * 16, [[y] for y in (*digits.y_train, *digits.y_test)]]
    )
    original = np.column_stack([load_digits().data, load_digits().target])
    np.testing.assert_array_equal(together[np.lexsort(together.T)], original[np.lexsort(original.T)])


def test_each_class_has_a_fifth_of_its_images_in_the_test_part(digits):
    test, train = np.bincount(digits.y_test), np.bincount(digits.y_train)
    assert np.all(np.abs(test - (test + train) / 5) < 1)


def test_the_split_never_changes(digits):
    assert digits.y_test[:12].tolist() == [2, 2, 5, 5, 9, 1, 7, 3, 2, 0, 4, 9]
    np.testing.assert_array_equal(digits.X_test, load("digits").X_test)


def test_the_split_is_not_the_order_of_the_file(digits):
    """Scikit-learn's digits come in runs by writer: a split by position would be another task."""
    from sklearn.datasets import load_digits

    rows = {tuple(x) for x in digits.X_test * 16}
    position = [i for i, x in enumerate(load_digits().data) if tuple(x) in rows]
    assert len({i % 5 for i in position}) == 5
    assert max(np.diff(position)) > 10
