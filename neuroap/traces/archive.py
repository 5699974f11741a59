"""The file of a trace: its arrays, its metadata, and what is wrong with them."""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from neuroap.errors import TraceError
from neuroap.layout import Recurrence

Array = NDArray[Any]
ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
DAMAGES = (OSError, EOFError, ValueError, NotImplementedError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class TraceSettings:
    """How the reference program ran: the arguments of a rule that replays it."""

    steps: tuple[int, int]
    error: str
    beta: float
    optimizer: str
    learning_rate: float
    recurrent_plasticity: float
    bias_plasticity: bool
    batch_size: int
    updates: int


class Archive:
    """All arrays of a `.npz` file and its JSON metadata; what is asked for is checked.

    Raises
    ------
    TraceError
        A file that is missing, damaged or foreign.
    """

    def __init__(self, path: Path) -> None:
        self.where = str(path)
        self.arrays = _load(path)
        if "meta" not in self.arrays:
            hint = f"is it a trace of the reference program? it holds {', '.join(self.arrays) or 'nothing'}"
            raise TraceError(self.where, "misses the array 'meta'", hint=hint)
        try:
            self.meta = json.loads(str(self.arrays["meta"]))
        except json.JSONDecodeError as error:
            raise TraceError(self.where, f"its array 'meta' is no JSON ({error})") from None
        if not isinstance(self.meta, dict):
            raise TraceError(self.where, "its array 'meta' must be a JSON object", self.meta)

    def array(self, key: str, shape: tuple[int, ...]) -> Array:
        """The array `key`, which must have this shape and finite numbers."""
        if key not in self.arrays:
            raise TraceError(self.where, f"misses the array {key!r}")
        array = self.arrays[key]
        if array.shape != shape:
            raise TraceError(self.where, f"array {key!r} must have shape {shape}", array.shape)
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            raise TraceError(self.where, f"array {key!r} must hold finite numbers", str(array.dtype))
        return array

    def labels(self, key: str, shape: tuple[int, ...], classes: int) -> Array:
        """The array `key` of whole numbers from 0 to classes - 1."""
        labels = self.array(key, shape)
        wrong = labels if labels.dtype.kind not in "iu" else labels[(labels < 0) | (labels >= classes)]
        if wrong.size:
            rule = f"array {key!r} must hold classes, whole numbers from 0 to {classes - 1}"
            raise TraceError(self.where, rule, wrong.flat[0].item())
        return labels

    def get(self, key: str, kind: type | tuple[type, ...], *, optional: bool = False) -> Any:
        """The value `key` of the metadata, of a JSON type; None where an optional one is missing or null."""
        value = self.meta.get(key)
        if optional and value is None:
            return None
        if key not in self.meta:
            raise TraceError(self.where, f"its metadata miss {key!r}")
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise TraceError(self.where, f"its metadata hold no usable {key!r}", value)
        return value

    def number(self, key: str) -> float:
        """A finite number of the metadata."""
        value = float(self.get(key, (int, float)))
        if not math.isfinite(value):
            raise TraceError(self.where, f"its metadata hold no usable {key!r}", value)
        return value

    def one_of(self, key: str, known: Iterable[str]) -> str:
        """The first word under `key` of the metadata, which must be known."""
        text = self.get(key, str)
        if not text or text.split()[0] not in known:
            raise TraceError(self.where, f"{key!r} must be one of {', '.join(known)}", text)
        return text.split()[0]

    def settings(self) -> TraceSettings:
        """The settings, Adam's constants being the ones that everybody uses."""
        if (self.get("adam", dict, optional=True) or ADAM) != ADAM:
            raise TraceError(self.where, f"'adam' must be {ADAM}", self.meta["adam"])
        return TraceSettings(
            steps=(self.get("steps_inference", int), self.get("steps_learning", int)),
            error=self.one_of("error", ("STE", "EPE")),
            beta=self.number("beta"),
            optimizer=self.one_of("optimizer", ("adam", "sgd")),
            learning_rate=self.number("learning_rate"),
            recurrent_plasticity=float(self.get("recurrent_plasticity", (int, float), optional=True) or 0.0),
            bias_plasticity=bool(self.get("bias_plasticity", bool, optional=True)),
            batch_size=self.get("batch_size", int),
            updates=self.get("updates", int),
        )

    def recurrence(self) -> Recurrence:
        """How the recurrence of every area was drawn."""
        return Recurrence(self.number("spectral_radius"), self.number("connection_rate"), "with-replacement")


def _load(path: Path) -> dict[str, Array]:
    try:
        # Opened here, because numpy leaves a damaged file open.
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if isinstance(archive, NpzFile):
                return {key: archive[key] for key in archive.files}
    except FileNotFoundError:
        raise TraceError(str(path), "no such file") from None
    except DAMAGES as error:
        hint = f"numpy says: {error}"
        raise TraceError(str(path), "is no .npz archive, or a damaged one", hint=hint) from None
    raise TraceError(str(path), "is no .npz archive", hint="a single array (.npy) is no trace")
