"""Every analysis script runs with --quick, stores its Dataset and draws its figure from it."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
import xarray as xr

SCRIPTS = sorted((Path(__file__).parents[2] / "analyses").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_quick_run_stores_a_labelled_dataset_and_a_figure(script: Path, tmp_path: Path) -> None:
    """The files are there, the numbers are numbers, and every variable says what it is."""
    runpy.run_path(str(script))["main"](["--quick", "--out", str(tmp_path)])
    figures = list(tmp_path.glob("*.png"))
    assert figures
    assert all(f.stat().st_size > 5_000 for f in figures)
    (stored,) = tmp_path.glob("*.nc")
    with xr.open_dataset(stored, engine="h5netcdf") as dataset:
        for variable in dataset.data_vars.values():
            assert variable.notnull().any()
            assert {"long_name", "units"} <= set(variable.attrs)


def test_learning_curves_rise(tmp_path: Path) -> None:
    """Two areas learn the digits far above chance (10%) within the quick run."""
    script = runpy.run_path(str(SCRIPTS[[s.stem for s in SCRIPTS].index("figure2_learning")]))
    dataset = script["compute"](**script["QUICK"])
    assert dataset.sizes == {"data": 1, "seed": 2, "epoch": script["QUICK"]["epochs"]}
    assert (dataset["test_accuracy"].isel(epoch=-1) > 0.6).all()
