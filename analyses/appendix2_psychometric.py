"""Appendix 2 of doi 10.7554/eLife.108237: is a Gabor patch in pixel noise tilted to the left or to the right?

Trains two areas online at each noise level and seed, with fresh trials in every epoch, stores accuracy and psychometric
curves as one Dataset, and draws curves, accuracy against noise, and sample stimuli.

    python analyses/appendix2_psychometric.py --out results/appendix2
    python analyses/appendix2_psychometric.py --quick
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
from neuroap.files import replacing
from neuroap.plotting.stimuli import plot_stimuli
from neuroap.tasks import GaborOrientation

COLORS = ("#000000", "#56B4E9", "#0072B2", "#D55E00", "#009E73")
QUICK: dict[str, Any] = {"noise": [1.0, 4.0], "seeds": 2, "epochs": 2, "trials": 100, "batch_size": 20, "repeats": 5}


def compute(noise: list[float], seeds: int, epochs: int, trials: int, batch_size: int, repeats: int) -> xr.Dataset:
    """Train a network for each noise level and seed, and measure it.

    Parameters
    ----------
    noise : list of float
        Standard deviations of the pixel noise.
    seeds : int
        Networks per noise level.
    epochs, trials : int
        Epochs, and trials in each.
    batch_size : int
        1: online, as published.
    repeats : int
        Trials shown at each of 25 levels.

    Returns
    -------
    Dataset
        ``p_right(noise, network_seed, level)``, mean output for "right"; ``accuracy(noise, network_seed, epoch)``
        on 1,000 fresh trials after each epoch.
    """
    rows = []
    device = "runtime" if batch_size > 1 else "auto"
    for sd in noise:
        task = GaborOrientation(noise=sd)
        for seed in range(seeds):
            settings: dict[str, Any] = {"epochs": epochs, "trials": trials, "batch_size": batch_size, "device": device}
            model = neuroap.train(task, random_state=seed, **settings)
            shown = neuroap.experiment(model, task, trials=repeats, seed=seed)
            curve = shown.p_right.groupby(shown.level).mean()
            accuracy = model.history_.test_accuracy.squeeze("task", drop=True)
            rows.append(xr.Dataset({"p_right": curve, "accuracy": accuracy}, attrs=shown.attrs))
            model.learner_.close()
    pairs = {"noise": ("row", np.repeat(noise, seeds)), "network_seed": ("row", np.tile(np.arange(seeds), len(noise)))}
    found = xr.concat(rows, "row", combine_attrs="drop_conflicts").assign_coords(pairs)
    return _labelled(found.set_index(row=["noise", "network_seed"]).unstack("row"))


def _labelled(found: xr.Dataset) -> xr.Dataset:
    names = {
        "p_right": ("mean output for 'right'", "1"),
        "accuracy": ("accuracy on 1,000 fresh trials", "1"),
        "level": ("orientation", "deg"),
        "noise": ("pixel noise", "1"),
        "network_seed": ("seed of the network", "1"),
    }
    for name, (long_name, units) in names.items():
        found[name].attrs = {"long_name": long_name, "units": units}
    return found.transpose("noise", "network_seed", ...)


def draw(dataset: xr.Dataset) -> plt.Figure:
    """Draw curves, accuracy and stimuli."""
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained", width_ratios=(4, 3, 3))
    _draw_curves(axes[0], dataset)
    _draw_accuracy(axes[1], dataset)
    levels = dataset.noise.values.tolist()
    plot_stimuli([GaborOrientation(noise=sd) for sd in levels], levels=[-6, 0, 6], ax=axes[2])
    for ax in axes[:2]:
        ax.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_curves(ax: Axes, dataset: xr.Dataset) -> None:
    """Mean over networks; the band is their standard deviation."""
    for color, sd in zip(COLORS, dataset.noise.values, strict=False):
        p = dataset.p_right.sel(noise=sd)
        mean, spread = p.mean("network_seed"), p.std("network_seed")
        ax.plot(p.level, mean, ".-", color=color, lw=1.4, markersize=4, label=f"{sd:g}")
        ax.fill_between(p.level, (mean - spread).clip(0), (mean + spread).clip(max=1), color=color, alpha=0.15, lw=0)
    ax.set(xlabel="orientation (deg)", ylabel='mean output for "right"', ylim=(-0.02, 1.02))
    ax.legend(title="pixel noise", frameon=False, fontsize=8, title_fontsize=8, loc="upper left")


def _draw_accuracy(ax: Axes, dataset: xr.Dataset) -> None:
    """Each network as a point, their mean as a line; the best epoch was chosen on its own test trials."""
    places = np.arange(dataset.sizes["noise"])
    percent = 100 * dataset.accuracy
    kinds = {"last epoch": percent.isel(epoch=-1), "best epoch": percent.max("epoch")}
    for color, shift, (label, values) in zip(("#0072B2", "#999999"), (-0.08, 0.08), kinds.items(), strict=True):
        ax.plot(places + shift, values.mean("network_seed"), "-", color=color, lw=1.4, label=label)
        ax.plot(places + shift, values, "o", color=color, markersize=3, alpha=0.6)
    ax.set_xticks(places, [f"{sd:g}" for sd in dataset.noise.values])
    ax.set(xlabel="pixel noise", ylabel="accuracy (%)")
    ax.legend(frameon=False, fontsize=8, loc="lower left")


def main(argv: list[str] | None = None) -> None:
    """Compute, store, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--noise", nargs="+", type=float, default=[0, 0.2, 1, 2, 4])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path("results/appendix2"))
    parser.add_argument("--quick", action="store_true", help="two noise levels, small batches, under half a minute")
    args = parser.parse_args(argv)
    settings = {name: getattr(args, name) for name in QUICK} | (QUICK if args.quick else {})
    args.out.mkdir(parents=True, exist_ok=True)
    dataset = compute(**settings)
    with replacing(args.out / "appendix2.nc") as partial:
        dataset.to_netcdf(partial, engine="h5netcdf")
    with replacing(args.out / "appendix2.png") as partial:
        draw(dataset).savefig(partial, dpi=150)
    percent = 100 * dataset.accuracy.isel(epoch=-1)
    print(percent.to_pandas().round(1).to_string())
    print(f"{args.out / 'appendix2.nc'} and {args.out / 'appendix2.png'}")


if __name__ == "__main__":
    main()
