"""What makes many small Brian2 networks quick: no compiler, no debug messages, less garbage to look through."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator

import pytest
from brian2 import prefs


@pytest.fixture(scope="session", autouse=True)
def _quick_brian() -> Iterator[None]:
    """Brian2's own objects use numpy too; modules loaded so far are left out of garbage collection."""
    target = prefs.codegen.target
    prefs.codegen.target = "numpy"
    gc.collect()
    gc.freeze()
    logging.disable(logging.DEBUG)
    yield
    logging.disable(logging.NOTSET)
    gc.unfreeze()
    prefs.codegen.target = target
