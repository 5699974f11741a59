"""Every analysis script runs with --quick, stores its Dataset and draws its figure from it."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest
import xarray as xr

SCRIPTS = {path.stem: path for path in sorted((Path(__file__).parents[2] / "analyses").glob("*.py"))}
# Settings of a quick run that are made smaller still; -m slow takes them as they are.
SMALLER: dict[str, dict[str, Any]] = {
    "appendix2_psychometric": {"seeds": 1},
    "dale": {"radius": [1.5], "lesions": ["none", "V2.SE.I"], "epochs": 1},
    "dale_psychometric": {"noise": [1.0], "epochs": 2},
    "dale_regimes": {"radius": [1.0, 8.0], "excitatory": [0.8], "balance": [1.0], "seeds": 1},
    "figure2_regimes": {"spectral_radius": [0.5, 2.0], "epochs": 2},
    "figure3_errors": {"spectral_radius": [0.25, 3.0], "epochs": 1},
}
Run = Callable[[str, bool], Path]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a script once, and give its folder."""
    folders: dict[tuple[str, bool], Path] = {}

    def folder(name: str, smaller: bool) -> Path:
        if (name, smaller) not in folders:
            script, out = runpy.run_path(str(SCRIPTS[name])), tmp_path_factory.mktemp(name)
            script["QUICK"].update(SMALLER.get(name, {}) if smaller else {})
            script["main"](["--quick", "--out", str(out)])
            folders[name, smaller] = out
        return folders[name, smaller]

    return folder


@pytest.mark.parametrize("name", SCRIPTS)
def test_quick_run_stores_a_labelled_dataset_and_a_figure(name: str, run: Run) -> None:
    check(run(name, True))


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALLER)
def test_quick_run_as_it_is(name: str, run: Run) -> None:
    check(run(name, False))


def check(folder: Path) -> None:
    """The files are there, the numbers are numbers, and every variable says what it is."""
    figures = list(folder.glob("*.png"))
    assert figures
    assert all(f.stat().st_size > 5_000 for f in figures)
    (stored,) = folder.glob("*.nc")
    with xr.open_dataset(stored, engine="h5netcdf") as dataset:
        for variable in dataset.data_vars.values():
            assert variable.notnull().any()
            assert {"long_name", "units"} <= set(variable.attrs)


def test_learning_curves_rise(run: Run) -> None:
    """Two areas learn the digits far above chance (10%) within the quick run."""
    (stored,) = run("figure2_learning", True).glob("*.nc")
    with xr.open_dataset(stored, engine="h5netcdf") as dataset:
        assert dict(dataset.sizes) == {"data": 1, "seed": 2, "epoch": 12}
        assert (dataset["test_accuracy"].isel(epoch=-1) > 0.6).all()


def test_bulk_radius_decides_about_areas_of_dale(run: Run) -> None:
    """Areas of 96 neurons: stable at 1, whether each neuron is balanced or all on average; chaotic at 8 if each is."""
    with xr.open_dataset(run("dale_regimes", True) / "dale_regimes.nc", engine="h5netcdf") as dataset:
        one = dataset.squeeze(drop=True)
        assert (one["mle"].sel(bulk_radius=1) < -0.1).all()
        assert one["mle"].sel(bulk_radius=8, exact=True) > 0.1
        assert abs(one["outlier"].sel(exact=True)).max() < 0.05 * 8


def test_no_law_is_violated_and_cells_of_both_types_carry_the_error(run: Run) -> None:
    """Whatever the update; without inhibitory cells the error of V1 is another."""
    with xr.open_dataset(run("dale", True) / "dale.nc", engine="h5netcdf") as dataset:
        assert (dataset["violations"] == 0).all()
        assert (dataset["similarity"].sel(lesion="none") > 0.999).all()
        assert dataset["similarity"].sel(lesion="V2.SE.I").median() < 0.9
        raised = dataset["raised"].sel(lesion="none", area="V2").mean("trial")
        assert ((raised > 0.2) & (raised < 0.8)).all()


def test_what_is_printed_of_lesions_is_what_is_drawn(run: Run) -> None:
    """The median over trials, and the figure says so."""
    script = runpy.run_path(str(SCRIPTS["dale"]))
    with xr.open_dataset(run("dale", True) / "dale.nc", engine="h5netcdf") as dataset:
        skewed = dataset.load()
    skewed["similarity"][..., 0] = -1.0  # of one trial: it moves the mean
    printed = script["summary"](skewed)
    figure = script["draw"](skewed)
    (ax,) = (ax for ax in figure.axes if "cosine" in ax.get_xlabel())
    assert "median" in ax.get_xlabel()
    drawn = [bar.get_width() for bar in ax.patches]
    assert printed["median_similarity"].values == pytest.approx(drawn)
    assert drawn[0] == pytest.approx(1)  # without a lesion
    plt.close(figure)


def test_thresholds_of_dale_have_a_unit_and_a_legend_that_covers_nothing(run: Run) -> None:
    script = runpy.run_path(str(SCRIPTS["dale_psychometric"]))
    with xr.open_dataset(run("dale_psychometric", True) / "dale_psychometric.nc", engine="h5netcdf") as dataset:
        one = dataset.load()
    both = one.isel(noise=[0, 0])
    for name in ("jnd", "jnd_interval"):  # thresholds rise with the noise
        both[name] = both[name] * xr.DataArray([1, 5], dims="noise")
    both = both.assign_coords(noise=("noise", [1.0, 4.0], one["noise"].attrs))
    figure = script["draw"](both)
    ax = figure.axes[-1]
    assert ax.get_xlabel() == "SD of pixel noise (contrast)"
    figure.canvas.draw()
    legend = ax.get_legend().get_window_extent()
    for collection in ax.collections:  # error bars
        for path in collection.get_paths():
            assert not legend.overlaps(path.get_extents(ax.transData))
    plt.close(figure)
