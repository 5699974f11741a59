"""The IDX format of MNIST: a header with type and dims, then bytes; gzipped or not."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroap.errors import DataError

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
UNSIGNED_BYTE = 0x08
MOST_DIMS = 4  # number, colours, rows and columns
AGAIN = "copy or download the file again; `neuroap fetch NAME` does so for published sets"


def candidates(folder: Path, file: str) -> list[Path]:
    """List the paths in `folder` that can stand for `file`; the first is the one that is read.

    Unpacked files come before gzipped ones. Both spellings in use (``train-images-idx3-ubyte`` and
    ``train-images.idx3-ubyte``) are found, and images of any number of dims (``idx4`` for colour).
    """
    pattern = f"{file.split('-idx')[0]}[-.]idx?-ubyte"
    return [*sorted(folder.glob(pattern)), *sorted(folder.glob(pattern + ".gz"))]


def unpacked(path: Path, where: str = "") -> bytes:
    """Read the whole content of a file, uncompressed.

    Whether it is gzipped is told by its first two bytes, not by its name: browsers unpack silently.

    Parameters
    ----------
    path : Path
        The file.
    where : str, optional
        What errors call the file; its path by default.

    Raises
    ------
    DataError
        If the gzip stream is truncated or corrupt.
    """
    where = where or str(path)
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            file.seek(0)
            return file.read()
    try:
        with gzip.open(path) as stream:
            return stream.read()
    except EOFError:
        raise DataError(where, "is a truncated gzip file", hint=AGAIN) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(where, "is a corrupt gzip file", hint=f"{error}; {AGAIN}") from error


def parse(content: bytes, where: str) -> NDArray[np.uint8]:
    """View the content of an IDX file as an array, without a copy.

    Parameters
    ----------
    content : bytes
        The uncompressed content.
    where : str
        What errors call the file.

    Returns
    -------
    array of uint8, shape as the header says
        Read-only: it shares the memory of `content`.

    Raises
    ------
    DataError
        If the magic number is wrong, a dim is zero, or the size is not exactly what the dims need.
    """
    dims = _dims(content, where)
    start = 4 + 4 * len(dims)
    needed, shown = start + math.prod(dims), " x ".join(map(str, dims))
    if 0 in dims:
        raise DataError(where, f"is empty: its dims are {shown}")
    if len(content) < needed:
        raise DataError(where, f"is truncated: {shown} needs {needed} bytes", len(content), AGAIN)
    if len(content) > needed:
        raise DataError(where, f"has trailing bytes: {shown} needs {needed} bytes", len(content), AGAIN)
    return np.frombuffer(content, np.uint8, offset=start).reshape(dims)


def _dims(content: bytes, where: str) -> tuple[int, ...]:
    """Read the dims in the header: four big-endian bytes for each."""
    magic = content[:4]
    if len(magic) < 4 or magic[:2] != b"\0\0" or not 1 <= magic[3] <= MOST_DIMS:
        hint = "the file is of another format, perhaps a web page saved under this name"
        raise DataError(where, "is not an IDX file: wrong magic number", magic.hex(" "), hint)
    if magic[2] != UNSIGNED_BYTE:
        hint = "save the images as bytes 0..255"
        raise DataError(where, "must hold unsigned bytes, IDX type 0x08", f"0x{magic[2]:02x}", hint)
    header = content[4 : 4 + 4 * magic[3]]
    if len(header) < 4 * magic[3]:
        raise DataError(where, f"is truncated: the header needs {4 + 4 * magic[3]} bytes", len(content), AGAIN)
    return tuple(np.frombuffer(header, ">u4").tolist())


def read_idx(path: str | Path) -> NDArray[np.uint8]:
    """Read one IDX file of unsigned bytes, gzipped or not.

    Parameters
    ----------
    path : str or Path
        The file, for example ``train-images-idx3-ubyte.gz``.

    Returns
    -------
    array of uint8, shape as the header says
        For example (60000, 28, 28) for images and (60000,) for labels; read-only.

    Raises
    ------
    DataError
        If the file is truncated, corrupt, of another format or type, or longer than its header says.
    """
    return parse(unpacked(Path(path)), str(path))
