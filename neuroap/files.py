"""Files that are never half written: a temporary name first, then a move."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; move the file to `path` if all went well, else remove it.

    Examples
    --------
    >>> with replacing("figure.png") as partial:  # doctest: +SKIP
    ...     figure.savefig(partial)
    """
    target = Path(path)
    partial = target.with_name(f".{os.getpid()}.{target.name}")
    try:
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
