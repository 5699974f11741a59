"""Regimes of areas that obey Dale's law: exponents against the radius of the bulk, the E/I ratio and the balance.

Measures the maximum Lyapunov exponent, the regime and the eigenvalues of one area of excitatory and inhibitory cells
with a spontaneous rate, for bulk radii, fractions of excitatory cells, balances, and with inhibition that balances
every neuron or all on average. A folder keeps every point that is finished. Stores all as one Dataset, and draws it.

    python analyses/dale_regimes.py --out results/dale_regimes
    python analyses/dale_regimes.py --quick
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import xarray as xr
from matplotlib.axes import Axes

import neuroap
from neuroap import Area, Input, Layout, Output, Recurrence, draw_weights, inference
from neuroap.analysis import outliers
from neuroap.commands.regimes import measure
from neuroap.files import replacing
from neuroap.layout import activation
from neuroap.names import recurrence_name
from neuroap.plotting import plot_eigenvalues
from neuroap.plotting.regimes import LEGEND, frame
from neuroap.regimes import area_map
from neuroap.weights import cell_signs

USUAL = {"excitatory": 0.8, "balance": 1.0, "exact": True}  # of what is not varied
COLORS = ("#56B4E9", "#0072B2", "#009E73", "#E69F00", "#D55E00")
IMBALANCE = 0.5  # inhibition / excitation of the area whose eigenvalues are shown
EXACT = {True: "each neuron", False: "on average"}
QUICK: dict[str, Any] = {
    "radius": [1.0, 2.0, 4.0, 8.0],
    "excitatory": [0.5, 0.8],
    "balance": [0.8, 1.0, 1.2],
    "seeds": 2,
    "block": 24,
    "steps": 200,
    "workers": 1,
}


def compute(
    out: Path,
    radius: list[float],
    excitatory: list[float],
    balance: list[float],
    seeds: int,
    block: int,
    steps: int,
    workers: int | None,
) -> xr.Dataset:
    """Measure areas over the whole grid.

    Parameters
    ----------
    out : Path
        Its folder ``sweep`` keeps what is finished.
    radius, excitatory, balance : list of float
        Bulk radii, fractions of excitatory cells, and inhibition as a multiple of excitation.
    seeds : int
        Networks per point.
    block : int
        Neurons in each of four blocks.
    steps : int
        Steps that count for exponents; half as many come before them.
    workers : int, optional
        Processes; None: one per core.

    Returns
    -------
    Dataset
        What `area` returns along ``bulk_radius``, ``excitatory``, ``balance``, ``exact`` and ``seed``.
    """
    over: dict[str, Any] = {"bulk_radius": radius, "excitatory": excitatory, "balance": balance, "exact": [True, False]}
    settings: dict[str, Any] = {"block": block, "steps": steps}
    found = neuroap.sweep(area, over, seeds=seeds, store=out / "sweep", workers=workers, **settings)
    found["error"].attrs["units"] = "1"
    return found.assign_attrs(settings | {"neuroap": neuroap.__version__})


def area(
    bulk_radius: float, excitatory: float, balance: float, exact: bool, seed: int, block: int, steps: int
) -> xr.Dataset:
    """Measure one area without input.

    Parameters
    ----------
    bulk_radius, excitatory, balance : float
    exact : bool
        Whether inhibition balances every neuron.
    seed : int
        Of weights and initial states.
    block, steps : int
        As of `compute`.

    Returns
    -------
    Dataset
        What `neuroap.commands.regimes.measure` returns, the mean exponent over initial states; ``spectral_radius`` and
        ``outlier``, the eigenvalue of the mean, of the weights.
    """
    layout = declared(bulk_radius, excitatory, balance, exact, block)
    found = measure(area_map(layout, "V1", seed=seed), steps=steps, transient=steps // 2, seed=seed)
    V1 = layout["V1"]
    assert isinstance(V1, Area)
    modes = outliers(draw_weights(layout, seed)[recurrence_name("V1")], signs=cell_signs(V1))
    return found.assign(spectral_radius=modes["spectral_radius"], outlier=modes["mean_eigenvalue"])


def declared(bulk_radius: float, excitatory: float, balance: float, exact: bool, block: int) -> Layout:
    """One area between an input and an output that do not matter here.

    Parameters
    ----------
    bulk_radius, excitatory, balance, exact, block
        As of `area`.
    """
    recurrence = Recurrence(bulk_radius=bulk_radius, balance=balance, exact_balance=exact)
    return Layout(
        Input("image", 1),
        Area("V1", block, None, "sigmoid", recurrence, excitatory=excitatory, dale=True),
        Output("choice", 2),
        inference("image", "V1.RI"),
        inference("V1.SI", "choice"),
        name="dale_regimes",
    )


def draw(dataset: xr.Dataset) -> plt.Figure:
    """Exponents over the bulk radius, one quantity varied in each panel; the eigenvalues of one area."""
    figure, axes = plt.subplots(2, 2, figsize=(10.5, 8), layout="constrained")
    titles = {"excitatory": "fraction of excitatory cells", "balance": "inhibition / excitation", "exact": "balanced"}
    for ax, (name, title) in zip(axes.flat, titles.items(), strict=False):
        fixed = {other: value for other, value in USUAL.items() if other != name}
        _draw_exponents(ax, dataset.sel(fixed), name, title)
    _draw_eigenvalues(axes.flat[-1], int(dataset.attrs["block"]))
    return figure


def _draw_exponents(ax: Axes, dataset: xr.Dataset, name: str, title: str) -> None:
    for color, value in zip(COLORS, dataset[name].values.tolist(), strict=False):
        values = dataset["mle"].sel({name: value})
        x, mean, sd = values["bulk_radius"].values, values.mean("seed").values, values.std("seed").values
        label = EXACT[value] if name == "exact" else f"{value:g}"
        ax.errorbar(x, mean, sd, fmt="o-", color=color, ms=4, lw=1.6, capsize=2, label=label)
    ax.axhline(0, color="#444444", lw=0.8, zorder=1.5)
    texts = {"excitatory": "80% excitatory", "balance": "inhibition = excitation", "exact": "each neuron balanced"}
    rest = ", ".join(text for other, text in texts.items() if other != name)
    ax.set_title(rest, fontsize=9)
    frame(ax, "bulk radius of recurrent weights", "maximum Lyapunov exponent (1/step)")
    ax.legend(loc="best", title=title, title_fontsize=8, **LEGEND)


def _draw_eigenvalues(ax: Axes, block: int) -> None:
    """Eigenvalues of an area with less inhibition than excitation: the bulk, and the outlier of the mean."""
    layout = declared(2.0, 0.8, IMBALANCE, False, block)
    V1 = layout["V1"]
    assert isinstance(V1, Area)
    at_rest = activation(V1.activation).slope
    plot_eigenvalues(draw_weights(layout, 0)[recurrence_name("V1")], ax=ax, signs=cell_signs(V1), gain=at_rest)
    ax.set_title(f"inhibition {IMBALANCE:g} of excitation on average, bulk radius 2; gain at rest", fontsize=9)


def main(argv: list[str] | None = None) -> None:
    """Compute, store, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--radius", nargs="+", type=float, default=[0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0])
    parser.add_argument("--excitatory", nargs="+", type=float, default=[0.5, 0.8, 0.9])
    parser.add_argument("--balance", nargs="+", type=float, default=[0.8, 0.9, 1.0, 1.1, 1.2])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--block", type=int, default=64)
    parser.add_argument("--steps", type=int, default=500, help="steps that count for exponents")
    parser.add_argument("--workers", type=int, help="processes (one per core)")
    parser.add_argument("--out", type=Path, default=Path("results/dale_regimes"))
    parser.add_argument("--quick", action="store_true", help="a small area, few points")
    args = parser.parse_args(argv)
    settings = {name: getattr(args, name) for name in QUICK} | (QUICK if args.quick else {})
    args.out.mkdir(parents=True, exist_ok=True)
    dataset = compute(args.out, **settings)
    with replacing(args.out / "dale_regimes.nc") as partial:
        dataset.to_netcdf(partial, engine="h5netcdf")
    with replacing(args.out / "dale_regimes.png") as partial:
        draw(dataset).savefig(partial, dpi=150)
    chosen = dataset[["mle", "spectral_radius", "outlier"]].sel(USUAL).mean("seed")
    print(chosen.to_pandas()[["mle", "spectral_radius", "outlier"]].round(4).to_string())
    print(f"{args.out / 'dale_regimes.nc'} and {args.out / 'dale_regimes.png'}")


if __name__ == "__main__":
    main()
