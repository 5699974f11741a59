"""neuroap fit: the table, the files, and what can go wrong."""

from __future__ import annotations

import os

import numpy as np
import pytest
import xarray as xr
from analysis.observers import LEVELS, Observer

from neuroap.analysis import difference_table, fit_psychometric, psychometric_table


@pytest.fixture(scope="module")
def csv(tmp_path_factory):
    """Two noise levels of an observer."""
    path = tmp_path_factory.mktemp("observer") / "observer.csv"
    lines = ["noise,stimulus,choice"]
    for noise, width in ((1, 5), (2, 12)):
        trials = Observer(width=width).trials(40)
        lines += [f"{noise},{level:g},{choice}" for level, choice in zip(*trials.values(), strict=True)]
    path.write_text("\n".join(lines))
    return path


def test_the_table(command, csv):
    done = command("fit", csv, "--by", "noise")
    fit = fit_psychometric(csv, "noise")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{psychometric_table(fit)}\n\n{difference_table(fit)}\n"
    assert os.listdir() == []
    assert command("fit", csv).out == f"{psychometric_table(fit_psychometric(csv))}\n"


def test_files(command, csv):
    """The stored fit is that of Python, and fits again from there."""
    done = command("fit", csv, "--by", "noise", "--out", "results")
    assert done.err == "files in results: fit.nc, psychometric.png\n"
    assert sorted(os.listdir("results")) == ["fit.nc", "psychometric.png"]
    with xr.open_dataset("results/fit.nc", engine="h5netcdf") as stored:
        xr.testing.assert_identical(stored.load(), fit_psychometric(csv, "noise"))
    with open("results/psychometric.png", "rb") as file:
        assert file.read().startswith(b"\x89PNG")


def test_json(command, csv):
    found = command("fit", csv, "--by", "noise", "--credible", "0.5", "--json").json
    fit = fit_psychometric(csv, "noise", 0.5)
    assert found["credible"] == 0.5
    assert [row["noise"] for row in found["fits"]] == [1, 2]
    assert [row["jnd"] for row in found["fits"]] == fit["jnd"].values.tolist()
    assert found["fits"][1]["pse_interval"] == fit["pse_interval"].values[1].tolist()
    assert [row["deviance_p"] for row in found["fits"]] == fit["deviance_p"].values.tolist()
    assert [row["deviance"] for row in found["fits"]] == fit["deviance"].values.tolist()
    (difference,) = found["differences"]
    assert (difference["first"], difference["second"]) == (2, 1)
    one = fit.sel(first=2, second=1)
    for name in ("pse", "jnd", "slope", "lapse"):
        assert difference[f"{name}_difference"] == float(one[f"{name}_difference"])
        assert difference[f"{name}_difference_interval"] == one[f"{name}_difference_interval"].values.tolist()
    assert command("fit", csv, "--json").json["differences"] == []


def test_codes_of_choices(command, csv):
    path = csv.with_name("codes.csv")
    rows = [line.split(",") for line in csv.read_text().splitlines()[1:]]
    path.write_text("noise;stimulus;response\n" + "\n".join(f"{n};{x};{['ccw', 'cw'][int(c)]}" for n, x, c in rows))
    expected = command("fit", csv, "--by", "noise").out
    assert command("fit", path, "--by", "noise", "--choices", "ccw", "cw").out == expected
    assert "--choices ccw cw" in command("fit", path).err


def test_earlier_results_are_kept(command, csv):
    command("fit", csv, "--out", "results")
    with open("results/fit.nc", "rb") as file:
        first = file.read()
    done = command("fit", csv, "--by", "noise", "--out", "results")
    assert "earlier run are kept: results/fit.previous.nc, results/psychometric.previous.png\n" in done.err
    with open("results/fit.previous.nc", "rb") as file:
        assert file.read() == first


def test_pooled_conditions_are_said(command, csv):
    path = csv.with_name("conditions.csv")
    path.write_text(csv.read_text().replace("noise,", "condition,"))
    done = command("fit", path)
    assert (done.code, done.err[:43]) == (0, "warning: fit_psychometric: conditions are p")
    assert "by='condition'" in done.err


def test_options_before_the_file_and_several_conditions(command, csv):
    path = csv.with_name("observers.csv")
    path.write_text(
        csv.read_text().replace("choice", "choice,observer").replace("\n", ",A\n").replace("observer,A", "observer")
        + ",A"
    )
    found = command("fit", "--json", "--by", "noise", "--by", "observer", path).json
    assert [(row["noise"], row["observer"]) for row in found["fits"]] == [(1, "A"), (2, "A")]


def test_json_has_no_number_where_there_is_none(command, tmp_path):
    path = tmp_path / "step.csv"
    path.write_text("stimulus,choice\n" + "".join(f"{x},{int(x > 0)}\n" for x in np.repeat(LEVELS, 9)))
    (row,) = command("fit", path, "--json").json["fits"]
    assert row["jnd"] is None
    assert row["jnd_interval"] == [None, None]
    assert row["reason"].startswith("compatible with a step")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--by", "nosie"), "did you mean 'noise'?"),
        (("--credible", "95"), "fit_psychometric.credible: must lie between 0 and 1 (got 95.0)"),
    ],
)
def test_what_can_go_wrong(command, csv, options, message):
    done = command("fit", csv, *options)
    assert (done.code, done.out) == (1, "")
    assert message in done.err


def test_a_missing_file(command):
    assert command("fit", "no.csv").err == "neuroap: error: no.csv: no such file\n"
