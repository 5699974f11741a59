"""Lists and ranges of values on the command line."""

from __future__ import annotations

import pytest

from neuroap.commands.values import positive, values
from neuroap.errors import SettingError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1:0.5:5", [0.1, 0.2, 0.3, 0.4, 0.5]),
        ("1:5:3", [1, 3, 5]),
        ("5:1:3", [5, 3, 1]),
        ("1:2:3", [1.0, 1.5, 2.0]),
        ("0:4000000000000:3", [0, 2 * 10**12, 4 * 10**12]),
        ("0.5,1", [0.5, 1]),
        ("STE,EPE", ["STE", "EPE"]),
        ("True,False", [True, False]),
        ("{[]}", ["{[]}"]),
        ("tcp://a:b", ["tcp://a:b"]),
        ("(1,):(2,):3", ["(1", "):(2", "):3"]),
    ],
)
def test_values(text, expected):
    found = values("--over", text)
    assert found == expected
    assert [type(v) for v in found] == [type(v) for v in expected]


@pytest.mark.parametrize("text", ["1:2:1", "1:2:2.0", "1:1e999:3"])
def test_ranges_that_are_none(text):
    with pytest.raises(SettingError, match=r"--over: a range is START:STOP:NUMBER, with at least two values \(got"):
        values("--over", text)


@pytest.mark.parametrize(
    ("text", "expected"), [("0.5", [0.5]), ("2,0.5", [2, 0.5]), ("0.1:0.3:3", [0.1, 0.2, 0.3]), ("2:1:2", [2, 1])]
)
def test_positive_numbers(text, expected):
    assert positive("--spectral-radius", text) == expected


@pytest.mark.parametrize(
    "text", ["", "a", "0", "-1,2", "1:2", "1:2:3:4", "0:1:3", "nan", "1e999", "1:inf:3", "1:2:x", "True"]
)
def test_values_that_are_not_positive(text):
    with pytest.raises(SettingError, match="--spectral-radius: must be positive numbers"):
        positive("--spectral-radius", text)
