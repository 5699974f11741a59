"""Brian2 is set up as for the tests of `brian/`; programs are kept in a folder of the test run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from brian.conftest import _quick_brian  # noqa: F401


@pytest.fixture(scope="session", autouse=True)
def _own_builds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Programs of the tests are built by the tests, and thrown away."""
    if "NEUROAP_BUILDS" in os.environ:
        yield
        return
    os.environ["NEUROAP_BUILDS"] = str(tmp_path_factory.mktemp("builds"))
    yield
    del os.environ["NEUROAP_BUILDS"]
