"""Figure 3 of doi 10.7554/eLife.108237: short-trajectory and error-perturbed errors, and the steps that they need.

For each spectral radius, error (STE and EPE), number of steps t and seed, trains one area and records both of its
phases for test images: trajectories in one basis of principal components (3b, 3e); the angle between the error after t
steps and the end-point error, the one of the same network when both phases have settled; and the accuracy that was
learnt (3c, 3f). A folder keeps every network that is finished.

    python analyses/figure3_errors.py --data fashion-mnist --out results/figure3_errors
    python analyses/figure3_errors.py --quick
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

import neuroap
from neuroap.analysis import end_point_error, pca, steps_to_settle
from neuroap.files import replacing
from neuroap.layout import Recurrence
from neuroap.plotting import plot_trajectories
from neuroap.plotting.regimes import LEGEND, frame

ERRORS = ("STE", "EPE")
LEARNING = 8  # steps of the learning phase of EPE, whose inference lasts t
LONG = 200  # steps to the end points
SETTLED = 1e-6  # change per step, a hundredth of what is left of errors after training
IMAGES, RECORDED = 32, (2, 3, 4, 6, 8, 12, 16)  # for angles
SHOWN, SHOWN_STEPS = 3, 16  # for trajectories
FEWEST = 0.5  # part of the images whose phases settle, for an angle that stands for a spectral radius
SMALLEST = 0.01  # degrees: what is below has no say in learning
TITLE, LARGE = 10, 9
COLORS = ("#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00", "#CC79A7")
QUICK: dict[str, Any] = {
    "data": "digits",
    "spectral_radius": [0.25, 1.0, 3.0],
    "t": [2, 8],
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
    t: list[int],
    seeds: int,
    epochs: int,
    block: int,
    learning_rate: float,
    workers: int | None,
) -> xr.Dataset:
    """Train and record one area for each spectral radius, error, number of steps and seed.

    Parameters
    ----------
    out : Path
        Its folder ``sweep`` keeps what is finished.
    data : str
        Name or folder of an image set.
    spectral_radius : list of float
    t : list of int
        Steps, see `phase_steps`.
    seeds : int
        Networks per spectral radius, error and t.
    epochs : int
    block : int
        Neurons per block.
    learning_rate : float
    workers : int, optional
        Processes; None: one per core.

    Returns
    -------
    Dataset
        What `network` returns, along ``spectral_radius``, ``error_kind``, ``t`` and ``seed``.
    """
    settings: dict[str, Any] = {"data": data, "epochs": epochs, "block": block, "learning_rate": learning_rate}
    over: dict[str, Any] = {"spectral_radius": spectral_radius, "error_kind": ERRORS, "t": t}
    found = neuroap.sweep(network, over, seeds=seeds, store=out / "sweep", workers=workers, **settings)
    found["error"].attrs["units"] = "1"
    return found.assign_attrs(settings | {"neuroap": neuroap.__version__})


def network(
    spectral_radius: float,
    error_kind: str,
    t: int,
    seed: int,
    data: str,
    epochs: int,
    block: int,
    learning_rate: float,
) -> xr.Dataset:
    """Train one area, and record both of its phases for several numbers of steps, and until they settle.

    Parameters
    ----------
    spectral_radius : float
    error_kind : {"STE", "EPE"}
    t : int
        Steps, see `phase_steps`.
    seed : int
        Of weights and trials.
    data : str
        Name of an image set.
    epochs, block, learning_rate
        Of the training; `block` neurons in each of four blocks.

    Returns
    -------
    Dataset
        ``accuracy`` on all test images; ``angle(recorded, trial)``, ``distance(recorded, trial)`` and
        ``end_point_distance(trial)`` of `end_point_error` for the neurons whose synapses learn, from recordings of so
        many steps; ``steps_to_settle(phase, trial)``; ``score(phase, shown, step, component)`` of `pca` for a few.
    """
    images = neuroap.load(data)
    size = images.X_train.shape[1]
    recurrence = Recurrence(spectral_radius=spectral_radius)
    layout = neuroap.hierarchy(1, size, len(images.classes), block, recurrence=recurrence)
    rule = neuroap.AdjointPropagation(phase_steps(error_kind, t), error=error_kind, learning_rate=learning_rate)
    model = neuroap.CorticalClassifier(layout, rule, epochs=epochs, stop_at=1.1, progress=False, random_state=seed)
    model.fit(images.X_train, images.y_train)
    X, y = images.X_test[:IMAGES], images.y_test[:IMAGES]
    settled = model.record(X, y, steps=(LONG, LONG))
    shown = from_start(model.record(X[:SHOWN], y[:SHOWN], steps=(SHOWN_STEPS, SHOWN_STEPS)), error_kind)
    components = pca(shown, 2).rename(trial="shown")
    accuracy = model.score(images.X_test, images.y_test)
    return xr.Dataset(
        {
            "accuracy": ((), accuracy, {"long_name": "accuracy on test images", "units": "1"}),
            **errors_by_steps(model, X, y, settled),
            "steps_to_settle": steps_to_settle(settled.rate.sel(area="V1", drop=True), SETTLED),
            **components[["score", "explained_variance_ratio"]],
        }
    )


def phase_steps(error_kind: str, t: int) -> tuple[int, int]:
    """Steps of inference and learning: t of both for STE, which compares them; t of inference for EPE."""
    return (t, t) if error_kind == "STE" else (t, LEARNING)


def errors_by_steps(model: neuroap.CorticalClassifier, X: Any, y: Any, settled: xr.Dataset) -> xr.Dataset:
    """The error after so many steps, of the neurons whose synapses learn, and the end-point error.

    Parameters
    ----------
    model : CorticalClassifier
    X, y : array
        Trials.
    settled : Dataset
        Their recording until both phases have settled.

    Returns
    -------
    Dataset
        What `end_point_error` says of the last step, along ``recorded``.
    """
    kind, ends, found = settled.attrs["error"], _learning(settled), []
    for t in RECORDED:
        steps = phase_steps(kind, t)
        errors = end_point_error(_learning(model.record(X, y, steps=steps)), ends, kind, SETTLED)
        found.append(errors.sel(step=steps[1], drop=True))
    along = xr.DataArray(list(RECORDED), dims="recorded", name="recorded", attrs={"long_name": "steps t", "units": "1"})
    by_steps = xr.concat([errors[["angle", "distance"]] for errors in found], along)
    return by_steps.assign(end_point_distance=found[0]["end_point_distance"])


def _learning(recording: xr.Dataset) -> xr.DataArray:
    """Rates of the neurons that receive inference: (phase, trial, step, neuron)."""
    area = recording.sel(area="V1", drop=True)
    return area["rate"].isel(neuron=np.flatnonzero(area["block"] == "RI"))


def from_start(recording: xr.Dataset, error_kind: str) -> xr.DataArray:
    """Rates of all neurons from step 0 on: rest, for the learning phase of EPE the last state of inference."""
    rates = recording["rate"].sel(area="V1", drop=True).reset_coords(drop=True)
    first = xr.zeros_like(rates.isel(step=[0])).assign_coords(step=[0])
    if error_kind == "EPE":
        first.loc[{"phase": "learning"}] = rates.sel(phase="inference").isel(step=[-1]).values
    return xr.concat([first, rates], "step")


def draw(dataset: xr.Dataset) -> plt.Figure:
    """A row per error: trajectories of a stable and a chaotic area, then angle and accuracy by steps."""
    figure, axes = plt.subplots(2, 4, figsize=(15, 7), layout="constrained")
    radii = dataset["spectral_radius"].values
    chosen = (float(radii[np.abs(radii - 0.25).argmin()]), float(radii.max()))
    t = dataset["t"].values[np.abs(dataset["t"].values - LEARNING).argmin()]
    for row, kind in zip(axes, ERRORS, strict=True):
        one = dataset.sel(error_kind=kind)
        for ax, radius in zip(row, chosen, strict=False):
            _draw_trajectories(ax, one.sel(spectral_radius=radius, t=t).isel(seed=0), kind)
        _draw_by_steps(row[2], angles(one).sel(t=t), "recorded", kind, "angle to the end-point error (deg)")
        row[2].set(yscale="log", ylim=(SMALLEST, 180))
        _draw_by_steps(row[3], 100 * one["accuracy"], "t", kind, "test accuracy (%)")
        row[2].set_title(f"{kind}, trained with t = {t}", fontsize=TITLE)
        row[3].set_title(f"{kind}, trained with each t", fontsize=TITLE)
    low = min(ax.get_ylim()[0] for ax in axes[:, 3])
    for ax in axes[:, 3]:
        ax.set_ylim(low, 100)
    lines = axes[0, 3].get_lines()
    labels = [f"{radius:g}{_unsettled(dataset.sel(t=t), radius)}" for radius in radii]
    style: dict[str, Any] = {"frameon": False, "fontsize": LARGE, "title_fontsize": LARGE}
    figure.legend(lines, labels, title="spectral radius", loc="outside lower center", ncols=len(radii), **style)
    return figure


def _draw_trajectories(ax: Axes, one: xr.Dataset, kind: str) -> None:
    """Three images, or one where paths do not settle and three would be a tangle."""
    steps = one["steps_to_settle"]
    settles = bool(steps.notnull().all())
    components = one.drop_dims("trial").rename(shown="trial")
    plot_trajectories(components if settles else components.isel(trial=[0]), ax=ax)
    if settles:
        _draw_ends(ax, components)
    ends = f"settled in {float(steps.median()):.0f} steps" if settles else f"not settled in {LONG} steps"
    ax.set_title(f"{kind}, radius {float(one['spectral_radius']):g}: {ends}", fontsize=TITLE)


def _draw_ends(ax: Axes, components: xr.Dataset) -> None:
    """Magnify the last states of the first image, in a strip below all states, beside the legend."""
    low, high = ax.get_ylim()
    ax.set_ylim(low - 0.6 * (high - low), high)
    ax.legend(loc="lower left", **LEGEND)
    inset = ax.inset_axes((0.55, 0.03, 0.42, 0.32))
    plot_trajectories(components.isel(trial=[0]), ax=inset)
    inset.legend_ = None
    ends = (
        components["score"]
        .isel(trial=0, step=slice(-4, None))
        .stack(point=["phase", "step"])
        .transpose("component", "point")
    )
    middle, reach = ends.mean("point").values, 1.5 * np.ptp(ends.values, axis=1).max()
    inset.set(xlim=middle[0] + np.array([-reach, reach]), ylim=middle[1] + np.array([-reach, reach]))
    inset.set(xticks=[], yticks=[], xlabel="", ylabel="")
    inset.spines[:].set_visible(True)
    ax.indicate_inset_zoom(inset, alpha=0.3)


def _draw_by_steps(ax: Axes, values: xr.DataArray, along: str, kind: str, label: str) -> None:
    """Median and quartiles over images and seeds, a colour per spectral radius."""
    over = [d for d in ("seed", "trial") if d in values.dims]
    for color, radius in zip(COLORS, values["spectral_radius"].values, strict=False):
        found = values.sel(spectral_radius=radius).dropna(along, how="all")
        if found.size:
            low, middle, high = found.quantile([0.25, 0.5, 0.75], over).values
            ax.fill_between(found[along], low, high, color=color, alpha=0.15, lw=0)
            ax.plot(found[along], middle, ".-", color=color, lw=1.4, ms=6)
    frame(ax, "steps t of both phases" if kind == "STE" else f"steps t of inference (learning: {LEARNING})", label)
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(FixedLocator(values[along].values.tolist()))
    ax.xaxis.set_major_formatter(ScalarFormatter())
    ax.xaxis.set_minor_locator(NullLocator())


def angles(dataset: xr.Dataset) -> xr.DataArray:
    """Angles of settings in which most images have end points; the median of a few others would stand for none."""
    angle = dataset["angle"]
    return angle.where(angle.notnull().mean(["seed", "trial"]) >= FEWEST)


def _unsettled(dataset: xr.Dataset, radius: float) -> str:
    """Say it in the legend where networks have no end points for most images."""
    return "" if angles(dataset).sel(spectral_radius=radius).notnull().any() else " (does not settle)"


def table(dataset: xr.Dataset) -> None:
    """Print median angles and mean accuracies: a row per error and spectral radius, a column per number of steps."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)  # no end points
        angle = angles(dataset).median(["seed", "trial"])
    accuracy = (100 * dataset["accuracy"]).mean("seed")
    shown = {f"angle to the end-point error (deg), trained with t = {t}": angle.sel(t=t) for t in dataset["t"].values}
    for name, values in (shown | {"test accuracy (%)": accuracy}).items():
        rows = values.stack(row=["error_kind", "spectral_radius"]).transpose("row", ...)
        print(f"{name}\n{rows.to_pandas().round(2).to_string()}")


def main(argv: list[str] | None = None) -> None:
    """Compute, store, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", default="fashion-mnist", help="name or folder")
    parser.add_argument("--spectral-radius", nargs="+", type=float, default=[0.1, 0.25, 0.5, 1.0, 2.0])
    parser.add_argument("--t", nargs="+", type=int, default=[2, 4, 8, 16], help="steps")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--block", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--workers", type=int, help="processes (one per core)")
    parser.add_argument("--out", type=Path, default=Path("results/figure3_errors"))
    parser.add_argument("--quick", action="store_true", help="digits, a small area, one seed, under a minute")
    args = parser.parse_args(argv)
    settings = {name: getattr(args, name) for name in QUICK} | (QUICK if args.quick else {})
    args.out.mkdir(parents=True, exist_ok=True)
    dataset = compute(args.out, **settings)
    with replacing(args.out / "figure3_errors.nc") as partial:
        dataset.to_netcdf(partial, engine="h5netcdf")
    with replacing(args.out / "figure3_errors.png") as partial:
        draw(dataset).savefig(partial, dpi=150)
    table(dataset)
    print(f"{args.out / 'figure3_errors.nc'} and {args.out / 'figure3_errors.png'}")


if __name__ == "__main__":
    main()
