"""Generators by name: independent, reproducible, and the same for ever."""

import numpy as np
import pytest

from neuroap.errors import SettingError
from neuroap.seeds import as_seed, generator


def test_the_scheme_never_changes() -> None:
    # A change here changes the weights of every study that was ever seeded.
    assert generator(0, "weights", "V1.recurrence").integers(2**63, size=3).tolist() == [
        2380521223610228861,
        3001776728072534035,
        8907128107277016788,
    ]


def test_same_names_same_numbers() -> None:
    a, b = (generator(7, "order", 3).random(5) for _ in range(2))
    assert a.tolist() == b.tolist()


@pytest.mark.parametrize(
    "other",
    [
        (8, "weights", "V1"),
        (7, "weights", "V2"),
        (7, "weights"),
        (7, "weightsV1"),
        (7, "V1", "weights"),
        (7,),
    ],
)
def test_other_names_or_seeds_other_numbers(other: tuple) -> None:
    numbers = generator(7, "weights", "V1").random(100)
    others = generator(*other).random(100)
    assert not np.isin(numbers, others).any()
    assert abs(np.corrcoef(numbers, others)[0, 1]) < 0.4


def test_names_are_not_joined() -> None:
    assert generator(0, "ab", "c").random() != generator(0, "a", "bc").random()


def test_numbers_are_names_too() -> None:
    assert generator(0, "epoch", 1).random() == generator(0, "epoch", "1").random()
    assert generator(0, "epoch", 1).random() != generator(0, "epoch", 2).random()


def test_generators_by_name_are_uncorrelated() -> None:
    numbers = np.array([generator(0, "epoch", i).standard_normal(1000) for i in range(40)])
    correlations = np.corrcoef(numbers)[np.triu_indices(40, 1)]
    assert np.abs(correlations).max() < 0.16  # 5 standard errors
    assert correlations.std() == pytest.approx(1000**-0.5, rel=0.15)


@pytest.mark.parametrize("seed", [0, 7, np.int64(7), 2**40])
def test_integers_are_seeds(seed: int) -> None:
    assert as_seed(seed) == int(seed)
    assert type(as_seed(seed)) is int


def test_generators_are_asked_for_a_seed() -> None:
    assert as_seed(np.random.default_rng(1)) == as_seed(np.random.default_rng(1))
    assert as_seed(np.random.default_rng(1)) != as_seed(np.random.default_rng(2))
    assert as_seed(np.random.RandomState(1)) == as_seed(np.random.RandomState(1))
    rng = np.random.default_rng(1)
    assert as_seed(rng) != as_seed(rng)


def test_none_is_fresh() -> None:
    assert as_seed(None) != as_seed(None)


@pytest.mark.parametrize("bad", [-1, 1.5, "seed"])
def test_other_values_are_no_seeds(bad: object) -> None:
    with pytest.raises(SettingError, match=r"^random_state: must be None, an integer >= 0 or a generator \(got "):
        as_seed(bad)
