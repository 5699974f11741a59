"""Workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from neuroap.errors import SettingError
from neuroap.sweeps.grid import Point
from neuroap.sweeps.job import Job, Outcome, died, unpacked


def on_cluster(job: Job, points: list[Point], keep: Callable[[Point, Outcome], None], scheduler: Any) -> None:
    """Compute points on a cluster.

    Dask runs a point again whose worker died; if workers die again and again, the point has failed.

    Parameters
    ----------
    job : Job
    points : list of Point
    keep : callable
        Gets each outcome as it comes; what is finished when Ctrl-C arrives is kept too.
    scheduler : str or distributed.Client
        The scheduler's address, or a client that is connected.

    Raises
    ------
    SettingError
        If Dask is not installed, or nothing answers at the address.
    """
    distributed = _distributed()
    packed = job.packed()
    with _connected(distributed, scheduler) as client:
        # The job travels once to each worker, and can be made again if that worker dies.
        shared = client.submit(bytes, packed, pure=False)
        futures = {client.submit(_compute, shared, point, pure=False): point for point in points}
        try:
            for future in distributed.as_completed(list(futures), loop=client.loop):
                keep(futures.pop(future), _outcome(distributed, future))
        finally:
            for future in [f for f in futures if f.status == "finished"]:
                keep(futures.pop(future), _outcome(distributed, future))
            client.cancel([shared, *futures])


def _compute(packed: bytes, point: Point) -> Outcome:
    return _job(packed).compute(point)


@lru_cache(maxsize=1)
def _job(packed: bytes) -> Job:
    """The job of this worker: its data may be large, so it is unpacked once."""
    return unpacked(packed)


def _outcome(distributed: Any, future: Any) -> Outcome:
    try:
        outcome: Outcome = future.result()
    except distributed.KilledWorker as error:
        return died(f"{error.allowed_failures + 1} workers ended while they computed it")
    return outcome


@contextmanager
def _connected(distributed: Any, scheduler: Any) -> Iterator[Any]:
    """A client: the user's own, which stays open, or one for an address."""
    if isinstance(scheduler, distributed.Client):
        yield scheduler
        return
    try:
        client = distributed.Client(scheduler, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        hint = "start one with `dask scheduler` and `dask worker ADDRESS`; it prints its address"
        raise SettingError("sweep.scheduler", "no Dask scheduler answers at this address", scheduler, hint) from error
    with client:
        yield client


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as error:
        hint = "pip install 'neuroap[cluster]'"
        raise SettingError("sweep.scheduler", "the package distributed is not installed", hint=hint) from error
    return distributed
