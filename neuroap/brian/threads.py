"""Threads of the linear algebra library: small products are quicker with one."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

# Multiplications of one product. Two threads gain nothing below, and on a busy machine, where one waits for
# the other, they lose: a network of 256 neurons then took eight times as long.
SMALL = 2e7
SPIN = "18"  # 2**18 clock ticks, some 0.1 ms


def threads_for(largest_product: float) -> AbstractContextManager[Any]:
    """Keep to one BLAS thread while all products are small; else leave the library its threads.

    Parameters
    ----------
    largest_product : float
        Multiplications of the largest matrix product, rows x columns x inner size.
    """
    return _controller().limit(limits=1, user_api="blas") if largest_product < SMALL else nullcontext()


def threads_of_products(largest_product: float) -> dict[str, str]:
    """Environment of a program that keeps to one BLAS thread while all products are small.

    Its threads soon sleep when there is no product: by default they spin for a tenth of a second, and where two cores
    are the halves of one, a thread that spins slows the elementwise code between two products down.

    The user's OPENBLAS_NUM_THREADS wins; OMP_NUM_THREADS, which is often set for other programs, where products are
    large.
    """
    spin = {} if "OPENBLAS_THREAD_TIMEOUT" in os.environ else {"OPENBLAS_THREAD_TIMEOUT": SPIN}
    if "OPENBLAS_NUM_THREADS" in os.environ or ("OMP_NUM_THREADS" in os.environ and largest_product >= SMALL):
        return spin
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return spin | {"OPENBLAS_NUM_THREADS": "1" if largest_product < SMALL else str(cores)}


@cache
def _controller() -> ThreadpoolController:
    # Looking for the libraries takes milliseconds: once is enough.
    return ThreadpoolController()
