"""neuroap regimes: is an area stable, marginal or chaotic, and how fast does it settle?"""

from __future__ import annotations

import argparse
import math
import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroap.commands import load
from neuroap.commands.layout_file import LayoutFile
from neuroap.commands.outputs import say, writable_folder, writing
from neuroap.commands.values import positive
from neuroap.errors import NeuroapError, SettingError

if TYPE_CHECKING:
    from numpy import ndarray
    from xarray import Dataset

    from neuroap.analysis import Map
    from neuroap.layout import Layout

EXAMPLE = "example: neuroap regimes models/two_area.py --block 64 --spectral-radius 0.1:2:20 --seeds 3"
RESULT, FIGURE = "regimes.nc", "regimes.png"
DRIVES = ("none", "uniform")
INITIAL = 8  # states to start from
HORIZON = 8  # steps of the published inference phase
DIRECTIONS = 8  # perturbations per state, of the finite-time exponent
WATCHED = 256  # steps within which an area may settle
TOLERANCE = 1e-3  # change per step of an area that has settled
REPEATING = 512  # last steps, in which a period is sought
HEAD = ("MLE (1/step)", "steps to settle", "regime")
FAILED, NOTHING = "failed", "-"
OK, SOME_FAILED = 0, 1


def add(subparsers: Any) -> None:
    """Declare the command and its options."""
    text = "tell whether an area is stable, marginal or chaotic"
    parser = subparsers.add_parser("regimes", help=text, epilog=EXAMPLE)
    parser.set_defaults(run=run, parser=parser)
    parser.add_argument("layout", metavar="LAYOUT", help="a .py file with a function layout(), or a .toml file")
    values = "spectral radii of the recurrent weights: 0.5,1,2 or START:STOP:NUMBER (%(default)s)"
    radius = parser.add_mutually_exclusive_group()
    radius.add_argument("--spectral-radius", metavar="VALUES", default="0.1:2:20", help=values)
    bulk = "radii of the bulk of the recurrent weights instead, which an outlier does not change (Dale's law)"
    radius.add_argument("--bulk-radius", metavar="VALUES", help=bulk)
    parser.add_argument("--area", help="the area to look at (the first one)")
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="networks per radius (%(default)s)")
    parser.add_argument("--block", type=int, metavar="N", help="neurons per block, if layout() takes 'block'")
    driven = parser.add_mutually_exclusive_group()
    driven.add_argument("--drive", choices=DRIVES, default="none", help="drive of receiving neurons (%(default)s)")
    driven.add_argument("--data", metavar="NAME", help="drive by test images: a name or a folder")
    parser.add_argument("--task", help="task of the images, if the layout has several")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("results/regimes"), help="folder (%(default)s)")
    parser.add_argument("--workers", type=int, metavar="N", help="processes on this machine (one per core)")
    group = parser.add_argument_group("measurement")
    group.add_argument("--steps", type=int, default=1000, help="steps that count (%(default)s)")
    group.add_argument("--transient", type=int, default=500, help="steps before these (%(default)s)")
    group.add_argument("--initial", type=int, default=8, metavar="N", help="initial states, or images (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Measure, write and draw, say what came out; 1 if points failed."""
    along = "spectral_radius" if args.bulk_radius is None else "bulk_radius"
    radii = positive(f"--{along.replace('_', '-')}", getattr(args, along))
    _check(args)
    layout = _layout(args)
    folder = writable_folder(args.out, "--out")
    say(f"{layout.name}, {args.area}: {args.seeds} x {len(radii)} networks (seeds x radii)")
    result = _swept(layout, {along: radii}, args)
    _write(result, folder)
    print(report(result))
    say(f"files in {folder}: {RESULT}, {FIGURE}, points")
    return SOME_FAILED if (result["error"] != "").any() else OK


def study(
    seed: int,
    *,
    layout: Layout,
    area: str,
    spectral_radius: float | None = None,
    bulk_radius: float | None = None,
    drive: str = "none",
    data: str | None = None,
    task: str | None = None,
    initial: int = 8,
    steps: int = 1000,
    transient: int = 500,
) -> Dataset:
    """Measure one area of one network: what the sweep calls.

    Parameters
    ----------
    seed : int
        Of weights, drive and initial states.
    layout : Layout
    area : str
    spectral_radius, bulk_radius : float, optional
        One of them, of the recurrent weights of all areas.
    drive : {"none", "uniform"}
        Uniform: constant numbers in [-1, 1] for the neurons that receive inference, on top of the bias.
    data : str, optional
        An image set; the area is driven by `initial` of its test images.
    task : str, optional
        Whose inputs the images go to, if there are several.
    initial, steps, transient : int
        As of `measure`.

    Returns
    -------
    Dataset
        As of `measure`.
    """
    layout = with_radius(layout, spectral_radius, bulk_radius)
    images = None if data is None else load("neuroap.data").load(data).X_test[:initial]
    source = load("neuroap.regimes.sources").as_source(layout, seed)
    constant = source.bias(area) + _uniform_drive(layout, area, seed) if drive == "uniform" else None
    system = load("neuroap.regimes").area_map(source, area, images, drive=constant, task=task)
    return measure(system, initial, steps, transient, seed=seed)


def measure(
    system: Map,
    initial: int | None = None,
    steps: int = 1000,
    transient: int = 500,
    horizon: int = HORIZON,
    seed: int = 0,
) -> Dataset:
    """Exponents, speed and regime of a map.

    Parameters
    ----------
    system : Map
        For example of `neuroap.regimes.area_map`.
    initial : int, optional
        Initial states, drawn uniformly from [-1, 1]; a multiple of the stimuli if the map has several. None: 8, or the
        next such multiple.
    steps, transient : int
        Steps that count for the exponent, and steps before them.
    horizon : int
        Steps of the finite-time exponent.
    seed : int

    Returns
    -------
    Dataset
        ``mle`` and ``mle_se`` of `neuroap.analysis.max_lyapunov`; ``ftmle`` and ``ftmle_sd`` of `finite_time`;
        ``steps_to_settle``, the mean, NaN if one initial state does not settle within 256 steps; ``period``, the
        longest, NaN if one initial state leads to none; ``regime`` of `classify`.

    Raises
    ------
    SettingError, DataError
        For settings out of range.
    """
    analysis, xarray = load("neuroap.analysis"), load("xarray")
    x = load("neuroap.analysis.maps").starts(system, initial, seed, INITIAL)
    exponent = analysis.max_lyapunov(system, x, steps, transient, seed)
    short = analysis.finite_time(system, horizon, x, vectors=DIRECTIONS, seed=seed).isel(horizon=0)
    found = {name: exponent[name] for name in ("mle", "mle_se")} | {n: short[n] for n in ("ftmle", "ftmle_sd")}
    over = {"dim": "dim_0", "skipna": False, "keep_attrs": True}
    with load("numpy").errstate(all="ignore"):  # of states that overflow, `diverged` tells
        first, last = _first_and_last_states(system, x, transient + steps)
        found["steps_to_settle"] = analysis.steps_to_settle(first, TOLERANCE).mean(**over)
        found["period"] = analysis.period(last).max(**over)
    diverged = exponent["diverged"].any()
    found["regime"] = analysis.classify(found["mle"], found["mle_se"], found["period"], diverged=diverged)
    return xarray.Dataset(found)


def with_radius(layout: Layout, spectral_radius: float | None = None, bulk_radius: float | None = None) -> Layout:
    """The same layout with another spectral radius, or bulk radius, of all recurrent weights."""
    radius: dict[str, Any] = {"spectral_radius": spectral_radius, "bulk_radius": bulk_radius}
    areas = {a.name: a for a in layout.areas}
    for name, area in areas.items():
        if area.recurrence is not None:
            areas[name] = replace(area, recurrence=replace(area.recurrence, **radius))
    nodes = (areas.get(node.name, node) for node in layout.nodes)
    return load("neuroap.layout").Layout(*nodes, *layout.pathways, name=layout.name)


def report(result: Dataset) -> str:
    """Write a table: means over seeds, standard errors over seeds (of one seed, that of its measurement).

    Points that failed count nowhere but in the last column. As in the figure, exponents that are not finite are left
    out of the mean: -inf, where perturbations vanish, and NaN, where states overflowed. Then the number that the mean
    and its error are of stands beside it. Steps are not told where one of the networks does not settle.

    Parameters
    ----------
    result : Dataset
        What the sweep gave, with the dimensions ``spectral_radius`` (or ``bulk_radius``) and ``seed``.
    """
    along = _along(result)
    rows = [_row(result.sel({along: radius}), f"{radius:.3g}") for radius in result[along].values.tolist()]
    return str(load("neuroap.layout.table").columns((along.replace("_", " "), *HEAD), rows))


def _along(result: Dataset) -> str:
    return "bulk_radius" if "bulk_radius" in result.dims else "spectral_radius"


def _check(args: argparse.Namespace) -> None:
    """Refuse numbers that would make every point fail."""
    for option, least in (("steps", 1), ("transient", 0), ("initial", 1), ("seeds", 1)):
        if getattr(args, option) < least:
            raise SettingError(f"--{option}", f"must be an integer from {least} on", getattr(args, option))


def _layout(args: argparse.Namespace) -> Layout:
    """Declare the layout, and choose and check the area."""
    file = LayoutFile(args.layout)
    sizes: dict[str, int] = {}
    if args.data is not None:
        images = load("neuroap.data").load(args.data)
        if args.initial > len(images.X_test):
            raise SettingError("--initial", f"the data set has {len(images.X_test)} test images", args.initial)
        sizes = {"input": images.X_train.shape[1], "output": len(images.classes)}
    layout = file.declare(**sizes, block=args.block)
    if args.data is not None and args.task not in layout.tasks and (args.task or len(layout.tasks) > 1):
        raise SettingError("--task", "must be one of the layout", args.task, f"known: {', '.join(layout.tasks)}")
    args.area = layout.areas[0].name if args.area is None else args.area
    if getattr(layout[args.area], "recurrence", None) is None:
        raise SettingError("--area", "must be an area with recurrent weights", args.area)
    return layout


def _swept(layout: Layout, over: dict[str, list[float]], args: argparse.Namespace) -> Dataset:
    names = ("area", "drive", "data", "task", "initial", "steps", "transient")
    settings: dict[str, Any] = {name: getattr(args, name) for name in names}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"\d+ of \d+ points failed", category=RuntimeWarning)
        result: Dataset = load("neuroap.sweeps").sweep(
            study,
            over,
            seeds=args.seeds,
            store=args.out,
            workers=args.workers,
            layout=layout,
            **settings,
        )
    _tell_failures(result)
    return result


def _tell_failures(result: Dataset) -> None:
    """Say what failed; if all did, there is nothing to show."""
    error = result["error"]
    failed = [text for text in error.values.ravel().tolist() if text]
    if len(failed) == error.size:
        raise NeuroapError("regimes", f"all {error.size} points failed", hint=failed[0])
    if failed:
        say(f"{len(failed)} of {error.size} points failed: {failed[0]}")


def _write(result: Dataset, folder: Path) -> None:
    with writing(folder / RESULT) as partial:
        result.to_netcdf(partial, engine="h5netcdf")
    figure = load("matplotlib.figure").Figure(figsize=(5.5, 3.8), layout="constrained")
    load("neuroap.plotting").plot_regimes(result, ax=figure.subplots(), along=_along(result))
    with writing(folder / FIGURE) as partial:
        figure.savefig(partial, dpi=200)


def _first_and_last_states(system: Map, x: ndarray, skip: int) -> tuple[ndarray, ndarray]:
    """States (initial, step, neuron) at the start, in which areas settle, and after `skip` steps, to find a period."""
    first = _states(system, x, WATCHED)
    x = first[:, -1]
    for _ in range(WATCHED, skip):
        x = system(x)
    return first, _states(system, x, REPEATING)


def _states(system: Map, x: ndarray, steps: int) -> ndarray:
    """The state x (B, N) and the `steps` after it: (B, steps + 1, N)."""
    states = [x]
    for _ in range(steps):
        states.append(system(states[-1]))
    return load("numpy").stack(states, axis=1)


def _uniform_drive(layout: Layout, area: str, seed: int) -> ndarray:
    """Numbers in [-1, 1] for neurons that receive inference, 0 for others: shape (N,)."""
    c = load("numpy").zeros(layout[area].size)
    sites = [layout.site(p.target) for p in layout.open(kind="inference") if p.target_node == area]
    for site in sites:
        c[site.start : site.stop] = 1
    return c * load("neuroap.seeds").generator(seed, "regimes", "drive").uniform(-1, 1, c.size)


def _row(one: Dataset, radius: str) -> tuple[str, ...]:
    """One radius."""
    names = one["regime"].values.tolist()
    measured = one.isel(seed=[k for k, name in enumerate(names) if name])
    regimes = Counter(name or FAILED for name in names)
    counts = [name if n == len(names) else f"{name}: {n}" for name, n in regimes.items()]
    return radius, _exponent(measured, len(names)), _settled(measured), ", ".join(counts)


def _exponent(measured: Dataset, networks: int) -> str:
    """Mean of what is finite, its standard error if there is one, and of how many networks."""
    numpy = load("numpy")
    mle = measured["mle"].values
    finite = mle[numpy.isfinite(mle)]
    n = len(finite)
    if not n:
        return "-inf" if len(mle) and (mle < 0).all() else NOTHING
    own = float(measured["mle_se"].values[numpy.isfinite(mle)][0])
    se = float(finite.std(ddof=1)) / math.sqrt(n) if n > 1 else own
    error = "" if math.isnan(se) else f" ± {se:.4f}"
    return f"{float(finite.mean()):+.4f}{error}" + ("" if n == networks else f" ({n} of {networks})")


def _settled(measured: Dataset) -> str:
    steps = measured["steps_to_settle"].values
    if not len(steps):
        return NOTHING
    mean = float(steps.mean())
    return f"> {WATCHED}" if math.isnan(mean) else f"{mean:.1f}"
