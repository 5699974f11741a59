"""Accuracy with Wilson intervals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from neuroap.analysis import accuracy
from neuroap.analysis.accuracy import wilson
from neuroap.errors import DataError, SettingError


@pytest.mark.parametrize(("k", "n"), [(0, 10), (9, 10), (10, 10), (371, 1000)])
@pytest.mark.parametrize("confidence", [0.68, 0.95])
def test_wilson_as_scipy_computes_it(k, n, confidence):
    expected = binomtest(k, n).proportion_ci(confidence, method="wilson")
    np.testing.assert_allclose(wilson([k], [n], confidence), [expected], rtol=1e-12, atol=1e-15)


def test_accuracy_by_noise():
    """Trials without a right answer do not count."""
    data = {"correct": [1, 0, np.nan, 1, 1, 1], "noise": [2.0, 2, 2, 0, 0, 0]}
    found = accuracy(data)
    assert found["noise"].values.tolist() == [0, 2]
    assert found["accuracy"].values.tolist() == [1, 0.5]
    assert found["n_trials"].values.tolist() == [3, 2]
    np.testing.assert_array_equal(found["accuracy_interval"], wilson([3, 1], [3, 2]))


def test_pooled_conditions_are_said():
    """Two conditions of the same noise; one by one there is nothing to say."""
    data = {"correct": [1, 0, 1, 1], "noise": [2, 2, 2, 2], "lesion": list("aabb"), "condition": [0, 0, 1, 1]}
    data["level"] = [1, 2, 3, 3]
    with pytest.warns(UserWarning, match=r"\Aaccuracy: conditions are pooled: by='lesion' fits them one by one"):
        found = accuracy(data)
    assert found.attrs["pooled"].startswith("by='lesion'")
    assert "pooled" not in accuracy(data, by="lesion").attrs


def test_mistakes():
    with pytest.raises(DataError, match=r"has no column 'noise' .*\n  did you mean 'nosie'\?"):
        accuracy({"correct": [1], "nosie": [1]})
    with pytest.raises(DataError, match="holds no trial with a right answer"):
        accuracy({"correct": [np.nan], "noise": [1]})
    with pytest.raises(SettingError, match=r"accuracy.confidence: must lie between 0 and 1 \(got 1\)"):
        accuracy({"correct": [1], "noise": [1]}, confidence=1)
