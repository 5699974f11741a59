"""One point is computed: what goes in, what comes out, and the surroundings that are the same everywhere."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import cloudpickle
from threadpoolctl import threadpool_limits

from neuroap.errors import SettingError
from neuroap.sweeps.grid import Point
from neuroap.sweeps.results import as_dataset, to_bytes

# Sums of several threads differ in their last bits from those of one, and workers take all cores anyway.
ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
# A worker of a cluster may have several threads; simulators are made for one at a time.
_alone = threading.Lock()


@dataclass(frozen=True)
class Outcome:
    """What became of a point.

    Attributes
    ----------
    content : bytes
        The result as a netCDF file; empty if the point failed.
    error, traceback : str
        Type and message of the error, and where it happened; "" if all went well.
    seconds : float
        How long the function took; 0 if nobody knows.
    """

    content: bytes = b""
    error: str = ""
    traceback: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Job:
    """The function of a sweep and what is the same at all points.

    Attributes
    ----------
    function : callable
    fixed : dict of str to object
        Its other arguments.
    taken : tuple of str
        Names that the grid needs for itself.
    """

    function: Callable[..., Any]
    fixed: dict[str, Any]
    taken: tuple[str, ...]

    def compute(self, point: Point) -> Outcome:
        """Compute a point with one BLAS thread; an error becomes a part of the outcome."""
        started = time.monotonic()
        try:
            with _alone, _one_thread():
                started = time.monotonic()  # not while another thread was at work
                result = self.function(**point.arguments, **self.fixed)
            seconds = time.monotonic() - started
            return Outcome(to_bytes(as_dataset(result, self.taken)), seconds=seconds)
        except (Exception, SystemExit) as error:  # a function that calls sys.exit() must not end the sweep
            inner = error.__traceback__.tb_next if error.__traceback__ else None
            text = "".join(traceback.format_exception(type(error), error, inner))
            seconds = time.monotonic() - started
            return Outcome(error=f"{type(error).__name__}: {error}", traceback=text, seconds=seconds)

    def packed(self) -> bytes:
        """The job as bytes; functions that Python cannot import (lambdas, those of a script) go in whole.

        Raises
        ------
        SettingError
            If it cannot be packed.
        """
        try:
            content: bytes = cloudpickle.dumps(self)
        except Exception as error:  # pickling runs the code of any class
            hint = "make what it needs inside the function, or give workers=1 to stay in this process"
            rule = f"the function and its settings must be something that can be sent to other processes ({error})"
            raise SettingError("sweep", rule, hint=hint) from error
        return content


def unpacked(content: bytes) -> Job:
    """Turn the bytes of `Job.packed` into a job again.

    Raises
    ------
    SettingError
        If this process lacks something that the job needs.
    """
    try:
        job: Job = cloudpickle.loads(content)
    except Exception as error:
        hint = "install the same packages where the workers run, the module of the function among them"
        rule = f"a worker cannot load the function ({type(error).__name__}: {error})"
        raise SettingError("sweep", rule, hint=hint) from error
    return job


def died(how: str) -> Outcome:
    """The outcome of a point whose process ended again and again."""
    return Outcome(error=f"the process died ({how})", traceback="")


@contextmanager
def _one_thread() -> Iterator[None]:
    """One thread for the libraries that are loaded, for those that will be, and for programs that are started."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
