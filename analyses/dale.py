"""Areas of excitatory and inhibitory cells: what Dale's law costs, and how both types of cells carry the error.

Trains two areas (`models/cortical_area.py`) over the radius of their bulk, with weights of any sign and with Dale's law
kept by clipping or by a multiplicative update, learning from presynaptic rates relative to rest or as published; then
trains them without the excitatory or the inhibitory cells of blocks on the way of the error. A folder keeps every
network that is finished. Stores all as one Dataset, and draws accuracy, rates and errors of both types through both
phases, and the lesions.

    python analyses/dale.py --data fashion-mnist --out results/dale
    python analyses/dale.py --quick
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neuroap
from neuroap.analysis import population_rates, synaptic_currents
from neuroap.files import replacing
from neuroap.layout import Layout, Recurrence
from neuroap.plotting import plot_errors, plot_population
from neuroap.plotting.regimes import LEGEND, frame

FROM_REST = "dw = -phase*(r_pre - 0.6*rest_pre)*e_post"
PUBLISHED = "dw = -phase*r_pre*e_post"
# Whether Dale's law holds, the update that keeps it, and what synapses learn from.
LAWS: dict[str, tuple[bool, str, str]] = {
    "any sign": (False, "clip", FROM_REST),
    "clip": (True, "clip", FROM_REST),
    "multiplicative": (True, "multiplicative", FROM_REST),
    "clip, published plasticity": (True, "clip", PUBLISHED),
}
COLORS = dict(zip(LAWS, ("#444444", "#D55E00", "#0072B2", "#E69F00"), strict=True))
RADIUS = 1.5  # of the networks with lesions
INTACT = "none"
LESIONS = (INTACT, "V2.RE.E", "V2.RE.I", "V2.SE.E", "V2.SE.I", "V1.RE.E", "V1.RE.I")
TRIALS = 50  # that are recorded
SHOWN = (("V2", "RE"), ("V2", "SE"), ("V1", "RE"), ("V1", "RI"))  # the way of the error
QUICK: dict[str, Any] = {
    "data": "digits",
    "radius": [0.5, 1.5, 3.0],
    "lesions": [INTACT, "V2.SE.E", "V2.SE.I"],
    "seeds": 1,
    "epochs": 12,
    "block": 40,
    "learning_rate": 0.012,
    "workers": 1,
}


def compute(
    out: Path,
    data: str,
    radius: list[float],
    lesions: list[str],
    seeds: int,
    epochs: int,
    block: int,
    learning_rate: float,
    workers: int | None,
) -> xr.Dataset:
    """Train all networks.

    Parameters
    ----------
    out : Path
        Its folders ``laws`` and ``lesions`` keep what is finished.
    data : str
        Name or folder of an image set.
    radius : list of float
        Of the bulk of the recurrent weights.
    lesions : list of str
        Cells without which networks learn.
    seeds : int
    epochs : int
    block : int
        Neurons per block.
    learning_rate : float
    workers : int, optional
        Processes; None: one per core.

    Returns
    -------
    Dataset
        What `network` returns along ``law``, ``bulk_radius`` and ``seed``; what `without` returns along ``lesion`` and
        ``seed``, its accuracy as ``accuracy_without``.
    """
    settings: dict[str, Any] = {"data": data, "epochs": epochs, "block": block, "learning_rate": learning_rate}
    run: dict[str, Any] = {"seeds": seeds, "workers": workers, **settings}
    laws = neuroap.sweep(network, {"law": list(LAWS), "bulk_radius": radius}, store=out / "laws", **run)
    lesioned = neuroap.sweep(without, {"lesion": lesions}, store=out / "lesions", **run)
    lesioned = lesioned.rename(accuracy="accuracy_without", error="error_without").drop_vars("point_seed")
    found = laws.merge(lesioned, combine_attrs="override")
    for name in ("error", "error_without"):
        found[name].attrs["units"] = "1"
    return found.assign_attrs(settings | {"neuroap": neuroap.__version__})


def network(
    law: str, bulk_radius: float, seed: int, data: str, epochs: int, block: int, learning_rate: float
) -> xr.Dataset:
    """Train one network.

    Parameters
    ----------
    law : str
        One of `LAWS`: whether and how Dale's law is kept, and what synapses learn from.
    bulk_radius : float
    seed : int
        Of weights and trials.
    data : str
        Name of an image set.
    epochs, block, learning_rate
        Of the training; `block` neurons in each of four blocks.

    Returns
    -------
    Dataset
        ``accuracy`` on all test images after the last epoch; ``violations`` of Dale's law and of the range of rates;
        ``at_zero``, the fraction of plastic signed weights that are 0.
    """
    model, images = trained(law, bulk_radius, INTACT, seed, data, epochs, block, learning_rate)
    signed = np.concatenate([model.weights_[n].ravel() for n in ("V1.SI -> V2.RI", "V2.SI -> choice")])
    found = {
        "accuracy": (model.score(images.X_test, images.y_test), "accuracy on test images"),
        "violations": (int(model.check(images.X_test[:TRIALS]).violations), "violations of signs, places and ranges"),
        "at_zero": (float((signed == 0).mean()), "fraction of weights between areas that are 0"),
    }
    return xr.Dataset({name: ((), value, {"long_name": text, "units": "1"}) for name, (value, text) in found.items()})


def without(lesion: str, seed: int, data: str, epochs: int, block: int, learning_rate: float) -> xr.Dataset:
    """Train a network that lacks cells, and compare its errors with those of the same weights with all cells.

    Parameters
    ----------
    lesion : str
        Address of cells, or "none".
    seed : int
        Of weights and trials.
    data : str
        Name of an image set.
    epochs, block, learning_rate
        Of the training.

    Returns
    -------
    Dataset
        ``accuracy``; ``similarity(trial)``, the cosine between the errors of V1.RI at the beginning, with and without
        the lesion; without a lesion also ``rate`` and ``raised`` of `population_rates`, ``balance(phase, area)``, the
        median over cells, and ``error_of_cells(trial, area, neuron)`` with its ``block`` and ``cell``.
    """
    model, images = trained("clip", RADIUS, lesion, seed, data, epochs, block, learning_rate)
    X, y = images.X_test[:TRIALS], images.y_test[:TRIALS]
    whole, cut = (
        untrained(each, seed, data, block).record(X, y)["error"].sel(area="V1").isel(neuron=slice(block))
        for each in (INTACT, lesion)
    )
    cosine = (whole * cut).sum("neuron") / np.sqrt((whole**2).sum("neuron") * (cut**2).sum("neuron"))
    found = xr.Dataset({"accuracy": model.score(images.X_test, images.y_test), "similarity": cosine.drop_vars("area")})
    found["accuracy"].attrs |= {"long_name": "accuracy on test images, cells silent", "units": "1"}
    found["similarity"].attrs |= {"long_name": "cosine of errors with and without the cells", "units": "1"}
    return found if lesion != INTACT else found.merge(_activity(model, X, y))


def trained(
    law: str, bulk_radius: float, lesion: str, seed: int, data: str, epochs: int, block: int, learning_rate: float
) -> tuple[neuroap.CorticalClassifier, Any]:
    """Train a model.

    Parameters
    ----------
    law, bulk_radius, lesion, seed, data, epochs, block, learning_rate
        As of `network` and `without`.

    Returns
    -------
    model : CorticalClassifier
    images : ImageSet
    """
    images = neuroap.load(data)
    dale, update, text = LAWS[law]
    layout = declared(images, block, bulk_radius, dale)
    layout = layout if lesion == INTACT else layout.lesion(lesion)
    rule = neuroap.AdjointPropagation((5, 5), learning_rate=learning_rate, plasticity=text, dale=update)
    model = neuroap.CorticalClassifier(layout, rule, epochs=epochs, stop_at=1.1, progress=False, random_state=seed)
    return model.fit(images.X_train, images.y_train), images


def untrained(lesion: str, seed: int, data: str, block: int) -> neuroap.CorticalClassifier:
    """A model that has seen one trial from each class at learning rate 0: its initial weights."""
    images = neuroap.load(data)
    layout = declared(images, block, RADIUS, True)
    layout = layout if lesion == INTACT else layout.lesion(lesion)
    rule = neuroap.AdjointPropagation(steps=(5, 5), learning_rate=0)
    first = [int(np.argmax(images.y_train == c)) for c in images.classes]
    model = neuroap.CorticalClassifier(layout, rule, epochs=1, progress=False, random_state=seed)
    return model.fit(images.X_train[first], images.y_train[first])


def declared(images: Any, block: int, bulk_radius: float, dale: bool) -> Layout:
    """The layout of ``models/cortical_area.py`` with another bulk radius."""
    layout = neuroap.hierarchy(2, images.X_train.shape[1], len(images.classes), block, dale=True)
    recurrence = Recurrence(bulk_radius=bulk_radius, exact_balance=dale)
    areas = [replace(a, dale=dale, recurrence=recurrence) for a in layout.areas]
    return Layout(*layout.inputs, *areas, *layout.outputs, *layout.pathways)


def _activity(model: neuroap.CorticalClassifier, X: Any, y: Any) -> xr.Dataset:
    recording = model.record(X, y)
    found = population_rates(recording)[["rate", "raised"]]
    balance = synaptic_currents(recording, model.layout_, model.weights_)["balance"]
    found["balance"] = balance.median(["trial", "neuron"]).assign_attrs(balance.attrs)
    return found.assign(error_of_cells=recording["error"]).assign_coords(
        block_of=recording["block"].rename("block_of"), cell_of=recording["cell"].rename("cell_of")
    ).drop_vars(["neuron"])  # fmt: skip


def summary(dataset: xr.Dataset) -> xr.Dataset:
    """Accuracy and median cosine of errors without cells, means over seeds: what is drawn, as numbers."""
    medians = dataset["similarity"].median("trial")
    return xr.Dataset({"accuracy_without": dataset["accuracy_without"], "median_similarity": medians}).mean("seed")


def draw(dataset: xr.Dataset) -> plt.Figure:
    """Accuracy and lesions above; rates and errors along the way of the error below."""
    figure = plt.figure(figsize=(12, 9.5), layout="constrained")
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=(1, 1.9))[:, 0]
    left, middle, right = above.subplots(1, 3, width_ratios=(1.2, 1, 1))
    _draw_laws(left, dataset)
    _draw_lesions(middle, dataset["accuracy_without"] * 100, "test accuracy without these cells (%)")
    _draw_lesions(right, dataset["similarity"].median("trial"), "median cosine of initial errors in V1.RI")
    one = dataset.isel(seed=0).sel(lesion=INTACT)
    errors = xr.Dataset({"error": one["error_of_cells"]}).assign_coords(block=one["block_of"], cell=one["cell_of"])
    for column, (area, block) in zip(below.subplots(2, len(SHOWN)).T, SHOWN, strict=True):
        plot_population(one[["rate"]], area, block, ax=column[0]).set_title(f"{area}.{block}\n", fontsize=10)
        plot_errors(errors, area, block, ax=column[1])
    return figure


def _draw_laws(ax: Axes, dataset: xr.Dataset) -> None:
    for law, color in COLORS.items():
        values = 100 * dataset["accuracy"].sel(law=law)
        x, mean, sd = values["bulk_radius"].values, values.mean("seed").values, values.std("seed").values
        ax.errorbar(x, mean, sd, fmt="o-", color=color, ms=4, lw=1.6, capsize=2, label=law)
    frame(ax, "bulk radius of recurrent weights", "test accuracy (%)")
    ax.legend(loc="best", title="Dale's law", title_fontsize=8, **LEGEND)


def _draw_lesions(ax: Axes, values: xr.DataArray, label: str) -> None:
    names = [str(name) for name in values["lesion"].values]
    colors = [
        "#444444" if n == INTACT else COLORS["clip"] if n.endswith("E") else COLORS["multiplicative"] for n in names
    ]
    mean, sd = values.mean("seed").values, values.std("seed").values
    ax.barh(range(len(names)), mean, xerr=sd, color=colors, alpha=0.8, height=0.65)
    frame(ax, label, "")
    ax.set_yticks(range(len(names)), [n if n != INTACT else "all cells" for n in names])
    ax.invert_yaxis()


def main(argv: list[str] | None = None) -> None:
    """Compute, store, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", default="fashion-mnist", help="name or folder")
    parser.add_argument("--radius", nargs="+", type=float, default=[0.25, 0.5, 1.0, 1.5, 2.0, 3.0])
    parser.add_argument("--lesions", nargs="+", default=list(LESIONS))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--block", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=5e-3)
    parser.add_argument("--workers", type=int, help="processes (one per core)")
    parser.add_argument("--out", type=Path, default=Path("results/dale"))
    parser.add_argument("--quick", action="store_true", help="digits, small areas, one seed")
    args = parser.parse_args(argv)
    settings = {name: getattr(args, name) for name in QUICK} | (QUICK if args.quick else {})
    args.out.mkdir(parents=True, exist_ok=True)
    dataset = compute(args.out, **settings)
    with replacing(args.out / "dale.nc") as partial:
        dataset.to_netcdf(partial, engine="h5netcdf")
    with replacing(args.out / "dale.png") as partial:
        draw(dataset).savefig(partial, dpi=150)
    for name in ("accuracy", "violations"):
        print(f"{name}\n{dataset[name].mean('seed').to_pandas().round(4).to_string()}")
    print(summary(dataset).to_pandas().round(4).to_string())
    print(f"{args.out / 'dale.nc'} and {args.out / 'dale.png'}")


if __name__ == "__main__":
    main()
