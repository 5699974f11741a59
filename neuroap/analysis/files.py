"""Tables of trials from files and frames: columns by name, and where each row stood."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroap.errors import DataError

DIM = "trial"
SEPARATORS = (",", ";", "\t")  # that of a file is the one that parts its first line into most names


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns of equal length, one row per trial.

    Attributes
    ----------
    source : str
        What an error names: a file, or the kind of object.
    values : mapping of str to array of shape (n,)
        By column.
    attrs : mapping of str to dict
        ``long_name``, ``units`` and the like, by column.
    settings : dict
        Attributes of the whole table.
    row, first : str, int
        How a row is called, and the number of the first: ``"line", 2`` in a file, ``"trial", 0`` elsewhere.
    """

    source: str
    values: Mapping[str, NDArray[Any]]
    attrs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    row: str = DIM
    first: int = 0
    lines: Sequence[int] | None = None

    def place(self, index: int) -> str:
        """Say where the row with this index is."""
        number = self.lines[index] if self.lines is not None else self.first + index
        return f"{self.source}, {self.row} {number}"


def read_columns(data: Any) -> Columns:
    """Take the columns of a Dataset, a DataFrame, a mapping of arrays, or a .csv or .nc file.

    Raises
    ------
    DataError
        If it is none of these, or a file cannot be read.
    """
    if isinstance(data, str | Path):
        return _from_file(Path(data))
    if isinstance(data, xr.Dataset):
        return _from_dataset(data, "trials")
    if isinstance(data, Mapping) or hasattr(data, "columns"):  # a DataFrame is known by its columns
        return _equally_long(Columns("trials", {str(name): np.asarray(data[name]) for name in data}))
    hint = "give an xarray Dataset, a pandas DataFrame, a dict of arrays, or the path of a .csv or .nc file"
    raise DataError("trials", "are no table of trials", type(data).__name__, hint)


def _equally_long(columns: Columns) -> Columns:
    lengths = {name: np.shape(values) for name, values in columns.values.items()}
    if len(set(lengths.values())) > 1 or any(len(shape) != 1 for shape in lengths.values()):
        shown = {name: shape[0] if len(shape) == 1 else shape for name, shape in lengths.items()}
        raise DataError(columns.source, "columns must be equally long", shown)
    return columns


def _from_file(path: Path) -> Columns:
    readers = {".csv": _from_csv, ".nc": _from_netcdf}
    if path.suffix.lower() not in readers:
        raise DataError(str(path), "must be a .csv or .nc file")
    if not path.is_file():
        raise DataError(str(path), "no such file")
    return readers[path.suffix.lower()](path)


def _from_netcdf(path: Path) -> Columns:
    try:
        dataset = xr.load_dataset(path, engine="h5netcdf")
    except (OSError, ValueError) as error:
        raise DataError(str(path), f"cannot be read as netCDF ({error})") from error
    return _from_dataset(dataset, str(path))


def _from_dataset(dataset: xr.Dataset, source: str) -> Columns:
    per_trial = {str(n): v for n, v in dataset.variables.items() if v.dims == (DIM,)}
    if not per_trial:
        hint = "neuroap.experiment makes such a Dataset: level and choice along the dimension 'trial'"
        raise DataError(source, f"has no variable along the dimension {DIM!r}", list(dataset.sizes), hint)
    values = {n: v.values for n, v in per_trial.items()}
    return Columns(source, values, {n: v.attrs for n, v in per_trial.items()}, dataset.attrs)


def _from_csv(path: Path) -> Columns:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = file.readline()
            separator = max(SEPARATORS, key=lambda mark: len(next(csv.reader([first], delimiter=mark), [])))
            file.seek(0)
            reader = csv.reader(file, delimiter=separator)
            head = [name.strip() for name in next(reader, [])]
            rows = [(reader.line_num, row) for row in reader if any(map(str.strip, row))]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(str(path), f"cannot be read as CSV in UTF-8 ({error})") from error
    for name in {name for name in head if head.count(name) > 1}:
        raise DataError(f"{path}, line 1", "names of columns must differ", name, "rename one of the columns")
    for line, row in rows:
        if len(row) != len(head):
            raise DataError(f"{path}, line {line}", f"must hold {len(head)} values, as the first line", len(row))
    cells = list(zip(*(row for _, row in rows), strict=True)) or [()] * len(head)
    values = {name: numbers_or_words(column) for name, column in zip(head, cells, strict=True)}
    return Columns(str(path), values, row="line", lines=[line for line, _ in rows])


def numbers_or_words(column: Sequence[str]) -> NDArray[Any]:
    """Cells as float64 if all of them are numbers (empty: NaN), else as stripped words."""
    cells = [cell.strip() for cell in column]
    try:
        return np.array([float(cell or "nan") for cell in cells])
    except ValueError:
        return np.array(cells)
