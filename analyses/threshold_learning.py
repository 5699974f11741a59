"""How the psychometric function of a network sharpens while it learns.

Trains two areas on orientation discrimination in pixel noise, lets them answer at chosen epochs, fits a psychometric
function to each, stores fits as one Dataset, and draws the functions and the fall of the threshold.

    python analyses/threshold_learning.py --out results/threshold_learning
    python analyses/threshold_learning.py --quick
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import xarray as xr

import neuroap
from neuroap.analysis import fit_psychometric
from neuroap.files import replacing
from neuroap.plotting import plot_psychometric, plot_threshold

QUICK: dict[str, Any] = {"noise": 1.0, "snapshots": [1, 3], "trials": 200, "repeats": 20, "seed": 0}


def compute(noise: float, snapshots: list[int], trials: int, repeats: int, seed: int) -> xr.Dataset:
    """Train one network, and fit the answers that it gave at each snapshot.

    Parameters
    ----------
    noise : float
        Standard deviation of the pixel noise.
    snapshots : list of int
        Epochs after which the network answers.
    trials : int
        Trials in an epoch; 20 are shown for each update.
    repeats : int
        Trials at each of 25 levels in a snapshot.
    seed : int
        Seeds weights and trials.

    Returns
    -------
    Dataset
        As `fit_psychometric` returns it, by epoch.
    """
    task = neuroap.GaborOrientation(noise=noise)
    settings: dict[str, Any] = {"batch_size": 20, "random_state": seed, "probe": {"trials": repeats}}
    model = neuroap.train(task, epochs=max(snapshots), trials=trials, snapshots=snapshots, **settings)
    return fit_psychometric(model.snapshots_, by="epoch")


def draw(fit: xr.Dataset) -> plt.Figure:
    """Draw the function of each snapshot, and the JND against the epoch."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained", width_ratios=(3, 2))
    colors = plt.get_cmap("viridis_r")([0.1 + 0.8 * k / fit.sizes["epoch"] for k in range(fit.sizes["epoch"])])
    plot_psychometric(fit, left, colors=list(colors), mark=False)
    plot_threshold(fit, right)
    return figure


def main(argv: list[str] | None = None) -> None:
    """Compute, store, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--noise", type=float, default=2.0)
    parser.add_argument("--snapshots", nargs="+", type=int, default=[1, 2, 3, 5, 10, 20, 40])
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("results/threshold_learning"))
    parser.add_argument("--quick", action="store_true", help="two snapshots, a few seconds")
    args = parser.parse_args(argv)
    settings = {name: getattr(args, name) for name in QUICK} | (QUICK if args.quick else {})
    args.out.mkdir(parents=True, exist_ok=True)
    fit = compute(**settings)
    with replacing(args.out / "threshold_learning.nc") as partial:
        fit.to_netcdf(partial, engine="h5netcdf")
    with replacing(args.out / "threshold_learning.png") as partial:
        draw(fit).savefig(partial, dpi=150)
    print(fit.jnd.to_pandas().round(2).to_string())
    print(f"{args.out / 'threshold_learning.nc'} and {args.out / 'threshold_learning.png'}")


if __name__ == "__main__":
    main()
