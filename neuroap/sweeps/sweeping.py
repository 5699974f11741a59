"""`sweep`: run a function over a grid of settings and seeds."""

from __future__ import annotations

import inspect
import json
import numbers
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neuroap.errors import SettingError, did_you_mean
from neuroap.sweeps.assembly import ERROR, POINT_SEED, assembled
from neuroap.sweeps.cluster import on_cluster
from neuroap.sweeps.grid import Grid, Point, Value, grid
from neuroap.sweeps.identity import described
from neuroap.sweeps.interrupts import noticed
from neuroap.sweeps.job import Job, Outcome
from neuroap.sweeps.processes import in_processes
from neuroap.sweeps.progress import Progress
from neuroap.sweeps.store import POINTS, Manifest, Store, software

WHERE = "sweep.function"


def sweep(
    function: Callable[..., Any],
    /,
    over: Mapping[str, Sequence[Value]],
    *,
    store: str | Path,
    seeds: int | Sequence[int] | None = 1,
    workers: int | None = None,
    scheduler: Any = None,
    progress: bool | str = "auto",
    retry: bool = True,
    **fixed: Any,
) -> xr.Dataset:
    """Call ``function(**point, seed=..., **fixed)`` at every point of a grid, and put the results together.

    Each finished point is stored at once; when the same sweep is run again, with the same values or with more, only
    what is missing is computed. The result is the same, bit for bit, for any number of workers: every point has a seed
    of its own, made from its place in `seeds` and from its values, and computes with one BLAS thread. For that,
    the function must draw all that is random from its seed, and must not change its arguments. A function whose
    code was changed, or what it reads from its module, is still taken for the same: give it a new folder. Lambdas, and
    functions made in others, are told apart by their code and by what they have from around them.

    Parameters
    ----------
    function : callable
        It returns a number, text or array, a dict of them, a DataArray or a Dataset.
    over : mapping of str to sequence
        The values of some of its arguments: numbers, texts or truth values. The function gets them as they are
        written; 1 and 1.0 are the same point.
    store : str or Path
        The folder of this sweep.
    seeds : int, sequence of int, or None
        How many seeds, or which: repetitions of the grid. None: the function takes no argument ``seed``.
    workers : int, optional
        Processes on this machine, at most one per core, which is the default. 1: no other process than this one.
    scheduler : str or distributed.Client, optional
        A Dask cluster to compute on, by the address of its scheduler (``"tcp://host:8786"``). Only this process
        needs to see `store`.
    progress : bool or "auto"
        Whether to show progress and the time left, on stderr.
    retry : bool
        Whether points that failed in an earlier run are tried again.
    **fixed
        The other arguments of the function, the same at all points.

    Returns
    -------
    Dataset
        Variables with the dimensions of the grid, ``seed``, then their own; NaN where a point failed, and the text
        of its error in ``error`` (elsewhere ""); the whole traceback is in ``points/*.error.json`` of the folder. The
        coordinate ``point_seed`` is the seed that the function got. Attributes are those that all points share, and the
        function, its settings and the software.

    Raises
    ------
    SettingError
        If the function does not take these arguments, or cannot be sent to the workers.
    CheckpointError
        If the folder belongs to another function or other settings, or cannot be written.

    Warns
    -----
    RuntimeWarning
        If points failed.

    Examples
    --------
    >>> def largest(spectral_radius, seed):
    ...     weights = np.random.default_rng(seed).normal(0, spectral_radius / 10, (100, 100))
    ...     return abs(np.linalg.eigvals(weights)).max()
    >>> sweep(largest, over={"spectral_radius": [0.5, 1, 2]}, seeds=5, store="results/largest")  # doctest: +SKIP
    """
    points = grid(over, seeds)
    _check_arguments(function, points, fixed)
    _check_workers(workers, scheduler)
    settings = {name: described(value, f"sweep.{name}") for name, value in sorted(fixed.items())}
    manifest = Manifest(described(function, WHERE), sorted(points.values), settings)
    folder = Store(store, manifest)
    missing = folder.missing(points.points(), retry)
    if missing:
        job = Job(function, fixed, (*points.coords, ERROR, POINT_SEED))
        with Progress(len(missing), len(points.points()) - len(missing), progress) as shown:

            def keep(point: Point, outcome: Outcome) -> None:
                folder.put(point, outcome)
                shown.point(bool(outcome.error), outcome.seconds)

            _compute(job, missing, keep, shown.at_once, workers, scheduler)
    return _collected(points, folder, manifest)


def _compute(
    job: Job,
    points: list[Point],
    keep: Callable[[Point, Outcome], None],
    at_once: Callable[[int], None],
    workers: int | None,
    scheduler: Any,
) -> None:
    """Compute points here, in processes, or on a cluster."""
    if scheduler is not None:
        on_cluster(job, points, keep, at_once, scheduler)
    elif workers != 1:
        in_processes(job, points, keep, at_once, workers)
    else:
        for point in points:
            with noticed():
                outcome = job.compute(point)
            keep(point, outcome)


def _collected(points: Grid, folder: Store, manifest: Manifest) -> xr.Dataset:
    """Read the whole grid back, also what was computed just now."""
    places = dict(zip(np.ndindex(points.shape), points.points(), strict=True))
    found = {place: folder.result(point) for place, point in places.items()}
    results = {place: result for place, result in found.items() if result is not None}
    errors = {place: folder.error(places[place]) for place in places if place not in results}
    if errors:
        place, text = next(iter(errors.items()))
        message = f"{len(errors)} of {len(places)} points failed, the first at {places[place]}: {text}"
        warnings.warn(f"{message} (tracebacks: {folder.folder / POINTS}/*.error.json)", RuntimeWarning, stacklevel=3)
    settings = json.dumps(manifest.settings, ensure_ascii=False)
    attrs = {"function": manifest.function, "settings": settings, "software": software()}
    return assembled(points, results, errors).assign_attrs(attrs)


def _check_arguments(function: Callable[..., Any], points: Grid, fixed: Mapping[str, Any]) -> None:
    """Refuse arguments that the function does not take, or lacks, before anything is computed."""
    if not callable(function):
        raise SettingError(WHERE, "must be a function", function)
    taken = {"seed", ERROR, POINT_SEED} & {*points.values} or {"seed", *points.values} & {*fixed}
    if taken:
        hint = "seeds go into `seeds`; each other argument either into `over` or beside it"
        raise SettingError("sweep", "this name has another meaning here, or is given twice", min(taken), hint)
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # some functions written in C do not say
        return
    by_name = {n: p for n, p in parameters.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    given = {*points.coords, *fixed}
    if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        _refuse_unknown(given, by_name)
    lacking = [n for n, p in by_name.items() if p.default is p.empty and n not in given]
    if lacking:
        raise SettingError(WHERE, "it needs this argument too", lacking[0], "give it in `over` or beside it")


def _refuse_unknown(given: set[str], known: Mapping[str, object]) -> None:
    unknown = sorted(given - known.keys())
    if unknown == ["seed"]:
        hint = "add an argument `seed`, or say seeds=None if nothing in it is random"
        raise SettingError(WHERE, "it takes no argument 'seed'", hint=hint)
    if unknown:
        first = next(name for name in unknown if name != "seed")
        raise SettingError(WHERE, "it takes no such argument", first, did_you_mean(first, known))


def _check_workers(workers: object, scheduler: object) -> None:
    number = isinstance(workers, numbers.Integral) and not isinstance(workers, bool)
    if workers is not None and (not number or int(workers) < 1):  # type: ignore[call-overload]
        raise SettingError("sweep.workers", "must be a positive number of processes, or None", workers)
    if workers is not None and scheduler is not None:
        hint = "a cluster has workers of its own: leave `workers` out"
        raise SettingError("sweep.workers", "is for this machine alone", workers, hint)
