"""Where compiled networks are kept."""

from __future__ import annotations

import os
from pathlib import Path

SEAL = "seal"  # the file that is written last: checksums of the others


def build_root() -> Path:
    """The folder of all programs: NEUROAP_BUILDS if it is set, else in the user's cache."""
    chosen = os.environ.get("NEUROAP_BUILDS", "")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from pooch import os_cache

    return Path(os_cache("neuroap")) / "builds"


def programs_in(root: Path) -> list[Path]:
    """The folders of all programs that are kept, the one that was used last at the end."""
    folders = [p for p in root.iterdir() if not p.name.startswith(".") and (p / SEAL).exists()]
    return sorted(folders, key=age)


def age(path: Path) -> float:
    """When a file was last changed, or a program last used."""
    try:
        return path.stat().st_mtime
    except OSError:  # another process has just removed it
        return 0.0
