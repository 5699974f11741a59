"""fetch, against a server on this computer: verified, resumed, silent when done, clean after failure."""

import gzip
import io
import re
import socket
import tarfile
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from neuroap.data import KNOWN, cifar, fetch, load
from neuroap.data.checksums import md5_of
from neuroap.data.idx import FILES
from neuroap.errors import DataError

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
IMAGES, LABELS = FILES[0] + ".gz", FILES[1] + ".gz"


def first_line(text):
    return "^" + re.escape(text) + r"(\n|\Z)"


class Mirror(ThreadingHTTPServer):
    """Serves `files` and writes down what was asked for."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.files, self.asked, self.cut = {}, [], 0
        self.url = f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.strip("/")
        self.server.asked.append(name)
        if name not in self.server.files:
            self.send_error(404)
            return
        content = self.server.files[name]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) - self.server.cut])

    def log_message(self, *args):
        pass


@pytest.fixture
def mirror(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Mirror() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def contents(mirror, monkeypatch):
    """The uncompressed files of a tiny set, which is served and known as mnist during a test."""
    rng = np.random.default_rng(0)
    found = {}
    for file, shape in zip(FILES, [(5, 2, 3), (5,), (4, 2, 3), (4,)], strict=True):
        array = rng.integers(0, 10, shape, dtype=np.uint8)
        header = bytes([0, 0, 8, array.ndim]) + np.array(shape, ">u4").tobytes()
        found[file] = header + array.tobytes()
    mirror.files = {f"{file}.gz": gzip.compress(content) for file, content in found.items()}
    md5 = {file: md5_of(content) for file, content in found.items()}
    monkeypatch.setitem(KNOWN, "mnist", replace(KNOWN["mnist"], md5=md5))
    return found


def names(folder):
    return sorted(path.name for path in folder.rglob("*")) if folder.exists() else None


def get(folder, mirror, name="mnist"):
    return fetch(name, folder, base_url=mirror.url, progress=False)


def test_all_files_come_and_load(tmp_path, mirror, contents):
    folder = get(tmp_path, mirror)
    assert folder == tmp_path / "mnist"
    assert mirror.asked == [f"{file}.gz" for file in FILES]
    assert names(folder) == sorted(mirror.files)
    assert load(folder).name == "mnist"


def test_a_second_call_makes_no_request(tmp_path, mirror, contents):
    get(tmp_path, mirror)
    mirror.asked.clear()
    assert get(tmp_path, mirror) == tmp_path / "mnist"
    assert mirror.asked == []


def test_only_what_is_missing_or_damaged_is_asked_for(tmp_path, mirror, contents):
    folder = get(tmp_path, mirror)
    (folder / IMAGES).unlink()
    (folder / LABELS).unlink()
    (folder / FILES[0]).write_bytes(contents[FILES[0]])  # unpacked by hand: as good
    (folder / FILES[1]).write_bytes(contents[FILES[1]][:-1])  # damaged
    mirror.asked.clear()
    get(tmp_path, mirror)
    assert mirror.asked == [LABELS]
    assert not (folder / FILES[1]).exists()
    assert load(folder).name == "mnist"


def test_an_interrupted_fetch_is_resumed(tmp_path, mirror, contents):
    served = mirror.files.pop(FILES[2] + ".gz")
    with pytest.raises(DataError, match="cannot be downloaded"):
        get(tmp_path, mirror)
    assert names(tmp_path / "mnist") == sorted([IMAGES, LABELS])
    mirror.files[FILES[2] + ".gz"] = served
    mirror.asked.clear()
    get(tmp_path, mirror)
    assert mirror.asked == [FILES[2] + ".gz", FILES[3] + ".gz"]


def test_the_environment_names_the_default_folder(tmp_path, mirror, contents, monkeypatch):
    monkeypatch.setenv("NEUROAP_DATA", str(tmp_path / "chosen"))
    assert get(None, mirror) == tmp_path / "chosen" / "mnist"
    assert load("mnist").source == str(tmp_path / "chosen" / "mnist")


def test_other_content_is_refused_and_leaves_nothing(tmp_path, mirror, contents):
    other = contents[FILES[0]][:-1] + b"\xff"
    mirror.files[IMAGES] = gzip.compress(other)
    expected = md5_of(contents[FILES[0]])
    text = f"{mirror.url}/{IMAGES}: is damaged: its MD5 must be {expected} (got {md5_of(other)!r})"
    with pytest.raises(DataError, match=first_line(text)):
        get(tmp_path, mirror)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda packed: packed[:-9], "is a truncated gzip file"),
        (lambda packed: packed[:-6] + b"\0" + packed[-5:], "is a corrupt gzip file"),
    ],
)
def test_a_damaged_gzip_is_refused_and_leaves_nothing(tmp_path, mirror, contents, damage, text):
    mirror.files[IMAGES] = damage(mirror.files[IMAGES])
    with pytest.raises(DataError, match=first_line(f"{mirror.url}/{IMAGES}: {text}")):
        get(tmp_path, mirror)
    assert names(tmp_path) == []


def test_a_damaged_download_does_not_replace_what_is_there(tmp_path, mirror, contents):
    folder = get(tmp_path, mirror)
    (folder / IMAGES).write_bytes(b"mine")
    mirror.files[IMAGES] = b"<html>log in</html>"
    with pytest.raises(DataError, match="is damaged: its MD5 must be"):
        get(tmp_path, mirror)
    assert (folder / IMAGES).read_bytes() == b"mine"
    assert names(folder) == sorted(mirror.files)


def test_a_file_that_is_not_there(tmp_path, mirror, contents):
    mirror.files.clear()
    text = f"{mirror.url}/{IMAGES}: cannot be downloaded (got 404)"
    with pytest.raises(DataError, match=first_line(text)):
        get(tmp_path, mirror)
    assert names(tmp_path) == []


def test_a_connection_that_breaks_off(tmp_path, mirror, contents):
    mirror.cut = 5
    text = f"{mirror.url}/{IMAGES}: cannot be downloaded (got 'ChunkedEncodingError')"
    with pytest.raises(DataError, match=first_line(text)):
        get(tmp_path, mirror)
    assert names(tmp_path) == []


def test_a_server_that_is_not_there(tmp_path, mirror, contents):
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    text = f"{url}/{IMAGES}: cannot be downloaded (got 'ConnectionError')"
    with pytest.raises(DataError, match=first_line(text)):
        fetch("mnist", tmp_path, base_url=url, progress=False)
    assert names(tmp_path) == []


def test_progress_goes_to_standard_error(tmp_path, mirror, contents, capsys):
    fetch("mnist", tmp_path, base_url=mirror.url + "/", progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "100%" in err


def test_an_unknown_name(tmp_path):
    text = first_line("fetch: no data set of this name (got 'cifar')")
    with pytest.raises(DataError, match=text + r"?  did you mean 'cifar10'\?"):
        fetch("cifar", tmp_path)


def test_digits_need_no_download(tmp_path):
    with pytest.raises(DataError, match=first_line("fetch: digits is built in, there is nothing to download")):
        fetch("digits", tmp_path)


@pytest.fixture
def archive(mirror, monkeypatch):
    """A tiny CIFAR-10 archive, laid out as the published one, with a path that tries to escape."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for file in (*cifar.FILES, "readme.html", "../escaped.bin"):
            info = tarfile.TarInfo(f"{cifar.ARCHIVE_FOLDER}/{file}")
            info.size = 2 * cifar.RECORD
            tar.addfile(info, io.BytesIO(bytes(info.size)))
    content = buffer.getvalue()
    mirror.files = {"cifar-10-binary.tar.gz": content}
    monkeypatch.setitem(KNOWN, "cifar10", replace(KNOWN["cifar10"], archive_md5=md5_of(content)))
    return content


def test_cifar10_is_unpacked_and_not_asked_for_again(tmp_path, mirror, archive):
    folder = get(tmp_path, mirror, "cifar10")
    assert names(tmp_path) == sorted(["cifar10", *cifar.FILES])
    assert load(folder).X_train.shape == (10, 3072)
    get(tmp_path, mirror, "cifar10")
    assert mirror.asked == ["cifar-10-binary.tar.gz"]
    (folder / "test_batch.bin").write_bytes(b"cut")
    get(tmp_path, mirror, "cifar10")
    assert len(mirror.asked) == 2
    assert cifar.complete(folder)


def test_a_damaged_archive_is_refused_and_leaves_nothing(tmp_path, mirror, archive):
    damaged = archive[:-1] + b"\x01"
    mirror.files["cifar-10-binary.tar.gz"] = damaged
    text = f"is damaged: its MD5 must be {md5_of(archive)} (got {md5_of(damaged)!r})"
    with pytest.raises(DataError, match=first_line(f"{mirror.url}/cifar-10-binary.tar.gz: {text}")):
        get(tmp_path, mirror, "cifar10")
    assert names(tmp_path) == []


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"the full data sets are not in {SHARED}")
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_the_real_files_pass_the_published_sums(tmp_path, mirror, name):
    mirror.files = {path.name: path.read_bytes() for path in (SHARED / name).glob("*.gz")}
    folder = get(tmp_path, mirror, name)
    assert names(folder) == sorted(mirror.files)
