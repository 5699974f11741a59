"""load: by name, from folders, by content; unknown names and damaged sets."""

import gzip
import re
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neuroap.data import KNOWN, load
from neuroap.data.checksums import md5_of
from neuroap.data.idx import FILES
from neuroap.errors import DataError

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the full data sets are not in {SHARED}")


def first_line(text):
    return "^" + re.escape(text) + r"(\n|\Z)"


def idx_bytes(array):
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def tiny(seed=0, shape=(2, 3)):
    """Contents of the four files: 5 training and 4 test images, labels 0..2."""
    rng = np.random.default_rng(seed)
    sizes = [(5, *shape), (5,), (4, *shape), (4,)]
    arrays = [rng.integers(0, 256 if len(size) > 1 else 3, size, dtype=np.uint8) for size in sizes]
    arrays[1][0] = 2
    return dict(zip(FILES, map(idx_bytes, arrays), strict=True))


def write(folder, contents, suffix=""):
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in contents.items():
        (folder / f"{file}{suffix}").write_bytes(gzip.compress(content) if suffix == ".gz" else content)
    return folder


@pytest.fixture
def no_data(tmp_path, monkeypatch):
    """An empty data folder, working folder and cache."""
    monkeypatch.setenv("NEUROAP_DATA", str(tmp_path / "env"))
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / "cache" / name)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


@pytest.fixture
def known_mnist(monkeypatch):
    """The name mnist, for the length of a test, means the tiny contents."""
    contents = tiny()
    md5 = {file: md5_of(content) for file, content in contents.items()}
    monkeypatch.setitem(KNOWN, "mnist", replace(KNOWN["mnist"], md5=md5))
    return contents


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_own_files_are_named_after_their_folder(tmp_path, suffix):
    contents = tiny()
    images = load(write(tmp_path / "mine", contents, suffix))
    assert (images.name, images.shape, images.classes) == ("mine", (2, 3), ("0", "1", "2"))
    assert (images.X_train.shape, images.X_test.shape) == ((5, 6), (4, 6))
    raw = np.frombuffer(contents[FILES[0]][16:], np.uint8).reshape(5, 6)
    np.testing.assert_array_equal(images.X_train, raw.astype(np.float32) / np.float32(255))
    assert images.y_test.tolist() == list(contents[FILES[3]][8:])
    assert images.source == str(tmp_path / "mine")


def test_colour_images_keep_their_shape(tmp_path):
    assert load(write(tmp_path / "colour", tiny(shape=(3, 2, 2)))).shape == (3, 2, 2)


def test_the_content_says_which_set_it_is(tmp_path, known_mnist):
    images = load(write(tmp_path / "anything", known_mnist))
    assert (images.name, images.classes) == ("mnist", KNOWN["mnist"].classes)


@pytest.mark.parametrize("place", ["env", "work/data", "cache/neuroap"])
def test_a_name_is_sought_in_three_places(no_data, known_mnist, place):
    folder = write(no_data / place / "mnist", known_mnist)
    assert Path(load("mnist").source).resolve() == folder


def test_the_environment_wins_and_empty_folders_are_passed_over(no_data, known_mnist):
    write(no_data / "env" / "mnist", {})
    write(no_data / "work" / "data" / "mnist", known_mnist)
    assert load("mnist").source == str(Path("data") / "mnist")
    write(no_data / "env" / "mnist", known_mnist)
    assert load("mnist").source == str(no_data / "env" / "mnist")


def test_a_known_name_that_is_nowhere(no_data):
    text = first_line("load: fashion-mnist is not on this computer yet")
    with pytest.raises(DataError, match=text + "?  `neuroap fetch fashion-mnist` downloads it; looked in "):
        load("fashion-mnist")


def test_a_known_name_with_another_sets_content(no_data, known_mnist):
    folder = write(no_data / "env" / "fashion-mnist", known_mnist)
    with pytest.raises(DataError, match=first_line(f"{folder}: must hold fashion-mnist (got 'mnist')")):
        load("fashion-mnist")


def test_an_unknown_name_suggests_the_nearest(no_data):
    text = first_line("load: no data set and no folder of this name (got 'fashon-mnist')")
    with pytest.raises(DataError, match=text + r"?  did you mean 'fashion-mnist'\?\n  `neuroap fetch NAME`"):
        load("fashon-mnist")


def test_a_file_instead_of_a_folder(tmp_path):
    path = write(tmp_path, tiny()) / FILES[0]
    with pytest.raises(DataError, match=first_line(f"load: must be given a folder, not a file (got {str(path)!r})")):
        load(path)


def test_neither_name_nor_path():
    with pytest.raises(DataError, match=first_line("load: must be given a name or a folder (got 3)")):
        load(3)


def test_a_folder_with_nothing_readable(tmp_path):
    (tmp_path / "data_batch_1").write_bytes(b"pickled")
    with pytest.raises(DataError, match=first_line(f"{tmp_path}: holds neither IDX files nor CIFAR-10 batches")):
        load(tmp_path)


def test_a_damaged_file_of_a_known_set(tmp_path, known_mnist):
    damaged = known_mnist | {FILES[2]: known_mnist[FILES[2]][:-1] + b"\x07"}
    folder = write(tmp_path / "mnist", damaged)
    expected, got = md5_of(known_mnist[FILES[2]]), md5_of(damaged[FILES[2]])
    text = f"{folder / FILES[2]}: is damaged: in mnist its MD5 is {expected} (got {got!r})"
    with pytest.raises(DataError, match=first_line(text)):
        load(folder)
    assert load(folder.rename(tmp_path / "mine")).name == "mine"


def test_a_missing_file_is_named(tmp_path):
    folder = write(tmp_path / "mine", tiny())
    (folder / FILES[3]).unlink()
    with pytest.raises(DataError, match=first_line(f"{folder}: t10k-labels-idx1-ubyte is missing")):
        load(folder)


MISFITS = {
    "fewer labels": (1, np.zeros(4, np.uint8), "must hold one label for each of 5 images (got 4)"),
    "images as labels": (1, np.zeros((5, 2, 3), np.uint8), "must have 1 dim to be labels (got 3)"),
    "labels as images": (0, np.zeros(5, np.uint8), "must have at least 2 dims to be images (got 1)"),
    "other shape": (
        2,
        np.zeros((4, 3, 2), np.uint8),
        "must hold images of shape (2, 3) as the training part does (got (3, 2))",
    ),
}


@pytest.mark.parametrize("kind", MISFITS)
def test_files_that_do_not_fit_together(tmp_path, kind):
    which, array, text = MISFITS[kind]
    folder = write(tmp_path / "mine", tiny() | {FILES[which]: idx_bytes(array)})
    with pytest.raises(DataError, match=first_line(f"{folder / FILES[which]}: {text}")):
        load(folder)


@needs_shared
def test_the_real_mnist():
    images = load(SHARED / "mnist")
    assert (images.name, images.classes) == ("mnist", tuple("0123456789"))
    assert images.y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert images.X_train.shape == (60000, 784)
    assert images.X_train.mean(dtype=np.float64) == pytest.approx(0.1306604762738429, rel=1e-6)


@needs_shared
def test_the_real_fashion_mnist_by_name_within_memory(monkeypatch):
    monkeypatch.setenv("NEUROAP_DATA", str(SHARED))
    tracemalloc.start()
    images = load("fashion-mnist")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (images.name, images.classes[9]) == ("fashion-mnist", "Ankle boot")
    assert np.bincount(images.y_train).tolist() == [6000] * 10
    assert images.X_train.nbytes == 60000 * 784 * 4
    assert peak < 1.3 * images.X_train.nbytes  # one float64 temporary would add 200%
