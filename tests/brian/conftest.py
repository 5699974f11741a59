"""What makes many small Brian2 networks quick: no compiler, no debug messages, no look at every object's origin."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from brian2 import prefs
from brian2.core import base


@pytest.fixture(scope="session", autouse=True)
def _quick_brian() -> Iterator[None]:
    """Brian2's own objects use numpy too; none reads the source lines of pytest's deep stack."""
    target, traceback = prefs.codegen.target, base.traceback
    prefs.codegen.target = "numpy"
    base.traceback = SimpleNamespace(extract_stack=list)
    gc.collect()
    gc.freeze()
    logging.disable(logging.DEBUG)
    yield
    logging.disable(logging.NOTSET)
    gc.unfreeze()
    prefs.codegen.target, base.traceback = target, traceback
