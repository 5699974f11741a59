"""One verb to get images: load a data set by its name, or from a folder."""

from __future__ import annotations

import os
from pathlib import Path

from neuroap.data import cifar, idx_folder
from neuroap.data.digits import digits
from neuroap.data.folders import search_roots
from neuroap.data.images import ImageSet
from neuroap.data.registry import KNOWN
from neuroap.errors import DataError, did_you_mean

EXPECTED = "it must hold train-images-idx3-ubyte and so on (.gz or not), or data_batch_1.bin and so on"


def load(name_or_path: str | os.PathLike[str]) -> ImageSet:
    """Load a data set for classification.

    Parameters
    ----------
    name_or_path : str or path
        ``"digits"`` (built in), the name of a set that was fetched (``"mnist"``, ``"fashion-mnist"``,
        ``"cifar10"``), or a folder with IDX files or with CIFAR-10's binary version. A name is sought in
        the folder that the environment variable NEUROAP_DATA names, in ``./data``, then in the user's
        cache. A name wins over a folder; write ``"./mnist"`` for a folder of that name.

    Returns
    -------
    ImageSet
        Images flattened, float32 in [0, 1]; labels int64.

    Raises
    ------
    DataError
        If nothing of this name is found, or files are missing or damaged.

    Examples
    --------
    >>> load("digits")
    <ImageSet 'digits': 1437 + 360 images of 8 x 8, 10 classes, from scikit-learn>
    """
    if not isinstance(name_or_path, (str, os.PathLike)):
        raise DataError("load", "must be given a name or a folder", name_or_path, _names())
    if name_or_path == "digits":
        return digits()
    if name_or_path in KNOWN:
        return _load_known(str(name_or_path))
    return _load_folder(_folder(name_or_path))


def _load_known(name: str) -> ImageSet:
    roots = search_roots()
    folder = next((root / name for root in roots if _present(root / name)), None)
    if folder is None:
        hint = f"`neuroap fetch {name}` downloads it; looked in {', '.join(str(root / name) for root in roots)}"
        raise DataError("load", f"{name} is not on this computer yet", hint=hint)
    images = _load_folder(folder)
    if images.name != name:
        raise DataError(str(folder), f"must hold {name}", images.name, "rename the folder")
    return images


def _load_folder(folder: Path) -> ImageSet:
    if idx_folder.present(folder):
        return idx_folder.load(folder)
    if cifar.present(folder):
        return cifar.load(folder)
    raise DataError(str(folder), "holds neither IDX files nor CIFAR-10 batches", hint=EXPECTED)


def _present(folder: Path) -> bool:
    return idx_folder.present(folder) or cifar.present(folder)


def _folder(given: str | os.PathLike[str]) -> Path:
    folder = Path(given).expanduser()
    if folder.is_dir():
        return folder
    if folder.is_file():
        raise DataError("load", "must be given a folder, not a file", str(given), f"perhaps {folder.parent}")
    hint = f"{did_you_mean(folder.name, KNOWN)}\n  {_names()}"
    raise DataError("load", "no data set and no folder of this name", str(given), hint)


def _names() -> str:
    fetched = ", ".join(known.name for known in KNOWN.values() if known.base_url)
    return f"`neuroap fetch NAME` downloads {fetched}; 'digits' is built in"
