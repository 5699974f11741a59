"""Workers of a Dask cluster."""

from __future__ import annotations

import warnings
from asyncio import CancelledError as AsyncCancelledError
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

from neuroap.errors import NeuroapError, SettingError
from neuroap.sweeps.grid import Point
from neuroap.sweeps.job import Job, Outcome, died, unpacked


def on_cluster(
    job: Job,
    points: list[Point],
    keep: Callable[[Point, Outcome], None],
    at_once: Callable[[int], None],
    scheduler: Any,
) -> None:
    """Compute points on a cluster.

    Dask runs a point again whose worker died; if workers die again and again, the point has failed.

    Parameters
    ----------
    job : Job
    points : list of Point
    keep : callable
        Gets each outcome as it comes; what is finished when Ctrl-C arrives is kept too.
    at_once : callable
        Told how many workers there are at the beginning: each computes one point at a time.
    scheduler : str or distributed.Client
        The scheduler's address, or a client that is connected.

    Raises
    ------
    SettingError
        If Dask is not installed, nothing answers at the address, the cluster goes away, or its workers lack a package.

    Warns
    -----
    RuntimeWarning
        If there are no workers yet.
    """
    distributed = _distributed()
    packed = job.packed()
    with _connected(distributed, scheduler) as client:
        ready = len(client.nthreads())
        at_once(ready)
        if not ready:
            message = "the cluster has no workers yet, and the points wait for one: `dask worker ADDRESS` starts it"
            warnings.warn(message, RuntimeWarning, stacklevel=4)
        # The job travels once to each worker, and can be made again if that worker dies.
        shared = client.submit(bytes, packed, pure=False)
        futures = {client.submit(_compute, shared, point, pure=False): point for point in points}
        try:
            for future in distributed.as_completed(list(futures), loop=client.loop):
                keep(futures.pop(future), _outcome(distributed, future))
        finally:
            for future in [f for f in futures if f.status == "finished"]:
                keep(futures.pop(future), _outcome(distributed, future))
            with suppress(OSError):  # nobody is there who could cancel them
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
    except NeuroapError:
        raise
    except (OSError, CancelledError, AsyncCancelledError) as error:
        hint = "what was finished is kept: start the cluster again, and run this again"
        raise SettingError("sweep.scheduler", "the connection to the cluster is lost", hint=hint) from error
    except Exception as error:  # Dask passes on what a worker raises before it has come to our code
        hint = "install the same packages where the workers run"
        rule = f"a worker cannot compute ({type(error).__name__}: {error})"
        raise SettingError("sweep.scheduler", rule, hint=hint) from error
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
