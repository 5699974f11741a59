"""Learning curves of two areas (figure 2 of Liu et al. 2026, doi 10.7554/eLife.108237).

Trains the default layout on one or several data sets and seeds, stores the course of training as one Dataset, and draws
the figure from that Dataset: accuracy against epochs, with the spread over seeds.

    python analyses/figure2_learning.py --data fashion-mnist mnist --epochs 100 --seeds 5 --out results/figure2
    python analyses/figure2_learning.py --quick
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import xarray as xr

import neuroap
from neuroap.files import replacing
from neuroap.plotting import plot_learning

QUICK = {"data": ["digits"], "epochs": 12, "seeds": 2, "block": 32, "learning_rate": 0.005}


def compute(data: list[str], epochs: int, seeds: int, block: int, learning_rate: float) -> xr.Dataset:
    """Train one network per data set and seed.

    Parameters
    ----------
    data : list of str
        Names or folders of image sets.
    epochs, seeds : int
    block : int
        Neurons per block of the two areas.
    learning_rate : float

    Returns
    -------
    Dataset
        ``loss``, ``train_accuracy``, ``test_accuracy`` (data, seed, epoch) and ``seconds``.
    """
    runs = []
    for name in data:
        images = neuroap.load(name)
        layout = neuroap.hierarchy(2, input=images.X_train.shape[1], output=len(images.classes), block=block)
        rule = neuroap.AdjointPropagation(learning_rate=learning_rate)
        histories = []
        for seed in range(seeds):
            model = neuroap.CorticalClassifier(layout, rule, epochs=epochs, stop_at=1.1, random_state=seed)
            model.fit(images.X_train, images.y_train, test=(images.X_test, images.y_test))
            histories.append(model.history_.squeeze("task", drop=True))
        runs.append(xr.concat(histories, "seed").assign_coords(seed=range(seeds)))
    settings = {"epochs": epochs, "block": block, "learning_rate": learning_rate, "neuroap": neuroap.__version__}
    return xr.concat(runs, "data").assign_coords(data=data).assign_attrs(settings)


def draw(dataset: xr.Dataset) -> plt.Figure:
    """Draw one panel per data set: the mean over seeds, and every seed faintly."""
    names = dataset["data"].values
    figure, axes = plt.subplots(1, len(names), figsize=(4.5 * len(names), 3.4), squeeze=False, layout="constrained")
    for name, ax in zip(names, axes[0], strict=True):
        runs = dataset.sel(data=name)
        plot_learning(runs.mean("seed", keep_attrs=True).expand_dims(task=[str(name)], axis=-1), ax=ax)
        for seed in runs["seed"].values:
            run = runs.sel(seed=seed)
            ax.plot(run["epoch"], 100 * run["test_accuracy"], color="0.5", linewidth=0.6, alpha=0.6, zorder=0)
        ax.autoscale(axis="y")  # the seeds reach beyond their mean
        ax.set_title(f"{name}, mean of {runs.sizes['seed']} seeds", fontsize="medium")
    return figure


def main(argv: list[str] | None = None) -> None:
    """Compute, store, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", nargs="+", default=["fashion-mnist", "mnist"], help="names or folders")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--block", type=int, default=256)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--out", type=Path, default=Path("results/figure2"))
    parser.add_argument("--quick", action="store_true", help="digits, small areas, under a minute")
    args = parser.parse_args(argv)
    settings = {name: getattr(args, name) for name in QUICK} | (QUICK if args.quick else {})
    args.out.mkdir(parents=True, exist_ok=True)
    dataset = compute(**settings)
    with replacing(args.out / "learning.nc") as partial:
        dataset.to_netcdf(partial, engine="h5netcdf")
    with replacing(args.out / "learning.png") as partial:
        draw(dataset).savefig(partial, dpi=150)
    print(f"{args.out / 'learning.nc'} and {args.out / 'learning.png'}")


if __name__ == "__main__":
    main()
