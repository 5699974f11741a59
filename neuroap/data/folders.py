"""Where data sets lie: NEUROAP_DATA, ./data, or the user's cache folder; each set in a folder of its name."""

from __future__ import annotations

import os
from pathlib import Path


def download_root() -> Path:
    """Return the folder that downloads go to: NEUROAP_DATA if it is set, else the user's cache."""
    chosen = os.environ.get("NEUROAP_DATA", "")
    return Path(chosen).expanduser() if chosen else _cache()


def search_roots() -> list[Path]:
    """List the folders that are searched for a data set's folder, the first hit wins."""
    chosen = os.environ.get("NEUROAP_DATA", "")
    first = [Path(chosen).expanduser()] if chosen else []
    return [*first, Path("data"), _cache()]


def _cache() -> Path:
    from pooch import os_cache

    return Path(os_cache("neuroap"))
