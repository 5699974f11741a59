"""The folder of a sweep: a manifest, and one file for each point that is finished."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

import h5py
import xarray as xr

from neuroap.errors import CheckpointError
from neuroap.files import replacing
from neuroap.sweeps.claim import tidy, write_first
from neuroap.sweeps.grid import Point
from neuroap.sweeps.job import Outcome
from neuroap.sweeps.results import from_bytes

FORMAT = "neuroap sweep 1"
SEAL = b"\nneuroap point, sha256 "
MANIFEST, POINTS = "sweep.json", "points"
SOFTWARE = ("neuroap", "brian2", "numpy", "xarray")
HINT = "give each sweep a folder of its own, or remove this one"


@dataclass(frozen=True)
class Manifest:
    """What a folder belongs to.

    Attributes
    ----------
    function : str
        Its module and name.
    axes : list of str
        The arguments that the grid spans, by name.
    settings : dict of str to str
        The other arguments, as text.
    """

    function: str
    axes: list[str]
    settings: dict[str, str]


class Store:
    """The folder of a sweep.

    A result is ``points/NAME.nc``, an error ``points/NAME.error.json``; both appear as a whole or not at all.
    What killed processes have left half written is removed.

    Parameters
    ----------
    folder : str or Path
        Created if it is not there.
    manifest : Manifest
        Of the sweep that is to be run.

    Raises
    ------
    CheckpointError
        If the folder cannot be written, or belongs to another sweep.
    """

    def __init__(self, folder: str | Path, manifest: Manifest) -> None:
        self.folder = Path(folder)
        self._points = self.folder / POINTS
        path = self.folder / MANIFEST
        try:
            self._points.mkdir(parents=True, exist_ok=True)
            orphans = not path.is_file() and any(self._points.iterdir())
            if orphans and not path.is_file():  # not of another process that has just begun
                raise CheckpointError(str(folder), f"holds points but no {MANIFEST}", hint=HINT)
            if not path.is_file():
                write_first(path, _json({"format": FORMAT, **asdict(manifest), "software": software()}))
            self._compare(self._read(path), asdict(manifest))
            for place in (self.folder, self._points):
                tidy(place)
        except OSError as error:
            hint = "choose a folder that is writable and has room"
            raise CheckpointError(str(folder), f"cannot be used: {error.strerror or error}", hint=hint) from error

    def _compare(self, there: dict[str, Any], wanted: dict[str, Any]) -> None:
        """Refuse a folder of another sweep, and say what differs."""
        found = {"format": FORMAT, **wanted}
        for part in ("format", "function", "axes"):
            if there.get(part) != found[part]:
                rule = f"belongs to another sweep: its {part} is {there.get(part)!r}"
                raise CheckpointError(str(self.folder), rule, found[part], HINT)
        old, new = there["settings"], wanted["settings"]
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                here = new.get(name, "not given")
                rule = f"belongs to another sweep: there {name} is {old.get(name, 'not given')}, here {here}"
                raise CheckpointError(str(self.folder), rule, hint=HINT)

    def missing(self, points: Iterable[Point], retry: bool = True) -> list[Point]:
        """The points that have no result.

        Parameters
        ----------
        points : iterable of Point
        retry : bool
            Whether those that failed are among them.
        """
        there = {path.name for path in self._points.iterdir()}
        return [p for p in points if f"{p.name}.nc" not in there and (retry or f"{p.name}.error.json" not in there)]

    def put(self, point: Point, outcome: Outcome) -> None:
        """Store what became of a point.

        Raises
        ------
        CheckpointError
            If it cannot be written.
        """
        path, failure = self._path(point), self._failure(point)
        try:
            if outcome.error:
                record = {"error": outcome.error, "traceback": outcome.traceback}
                self._write(failure, {"point": point.values, "seed": point.seed, **record})
                return
            with replacing(path) as partial:
                partial.write_bytes(outcome.content + _seal(outcome.content))
            failure.unlink(missing_ok=True)
        except OSError as error:
            rule = f"cannot be written: {error.strerror or error}"
            raise CheckpointError(str(path), rule, hint="what was finished before is kept") from error

    def result(self, point: Point) -> xr.Dataset | None:
        """The result of a point; None if it failed.

        Raises
        ------
        CheckpointError
            If its file is damaged.
        """
        path = self._path(point)
        if not path.is_file():
            return None
        try:
            return from_bytes(_unsealed(path.read_bytes()))
        except Exception as error:  # HDF5 and xarray raise anything for what they do not understand
            raise CheckpointError(str(path), f"is damaged: {error}", hint="remove it and run again") from error

    def error(self, point: Point) -> str:
        """The error of a point that failed; "" for others."""
        path = self._failure(point)
        return str(self._read(path)["error"]) if path.is_file() else ""

    def _path(self, point: Point) -> Path:
        return self._points / f"{point.name}.nc"

    def _failure(self, point: Point) -> Path:
        return self._points / f"{point.name}.error.json"

    def _read(self, path: Path) -> dict[str, Any]:
        """The content of a manifest or of an error."""
        part, kind = ("settings", dict) if path.name == MANIFEST else ("error", str)
        hint = HINT if path.name == MANIFEST else "remove it and run again"
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            found = content[part]
        except (ValueError, KeyError, TypeError) as error:
            raise CheckpointError(str(path), f"is damaged: {error}", hint=hint) from error
        if not isinstance(found, kind):
            raise CheckpointError(str(path), f"is damaged: its {part} cannot be understood", found, hint)
        return content

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        with replacing(path) as partial:
            partial.write_text(_json(content), encoding="utf-8")


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _seal(content: bytes) -> bytes:
    """What stands behind the content of a point; netCDF programs do not read so far."""
    return SEAL + hashlib.sha256(content).hexdigest().encode()


def _unsealed(content: bytes) -> bytes:
    """The content of a point without its seal; nothing is interpreted before that is found unbroken."""
    inside, mark, digest = content.rpartition(SEAL)
    if mark and _seal(inside) != mark + digest:
        raise ValueError("its content does not have the checksum that was written")
    if not mark:  # of an older neuroap, which wrote none
        # What h5netcdf asks first: if that fails, it does not end without a traceback of its own.
        with h5py.File(BytesIO(content), "r") as file:
            file.attrs.get("_nc3_strict")
    return inside if mark else content


def software() -> str:
    """The versions of what computes."""
    return ", ".join(f"{name} {version(name)}" for name in SOFTWARE)
