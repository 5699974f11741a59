"""Figure 3 of doi 10.7554/eLife.108237: trajectories of both phases, and their error next to the end-point error.

For each spectral radius, error (STE and EPE) and seed, trains one area, then follows its inference and learning phases
for test images: in one basis of principal components (3b, 3e), and as distance and angle to the difference of the
fixed points that both phases lead to. A folder keeps every network that is finished.

    python analyses/figure3_errors.py --data fashion-mnist --epochs 12 --out results/figure3_errors
    python analyses/figure3_errors.py --quick
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator
from numpy.typing import NDArray

import neuroap
from neuroap.analysis import Map, end_point_error, pca
from neuroap.commands.regimes import measure
from neuroap.files import replacing
from neuroap.layout import Recurrence
from neuroap.plotting import plot_trajectories
from neuroap.plotting.regimes import frame
from neuroap.regimes import area_map

Array = NDArray[np.float64]
ERRORS = ("STE", "EPE")
PHASES = ("inference", "learning")
INFERENCE, LEARNING = 8, 16  # steps: published, and twice as many to see where they lead
LONG = 1000  # steps to the end points
IMAGES, SHOWN = 32, 3  # for angles, and for trajectories
SMALLEST = 1e-2  # degrees: what is below has no say in learning
COLORS = ("#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00", "#CC79A7")
QUICK: dict[str, Any] = {
    "data": "digits",
    "spectral_radius": [0.25, 0.75, 3.0],
    "seeds": 1,
    "epochs": 4,
    "block": 24,
    "learning_rate": 0.01,
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
    workers: int | None,
) -> xr.Dataset:
    """Train and follow one area for each spectral radius, error and seed.

    Parameters
    ----------
    out : Path
        Its folder ``sweep`` keeps what is finished.
    data : str
        Name or folder of an image set.
    spectral_radius : list of float
    seeds : int
        Networks per spectral radius and error.
    epochs : int
    block : int
        Neurons per block.
    learning_rate : float
    workers : int, optional
        Processes; None: one per core.

    Returns
    -------
    Dataset
        What `network` returns, along ``spectral_radius``, ``error_kind`` and ``seed``.
    """
    settings: dict[str, Any] = {"data": data, "epochs": epochs, "block": block, "learning_rate": learning_rate}
    over: dict[str, Any] = {"spectral_radius": spectral_radius, "error_kind": ERRORS}
    found = neuroap.sweep(network, over, seeds=seeds, store=out / "sweep", workers=workers, **settings)
    found["error"].attrs["units"] = "1"
    return found.assign_attrs(settings | {"neuroap": neuroap.__version__})


def network(
    spectral_radius: float, error_kind: str, seed: int, data: str, epochs: int, block: int, learning_rate: float
) -> xr.Dataset:
    """Train one area, and follow both of its phases under the drives of the trained network.

    Parameters
    ----------
    spectral_radius : float
    error_kind : {"STE", "EPE"}
    seed : int
        Of weights and trials.
    data : str
        Name of an image set.
    epochs, block, learning_rate
        Of the training; `block` neurons in each of four blocks.

    Returns
    -------
    Dataset
        ``accuracy`` on all test images; ``mle``, ``regime`` and more of `measure` under the drive of images;
        ``distance(trial, step)``, ``angle(trial, step)`` and ``end_point_distance(trial)`` of `end_point_error`, by
        steps of the learning phase; ``score(phase, shown, step, component)`` of `pca` for some of the images.
    """
    images = neuroap.load(data)
    size = images.X_train.shape[1]
    recurrence = Recurrence(spectral_radius=spectral_radius)
    layout = neuroap.hierarchy(1, size, len(images.classes), block, recurrence=recurrence)
    rule = neuroap.AdjointPropagation(error=error_kind, learning_rate=learning_rate)
    model = neuroap.CorticalClassifier(layout, rule, epochs=epochs, stop_at=1.1, progress=False, random_state=seed)
    model.fit(images.X_train, images.y_train)
    X, y = images.X_test[:IMAGES], images.y_test[:IMAGES]
    inferring, learning = (area_map(model, "V1", X, labels) for labels in (None, y))
    rates, settled = phases(inferring, learning, error_kind)
    errors = end_point_error(rates.isel(step=slice(1, None)), settled, error_kind)
    components = pca(rates.isel(trial=slice(SHOWN), step=slice(INFERENCE + 1)), 2).rename(trial="shown")
    accuracy = model.score(images.X_test, images.y_test)
    return xr.Dataset(
        {
            "accuracy": ((), accuracy, {"long_name": "accuracy on test images", "units": "1"}),
            **measure(inferring, IMAGES, steps=300, transient=200, seed=seed),
            **errors,
            **components[["score", "explained_variance_ratio"]],
        }
    ).drop_vars("trial", errors="ignore")


def phases(inference: Map, learning: Map, error: str) -> tuple[xr.DataArray, xr.DataArray]:
    """Trajectories of both phases from their start (step 0), and their last two steps after a long time.

    Parameters
    ----------
    inference, learning : Map
        The area under the drive of each phase.
    error : {"STE", "EPE"}
        Where the learning phase starts: at rest, or where inference ended.

    Returns
    -------
    DataArray, dimensions (phase, trial, step, neuron)
        For EPE, inference is missing after its last step.
    DataArray, dimensions (phase, trial, step, neuron)
    """
    rest = np.zeros((IMAGES, inference.size))
    first = states(inference, rest, LEARNING)
    second = states(learning, rest if error == "STE" else first[INFERENCE], LEARNING)
    late = [states(m, advanced(m, path[-1], LONG), 1) for m, path in ((inference, first), (learning, second))]
    if error == "EPE":
        first[INFERENCE + 1 :] = np.nan
    return _as_rates(np.stack([first, second])), _as_rates(np.stack(late))


def states(system: Map, x: Array, steps: int) -> Array:
    """The state x and the `steps` after it: shape (steps + 1, trial, neuron)."""
    found = [x]
    for _ in range(steps):
        found.append(system(found[-1]))
    return np.stack(found)


def advanced(system: Map, x: Array, steps: int) -> Array:
    """The state `steps` after x."""
    for _ in range(steps):
        x = system(x)
    return x


def _as_rates(values: Array) -> xr.DataArray:
    """Name the dimensions of an array (phase, step, trial, neuron)."""
    attrs = {"long_name": "step of the phase", "units": "1"}
    coords = {"phase": list(PHASES), "step": ("step", np.arange(values.shape[1]), attrs)}
    rates = xr.DataArray(values, coords, ("phase", "step", "trial", "neuron"), attrs={"units": "1"})
    return rates.transpose("phase", "trial", "step", "neuron")


def draw(dataset: xr.Dataset) -> plt.Figure:
    """A row per error: trajectories of a stable and a chaotic area, then angles and distances."""
    figure, axes = plt.subplots(2, 4, figsize=(14, 7), layout="constrained")
    radii = dataset["spectral_radius"].values
    chosen = (float(radii[np.abs(radii - 0.25).argmin()]), float(radii.max()))
    for row, kind in zip(axes, ERRORS, strict=True):
        one = dataset.sel(error_kind=kind)
        for ax, radius in zip(row, chosen, strict=False):
            _draw_trajectories(ax, one.sel(spectral_radius=radius).isel(seed=0), kind)
        _draw_by_step(row[2], one, "angle", "angle to the end-point error (deg)")
        row[2].set(yscale="log", ylim=(SMALLEST, 120))
        row[2].legend(title="spectral radius", frameon=False, fontsize=8, title_fontsize=8)
        _draw_by_step(row[3], one, "distance", "distance of both phases (rms)")
        row[3].set(yscale="log")
        for ax in row[2:]:
            ax.set_title(f"{kind}, median over images", fontsize=10)
    return figure


def _draw_trajectories(ax: Axes, one: xr.Dataset, kind: str) -> None:
    plot_trajectories(one.rename(shown="trial_shown").rename(trial_shown="trial"), ax=ax)
    radius, regime = float(one["spectral_radius"]), str(one["regime"].item())
    ax.set_title(f"{kind}, spectral radius {radius:g}: {regime}", fontsize=10)


def _draw_by_step(ax: Axes, one: xr.Dataset, name: str, label: str) -> None:
    """Median and quartiles over images and seeds, a colour per spectral radius; distances with their end points."""
    for color, radius in zip(COLORS, one["spectral_radius"].values, strict=False):
        values = one[name].sel(spectral_radius=radius).dropna("step", how="all")
        if not values.size:
            ax.plot([], [], color=color, label=f"{radius:g}: no end points")
            continue
        low, middle, high = values.quantile([0.25, 0.5, 0.75], ["seed", "trial"]).values
        ax.fill_between(values["step"], low, high, color=color, alpha=0.15, lw=0)
        ax.plot(values["step"], middle, ".-", color=color, lw=1.4, ms=5, label=f"{radius:g}")
        if name == "distance":
            end = float(one["end_point_distance"].sel(spectral_radius=radius).median())
            ax.axhline(end, color=color, lw=0.9, ls=":")
    frame(ax, "step of the learning phase", label)
    ax.xaxis.set_major_locator(MultipleLocator(4))


def main(argv: list[str] | None = None) -> None:
    """Compute, store, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", default="fashion-mnist", help="name or folder")
    parser.add_argument("--spectral-radius", nargs="+", type=float, default=[0.1, 0.25, 0.5, 1.0, 2.0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--block", type=int, default=256)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--workers", type=int, help="processes (one per core)")
    parser.add_argument("--out", type=Path, default=Path("results/figure3_errors"))
    parser.add_argument("--quick", action="store_true", help="digits, a small area, one seed, under half a minute")
    args = parser.parse_args(argv)
    settings = {name: getattr(args, name) for name in QUICK} | (QUICK if args.quick else {})
    args.out.mkdir(parents=True, exist_ok=True)
    dataset = compute(args.out, **settings)
    with replacing(args.out / "figure3_errors.nc") as partial:
        dataset.to_netcdf(partial, engine="h5netcdf")
    with replacing(args.out / "figure3_errors.png") as partial:
        draw(dataset).savefig(partial, dpi=150)
    angle = dataset["angle"].sel(step=INFERENCE).median(["seed", "trial"])
    print(f"angle to the end-point error after {INFERENCE} steps (deg)\n{angle.to_pandas().round(2).to_string()}")
    print(f"{args.out / 'figure3_errors.nc'} and {args.out / 'figure3_errors.png'}")


if __name__ == "__main__":
    main()
