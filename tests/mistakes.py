"""Tables of mistakes: functions that make one, the exact first line of what neuroap says, and where it points."""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from neuroap.errors import NeuroapError

# Each mistake stands in one line with this mark; "{line}" in a message is its file and line.
MARK = "# <- mistake"


@dataclass(frozen=True)
class Mistake:
    """A function that makes a mistake, and what is said about it."""

    function: Callable[[], object]
    first_line: str
    hint: str
    exception: type[NeuroapError]


class Table(list[Mistake]):
    """Mistakes that share a file, and the kind of error that most of them give."""

    def __init__(self, exception: type[NeuroapError]) -> None:
        super().__init__()
        self.exception = exception

    def __call__(
        self, first_line: str, hint: str = "", exception: type[NeuroapError] | None = None
    ) -> Callable[[Callable[[], object]], Callable[[], object]]:
        """Register a function with the first line of the message and a part of its hint."""

        def register(function: Callable[[], object]) -> Callable[[], object]:
            self.append(Mistake(function, first_line, hint, exception or self.exception))
            return function

        return register

    @property
    def names(self) -> list[str]:
        """Names of the mistakes."""
        return [m.function.__name__ for m in self]


def check(mistake: Mistake) -> None:
    """Make the mistake: the exact first line is said, and the traceback leads to the user's own line."""
    file = Path(inspect.getsourcefile(mistake.function) or "")
    line = marked_line(mistake.function)
    place = f"{file.name}:{line}"
    said = re.escape(mistake.first_line.replace("{line}", place))
    with pytest.raises(mistake.exception, match=rf"\A{said}(\n|\Z)") as raised:
        mistake.function()
    assert type(raised.value) is mistake.exception
    advice = str(raised.value).splitlines()[1:]
    assert mistake.hint.replace("{line}", place) in "\n".join(advice)
    here = [frame for frame in traceback.extract_tb(raised.tb) if Path(frame.filename) == file]
    assert here[-1].lineno == line


def marked_line(function: Callable[[], object]) -> int:
    """Number of the line that makes the mistake."""
    lines, start = inspect.getsourcelines(function)
    (found,) = (k for k, line in enumerate(lines, start) if MARK in line)
    return found
