"""Every analysis script runs with --quick, stores its Dataset and draws its figure from it."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

SCRIPTS = {path.stem: path for path in sorted((Path(__file__).parents[2] / "analyses").glob("*.py"))}
# Settings of a quick run that are made smaller still; -m slow takes them as they are.
SMALLER: dict[str, dict[str, Any]] = {
    "appendix2_psychometric": {"seeds": 1},
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
