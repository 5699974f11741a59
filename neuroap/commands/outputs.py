"""What commands give out: JSON on stdout, messages on stderr, files that are never half written."""

from __future__ import annotations

import json
import math
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from neuroap.errors import NeuroapError, SettingError
from neuroap.files import replacing

FIGURES = (".svg", ".png", ".pdf")


def say(message: str) -> None:
    """Tell the user something that is no result."""
    print(message, file=sys.stderr, flush=True)


def print_json(result: Mapping[str, Any]) -> None:
    """Print one JSON object; numbers that JSON does not have become null."""
    print(json.dumps(_plain(result), indent=2, allow_nan=False, ensure_ascii=False))


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Give a temporary name, and move the file to `path` once it is whole.

    Raises
    ------
    NeuroapError
        If it cannot be written; what was at `path` before is still there.
    """
    try:
        with replacing(path) as partial:
            yield partial
    except OSError as error:
        raise NeuroapError(str(path), f"cannot be written: {error.strerror or error}") from error


def keep_previous(path: Path) -> Path:
    """Copy a file of an earlier run to a name beside it that is free; returns that name."""
    names = (path.with_name(f"{path.stem}.previous{k or ''}{path.suffix}") for k in count())
    kept = next(name for name in names if not name.exists())
    with writing(kept) as partial:
        shutil.copyfile(path, partial)
    return kept


def writable_folder(path: Path, option: str) -> Path:
    """Make sure that files can be written into a folder, creating it if need be.

    Raises
    ------
    SettingError
        If it is no folder, or nothing can be written there.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as error:
        reason = "it is a file" if path.is_file() else error.strerror or error
        rule = f"must be a folder that can be written ({reason})"
        raise SettingError(option, rule, str(path), "choose another folder; nothing was computed yet") from error


def check_figure(path: Path) -> None:
    """Refuse a figure whose suffix names no format that is written here.

    Raises
    ------
    SettingError
    """
    if path.suffix.lower() not in FIGURES:
        raise SettingError("--out", f"the name of a figure must end in {', '.join(FIGURES)}", str(path))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
