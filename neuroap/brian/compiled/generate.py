"""Generates the sources of a compiled network, in a process of its own: a Brian2 device belongs to a whole process."""

from __future__ import annotations

import json
import pickle
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import get_device, prefs, second, set_device
from brian2.utils.logger import BrianLogger

from neuroap.brian.assembly import Assembly
from neuroap.brian.compiled.host import hosts, shared_arrays
from neuroap.brian.compiled.recipe import Recipe
from neuroap.brian.compiled.unity import write_unity
from neuroap.brian.nodes import AreaGroup, Batch
from neuroap.timeline import timeline

FOREVER = 1e9 * second  # the program ends when it is told to
MANIFEST = "manifest.json"
NATIVE = Path(__file__).parents[1] / "native"


def generate(recipe: Recipe, folder: Path, preferences: dict[str, Any]) -> None:
    """Write sources, makefile and manifest of `recipe` into `folder`.

    Parameters
    ----------
    recipe : Recipe
    folder : Path
    preferences : dict
        Brian2 preferences of the compiler, by dotted name.
    """
    BrianLogger.log_level_error()
    if recipe.device == "cuda_standalone":
        import brian2cuda  # noqa: F401  registers its device and preferences
    for name, value in preferences.items():
        prefs[name] = value
    if recipe.precision == "tf32":
        prefs.codegen.cpp.define_macros = [*prefs.codegen.cpp.define_macros, ("NEUROAP_TF32", "1")]
    set_device(recipe.device, build_on_run=False, directory=str(folder))
    dtype = np.dtype(recipe.dtype)
    prefs.core.default_float_dtype = dtype.type
    line = timeline(recipe.layout, recipe.rule, recipe.tasks, recipe.dt_ms)
    batch = Batch(recipe.trials, recipe.copies)
    parts = Assembly(recipe.layout, recipe.rule, recipe.tasks, line, batch, recipe.dt_ms, dtype)
    arrays = shared_arrays(parts)
    parts.net.add(*hosts(parts, arrays))
    parts.net.run(FOREVER, namespace={})
    get_device().build(directory=str(folder), compile=False, run=False, with_output=False)
    shutil.copytree(NATIVE, folder / "native", dirs_exist_ok=True)
    write_unity(folder)
    manifest = {
        "arrays": [a.described() for a in arrays],
        "weights": {n: vars(w) for n, w in parts.weight_table().items()},
        "noisy": any(g.code.noisy for g in parts.groups.values() if isinstance(g, AreaGroup)),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest))


if __name__ == "__main__":
    generate(*pickle.load(sys.stdin.buffer))
