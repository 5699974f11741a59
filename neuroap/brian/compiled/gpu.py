"""What the driver of NVIDIA says of the first GPU."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache

PATIENCE = 10.0  # seconds for the driver to answer


@cache
def gpu(what: str) -> str:
    """The first GPU's ``name``, ``compute_cap`` or other field of nvidia-smi; "" where no GPU answers.

    Examples
    --------
    >>> capability = gpu("compute_cap")
    """
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    query = [program, f"--query-gpu={what}", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=PATIENCE, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip().partition("\n")[0].strip()
