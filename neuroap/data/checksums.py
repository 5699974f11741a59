"""MD5 sums of contents: which published data set a folder holds, and whether a file is damaged."""

from __future__ import annotations

import hashlib
from pathlib import Path

from neuroap.data.registry import KNOWN
from neuroap.errors import DataError


def md5_of(content: bytes) -> str:
    """Return the MD5 of `content` in hexadecimal; it finds damage, it protects against nobody."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def md5_of_file(path: Path) -> str:
    """Return the MD5 of a file as it lies on disk, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def identify(digests: dict[str, str]) -> str:
    """Return the name of the data set whose files have just these MD5 sums, or an empty string."""
    return next((known.name for known in KNOWN.values() if known.md5 and known.md5 == digests), "")


def check_undamaged(name: str, digests: dict[str, str], paths: dict[str, Path]) -> None:
    """Raise if a folder that bears the name of a published set holds other content.

    Parameters
    ----------
    name : str
        The folder's name. Under any other name than a published set's, every content is welcome.
    digests, paths : dict
        The MD5 of the uncompressed content, and the path, of each IDX file.

    Raises
    ------
    DataError
        For the first file whose content is not the published one.
    """
    published = KNOWN[name].md5 if name in KNOWN else {}
    for file, md5 in published.items():
        if digests[file] != md5:
            hint = f"`neuroap fetch {name}` downloads it anew; if these are your own images, rename the folder"
            raise DataError(str(paths[file]), f"is damaged: in {name} its MD5 is {md5}", digests[file], hint)
