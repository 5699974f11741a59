"""Layout files: sizes reach the function, and whatever fails names the file and the line."""

from __future__ import annotations

import re
import sys

import pytest

from neuroap import hierarchy
from neuroap.commands.layout_file import LayoutFile
from neuroap.errors import LayoutError, SettingError

HEAD = "from neuroap import Area, Input, Layout, Output, error, hierarchy, inference\n"


@pytest.fixture
def write(tmp_path):
    """Write a layout file; returns its path."""

    def write(text, name="mine.py"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def declared(path, **sizes):
    return LayoutFile(path).declare(**sizes)


def failure(path, error=LayoutError, **sizes):
    with pytest.raises(error, match=re.escape(path.name)) as caught:
        declared(path, **sizes)
    return str(caught.value).replace(str(path), path.name)


def test_sizes_reach_the_arguments_that_the_function_has(write):
    path = write(HEAD + "def layout(output, block=4):\n    return hierarchy(1, 7, output, block)\n")
    assert declared(path, input=64, output=3, block=2) == hierarchy(1, 7, 3, 2)
    assert declared(path, output=3) == hierarchy(1, 7, 3, 4)


def test_a_function_of_any_arguments_gets_all(write):
    path = write(HEAD + "def layout(**sizes):\n    return hierarchy(1, **sizes)\n")
    assert declared(path, input=5, output=3, block=2) == hierarchy(1, 5, 3, 2)


def test_sizes_that_nobody_says_are_those_of_mnist_or_the_functions_own(write):
    path = write(HEAD + "def layout(input, output=3):\n    return hierarchy(1, input, output, 2)\n")
    assert declared(path) == hierarchy(1, 784, 3, 2)


def test_toml(tmp_path):
    layout = hierarchy(2, 6, 3, 2)
    layout.to_toml(tmp_path / "a.toml")
    assert declared(tmp_path / "a.toml", input=99, output=99) == layout
    with pytest.raises(SettingError, match=r"--block: the sizes in a .toml file are fixed .*\(got 4\)"):
        declared(tmp_path / "a.toml", block=4)


def test_a_block_size_is_not_silently_dropped(write):
    path = write(HEAD + "def layout():\n    return hierarchy(1, 6, 3, 2)\n")
    assert "layout() takes no 'block'" in failure(path, SettingError, block=4)
    assert declared(path, input=6, output=3) == hierarchy(1, 6, 3, 2)


def test_files_beside_it_can_be_imported(write):
    write("SIZE = 3\n", "beside_the_layout.py")
    path = write(HEAD + "from beside_the_layout import SIZE\ndef layout():\n    return hierarchy(1, 6, SIZE, 2)\n")
    before = list(sys.path)
    assert declared(path) == hierarchy(1, 6, 3, 2)
    assert sys.path == before
    assert not list(path.parent.glob("__pycache__/mine*"))


def test_dataclasses_work(write):
    text = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    n: int = 3\n"
    )
    path = write(text + HEAD.replace("\n", "; ") + "layout = lambda: hierarchy(1, 6, A().n, 2)\n")
    assert declared(path) == hierarchy(1, 6, 3, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n\nx = 1 / 0\n", "mine.py:3: ZeroDivisionError: division by zero"),
        ("x = 1\ndef f(:\n", "mine.py:2: SyntaxError: invalid syntax"),
        ("import nothing_of_this_name\n", "mine.py:1: ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("import sys\nsys.exit(0)\n", "mine.py:2: SystemExit: 0"),
        ("def layout():\n    return unknown\n", "mine.py:2: NameError: name 'unknown' is not defined"),
        ("def layout(areas):\n    pass\n", "mine.py: TypeError: layout() missing 1 required"),
        ("def layout():\n    return 3\n", "mine.py: the function layout() must return a Layout (got 3)"),
        ("x = 1\n", "mine.py: has no function layout()\n  write `def layout("),
        (HEAD + "def layout():\n    return Layout(\n        Input('a', 0))\n", "mine.py:4: Input"),
        (HEAD + "hierarchy(0)\n", "mine.py:2: hierarchy.areas: must be a positive integer (got 0)"),
    ],
)
def test_errors_name_file_and_line(write, text, message):
    assert failure(write(text)).startswith(message)


def test_a_line_of_the_users_file_is_named_though_the_error_arises_elsewhere(write):
    path = write("import json\ndef layout():\n    return json.loads('no json')\n")
    assert failure(path).startswith("mine.py:3: JSONDecodeError: ")


def test_a_missing_file_suggests_a_similar_one(write):
    write("", "two_area.py")
    path = write("", "three_area.toml").with_name("two_aera.py")
    assert failure(path) == "two_aera.py: there is no such layout file\n  did you mean 'two_area.py'?".replace(
        "two_aera.py", path.name
    )


def test_a_missing_folder(tmp_path):
    with pytest.raises(LayoutError, match=r"there is no such layout file\n  there is no folder .*nowhere"):
        LayoutFile(tmp_path / "nowhere" / "a.py")


def test_another_suffix(write):
    assert "must end in .py or .toml (got '.json')" in failure(write("{}", "a.json"))


def test_a_damaged_toml_file(write):
    assert "cannot be read as TOML" in failure(write("name = ", "a.toml"))
