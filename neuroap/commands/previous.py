"""Results of an earlier run in the same folder, which a new one must not cost."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from neuroap.commands.outputs import say, writing


def keep_previous(folder: Path, names: Iterable[str]) -> None:
    """Copy files that will be written anew to ``NAME.previous.EXT``, and say so.

    Raises
    ------
    NeuroapError
        A copy cannot be written.
    """
    kept = []
    for path in (folder / name for name in names):
        if path.is_file():
            kept.append(f"{path.stem}.previous{path.suffix}")
            with writing(folder / kept[-1]) as partial:
                shutil.copyfile(path, partial)
    if kept:
        say(f"results of an earlier run are kept in {folder}: {', '.join(kept)}")
