"""The data sets that neuroap knows by name: classes, where they are published, and their MD5 sums."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Known:
    """What is known beforehand about a published data set.

    Parameters
    ----------
    name : str
        The name that `neuroap.data.load` and `neuroap.data.fetch` take.
    classes : tuple of str
        The class of each label, in the order of the labels.
    base_url : str
        The public folder of the downloads, with a trailing slash; empty if there is nothing to download.
    md5 : dict of str to str
        The MD5 of the *uncompressed* content of each IDX file; the published name is this name plus ``.gz``.
    archive, archive_md5 : str
        The one archive to download instead of IDX files, and its MD5.
    """

    name: str
    classes: tuple[str, ...]
    base_url: str = ""
    md5: dict[str, str] = field(default_factory=dict)
    archive: str = ""
    archive_md5: str = ""


DIGIT_NAMES = tuple("0123456789")

_FASHION = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

_CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

_SETS = (
    Known("digits", DIGIT_NAMES),
    Known(
        "mnist",
        DIGIT_NAMES,
        base_url="https://ossci-datasets.s3.amazonaws.com/mnist/",
        md5={
            "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
            "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
            "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
            "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
        },
    ),
    Known(
        "fashion-mnist",
        _FASHION,
        base_url="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        md5={
            "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
            "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
            "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
            "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
        },
    ),
    Known(
        "cifar10",
        _CIFAR,
        base_url="https://www.cs.toronto.edu/~kriz/",
        archive="cifar-10-binary.tar.gz",
        archive_md5="c32a1d4ab5d03f1284b67883e8d87530",
    ),
)

KNOWN: dict[str, Known] = {known.name: known for known in _SETS}
