"""What the tests of the commands share: run one in this process, and read what it printed."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from neuroap.cli import main

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Done:
    """A command that has run."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on stdout; numbers that JSON does not have are refused."""

        def refuse(constant: str) -> None:
            raise AssertionError(f"{constant} is no JSON")

        return json.loads(self.out, parse_constant=refuse)


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Done]:
    """Run a command in an empty folder; capture what it writes, also below Python."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Done:
        capfd.readouterr()
        code = main([str(a) for a in arguments])
        return Done(code, *capfd.readouterr())

    return run


@pytest.fixture(autouse=True)
def _no_debug_messages() -> Iterator[None]:
    """Brian2 writes thousands, and pytest would keep them all."""
    logging.disable(logging.DEBUG)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def models() -> Path:
    """The folder of published layouts."""
    return ROOT / "models"
