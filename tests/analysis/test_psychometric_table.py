"""The table: numbers, units, reasons."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.observers import LEVELS, Observer

from neuroap.analysis import fit_psychometric, psychometric_table
from neuroap.analysis.table import decimals, difference_table


@pytest.fixture(scope="module")
def fit():
    tables = [Observer(width=w).trials(40) for w in (4, 12, 1e9)]
    trials = {k: np.concatenate([t[k] for t in tables]) for k in tables[0]}
    fit = fit_psychometric(trials | {"noise": np.repeat([1.0, 2.5, 9.0], 40 * len(LEVELS))}, by="noise")
    for name, units in (("pse", "deg"), ("jnd", "deg"), ("slope", "1/deg")):
        fit[name].attrs["units"] = units
    return fit


def test_the_table(fit):
    """Each number is that of the fit, with two digits of its uncertainty."""
    lines = psychometric_table(fit).splitlines()
    assert lines[0].split("  ")[0] == "noise"
    assert [c.strip() for c in lines[0].split("  ") if c][1:] == [
        "PSE (deg)",
        "JND (deg)",
        "slope (1/deg)",
        "lapse rate",
    ]
    low, high = fit["jnd_interval"].sel(noise=2.5).values
    assert f"{float(fit['jnd'].sel(noise=2.5)):.1f} [{low:.1f}, {high:.1f}]" in lines[3]
    assert lines[4].split() == ["9", "-", "-", "-", "-"]
    assert lines[6] == "[..]: 95% credible intervals"
    assert lines[8].startswith("  noise 9: at chance")
    assert len(lines) == 9


def test_differences_from_the_first(fit):
    lines = difference_table(fit).splitlines()
    low, high = fit["jnd_difference_interval"].sel(first=2.5, second=1).values
    value = float(fit["jnd_difference"].sel(first=2.5, second=1))
    assert lines[2].startswith("2.5 - 1 ")
    assert f"{value:.1f} [{low:.1f}, {high:.1f}]" in lines[2]
    assert lines[3].split() == ["9", "-", "1", "-", "-", "-", "-"]


def test_a_bad_fit_is_said():
    trials = Observer().trials(60)
    trials["choice"][trials["level"] == 6] = 0
    trials["choice"][trials["level"] == -6] = 1
    lines = psychometric_table(fit_psychometric(trials)).splitlines()
    assert lines[-2] == "The function fits badly:"
    assert lines[-1].startswith("  all trials: deviance ")


def test_one_condition_and_percent_correct():
    assert psychometric_table(fit_psychometric(Observer().trials(40))).startswith("PSE ")
    level = np.repeat([1.0, 2, 4, 8], 60)
    correct = np.random.default_rng(0).random(240) < 0.5 + 0.24 * np.log2(2 * level) / 2
    table = psychometric_table(fit_psychometric({"level": level, "correct": correct.astype(int)}))
    assert "PSE" not in table
    assert table.startswith("JND")


@pytest.mark.parametrize(("spread", "places"), [(123.0, 0), (2.0, 1), (0.7, 2), (0.012, 3), (0.0, 3)])
def test_two_digits_of_the_uncertainty(spread, places):
    assert decimals(spread) == places
