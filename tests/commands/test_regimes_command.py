"""neuroap regimes: what it measures, writes and says."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from neuroap import Balanced, Recurrence, hierarchy
from neuroap.analysis import Map
from neuroap.cli import main
from neuroap.commands.regimes import _uniform_drive, measure, report, study, with_radius
from neuroap.data import load
from neuroap.regimes import area_map

LAYOUT = Path(__file__).resolve().parents[2] / "models" / "two_area.py"
SMALL = ("--block", 8, "--steps", 200, "--transient", 300, "--initial", 4, "--workers", 1)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The folder of a small study."""
    out = tmp_path_factory.mktemp("regimes")
    arguments = ("regimes", LAYOUT, "--spectral-radius", "0.2,0.5,4", "--seeds", 2, *SMALL, "--out", out)
    assert main([str(a) for a in arguments]) == 0
    return out


@pytest.fixture(scope="module")
def result(done):
    with xr.open_dataset(done / "regimes.nc", engine="h5netcdf") as dataset:
        return dataset.load()


def test_files(done):
    assert {"regimes.nc", "regimes.png", "points"} <= set(os.listdir(done))
    assert (done / "regimes.png").read_bytes().startswith(b"\x89PNG")


def test_areas_without_drive_have_the_logarithm_of_their_radius(result):
    below = result.sel(spectral_radius=[0.2, 0.5])
    np.testing.assert_allclose(below.mle, np.log(below.spectral_radius) * xr.ones_like(below.mle), atol=5e-3)
    assert (below.regime == "stable").all()
    assert (below.period == 1).all()
    assert (result.mle.sel(spectral_radius=4) > 0.1).all()
    assert (result.regime.sel(spectral_radius=4) == "chaotic").all()
    assert (np.diff(below.steps_to_settle, axis=0) > 0).all()
    assert np.isnan(result.steps_to_settle.sel(spectral_radius=4)).all()
    assert int(result.horizon) == 8
    assert result.mle.attrs["units"] == "1/step"


def test_the_table_is_that_of_the_file(command, done, result):
    again = command("regimes", LAYOUT, "--spectral-radius", "0.2,0.5,4", "--seeds", 2, *SMALL, "--out", done)
    assert again.out == report(result) + "\n"
    head, _, first, _, last = again.out.splitlines()
    assert head.split("  ")[0] == "spectral radius"
    assert first.split()[:3] == ["0.2", f"{float(result.mle[0].mean()):+.4f}", "±"]
    assert first.endswith("stable")
    assert "> 256" in last
    assert last.endswith("chaotic")


def test_regimes_of_several_seeds_are_counted(result):
    mixed = result.copy(deep=True)
    mixed["regime"] = mixed["regime"].astype(object)
    mixed["regime"][0, 1] = "undecided"
    assert report(mixed).splitlines()[2].endswith("stable: 1, undecided: 1")


def rows(mle, steps, regime):
    """The rows of the table of one radius, without it."""
    seeds = range(len(mle))
    se = [0.01 * (k + 1) for k in seeds]
    variables = {"mle": mle, "mle_se": se, "steps_to_settle": steps, "regime": np.array(regime, object)}
    data = xr.Dataset({n: (("spectral_radius", "seed"), [v]) for n, v in variables.items()}, {"spectral_radius": [0.5]})
    return [cell.strip() for cell in report(data).splitlines()[2].split("  ") if cell.strip()][1:]


NAN, GONE = np.nan, -np.inf


@pytest.mark.parametrize(
    ("mle", "steps", "regime", "expected"),
    [
        ([-0.1, -0.3], [10, 12], ["stable"] * 2, ["-0.2000 ± 0.1000", "11.0", "stable"]),
        ([-0.3], [10], ["stable"], ["-0.3000 ± 0.0100", "10.0", "stable"]),
        (
            [-0.1, NAN, -0.2, NAN, -0.3, NAN],
            [9, NAN, 10, NAN, 11, NAN],
            ["stable", "", "stable", "", "stable", ""],
            ["-0.2000 ± 0.0577 (3 of 6)", "10.0", "stable: 3, failed: 3"],
        ),
        (
            [NAN, -0.3, GONE],
            [NAN, 10, 2],
            ["", "stable", "stable"],
            ["-0.3000 ± 0.0200 (1 of 3)", "6.0", "failed: 1, stable: 2"],
        ),
        ([GONE, GONE], [1, 2], ["stable"] * 2, ["-inf", "1.5", "stable"]),
        ([NAN, NAN], [NAN, NAN], ["diverged"] * 2, ["-", "> 256", "diverged"]),
        (
            [0.1, NAN],
            [NAN, NAN],
            ["chaotic", "diverged"],
            ["+0.1000 ± 0.0100 (1 of 2)", "> 256", "chaotic: 1, diverged: 1"],
        ),
        ([NAN, NAN], [NAN, NAN], ["", ""], ["-", "-", "failed"]),
    ],
)
def test_failures_and_what_is_not_finite_are_left_out_and_counted(mle, steps, regime, expected):
    """As in the figure."""
    assert rows(mle, steps, regime) == expected


def test_an_exponent_without_error_is_given_without():
    one = measure(Map(lambda x: 0.5 * x, 1, jvp=lambda x, p: 0.5 * p), initial=1, steps=1, transient=0)
    text = report(one.expand_dims(spectral_radius=[0.5], seed=[0]))
    assert "-0.6931  " in text
    assert "±" not in text


@pytest.mark.parametrize("activation", ["identity", "relu"])
@pytest.mark.parametrize(("radius", "finite"), [(2, True), (8, False)])
def test_areas_that_grow_without_bound_have_diverged(activation, radius, finite, capsys):
    """With exponents that are finite, and with states that overflow; without warnings of numpy."""
    layout = hierarchy(1, 8, 3, 16, activation=activation)
    found = study(0, layout=layout, area="V1", spectral_radius=radius, drive="uniform", steps=300, transient=500)
    assert found.regime == "diverged"
    assert np.isfinite(found.mle) == finite
    assert capsys.readouterr().err == ""


def test_the_settings_reach_the_measurement():
    layout = hierarchy(2, 64, 10, 8)
    settings = {"layout": layout, "initial": 4, "steps": 100, "transient": 300}
    found = study(3, spectral_radius=0.5, area="V2", data="digits", **settings)
    images = load("digits").X_test[:4]
    system = area_map(with_radius(layout, 0.5), "V2", images, seed=3)
    xr.testing.assert_equal(found, measure(system, 4, 100, 300, seed=3))
    free, driven = (study(0, spectral_radius=0.5, area="V1", drive=drive, **settings) for drive in ("none", "uniform"))
    assert driven.mle < free.mle  # constant input lowers the gain of neurons


def test_a_layout_with_several_tasks(command, models):
    """Images drive the areas of the task that is named."""
    options = (models / "reuse.py", "--data", "digits", "--spectral-radius", 0.5, *SMALL, "--area", "V1")
    done = command("regimes", *options)
    assert (done.code, done.out) == (1, "")
    assert "--task: must be one of the layout (got None)\n  known: mnist, fashion" in done.err
    tasks = [command("regimes", *options, "--task", task, "--out", task).out for task in ("mnist", "fashion")]
    assert all("stable" in out for out in tasks)
    assert tasks[0] != tasks[1]


def test_uniform_drive_reaches_receiving_neurons_only(monkeypatch):
    given = {}
    monkeypatch.setattr("neuroap.regimes.area_map", lambda *_, drive, **__: given.update(c=drive))
    monkeypatch.setattr("neuroap.commands.regimes.measure", lambda *_, **__: None)
    study(
        0,
        spectral_radius=0.5,
        layout=hierarchy(1, 64, 10, {"SI": 4, "RI": 6, "RE": 5, "SE": 5}),
        area="V1",
        drive="uniform",
    )
    assert np.flatnonzero(given["c"]).tolist() == list(range(4, 10))
    assert np.abs(given["c"]).max() <= 1


def test_uniform_drive_is_added_to_the_bias():
    """A drive of next to nothing leaves the exponent as it is without; in place of the bias it would not."""
    recurrence = Recurrence(bulk_radius=1.5, balance=0.5)
    layout = hierarchy(1, 20, 4, 16, dale=True, recurrence=recurrence, bias=Balanced())
    settings = {"layout": layout, "area": "V1", "bulk_radius": 1.5, "initial": 4, "steps": 200, "transient": 300}
    free = study(0, **settings)
    with pytest.MonkeyPatch.context() as patch:
        faint = lambda *arguments: 1e-6 * _uniform_drive(*arguments)  # noqa: E731
        patch.setattr("neuroap.commands.regimes._uniform_drive", faint)
        driven = study(0, drive="uniform", **settings)
    assert float(driven.mle) == pytest.approx(float(free.mle), abs=1e-4)


def test_all_areas_get_the_radius():
    layout = with_radius(hierarchy(2, block=8), 1.5)
    assert [a.recurrence.spectral_radius for a in layout.areas] == [1.5, 1.5]
    assert (layout.pathways, layout.name) == (hierarchy(2, block=8).pathways, "hierarchy_2")


def test_states_are_a_multiple_of_the_images():
    """8 states, or as many as there are images to drive them."""
    layout = hierarchy(1, 64, 10, 4)
    for images in (3, 8, 11):
        system = area_map(layout, "V1", load("digits").X_test[:images])
        assert np.isfinite(measure(system, steps=20, transient=20).mle)


def test_a_cycle_is_periodic():
    turn = Map(lambda x: -x / np.abs(x), 1, jvp=lambda x, p: 0.5 * p)
    found = measure(turn, initial=2, steps=50, transient=300)
    assert (found.period.item(), found.regime.item()) == (2, "periodic or marginal")
    assert np.isnan(found.steps_to_settle)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--area", "V11"), 1, "did you mean 'V1'?"),
        (("--area", "image"), 1, "--area: must be an area with recurrent weights (got 'image')"),
        (("--drive", "some"), 2, "invalid choice: 'some'"),
        (("--drive", "uniform", "--data", "digits"), 2, "not allowed with argument"),
        (("--spectral-radius", "0.5:1"), 1, "like 0.1:2:20 (20 values, both ends included), or 0.5,1,2"),
        (("--initial", 0), 1, "--initial: must be an integer from 1 on (got 0)"),
        (("--steps", 0), 1, "--steps: must be an integer from 1 on (got 0)"),
        (("--transient", -1), 1, "--transient: must be an integer from 0 on (got -1)"),
        (("--seeds", 0), 1, "--seeds: must be an integer from 1 on (got 0)"),
        (("--data", "digits", "--initial", 361), 1, "--initial: the data set has 360 test images (got 361)"),
    ],
)
def test_mistakes(command, arguments, code, message):
    done = command("regimes", LAYOUT, *arguments)
    assert (done.code, done.out, os.listdir()) == (code, "", [])
    assert message in done.err


def test_bulk_radius_of_areas_of_dale(command, tmp_path):
    """The bulk of E/I areas is scaled, and their spectral radius follows from it."""
    cortical = LAYOUT.with_name("cortical_area.py")
    done = command("regimes", cortical, "--bulk-radius", "1,8", *SMALL, "--out", tmp_path)
    head, _, first, last = done.out.splitlines()
    assert head.split("  ")[0] == "bulk radius"
    assert (first.split()[0], last.split()[0]) == ("1", "8")
    with xr.open_dataset(tmp_path / "regimes.nc", engine="h5netcdf") as dataset:
        assert dataset.mle.dims == ("bulk_radius", "seed")
        assert dataset.mle[0, 0] < -0.1 < dataset.mle[1, 0]
    scaled = with_radius(hierarchy(1, 4, 2, 4, activation="relu", excitatory=0.5, dale=True), bulk_radius=3)
    assert scaled.areas[0].recurrence.bulk_radius == 3
    assert with_radius(scaled, 0.5).areas[0].recurrence.spectral_radius == 0.5
