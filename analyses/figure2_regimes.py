"""Figures 2c and 2d of doi 10.7554/eLife.108237: dynamical regimes of areas, and what they do to learning.

For each spectral radius and seed, trains two areas and measures Lyapunov exponents of both, before and after training,
without drive and driven by test images. A folder keeps every network that is finished, so that the script can be
interrupted. Stores all as one Dataset, and draws exponents with accuracy, and rasters of states and perturbations.

    python analyses/figure2_regimes.py --data fashion-mnist --epochs 12 --out results/figure2_regimes
    python analyses/figure2_regimes.py --quick
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neuroap
from neuroap.analysis import Map
from neuroap.analysis.maps import starts
from neuroap.commands.regimes import measure
from neuroap.files import replacing
from neuroap.layout import Recurrence
from neuroap.plotting import plot_raster, plot_regimes
from neuroap.regimes import area_map
from neuroap.seeds import generator

RASTER_STEPS, RASTER_NEURONS = 40, 60
RASTER_RADII = (0.5, 1.0, np.inf)  # nearest ones of those that there are
QUICK: dict[str, Any] = {
    "data": "digits",
    "spectral_radius": [0.05, 0.25, 0.5, 1.0, 2.0],
    "seeds": 1,
    "epochs": 6,
    "block": 24,
    "learning_rate": 0.01,
    "steps": 300,
    "workers": 1,
}


def compute(
    out: Path,
    data: str,
    spectral_radius: list[float],
    seeds: int,
    epochs: int,
    block: int,
    learning_rate: float,
    steps: int,
    workers: int | None,
) -> xr.Dataset:
    """Train and measure a network for each spectral radius and seed.

    Parameters
    ----------
    out : Path
        Its folder ``sweep`` keeps what is finished.
    data : str
        Name or folder of an image set.
    spectral_radius : list of float
    seeds : int
        Networks per spectral radius.
    epochs : int
    block : int
        Neurons per block of the two areas.
    learning_rate : float
    steps : int
        Steps that count for exponents; half as many come before them.
    workers : int, optional
        Processes; None: one per core.

    Returns
    -------
    Dataset
        What `network` returns, along ``spectral_radius`` and ``seed``.
    """
    settings: dict[str, Any] = {
        "data": data,
        "epochs": epochs,
        "block": block,
        "learning_rate": learning_rate,
        "steps": steps,
    }
    over = {"spectral_radius": spectral_radius}
    found = neuroap.sweep(network, over, seeds=seeds, store=out / "sweep", workers=workers, **settings)
    found["error"].attrs["units"] = "1"
    return found.assign_attrs(settings | {"neuroap": neuroap.__version__})


def network(
    spectral_radius: float, seed: int, data: str, epochs: int, block: int, learning_rate: float, steps: int
) -> xr.Dataset:
    """Train one network and measure its areas.

    Parameters
    ----------
    spectral_radius : float
    seed : int
        Of weights and trials.
    data : str
        Name of an image set.
    epochs, block, learning_rate
        Of the training; `block` neurons in each of four blocks.
    steps : int
        Of the map, for exponents.

    Returns
    -------
    Dataset
        ``accuracy`` on all test images; along ``weights`` (untrained, trained), ``drive`` (none, images) and ``area``
        what `measure` returns; ``state(step, neuron)`` and ``perturbation(step, neuron)`` of some neurons of V1 without
        drive.
    """
    images = neuroap.load(data)
    size = images.X_train.shape[1]
    layout = neuroap.hierarchy(
        2, size, len(images.classes), block, recurrence=Recurrence(spectral_radius=spectral_radius)
    )
    rule = neuroap.AdjointPropagation(learning_rate=learning_rate)
    model = neuroap.CorticalClassifier(layout, rule, epochs=epochs, stop_at=1.1, progress=False, random_state=seed)
    model.fit(images.X_train, images.y_train)
    shown = {"none": None, "images": images.X_test[:8]}
    every = [
        measure(area_map(source, area.name, X, seed=seed), steps=steps, transient=steps // 2, seed=seed).expand_dims(
            weights=[weights], drive=[drive], area=[area.name]
        )
        for weights, source in (("untrained", layout), ("trained", model))
        for drive, X in shown.items()
        for area in layout.areas
    ]
    found = xr.combine_by_coords(every, combine_attrs="override")
    accuracy = model.score(images.X_test, images.y_test)
    found["accuracy"] = ((), accuracy, {"long_name": "accuracy on test images", "units": "1"})
    return found.assign(rasters(area_map(layout, "V1", seed=seed), seed))


def rasters(system: Map, seed: int) -> dict[str, xr.DataArray]:
    """States from a random start, and a perturbation of rms 1 as it grows or shrinks; both (step, neuron)."""
    x = starts(system, 1, seed)
    p = generator(seed, "rasters", "perturbation").standard_normal((1, 1, system.size))
    states, advance = [(x[0], p[0, 0].copy())], system.advance(np.ones(1))
    for _ in range(RASTER_STEPS):
        x, p = advance(x, p)
        states.append((x[0].copy(), p[0, 0].copy()))
    both = np.array(states)[..., :RASTER_NEURONS].swapaxes(0, 1)  # (2, step, neuron)
    names = {"state": "rate", "perturbation": "perturbation, in units of its first size"}
    dims, steps = ("step", "neuron"), {"long_name": "step", "units": "1"}
    coords = {"step": ("step", np.arange(len(states)), steps)}
    return {
        name: xr.DataArray(values, coords, dims, attrs={"long_name": text, "units": "1"})
        for (name, text), values in zip(names.items(), both, strict=True)
    }


def draw(dataset: xr.Dataset) -> plt.Figure:
    """Exponents and accuracy above, rasters of three spectral radii below."""
    figure = plt.figure(figsize=(11, 8.5), layout="constrained")
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=(1, 1.05))[:, 0]
    conditions = {
        "no drive, before training": ("untrained", "none"),
        "test images, after training": ("trained", "images"),
    }
    for ax, (title, (weights, drive)) in zip(above.subplots(1, 2), conditions.items(), strict=True):
        chosen = dataset[["mle", "ftmle", "regime", "accuracy"]].sel(weights=weights, drive=drive)
        plot_regimes(chosen, ax=ax).set_title(f"both areas, {title}", fontsize=10)
    radii = dataset["spectral_radius"].values
    nearest = dict.fromkeys(float(radii[np.abs(radii - min(r, radii.max())).argmin()]) for r in RASTER_RADII)
    for column, radius in zip(below.subplots(2, len(nearest), squeeze=False).T, nearest, strict=True):
        _draw_rasters(column, dataset.sel(spectral_radius=radius).isel(seed=0))
    return figure


def _draw_rasters(axes: Any, one: xr.Dataset) -> None:
    top, bottom = axes
    regime = str(one["regime"].sel(weights="untrained", drive="none", area="V1").item())
    plot_raster(one["state"], ax=top, limit=1).set_title(
        f"spectral radius {float(one['spectral_radius']):g}: {regime}", fontsize=10
    )
    plot_raster(one["perturbation"], ax=bottom, limit=100, logarithmic=True)
    top.set_xlabel("")
    _name(top, "rate r")
    _name(bottom, "perturbation δr")


def _name(ax: Axes, text: str) -> None:
    ax.set_ylabel(f"neuron\n{text}")


def main(argv: list[str] | None = None) -> None:
    """Compute, store, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", default="fashion-mnist", help="name or folder")
    radii = [0.01, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0]
    parser.add_argument("--spectral-radius", nargs="+", type=float, default=radii)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--block", type=int, default=256)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--steps", type=int, default=1000, help="steps that count for exponents")
    parser.add_argument("--workers", type=int, help="processes (one per core)")
    parser.add_argument("--out", type=Path, default=Path("results/figure2_regimes"))
    parser.add_argument("--quick", action="store_true", help="digits, small areas, one seed, under half a minute")
    args = parser.parse_args(argv)
    settings = {name: getattr(args, name) for name in QUICK} | (QUICK if args.quick else {})
    args.out.mkdir(parents=True, exist_ok=True)
    dataset = compute(args.out, **settings)
    with replacing(args.out / "figure2_regimes.nc") as partial:
        dataset.to_netcdf(partial, engine="h5netcdf")
    with replacing(args.out / "figure2_regimes.png") as partial:
        draw(dataset).savefig(partial, dpi=150)
    mean = dataset[["mle", "accuracy"]].mean(["seed", "area"])
    exponents = mean["mle"].stack(condition=["weights", "drive"]).to_pandas().round(4)
    exponents["accuracy", ""] = mean["accuracy"].to_pandas().round(4)
    print(exponents.to_string())
    print(f"{args.out / 'figure2_regimes.nc'} and {args.out / 'figure2_regimes.png'}")


if __name__ == "__main__":
    main()
