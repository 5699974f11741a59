"""Checkpoints: one self-describing netCDF file with everything that a run needs to go on."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neuroap.errors import CheckpointError
from neuroap.files import replacing
from neuroap.training.learner import Array, OptimizerState

FORMAT = "neuroap checkpoint"
FORMAT_VERSION = 1
SOFTWARE = ("neuroap", "brian2", "numpy", "xarray")


@dataclass
class Checkpoint:
    """What a checkpoint holds.

    Attributes
    ----------
    layout : str
        The layout as TOML.
    settings : dict
        Settings of the estimator and where the run is, as JSON can hold them.
    weights : dict of str to ndarray, shape (source, target)
    states : dict of str to OptimizerState
        By the tasks that run together.
    history : Dataset
    """

    layout: str
    settings: dict[str, Any]
    weights: dict[str, Array]
    states: dict[str, OptimizerState]
    history: xr.Dataset


def write(checkpoint: Checkpoint, path: str | Path) -> None:
    """Write a checkpoint to a temporary name and move it to `path`.

    Raises
    ------
    CheckpointError
        If the file cannot be written; one that was there before is still there.
    """
    groups = {"/history": checkpoint.history, "/weights": _weights_dataset(checkpoint.weights)}
    for key, state in checkpoint.states.items():
        flat = {f"{n}/{v}": a for n, arrays in state.arrays.items() for v, a in arrays.items()}
        groups[f"/optimizer/{_name(key)}"] = _weights_dataset(flat).assign_attrs(tasks=key, updates=state.updates)
    root = xr.Dataset(
        attrs={
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "layout": checkpoint.layout,
            "settings": json.dumps(checkpoint.settings, sort_keys=True),
            "software": ", ".join(f"{name} {version(name)}" for name in SOFTWARE),
            "python": platform.python_version(),
            "sha256": _digest(groups, checkpoint.layout, checkpoint.settings),
        }
    )
    try:
        with replacing(path) as partial:
            xr.DataTree.from_dict({"/": root, **groups}).to_netcdf(partial, engine="h5netcdf")
    except OSError as error:
        hint = "choose a folder that exists, is writable and has room"
        raise CheckpointError(str(path), f"cannot be written: {error.strerror or error}", hint=hint) from None


def read(path: str | Path) -> Checkpoint:
    """Read a checkpoint and check that it is whole.

    Raises
    ------
    CheckpointError
        A file that is missing, damaged, of another kind, or of a newer format.
    """
    where = str(path)
    if not Path(path).is_file():
        raise CheckpointError(where, "there is no such checkpoint")
    try:
        with xr.open_datatree(path, engine="h5netcdf") as opened:
            tree = opened.load()
    except Exception as error:  # the libraries below raise many kinds for a damaged file
        raise CheckpointError(where, "is damaged, or no netCDF file") from error
    attrs = tree.attrs
    if attrs.get("format") != FORMAT:
        raise CheckpointError(where, "is no neuroap checkpoint")
    if int(attrs["format_version"]) > FORMAT_VERSION:
        rule = f"needs a newer neuroap (format {FORMAT_VERSION} is known)"
        raise CheckpointError(where, rule, int(attrs["format_version"]))
    groups = {node.path: node.to_dataset(inherit=False) for node in tree.subtree if node.path != "/"}
    settings = json.loads(attrs["settings"])
    if _digest(groups, attrs["layout"], settings) != attrs["sha256"]:
        raise CheckpointError(where, "is damaged: its content does not have the checksum that was written")
    states = {}
    for name, dataset in groups.items():
        if name.startswith("/optimizer/"):
            arrays: dict[str, dict[str, Array]] = {}
            for full, array in _arrays(dataset).items():
                weight, _, variable = full.rpartition("/")
                arrays.setdefault(weight, {})[variable] = array
            states[str(dataset.attrs["tasks"])] = OptimizerState(int(dataset.attrs["updates"]), arrays)
    return Checkpoint(attrs["layout"], settings, _arrays(groups["/weights"]), states, groups["/history"])


def _weights_dataset(arrays: Mapping[str, Array]) -> xr.Dataset:
    """One variable per array; netCDF names cannot hold '->' and '/', so the exact name is an attribute."""
    return xr.Dataset(
        {
            _name(name): (
                (f"{_name(name)}_pre", f"{_name(name)}_post"),
                array,
                {"name": name, "long_name": name, "units": "1"},
            )
            for name, array in arrays.items()
        }
    )


def _arrays(dataset: xr.Dataset) -> dict[str, Array]:
    return {str(v.attrs["name"]): v.values for v in dataset.data_vars.values()}


def _name(text: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in text.replace(" -> ", "_to_"))


def _digest(groups: Mapping[str, xr.Dataset], layout: str, settings: Mapping[str, Any]) -> str:
    """SHA-256 over everything that the file holds, in an order of its own."""
    digest = hashlib.sha256(layout.encode() + json.dumps(settings, sort_keys=True).encode())
    for path in sorted(groups):
        dataset = groups[path]
        if not dataset.variables:
            continue
        digest.update(f"{path} {dataset.attrs.get('tasks')} {dataset.attrs.get('updates')}".encode())
        for name in sorted(map(str, dataset.variables)):
            values = dataset.variables[name].values
            if values.dtype.kind in "OUST":
                digest.update("\x1f".join(map(str, values.ravel())).encode())
            else:
                digest.update(f"{name} {values.shape}".encode() + np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
