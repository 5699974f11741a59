"""Results of an earlier run in the same folder, which a new one must not cost."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from neuroap.commands.outputs import keep_previous, say


def keep_earlier(paths: Iterable[Path]) -> None:
    """Copy files that are about to be written anew to names that are free, and say so.

    Raises
    ------
    NeuroapError
        A copy cannot be written.
    """
    kept = [str(keep_previous(path)) for path in paths if path.is_file()]
    if kept:
        say(f"results of an earlier run are kept: {', '.join(kept)}")
