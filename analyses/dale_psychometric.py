"""Psychometric functions of areas that obey Dale's law, beside those of the published network.

Trains both networks of 2 x 256 neurons at each noise level to judge the tilt of gratings, lets them answer the same
experiment, and fits psychometric functions. Stores the fit as one Dataset, and draws the functions and thresholds.

    python analyses/dale_psychometric.py --out results/dale_psychometric
    python analyses/dale_psychometric.py --quick
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import xarray as xr

import neuroap
from neuroap.analysis import psychometric_table
from neuroap.files import replacing
from neuroap.plotting import plot_psychometric, plot_threshold
from neuroap.psychophysics.experiments import join
from neuroap.psychophysics.network import two_choice
from neuroap.tasks import GaborOrientation

NETWORKS = {"published": False, "Dale's law": True}
QUICK: dict[str, Any] = {"noise": [1.0, 4.0], "epochs": 6, "trials": 200, "batch_size": 20, "repeats": 20}


def compute(noise: list[float], epochs: int, trials: int, batch_size: int, repeats: int) -> xr.Dataset:
    """Train both networks at each noise level, and fit what they answer.

    Parameters
    ----------
    noise : list of float
        Standard deviations of the pixel noise, in units of contrast.
    epochs, trials : int
        Epochs of fresh trials, and trials in each.
    batch_size : int
        Trials per update.
    repeats : int
        Trials shown at each of 25 levels.

    Returns
    -------
    Dataset
        As of `neuroap.fit_psychometric`, along ``network`` and ``noise``; ``accuracy(network, noise)``, that of 1,000
        fresh trials after the last epoch.
    """
    shown, accuracy = [], []
    for dale in NETWORKS.values():
        tasks = [GaborOrientation(noise=sd) for sd in noise]
        settings: dict[str, Any] = {"epochs": epochs, "trials": trials, "batch_size": batch_size}
        models = [neuroap.train(task, two_choice(task, dale=dale), **settings) for task in tasks]
        shown.append(neuroap.experiment(models, tasks, trials=repeats))
        accuracy.append([float(model.history_.test_accuracy[-1, 0]) for model in models])
    fit = neuroap.fit_psychometric(join(shown, network=list(NETWORKS)), by=["network", "noise"])
    values = xr.DataArray(accuracy, {"network": list(NETWORKS), "noise": noise}, ("network", "noise"))
    fit["accuracy"] = values.assign_attrs(long_name="accuracy on 1,000 fresh trials", units="1")
    unit = {"long_name": "SD of pixel noise", "units": "contrast"}
    return fit.assign_coords(noise=fit["noise"].assign_attrs(unit))


def draw(fit: xr.Dataset) -> plt.Figure:
    """The functions of both networks, and their thresholds against the noise."""
    figure, axes = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
    for ax, network in zip(axes, NETWORKS, strict=False):
        plot_psychometric(fit.sel(network=network), ax=ax).set_title(network, fontsize=10)
    legend = plot_threshold(fit, ax=axes[-1], along="noise").get_legend()
    assert legend is not None
    legend.set_loc("upper left")  # where thresholds are low; on the right it would cover their intervals
    return figure


def main(argv: list[str] | None = None) -> None:
    """Compute, store, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--noise", nargs="+", type=float, default=[1.0, 2.0, 4.0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--batch-size", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path("results/dale_psychometric"))
    parser.add_argument("--quick", action="store_true", help="two noise levels, short training, under half a minute")
    args = parser.parse_args(argv)
    settings = {name: getattr(args, name) for name in QUICK} | (QUICK if args.quick else {})
    args.out.mkdir(parents=True, exist_ok=True)
    fit = compute(**settings)
    with replacing(args.out / "dale_psychometric.nc") as partial:
        fit.to_netcdf(partial, engine="h5netcdf")
    with replacing(args.out / "dale_psychometric.png") as partial:
        draw(fit).savefig(partial, dpi=150)
    print(psychometric_table(fit))
    print((100 * fit["accuracy"]).to_pandas().round(1).to_string())
    print(f"{args.out / 'dale_psychometric.nc'} and {args.out / 'dale_psychometric.png'}")


if __name__ == "__main__":
    main()
