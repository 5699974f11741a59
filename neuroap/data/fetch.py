"""Download published data sets: to a temporary name first, and in place only once verified."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neuroap.data import cifar, idx
from neuroap.data.checksums import md5_of, md5_of_file
from neuroap.data.folders import download_root
from neuroap.data.registry import KNOWN, Known
from neuroap.errors import DataError, did_you_mean

CHUNK = 2**16


def fetch(
    name: str,
    folder: str | os.PathLike[str] | None = None,
    base_url: str | None = None,
    progress: bool = True,
) -> Path:
    """Download what is missing of a published data set, and verify it.

    Files that are there already and have the right content are not downloaded again.

    Parameters
    ----------
    name : str
        ``"mnist"``, ``"fashion-mnist"`` or ``"cifar10"``.
    folder : str or path, optional
        The data folder; the files go to ``folder/name``. By default the folder that the environment
        variable NEUROAP_DATA names, or else the user's cache.
    base_url : str, optional
        Another mirror: the address of the folder that holds the published files.
    progress : bool
        Show a progress bar for each file, on standard error.

    Returns
    -------
    Path
        The folder with the files, which `neuroap.data.load` takes.

    Raises
    ------
    DataError
        If the name is unknown, or a file cannot be downloaded or is damaged. A damaged download is
        discarded; files verified before stay.
    """
    known = _downloadable(name)
    root = download_root() if folder is None else Path(folder).expanduser()
    target = root / name
    missing = _missing(known, target)
    if missing:
        with _scratch(target) as scratch:
            for file in missing:
                url = f"{(base_url or known.base_url).rstrip('/')}/{file}"
                _download(url, scratch / file, target, progress)
                install = _install_archive if known.archive else _install_idx
                install(known, scratch / file, target, url)
    return target


def _downloadable(name: str) -> Known:
    if name not in KNOWN:
        raise DataError("fetch", "no data set of this name", name, did_you_mean(str(name), KNOWN))
    if not KNOWN[name].base_url:
        hint = f"use it at once: neuroap.data.load({name!r})"
        raise DataError("fetch", f"{name} is built in, there is nothing to download", hint=hint)
    return KNOWN[name]


def _missing(known: Known, target: Path) -> list[str]:
    """List the downloads that are needed still."""
    if known.archive:
        return [] if cifar.complete(target) else [known.archive]
    return [f"{file}.gz" for file, md5 in known.md5.items() if not _is_there(target, file, md5)]


def _is_there(target: Path, file: str, md5: str) -> bool:
    """Say whether the file that would be read has the published content."""
    found = idx.candidates(target, file)
    try:
        return bool(found) and md5_of(idx.unpacked(found[0])) == md5
    except DataError:
        return False


@contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """Lend a folder on the same disk as `target`, so that moving a file is atomic; leave nothing behind."""
    target.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=target, prefix=".fetch-") as scratch:
            yield Path(scratch)
    finally:
        if not any(target.iterdir()):
            target.rmdir()


def _download(url: str, path: Path, target: Path, progress: bool) -> None:
    from pooch import HTTPDownloader
    from requests.exceptions import RequestException

    try:
        HTTPDownloader(progressbar=progress, chunk_size=CHUNK)(url, str(path), None)
    except RequestException as error:
        status = type(error).__name__ if error.response is None else error.response.status_code
        hint = f"try again later, give base_url=MIRROR, or copy the file to {target} by hand"
        raise DataError(url, "cannot be downloaded", status, hint) from error


def _install_idx(known: Known, download: Path, target: Path, url: str) -> None:
    file = download.name.removesuffix(".gz")
    _check(url, known.md5[file], md5_of(idx.unpacked(download, url)))
    os.replace(download, target / download.name)
    for damaged in idx.candidates(target, file):  # it would be read instead of the new one
        if damaged.name != download.name:
            damaged.unlink()


def _install_archive(known: Known, download: Path, target: Path, url: str) -> None:
    _check(url, known.archive_md5, md5_of_file(download))
    with tarfile.open(download) as archive:
        for member in archive:
            name = Path(member.name).name  # never a path out of the archive
            content = archive.extractfile(member) if name in cifar.FILES else None
            if content is not None:
                with content, (download.parent / name).open("wb") as file:
                    shutil.copyfileobj(content, file)
    for name in cifar.FILES:
        os.replace(download.parent / name, target / name)


def _check(url: str, expected: str, got: str) -> None:
    if got != expected:
        raise DataError(url, f"is damaged: its MD5 must be {expected}", got, "try again, or give base_url=MIRROR")
