"""Scikit-learn's own checks of an estimator; all of them pass, none is expected to fail."""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator

from neuroap import AdjointPropagation, CorticalClassifier

# Quick ones for every run of the tests; `-m slow` adds the others.
QUICK = {
    "check_complex_data",
    "check_dict_unchanged",
    "check_estimator_sparse_array",
    "check_estimators_empty_data_messages",
    "check_estimators_nan_inf",
    "check_estimators_pickle",
    "check_fit1d",
    "check_fit2d_predict1d",
    "check_n_features_in_after_fitting",
    "check_requires_y_none",
    "check_supervised_y_2d",
}


def estimator() -> CorticalClassifier:
    """Fast enough, and able to separate the blobs of `check_classifiers_train`."""
    rule = AdjointPropagation(steps=(2, 2), learning_rate=0.02)
    return CorticalClassifier(rule=rule, epochs=10, progress=False)


def checks() -> dict[str, object]:
    """Scikit-learn's checks by their names."""
    found = {}
    for _, check in estimator_checks_generator(estimator()):
        settings = ",".join(f"{k}={v}" for k, v in getattr(check, "keywords", {}).items())
        found[getattr(check, "func", check).__name__ + (f"({settings})" if settings else "")] = check
    return found


def test_the_quick_checks_exist() -> None:
    assert sorted(QUICK - checks().keys()) == []


@pytest.mark.parametrize("name", sorted(QUICK))
def test_quick_check(name: str) -> None:
    checks()[name](estimator())  # type: ignore[operator]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")  # array API, not installed
def test_every_check() -> None:
    """Half a minute; the message of the first failure is scikit-learn's own."""
    results = check_estimator(estimator(), on_fail="raise")
    assert len(results) >= 50
    assert {r["status"] for r in results} <= {"passed", "skipped"}
    assert [r["check_name"] for r in results if r["expected_to_fail"]] == []
