"""Peak memory of training, measured in a process of its own: that of the caller remembers all that ran before."""

from __future__ import annotations

import json
import os
import pickle
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

import neuroap
from neuroap.brian.compiled import CompiledNetwork
from neuroap.errors import DeviceError
from neuroap.layout import Layout
from neuroap.seeds import generator
from neuroap.training import CorticalClassifier


def peak_of_training(layout: Layout, device: str, rows: int, trials: int) -> dict[str, Any]:
    """Peak memory of one epoch of `CorticalClassifier.fit` on random stimuli in float32.

    Parameters
    ----------
    layout : Layout
        With one task.
    device : str
    rows : int
        Trials of the data set.
    trials : int
        Trials per batch.

    Returns
    -------
    dict
        "device", "rows", and in MiB "process", "program" (0 without one, None where it cannot be told)
        and "total".

    Raises
    ------
    DeviceError
        If the training fails.
    """
    root = str(Path(neuroap.__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in (root, os.environ.get("PYTHONPATH", "")) if p)}
    job = pickle.dumps((layout, device, rows, trials))
    command = [sys.executable, "-m", "neuroap.memory"]
    done = subprocess.run(command, input=job, capture_output=True, env=environment, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise DeviceError(device, "memory could not be measured", hint=said[-1] if said else "")
    process, program = json.loads(done.stdout)
    total = None if None in (process, program) else process + program
    return {"device": device, "rows": rows, "process": process, "program": program, "total": total}


def _train(layout: Layout, device: str, rows: int, trials: int) -> tuple[float | None, float | None]:
    """Train, and return the peaks of this process and of the program."""
    (task,) = layout.tasks
    columns = sum(i.columns for i in layout.task_inputs(task))
    rng = generator(0, "benchmark", "memory")
    x = rng.random((rows, columns), dtype="float32")
    y = np.arange(rows) % layout.task_output(task).size
    model = CorticalClassifier(layout, epochs=1, batch_size=trials, device=device, progress=False).fit(x, y)
    network = model.learner_.network()
    program = peak_mib(network.program.process.pid) if isinstance(network, CompiledNetwork) else 0.0
    return peak_mib(), program


def peak_mib(pid: int | None = None) -> float | None:
    """Peak resident memory of a process, or of this one; None where the system does not tell."""
    try:
        status = Path(f"/proc/{pid or 'self'}/status").read_text()
    except OSError:
        status = ""
    if found := re.search(r"VmHWM:\s*(\d+) kB", status):
        return int(found[1]) / 2**10
    if pid is not None:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    json.dump(_train(*pickle.load(sys.stdin.buffer)), sys.stdout)
