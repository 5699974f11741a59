"""What makes many small Brian2 networks quick: each run collects garbage and logs every code object."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _quick_brian() -> Iterator[None]:
    """Leave the modules loaded so far out of garbage collection, and debug messages unwritten."""
    gc.collect()
    gc.freeze()
    logging.disable(logging.DEBUG)
    yield
    logging.disable(logging.NOTSET)
    gc.unfreeze()
