"""Checkpoints: one self-describing netCDF file with everything that a run needs to go on."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

import xarray as xr

from neuroap.errors import CheckpointError
from neuroap.files import replacing
from neuroap.training.learner import Array, OptimizerState

FORMAT = "neuroap checkpoint"
FORMAT_VERSION = 1
SEAL = b"\nneuroap checkpoint, sha256 "
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

    The file is made in memory, because HDF5 can crash on a full disk, and sealed: its checksum stands behind the
    end of the netCDF data.

    Raises
    ------
    CheckpointError
        If the file cannot be written; one that was there before is still there.
    """
    groups = {"/history": checkpoint.history, "/weights": _weights_dataset(checkpoint.weights)}
    names = _names(checkpoint.states)
    for key, state in checkpoint.states.items():
        flat = {f"{n}/{v}": a for n, arrays in state.arrays.items() for v, a in arrays.items()}
        groups[f"/optimizer/{names[key]}"] = _weights_dataset(flat).assign_attrs(tasks=key, updates=state.updates)
    root = xr.Dataset(
        attrs={
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "layout": checkpoint.layout,
            "settings": json.dumps(checkpoint.settings, sort_keys=True),
            "software": ", ".join(f"{name} {version(name)}" for name in SOFTWARE),
            "python": platform.python_version(),
        }
    )
    content = _netcdf(xr.DataTree.from_dict({"/": root, **groups}))
    try:
        with replacing(path) as partial, partial.open("wb") as file:
            file.write(content)
            file.write(_seal(content))
    except OSError as error:
        hint = "choose a folder that exists, is writable and has room"
        raise CheckpointError(str(path), f"cannot be written: {error.strerror or error}", hint=hint) from error


def read(path: str | Path) -> Checkpoint:
    """Read a checkpoint and check that it is whole.

    Raises
    ------
    CheckpointError
        A file that is missing, damaged, of another kind, or of a newer format.
    """
    groups, attrs = _open(path)
    states = {}
    for name, dataset in groups.items():
        if name.startswith("/optimizer/"):
            arrays: dict[str, dict[str, Array]] = {}
            for full, array in _arrays(dataset).items():
                weight, _, variable = full.rpartition("/")
                arrays.setdefault(weight, {})[variable] = array
            states[str(dataset.attrs["tasks"])] = OptimizerState(int(dataset.attrs["updates"]), arrays)
    settings = json.loads(attrs["settings"])
    return Checkpoint(attrs["layout"], settings, _arrays(groups["/weights"]), states, groups["/history"])


def _open(path: str | Path) -> tuple[dict[str, xr.Dataset], dict[str, Any]]:
    """Groups and attributes of a checkpoint; nothing is interpreted before the seal is found unbroken."""
    where = str(path)
    if not Path(path).is_file():
        raise CheckpointError(where, "there is no such checkpoint")
    try:
        content, seal = _split(Path(path).read_bytes())
    except OSError as error:
        raise CheckpointError(where, f"cannot be read: {error.strerror or error}") from error
    if FORMAT.encode() not in content:
        raise CheckpointError(where, "is no neuroap checkpoint, or only a piece of one")
    if seal != _seal(content):
        raise CheckpointError(where, "is damaged: its content does not have the checksum that was written")
    with xr.open_datatree(BytesIO(content), engine="h5netcdf") as opened:
        tree = opened.load()
    if int(tree.attrs["format_version"]) > FORMAT_VERSION:
        rule = f"needs a newer neuroap (format {FORMAT_VERSION} is known)"
        raise CheckpointError(where, rule, int(tree.attrs["format_version"]))
    return {node.path: node.to_dataset(inherit=False) for node in tree.subtree}, dict(tree.attrs)  # type: ignore[arg-type]


def _netcdf(tree: xr.DataTree) -> bytes:
    # Not to_netcdf() without a file: CPython can crash when it collects the memory view which that returns.
    buffer = BytesIO()
    tree.to_netcdf(buffer, engine="h5netcdf")
    return buffer.getvalue()


def _seal(content: bytes) -> bytes:
    """What stands behind the content of a file; netCDF programs do not read so far."""
    return SEAL + hashlib.sha256(content).hexdigest().encode()


def _split(content: bytes) -> tuple[bytes, bytes]:
    end = len(content) - len(_seal(b""))
    return content[: max(0, end)], content[max(0, end) :]


def _weights_dataset(arrays: Mapping[str, Array]) -> xr.Dataset:
    """One variable per array; netCDF names cannot hold '->' and '/', so the exact name is an attribute."""
    names = _names(arrays)
    return xr.Dataset(
        {
            names[name]: (
                (f"{names[name]}_pre", f"{names[name]}_post"),
                array,
                {"name": name, "long_name": name, "units": "1"},
            )
            for name, array in arrays.items()
        }
    )


def _arrays(dataset: xr.Dataset) -> dict[str, Array]:
    return {str(v.attrs["name"]): v.values for v in dataset.data_vars.values()}


def _names(texts: Iterable[str]) -> dict[str, str]:
    """A netCDF name for each text, no two the same."""
    names: dict[str, str] = {}
    for text in texts:
        plain = "".join(c if c.isalnum() else "_" for c in text.replace(" -> ", "_to_"))
        while plain in names.values():
            plain += "_"
        names[text] = plain
    return names
