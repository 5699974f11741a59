"""What an axis and the seeds of a sweep may be, and what the function gets."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np
import pytest

from neuroap.errors import SettingError
from neuroap.sweeps import sweep
from neuroap.sweeps.grid import grid


class Odd:
    """It cannot be made an array."""

    def __array__(self, *_: object, **__: object) -> object:
        raise RuntimeError("no array")


UNSUPPORTED = [
    *(None, (2, 3), [2, [3]], object(), np.datetime64("2020-01-01"), 2 + 1j, b"a", Fraction(1, 2), 2**70, Odd()),
    *(np.array([1, 2]), {"a": 1}),
]


@pytest.mark.parametrize("beside", [[], [1], ["a"], [True]], ids=["alone", "numbers", "texts", "truth values"])
@pytest.mark.parametrize("value", UNSUPPORTED, ids=lambda value: type(value).__name__)
def test_what_an_axis_cannot_hold(value, beside):
    """Alone or beside what it can hold."""
    rule = (
        r"sweep.over\['x'\]: must be all numbers, all texts or all truth values(.|\n)*\n  sweep over a name or a number"
    )
    with pytest.raises(SettingError, match=rule):
        grid({"x": [*beside, value]}, None)


@pytest.mark.parametrize("values", [[1, True], ["a", 1.0], [np.True_, np.int8(1)]])
def test_values_of_two_kinds(values):
    with pytest.raises(SettingError, match="must be all numbers, all texts or all truth values"):
        grid({"x": values}, None)


def test_the_function_gets_what_the_user_wrote(tmp_path):
    """One value of 0.5 makes no other numbers of the whole ones; what comes from NumPy becomes plain."""

    def name(x):
        return type(x).__name__

    for k, (values, names) in enumerate(
        [
            ([1, 0.5, 2], ["int", "float", "int"]),
            (np.arange(3), ["int"] * 3),
            (np.array([0.5, 1], dtype=np.float32), ["float"] * 2),
            ([np.array(1), np.float64(2)], ["int", "float"]),
            ([np.True_], ["bool"]),
            (np.array(["a"]), ["str"]),
        ]
    ):
        result = sweep(name, {"x": values}, seeds=None, store=tmp_path / str(k), workers=1)
        assert result["result"].values.tolist() == names
        assert result["x"].values.tolist() == np.asarray(values).tolist()


def test_whole_numbers_are_the_same_points_in_any_company():
    one, other = (grid({"x": values}, 1).points() for values in ([1, 2], [1.0, 2.0, 0.5]))
    assert [(p.name, p.own_seed) for p in one] == [(p.name, p.own_seed) for p in other[:2]]


@pytest.mark.parametrize("seed", [None, np.random.default_rng(0), 1.0, "1", -1, True, [1]])
def test_what_is_no_seed(seed):
    """Not what elsewhere stands for fresh numbers: on the next run no result would be found."""
    with pytest.raises(SettingError, match=r"sweep.seeds: each must be an integer >= 0"):
        grid({"x": [1]}, [seed])


def test_many_seeds_and_values_are_checked_in_no_time():
    """In much less than a second, where comparing each with each takes eight."""

    def seconds(n):
        values, started = np.arange(n), time.process_time()
        grid({"x": values}, values)
        return time.process_time() - started

    assert seconds(32_000) < 1
    assert grid({}, np.array([3, 5])).seeds == (3, 5)
