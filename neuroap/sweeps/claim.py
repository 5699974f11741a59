"""Files of several writers: the first one gets the name, and what a killed one left is removed."""

from __future__ import annotations

import os
import re
import threading
import time
from contextlib import suppress
from pathlib import Path

from neuroap.files import replacing

# Names that `replacing` gives to files of a store while they are being written: to points, and to what says what it is.
PARTIAL = re.compile(r"\.(\d{1,9})\.(.+-[0-9a-f]{12}\.(nc|error\.json)|(\.?\d+\.(\d+\.)?)?sweep\.json)")
# Seconds: a younger one may belong to a process of another machine, an older one to nobody.
YOUNG, OLD = 600.0, 24 * 3600.0


def write_first(path: Path, text: str) -> None:
    """Write a file unless there is one, even if another process does the same at this moment."""
    own = path.with_name(f".{os.getpid()}.{threading.get_native_id()}.{path.name}")
    try:
        with replacing(own) as partial:
            partial.write_text(text, encoding="utf-8")
        with suppress(FileExistsError):
            _link(own, path, text)
    finally:
        own.unlink(missing_ok=True)


def _link(own: Path, path: Path, text: str) -> None:
    """Give the file its second name, which fails where that is taken."""
    try:
        os.link(own, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        with path.open("x", encoding="utf-8") as file:
            file.write(text)


def tidy(folder: Path) -> None:
    """Remove what killed processes have left half written in a folder."""
    for path in folder.iterdir():
        if found := PARTIAL.fullmatch(path.name):
            with suppress(OSError):  # just finished, or of another user
                age = time.time() - path.stat().st_mtime
                if age > OLD or (age > YOUNG and not _alive(int(found[1]))):
                    path.unlink()


def _alive(process: int) -> bool:
    if os.name != "posix":  # elsewhere the question would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
